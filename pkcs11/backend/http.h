/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP/1.1 request and its answer over a link. Everything in the answer is bounded before it is kept. */
#ifndef KMS_PKCS11_BACKEND_HTTP_H
#define KMS_PKCS11_BACKEND_HTTP_H

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

/*
 * request: the whole request, head and body. *untouched: the connection ended before the first byte of an answer, as a
 * reused one does that the gateway has just closed. KMS_E_CLOSED, KMS_E_TIMEOUT, KMS_E_PROTOCOL (not HTTP, or too much
 * of it).
 */
RESULT http_exchange(struct link *, struct http_answer *out, bool *untouched, struct bytes request,
                     uint64_t deadline_ms);

#endif
