/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 as a server reads and writes it.
 *
 * http-parser is stricter than most where request smuggling hides (two lengths, a length beside chunks); what it lets
 * through is refused here: folded headers (RFC 9112 5.2), codings other than chunked (6.1), no Host or two (3.2).
 */
#include "cluster/net/http1.h"

#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cluster/net/http_message.h"
#include "common/base/check.h"

#define OUTPUT_MAX (2 * HTTP_ANSWER_MAX) /* an answer, and what waits before it */
#define INPUT_KEPT 8192                  /* room for input that a connection keeps when there is none */
#define OUTPUT_HIGH 65536                /* answers that wait: no further request is given out before they are gone */

enum part { PART_TARGET, PART_NAME, PART_VALUE };

struct span {
    size_t name, value; /* offsets into head */
};

struct http1 {
    http_parser           parser;
    struct buf            in, out;
    struct http1_message *message; /* owned; being read, or complete and not taken yet */
    struct http1_limits   limits;
    size_t                body_max; /* of this message */
    size_t                pooled;   /* what its body has taken from the pool */
    enum part             part;
    struct span           spans[HTTP_HEADERS_MAX];
    unsigned              count;
    const char           *fold_from; /* where a value may go on within this input; NULL: nowhere */
    const char           *input_end;
    bool                  value_at_end; /* the value so far ended with the input before this one */
    bool                  in_body, is_complete, is_answering, is_finished;
    bool                  keep_alive, is_head, is_http_1_0; /* of the request being answered */
};

void http1_message_free(struct http1_message **m)
{
    if (*m == NULL) return;
    buf_clear(&(*m)->head);
    buf_clear(&(*m)->body);
    free(*m);
    *m = NULL;
}

/* ---- the pool ---- */

static void give_back(struct http1 *h)
{
    if (h->limits.pool != NULL) h->limits.pool->used -= h->pooled;
    h->pooled = 0;
}

void http1_set_limits(struct http1 *h, const struct http1_limits *limits)
{
    give_back(h);
    h->limits = *limits;
}

/* For a body of this length in all. Small ones are always taken: large ones of strangers must not starve them. */
static bool take_from_pool(struct http1 *h, size_t body_len)
{
    struct http1_pool *pool = h->limits.pool;

    if (pool == NULL || body_len <= HTTP1_BODY_FREE) return true;
    size_t more = body_len - HTTP1_BODY_FREE - h->pooled;
    if (more > pool->max - pool->used) return false;
    pool->used += more;
    h->pooled += more;
    return true;
}

void http1_refuse(struct http1 *h, int status, enum kms_err code, const char *detail)
{
    BUF_LOCAL            body = BUF_INIT(1024);
    struct http_response r = {.status = status, .content_type = "application/problem+json"};

    if (h->is_finished) return;
    h->is_finished = true;
    give_back(h);
    if (h->message != NULL) buf_clear(&h->message->body);
    if (status == 503) r.headers[r.header_count++] = (struct http_header){"retry-after", "1"};
    if (http_problem_write(&body, status, code, detail) != KMS_OK) return;
    r.body = bytes(body.data, body.len);
    enum kms_err err = http_answer_write(&h->out, &r, (struct http_answer_form){.is_last = true});
    (void)err; /* no room for it: the connection ends without an answer */
}

/* For parser callbacks: stops the parser. */
static int refuse(struct http1 *h, int status, enum kms_err code, const char *detail)
{
    http1_refuse(h, status, code, detail);
    return -1;
}

static int on_message_begin(http_parser *parser)
{
    struct http1 *h = parser->data;

    h->message = calloc(1, sizeof *h->message);
    if (h->message == NULL) return refuse(h, 503, KMS_E_MEMORY, "out of memory");
    h->message->head = BUF_INIT(HTTP1_HEAD_MAX);
    h->message->body = BUF_INIT(HTTP1_BODY_MAX);
    h->part = PART_TARGET;
    h->count = 0;
    h->in_body = false;
    return 0;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
    struct http1 *h = parser->data;

    if (h->message->head.len + len > HTTP1_TARGET_MAX)
        return refuse(h, 414, KMS_E_TOO_LARGE, "the target is longer than 4096 bytes");
    if (buf_append(&h->message->head, bytes(at, len)) != KMS_OK) return refuse(h, 503, KMS_E_MEMORY, "out of memory");
    return 0;
}

static bool append_head(struct http1 *h, const char *at, size_t len)
{
    return buf_append(&h->message->head, bytes(at, len)) == KMS_OK;
}

/* White space after a value is not part of it (RFC 9112 5.1). */
static bool end_part(struct http1 *h)
{
    struct buf *head = &h->message->head;

    if (h->part == PART_VALUE)
        while (head->len > h->spans[h->count - 1].value &&
               (head->data[head->len - 1] == ' ' || head->data[head->len - 1] == '\t'))
            head->len--;
    return append_head(h, "", 1);
}

