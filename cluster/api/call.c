/* SPDX-License-Identifier: Apache-2.0 */
/* A call's answers: the row first, then the response. */
#include "cluster/api/call.h"

#include <stdio.h>
#include <stdlib.h>

#include "cluster/api/api_state.h"
#include "cluster/api/problem.h"
#include "cluster/api/routes.h"
#include "cluster/coordinator/detail.h"

struct operation call_operation(const struct call *call)
{
    struct operation op = {
        .request = &call->request,
        .who = &call->who,
        .request_id = call->request_id,
        .audit_trail = call->audit_trail,
        .started_ms = call->started_ms,
    };

    memcpy(op.request_hash, call->request_hash, sizeof op.request_hash);
    return op;
}

struct metadata *call_metadata(const struct call *call)
{
    return call->api->config->metadata;
}

int64_t call_wall_ms(const struct call *call)
{
    const struct coordinator_io *io = &call->api->config->io;
    return io->wall_ms(io->self);
}

static void free_call(struct call *call)
{
    buf_clear(&call->certificate);
    free(call);
}

void call_log_row(struct log_record *out, const struct call *call, enum kms_err err)
{
    const struct coordinator_io *io = &call->api->config->io;

    *out = (struct log_record){
        .created_time = call_wall_ms(call),
        .duration_ms = (int64_t)(io->now_ms(io->self) - call->started_ms),
    };
    if (call->authenticated) memcpy(out->user_id, call->who.uri, sizeof out->user_id);
    memcpy(out->key_id, call->id, sizeof out->key_id);
    memcpy(out->audit_trail, call->audit_trail, sizeof out->audit_trail);
    (void)snprintf(out->operation, sizeof out->operation, "%s", call->route == NULL ? "UNKNOWN" : call->route->event);
    (void)snprintf(out->result, sizeof out->result, "%s", error_name(err));
    (void)snprintf(out->service_name, sizeof out->service_name, "%s", call->api->config->name);
    detail_begin(out);
    detail_text(out, "requestId", call->request_id);
    if (err != KMS_OK) detail_text(out, "error", error_text());
}

/* The row, unless it is written already. Gives back `err`, or why there is no row: then nothing else is told. */
static enum kms_err write_row(struct call *call, enum kms_err err)
{
    struct log_record row;
    enum kms_err      logged;

    if (call->logged) return err;
    call->logged = true;
    call_log_row(&row, call, err);
    if (call->maybe_copied)
        logged = strangers_log(&call->api->copies, call->request.keyid, &row);
    else if (call->authenticated || err == KMS_OK)
        logged = coordinator_log(call->api->coordinator, &row);
    else
        logged = strangers_log(&call->api->strangers, call->http->peer, &row);
    return logged != KMS_OK ? logged : err;
}

static void add_header(struct http_response *r, const char *name, const char *value)
{
    if (value == NULL || r->header_count == ARRAY_LEN(r->headers)) return;
    r->headers[r->header_count++] = (struct http_header){.name = name, .value = value};
}

static void send(struct call *call, struct http_response *response)
{
    add_header(response, "x-request-id", call->request_id);
    http_reply(call->exchange, response);
    free_call(call);
}

static void send_problem(struct call *call, enum kms_err err)
{
    char                 text[1024];
    bool                 media = err == KMS_E_UNSUPPORTED && call->wrong_media_type;
    const struct problem problem = {
        .code = err,
        .status = problem_status(err, media),
        .detail = error_text(),
        .request_id = call->request_id,
    };
    struct http_response response = {.status = problem.status, .content_type = "application/problem+json"};

    problem_print(text, sizeof text, &problem);
    response.body = bytes_str(text);
    if (problem.status == 503 || problem.status == 429) add_header(&response, "retry-after", "1");
    if (problem.status == 401) add_header(&response, "www-authenticate", "Signature realm=\"kms\"");
    if (problem.status == 405) add_header(&response, "allow", call->allow);
    send(call, &response);
}

void call_reply_error(struct call *call, enum kms_err err)
{
    send_problem(call, write_row(call, err));
}

void call_reply_json(struct call *call, int status, const cJSON *body, const struct call_headers *extra)
{
    BUF_LOCAL            text = BUF_INIT(HTTP_ANSWER_MAX);
    struct http_response response = {.status = status, .content_type = "application/json"};
    enum kms_err         err = body == NULL ? fail(KMS_E_MEMORY, "an answer") : json_print(&text, body);

    if (err == KMS_OK) err = write_row(call, KMS_OK);
    if (err != KMS_OK) {
        call_reply_error(call, err);
        return;
    }
    response.body = buf_bytes(&text);
    if (extra != NULL) add_header(&response, "location", extra->location);
    if (extra != NULL) add_header(&response, "etag", extra->etag);
    send(call, &response);
}

/* Nothing was told, and clients ask every second: no row. */
void call_reply_not_modified(struct call *call, const char *etag)
{
    struct http_response response = {.status = 304};

    add_header(&response, "etag", etag);
    send(call, &response);
}

bool call_has_etag(const struct call *call, const char *etag)
{
    const char *at = http_request_header(call->http, "if-none-match", NULL);
    size_t      len = strlen(etag);

    if (at == NULL) return false;
    if (strcmp(at, "*") == 0) return true;
    while (*at != '\0') {
        at += strspn(at, " ,\t");
        if (strncmp(at, "W/", 2) == 0) at += 2;
        size_t item = strcspn(at, ",");
        while (item > 0 && (at[item - 1] == ' ' || at[item - 1] == '\t')) item--;
        if (item == len && memcmp(at, etag, len) == 0) return true;
        at += strcspn(at, ",");
    }
    return false;
}
