/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl request: signs and sends any request, or prints the curl command that does. */
#include <stdlib.h>

#include "cluster/ctl/command.h"

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define IDEMPOTENCY_KEY_CHARACTERS CAPITALS "abcdefghijklmnopqrstuvwxyz0123456789._-"

/* For a shell: everything between single quotes is itself, and a quote ends, escapes and begins them again. */
static RESULT append_quoted(struct buf *out, const char *text)
{
    TRY(buf_append_str(out, "'"));
    for (; *text != '\0'; text++) TRY(*text == '\'' ? buf_append_str(out, "'\\''") : buf_append(out, bytes(text, 1)));
    return buf_append_str(out, "'");
}

static RESULT append_headers(struct buf *out, const struct signed_request *request)
{
    BUF_LOCAL lines = BUF_INIT(65536);

    TRY(signed_request_headers(&lines, request));
    char *line = (char *)lines.data;
    for (char *end; line != NULL && (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
        *end = '\0';
        TRY(buf_append_str(out, " \\\n  -H "));
        TRY(append_quoted(out, line));
    }
    return KMS_OK;
}

/* -d as curl takes it: the file by its whole name, so that the command works from anywhere. */
static RESULT append_body(struct buf *out, const char *data)
{
    TRY(buf_append_str(out, " \\\n  -H 'Content-Type: application/json'"));
    if (data[0] != '@') {
        TRY(buf_append_str(out, " \\\n  --data-raw "));
        return append_quoted(out, data);
    }
    char *whole = strcmp(data, "@-") == 0 ? NULL : realpath(data + 1, NULL);
    TRY(buf_append_str(out, " \\\n  --data-binary "));
    BUF_LOCAL    at = BUF_INIT(8192);
    enum kms_err err = buf_printf(&at, "@%s", whole == NULL ? data + 1 : whole);
    free(whole);
    TRY(err);
    return append_quoted(out, buf_str(&at));
}

static RESULT print_curl(struct ctl *ctl, struct bytes body, const char *data)
{
    struct signed_request request;
    BUF_LOCAL             command = BUF_INIT(2 * REQUEST_BODY_MAX), url = BUF_INIT(8192);

    TRY(client_sign(&ctl->client, ctl->args[0], ctl->args[1], body, option_text(ctl, "idempotency-key"), &request));
    TRY(buf_append_str(&command, "curl -sS -g --path-as-is --tlsv1.3 --noproxy '*' --cacert "));
    TRY(append_quoted(&command, ctl->client.ca_path));
    TRY(buf_append_str(&command, " -X "));
    TRY(append_quoted(&command, request.method));
    TRY(append_headers(&command, &request));
    if (data != NULL) TRY(append_body(&command, data));
    TRY(buf_printf(&url, "%s%s", ctl->client.url, ctl->args[1]));
    TRY(buf_append_str(&command, " \\\n  "));
    TRY(append_quoted(&command, buf_str(&url)));
    result_text(ctl, "curl", buf_str(&command));
    TRY(buf_append(&ctl->text, buf_bytes(&command)));
    return buf_append_str(&ctl->text, "\n");
}

/* A JSON answer is the result itself; anything else is given as text. */
static RESULT give_reply(struct ctl *ctl, const struct client_reply *reply)
{
    cJSON *item = NULL;

    TRY(buf_append(&ctl->text, buf_bytes(&reply->body)));
    if (reply->body.len > 0) TRY(buf_append_str(&ctl->text, "\n"));
    if (json_parse(&item, buf_bytes(&reply->body)) == KMS_OK && cJSON_IsObject(item)) {
        result_replace(ctl, item);
        return KMS_OK;
    }
    json_free(&item);
    result_number(ctl, "status", reply->status);
    return KMS_OK;
}

static void reply_clear(struct client_reply *reply)
{
    client_reply_clear(reply);
}

static RESULT check_arguments(struct ctl *ctl)
{
    const char *method = ctl->args[0], *path = ctl->args[1], *key = option_text(ctl, "idempotency-key");

    if (method[0] == '\0' || strlen(method) > 7 || strspn(method, CAPITALS) != strlen(method))
        return usage_fail(ctl, "METHOD: 1 to 7 capital letters, as in GET");
    if (path[0] != '/' || strlen(path) > 2 * REQUEST_TARGET_MAX)
        return usage_fail(ctl, "PATH: begins with \"/\", at most %d bytes, as in /api/v1/keys", 2 * REQUEST_TARGET_MAX);
    if (key != NULL && (key[0] == '\0' || strlen(key) > 64 || strspn(key, IDEMPOTENCY_KEY_CHARACTERS) != strlen(key)))
        return usage_fail(ctl, "--idempotency-key: 1..64 of A-Za-z0-9._-");
    return KMS_OK;
}

static RESULT request_run(struct ctl *ctl)
{
    CLEANUP(reply_clear) struct client_reply reply = {0};
    BUF_LOCAL                                body = BUF_INIT(REQUEST_BODY_MAX);
    const char                              *data = option_text(ctl, "d");

    TRY(check_arguments(ctl));
    if (data != NULL) TRY(data[0] == '@' ? content_read(&body, data + 1) : buf_append_str(&body, data));
    if (option_flag(ctl, "print-curl")) return print_curl(ctl, buf_bytes(&body), data);
    TRY(client_call(&ctl->client, ctl->args[0], ctl->args[1], buf_bytes(&body), option_text(ctl, "idempotency-key"),
                    &reply));
    ctl->answered = true;
    TRY(give_reply(ctl, &reply));
    return client_error(&reply);
}

static const struct option_spec options[] = {
    {"d", "@FILE|TEXT", NULL, "the body: a file (@- is standard input) or the text itself", 0},
    {"idempotency-key", "KEY", NULL, "1..64 of A-Za-z0-9._- (random)", 0},
    {"print-curl", NULL, NULL, "sign, and print the curl command that sends it, instead of sending", 0},
};

static const struct command rows[] = {
    {"request", NULL, "METHOD PATH", 2, 2, "sign and send any request, e.g. GET /api/v1/keys", NEEDS_CLUSTER, options,
     ARRAY_LEN(options), request_run},
};
const struct command_group commands_request = {rows, ARRAY_LEN(rows)};
