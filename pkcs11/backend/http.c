/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 answers, parsed by http-parser as they arrive. */
#include "pkcs11/backend/http.h"

#include <string.h>
#include <strings.h>

#define HEADERS_MAX_BYTES (16 * 1024)

void http_answer_clear(struct http_answer *a)
{
    buf_clear(&a->body);
    *a = (struct http_answer){0};
}

/* Longer names and values than we know of are cut: they match nothing. */
static void append(char *to, size_t *len, size_t max, const char *from, size_t more)
{
    if (more > max - *len) more = max - *len;
    memcpy(to + *len, from, more);
    *len += more;
    to[*len] = '\0';
}

static void take_header(struct http_reader *p)
{
    struct http_answer *a = p->answer;

    if (strcasecmp(p->name, "ETag") == 0 && p->value_len <= HTTP_ETAG_MAX) {
        memcpy(a->etag, p->value, p->value_len + 1);
    } else if (strcasecmp(p->name, "Retry-After") == 0) {
        a->retry_after_s = 0;
        for (const char *c = p->value; *c >= '0' && *c <= '9' && a->retry_after_s < 3600; c++)
            a->retry_after_s = a->retry_after_s * 10 + (unsigned)(*c - '0');
    }
    p->name_len = p->value_len = 0;
    p->name[0] = p->value[0] = '\0';
    p->in_value = false;
}

static int on_header_field(http_parser *parser, const char *at, size_t len)
{
    struct http_reader *p = parser->data;

    if (p->in_value) take_header(p);
    append(p->name, &p->name_len, HTTP_NAME_MAX, at, len);
    return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t len)
{
    struct http_reader *p = parser->data;

    p->in_value = true;
    append(p->value, &p->value_len, HTTP_VALUE_MAX, at, len);
    return 0;
}

static int on_headers_complete(http_parser *parser)
{
    struct http_reader *p = parser->data;

    if (p->in_value) take_header(p);
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct http_reader *p = parser->data;

    return buf_append(&p->answer->body, bytes(at, len)) == KMS_OK ? 0 : 1;
}

static int on_message_complete(http_parser *parser)
{
    struct http_reader *p = parser->data;

    p->complete = true;
    p->answer->status = (int)parser->status_code;
    p->answer->keep_alive = http_should_keep_alive(parser) != 0;
    http_parser_pause(parser, 1); /* bytes behind the answer are nobody's: the caller sees that not all were taken */
    return 0;
}

static const http_parser_settings callbacks = {
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void http_reader_init(struct http_reader *p, struct http_answer *answer)
{
    http_answer_clear(answer);
    answer->body = BUF_INIT(HTTP_BODY_MAX);
    *p = (struct http_reader){.answer = answer};
    http_parser_init(&p->parser, HTTP_RESPONSE);
    p->parser.data = p;
}

RESULT http_reader_feed(struct http_reader *p, struct bytes piece)
{
    size_t taken = http_parser_execute(&p->parser, &callbacks, (const char *)piece.data, piece.len);

    if (p->complete) {
        if (taken < piece.len) p->answer->keep_alive = false;
        return KMS_OK;
    }
    if (HTTP_PARSER_ERRNO(&p->parser) != HPE_OK || taken != piece.len)
        return fail(KMS_E_PROTOCOL, "not an HTTP answer: %s", http_errno_name(HTTP_PARSER_ERRNO(&p->parser)));
    if (p->answer->body.len == 0 && p->parser.nread > HEADERS_MAX_BYTES)
        return fail(KMS_E_PROTOCOL, "HTTP header too long");
    return KMS_OK;
}

static RESULT receive(struct http_reader *p, struct link *link, bool *untouched, uint64_t deadline_ms)
{
    char   block[16384];
    size_t got;

    while (!p->complete) {
        TRY(link_receive(link, block, sizeof block, &got, deadline_ms));
        if (got == 0 && *untouched) return fail(KMS_E_CLOSED, "the gateway closed the connection without an answer");
        *untouched = false;
        /* Zero bytes tell the parser of the end: it completes an answer whose length is "until close". */
        TRY(http_reader_feed(p, bytes(block, got)));
        if (got == 0 && !p->complete) return fail(KMS_E_CLOSED, "the gateway closed the connection within an answer");
    }
    return KMS_OK;
}

RESULT http_exchange(struct link *link, struct http_answer *out, bool *untouched, struct bytes request,
                     uint64_t deadline_ms)
{
    struct http_reader p;

    http_reader_init(&p, out);
    *untouched = true;
    TRY(link_send(link, request, deadline_ms));
    return receive(&p, link, untouched, deadline_ms);
}
