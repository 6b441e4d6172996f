/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP/1.1 request and its answer over a link. Everything in the answer is bounded before it is kept. */
#ifndef KMS_PKCS11_BACKEND_HTTP_H
#define KMS_PKCS11_BACKEND_HTTP_H

#include <http_parser.h>

#include "common/base/buf.h"
#include "pkcs11/backend/link.h"

#define HTTP_BODY_MAX (16 * 1024 * 1024)
#define HTTP_ETAG_MAX 127

struct http_answer {
    int        status;
    char       etag[HTTP_ETAG_MAX + 1]; /* "" when absent or longer */
    unsigned   retry_after_s;           /* 0 when absent */
    bool       keep_alive;
    struct buf body; /* owned */
};

#define HTTP_ANSWER_LOCAL CLEANUP(http_answer_clear) struct http_answer
void http_answer_clear(struct http_answer *);

#define HTTP_NAME_MAX 32
#define HTTP_VALUE_MAX 255

/* An answer as it arrives, in pieces of any size. */
struct http_reader {
    http_parser         parser;
    struct http_answer *answer; /* borrowed */
    char                name[HTTP_NAME_MAX + 1], value[HTTP_VALUE_MAX + 1];
    size_t              name_len, value_len;
    bool                in_value;
    bool                complete;
};
/* The answer is emptied. */
void http_reader_init(struct http_reader *, struct http_answer *);
/* An empty piece is the end of the connection, which completes an answer without a length. Not after `complete`.
 * KMS_E_PROTOCOL. */
RESULT http_reader_feed(struct http_reader *, struct bytes);

/*
 * request: the whole request, head and body. *untouched: the connection ended before the first byte of an answer, as a
 * reused one does that the gateway has just closed. KMS_E_CLOSED, KMS_E_TIMEOUT, KMS_E_PROTOCOL (not HTTP, or too much
 * of it).
 */
RESULT http_exchange(struct link *, struct http_answer *out, bool *untouched, struct bytes request,
                     uint64_t deadline_ms);

#endif