static int on_header_field(http_parser *parser, const char *at, size_t len)
{
    static const char too_large[] = "more than 64 headers, or more than 16384 bytes of them";
    struct http1     *h = parser->data;
    struct buf       *head = &h->message->head;

    if (h->in_body) return refuse(h, 400, KMS_E_FORMAT, "trailers after a chunked body are not accepted");
    if (h->part != PART_NAME) {
        if (h->count == HTTP_HEADERS_MAX || !end_part(h)) return refuse(h, 431, KMS_E_TOO_LARGE, too_large);
        h->part = PART_NAME;
        h->spans[h->count++].name = head->len;
    }
    if (!append_head(h, at, len)) return refuse(h, 431, KMS_E_TOO_LARGE, too_large);
    for (size_t i = head->len - len; i < head->len; i++)
        if (head->data[i] >= 'A' && head->data[i] <= 'Z') head->data[i] = (uint8_t)(head->data[i] + 32);
    return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t len)
{
    struct http1 *h = parser->data;

    if (h->part == PART_NAME) {
        if (!end_part(h)) return refuse(h, 431, KMS_E_TOO_LARGE, "more than 16384 bytes of headers");
        h->part = PART_VALUE;
        h->spans[h->count - 1].value = h->message->head.len;
    } else if (at != h->fold_from) {
        return refuse(h, 400, KMS_E_FORMAT, "a header value is folded over lines");
    }
    if (!append_head(h, at, len)) return refuse(h, 431, KMS_E_TOO_LARGE, "more than 16384 bytes of headers");
    h->value_at_end = at + len == h->input_end;
    h->fold_from = at + len;
    return 0;
}

/* Headers as views, now that head does not move any more; the target in origin form (RFC 9112 3.2.2: the absolute form
 * is accepted). */
static bool finish_head(struct http1 *h)
{
    struct http_request *r = &h->message->request;
    char                *base, *slash;

    if (!end_part(h)) return false;
    base = (char *)h->message->head.data;
    r->method = http_method_str((enum http_method)h->parser.method);
    r->target = base;
    if (strncasecmp(base, "http://", 7) == 0 || strncasecmp(base, "https://", 8) == 0) {
        slash = strchr(strchr(base, ':') + 3, '/');
        r->target = slash == NULL ? "/" : slash;
    }
    for (unsigned i = 0; i < h->count; i++)
        r->headers[i] = (struct http_header){base + h->spans[i].name, base + h->spans[i].value};
    r->header_count = h->count;
    return true;
}

static bool is_target(const char *target)
{
    if (*target != '/') return false;
    for (; *target != '\0'; target++)
        if (*target <= ' ' || *target == 0x7f || (*target & 0x80) != 0) return false;
    return true;
}

/* http-parser does not look at a value's first byte. */
static bool are_values_clean(const struct http_request *r)
{
    for (unsigned i = 0; i < r->header_count; i++)
        for (const char *at = r->headers[i].value; *at != '\0'; at++)
            if (((uint8_t)*at < ' ' && *at != '\t') || *at == 0x7f) return false;
    return true;
}

/* What http-parser leaves to its user. 0: go on. */
static int check_head(struct http1 *h)
{
    const struct http_request *r = &h->message->request;
    bool                       repeated;

    if (h->parser.http_major != 1 || h->parser.http_minor > 1)
        return refuse(h, 505, KMS_E_UNSUPPORTED, "HTTP/1.1 is spoken here");
    if (!is_target(r->target)) return refuse(h, 400, KMS_E_FORMAT, "the target must be a path");
    if (!are_values_clean(r)) return refuse(h, 400, KMS_E_FORMAT, "a header value has control characters");
    const char *host = http_request_header(r, "host", &repeated);
    if (h->parser.http_minor == 1 && (host == NULL || repeated))
        return refuse(h, 400, KMS_E_FORMAT, "exactly one Host header is required");
    const char *coding = http_request_header(r, "transfer-encoding", &repeated);
    if (coding != NULL && (repeated || strcasecmp(coding, "chunked") != 0))
        return refuse(h, 501, KMS_E_UNSUPPORTED, "the only transfer coding is chunked");
    if (coding != NULL && h->parser.http_minor == 0)
        return refuse(h, 400, KMS_E_FORMAT, "HTTP/1.0 has no transfer codings");
    return 0;
}

static int refuse_body(struct http1 *h)
{
    char detail[80];

    (void)snprintf(detail, sizeof detail, "the body is larger than %zu bytes, the limit of this path", h->body_max);
    return refuse(h, 413, KMS_E_TOO_LARGE, detail);
}

/* A length that is declared is refused before a byte of it is read. */
static int check_body(struct http1 *h)
{
    const struct http1_limits *limits = &h->limits;
    uint64_t                   len = h->parser.content_length;

    h->body_max = HTTP1_BODY_MAX;
    if (limits->body_max != NULL) h->body_max = limits->body_max(limits->self, &h->message->request);
    if (h->body_max > HTTP1_BODY_MAX) h->body_max = HTTP1_BODY_MAX;
    return len != UINT64_MAX && len > h->body_max ? refuse_body(h) : 0;
}

