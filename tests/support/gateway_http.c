/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a test's gateway: signs requests, and takes the answers. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "tests/support/gateway.h"

/* What the server would keep for a request: the bytes that it came as, until it is answered. */
struct http_exchange {
    struct http_request   request;
    char                 *head, *body, *method, *target; /* owned */
    struct gateway_reply *reply;
};

const struct http_request *http_exchange_request(const struct http_exchange *x)
{
    return &x->request;
}

static void copy_header(const struct http_response *r, const char *name, char *out, size_t size)
{
    for (unsigned i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0) (void)snprintf(out, size, "%s", r->headers[i].value);
}

/* The server writes these into every answer: from the API they would be there twice. */
static void assert_no_header_of_the_server(const struct http_response *r)
{
    static const char *const taken[] = {"date", "cache-control", "content-length", "content-type", "connection"};
    char                     value[64] = "";

    for (unsigned i = 0; i < ARRAY_LEN(taken); i++) copy_header(r, taken[i], value, sizeof value);
    assert_string_equal(value, "");
}

void http_reply(struct http_exchange *x, const struct http_response *r)
{
    struct gateway_reply *out = x->reply;

    assert_false(out->done);
    assert_no_header_of_the_server(r);
    out->done = true;
    out->status = r->status;
    out->body = BUF_INIT(64 * 1024 * 1024);
    assert_ok(buf_append(&out->body, r->body));
    (void)snprintf(out->content_type, sizeof out->content_type, "%s", r->content_type == NULL ? "" : r->content_type);
    copy_header(r, "location", out->location, sizeof out->location);
    copy_header(r, "etag", out->etag, sizeof out->etag);
    copy_header(r, "allow", out->allow, sizeof out->allow);
    copy_header(r, "retry-after", out->retry_after, sizeof out->retry_after);
    copy_header(r, "x-request-id", out->request_id, sizeof out->request_id);
    free(x->head);
    free(x->body);
    free(x->method);
    free(x->target);
    free(x);
}

void gateway_reply_clear(struct gateway_reply *r)
{
    buf_clear(&r->body);
    *r = (struct gateway_reply){0};
}

static void sign(struct gateway *g, const struct credential *who, const struct gateway_request *in, struct buf *head)
{
    struct signed_request r = {.body = in->body == NULL ? BYTES_NONE : bytes_str(in->body)};
    const char           *mark = strchr(in->target, '?');
    size_t                path_len = mark == NULL ? strlen(in->target) : (size_t)(mark - in->target);

    (void)snprintf(r.method, sizeof r.method, "%s", in->method);
    (void)snprintf(r.path, sizeof r.path, "%.*s", (int)path_len, in->target);
    (void)snprintf(r.query, sizeof r.query, "%s", mark == NULL ? "" : mark + 1);
    if (in->idempotency_key != NULL)
        (void)snprintf(r.idempotency_key, sizeof r.idempotency_key, "%s", in->idempotency_key);
    assert_ok(signed_request_sign(&r, who, g->wall_ms / 1000 + in->skew_s, 60));
    assert_ok(signed_request_headers(head, &r));
}

static void add_lines(const struct gateway_request *in, struct buf *head)
{
    const char *type = in->content_type != NULL ? in->content_type : in->body != NULL ? "application/json" : "";

    if (type[0] != '\0') assert_ok(buf_printf(head, "Content-Type: %s\r\n", type));
    if (in->if_none_match != NULL) assert_ok(buf_printf(head, "If-None-Match: %s\r\n", in->if_none_match));
    assert_ok(buf_append_str(head, "User-Agent: test/1.0\r\n"));
}

/* Splits "Name: value\r\n" lines in place. */
static void parse_head(struct http_exchange *x, const struct gateway_request *in)
{
    char *save = NULL;

    for (char *line = strtok_r(x->head, "\r\n", &save); line != NULL; line = strtok_r(NULL, "\r\n", &save)) {
        char *value = strstr(line, ": ");
        assert_non_null(value);
        *value = '\0';
        value += 2;
        for (char *c = line; *c != '\0'; c++)
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
        if (in->drop != NULL && strcmp(in->drop, line) == 0) continue;
        if (in->spoil != NULL && strcmp(in->spoil, line) == 0) {
            char *c = &value[strlen(value) / 2];
            *c = *c == 'A' ? 'B' : 'A';
        }
        assert_true(x->request.header_count < HTTP_HEADERS_MAX);
        x->request.headers[x->request.header_count++] = (struct http_header){.name = line, .value = value};
    }
}

static void hand_over(struct gateway *g, const struct gateway_request *in, const struct buf *head,
                      struct gateway_reply *reply)
{
    struct http_exchange *x = calloc(1, sizeof *x);

    assert_non_null(x);
    *reply = (struct gateway_reply){0};
    x->reply = reply;
    x->head = strdup(buf_str(head));
    x->method = strdup(in->method);
    x->target = strdup(in->target);
    x->body = strdup(in->body == NULL ? "" : in->body);
    x->request.method = x->method;
    x->request.target = x->target;
    x->request.body = bytes_str(x->body);
    x->request.peer = "192.0.2.1";
    parse_head(x, in);
    api_handle(g->api, x);
}

void gateway_send(struct gateway *g, const struct credential *who, const struct gateway_request *in,
                  struct gateway_reply *reply)
{
    BUF_LOCAL head = BUF_INIT(65536);

    if (who != NULL) sign(g, who, in, &head);
    add_lines(in, &head);
    hand_over(g, in, &head, reply);
    for (unsigned more = in->again + (in->twice ? 1 : 0); more > 0; more--) {
        for (unsigned i = 0; i < 1000 && !reply->done; i++) gateway_pass(g, 10);
        gateway_reply_clear(reply);
        hand_over(g, in, &head, reply);
    }
}

void gateway_call(struct gateway *g, const struct credential *who, const struct gateway_request *in,
                  struct gateway_reply *reply)
{
    gateway_send(g, who, in, reply);
    gateway_run(g);
    for (unsigned i = 0; i < 4000 && !reply->done; i++) gateway_pass(g, 10);
    assert_true(reply->done);
    assert_int_equal(strlen(reply->request_id), 32);
}

void gateway_make_key(struct gateway *g, char key_id[KEY_ID_LEN + 1])
{
    REPLY_LOCAL                  reply;
    const struct gateway_request request = {
        .method = "POST",
        .target = "/api/v1/keys/generate",
        .body = "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"},\"label\":\"first\",\"id\":\"01\"}",
    };

    gateway_call(g, &g->app, &request, &reply);
    if (reply.status != 201) fail_msg("generate: %d %s", reply.status, buf_str(&reply.body));
    (void)snprintf(key_id, KEY_ID_LEN + 1, "%s", strrchr(reply.location, '/') + 1);
}

static enum kms_err add_row(void *arg, int64_t row, const struct log_record *r)
{
    (void)row;
    return buf_printf(arg, "%s %s\n", r->operation, r->result);
}

void gateway_log(struct gateway *g, struct buf *out)
{
    assert_ok(g->metadata.ops->log_each(g->metadata.self, 0, 100000, add_row, out));
}