static int check_expectation(struct http1 *h)
{
    const char *expect = http_request_header(&h->message->request, "expect", NULL);

    if (expect == NULL || h->parser.http_minor == 0) return 0;
    if (strcasecmp(expect, "100-continue") != 0)
        return refuse(h, 417, KMS_E_UNSUPPORTED, "the only expectation is 100-continue");
    return buf_append_str(&h->out, "HTTP/1.1 100 Continue\r\n\r\n") == KMS_OK ? 0 : -1;
}

static int on_headers_complete(http_parser *parser)
{
    struct http1 *h = parser->data;

    h->parser.upgrade = 0; /* an Upgrade may be ignored (RFC 9110 7.8) */
    h->in_body = true;
    if (!finish_head(h)) return refuse(h, 431, KMS_E_TOO_LARGE, "more than 16384 bytes of headers");
    int refused = check_head(h);
    if (refused == 0) refused = check_body(h);
    return refused != 0 ? refused : check_expectation(h);
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct http1 *h = parser->data;

    if (h->message->body.len + len > h->body_max) return refuse_body(h);
    if (!take_from_pool(h, h->message->body.len + len))
        return refuse(h, 503, KMS_E_UNAVAILABLE, "too many large requests are being sent: try again in a moment");
    if (buf_append(&h->message->body, bytes(at, len)) != KMS_OK) return refuse(h, 503, KMS_E_MEMORY, "out of memory");
    return 0;
}

static int on_message_complete(http_parser *parser)
{
    struct http1 *h = parser->data;

    h->message->request.body = bytes(h->message->body.data, h->message->body.len);
    h->keep_alive = http_should_keep_alive(parser) != 0;
    h->is_head = parser->method == HTTP_HEAD;
    h->is_http_1_0 = parser->http_minor == 0;
    h->is_complete = true;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings callbacks = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

RESULT http1_new(struct http1 **out)
{
    struct http1 *h = calloc(1, sizeof *h);

    if (h == NULL) return fail(KMS_E_MEMORY, "HTTP connection");
    http_parser_init(&h->parser, HTTP_REQUEST);
    h->parser.data = h;
    h->in = BUF_INIT(HTTP1_BACKLOG_MAX + HTTP1_BODY_MAX);
    h->out = BUF_INIT(OUTPUT_MAX);
    *out = h;
    return KMS_OK;
}

void http1_free(struct http1 **h)
{
    if (*h == NULL) return;
    give_back(*h);
    http1_message_free(&(*h)->message);
    buf_clear(&(*h)->in);
    buf_clear(&(*h)->out);
    free(*h);
    *h = NULL;
}

/* Parses until a request is complete or the input is used up. */
static void parse(struct http1 *h)
{
    if (h->is_complete || h->is_answering || h->is_finished || h->in.len == 0) return;
    h->input_end = (const char *)h->in.data + h->in.len;
    h->fold_from = h->value_at_end ? (const char *)h->in.data : NULL;
    size_t          used = http_parser_execute(&h->parser, &callbacks, (const char *)h->in.data, h->in.len);
    enum http_errno error = HTTP_PARSER_ERRNO(&h->parser);
    buf_consume(&h->in, used);
    if (h->in.len == 0 && h->in.cap > INPUT_KEPT) buf_clear(&h->in);
    if (error == HPE_OK || error == HPE_PAUSED) return;
    if (error == HPE_HEADER_OVERFLOW)
        http1_refuse(h, 431, KMS_E_TOO_LARGE, "more than 16384 bytes of headers");
    else
        http1_refuse(h, 400, KMS_E_FORMAT, http_errno_description(error));
}

RESULT http1_receive(struct http1 *h, struct bytes in)
{
    if (h->is_finished) return KMS_OK;
    TRY(buf_append(&h->in, in));
    parse(h);
    return KMS_OK;
}

struct http1_message *http1_take(struct http1 *h)
{
    if (!h->is_complete || h->is_answering || h->out.len > OUTPUT_HIGH) return NULL;
    struct http1_message *m = h->message;
    h->message = NULL;
    h->is_complete = false;
    h->is_answering = true;
    give_back(h);
    return m;
}

RESULT http1_answer(struct http1 *h, const struct http_response *r, bool last)
{
    CHECK(h->is_answering);
    last = last || !h->keep_alive;
    h->is_answering = false;
    h->is_finished = last;
    TRY(http_answer_write(
        &h->out, r, (struct http_answer_form){.is_http_1_0 = h->is_http_1_0, .is_head = h->is_head, .is_last = last}));
    if (last) return KMS_OK;
    http_parser_pause(&h->parser, 0);
    parse(h);
    return KMS_OK;
}

RESULT http1_output(struct http1 *h, struct buf *out)
{
    TRY(buf_append(out, bytes(h->out.data, h->out.len)));
    if (h->out.cap > OUTPUT_HIGH)
        buf_clear(&h->out);
    else
        h->out.len = 0;
    return KMS_OK;
}

bool http1_is_finished(const struct http1 *h)
{
    return h->is_finished;
}

bool http1_is_reading(const struct http1 *h)
{
    return h->message != NULL && !h->is_complete;
}

bool http1_is_full(const struct http1 *h)
{
    return h->in.len > HTTP1_BACKLOG_MAX;
}

bool http1_has_output(const struct http1 *h)
{
    return h->out.len > 0;
}
