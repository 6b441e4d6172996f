/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP request and its answer as the API sees them, free of sockets. cluster/net implements the exchange. */
#ifndef KMS_CLUSTER_API_HTTP_H
#define KMS_CLUSTER_API_HTTP_H

#include "common/base/buf.h"

#define HTTP_HEADERS_MAX 64
#define HTTP_ANSWER_MAX (8u * 1024 * 1024) /* bytes of body; the API keeps to it before it writes a row */

struct http_header {
    const char *name; /* lower case */
    const char *value;
};

struct http_request {
    const char        *method;
    const char        *target; /* path with "?query", as received (origin form) */
    unsigned           header_count;
    struct http_header headers[HTTP_HEADERS_MAX];
    struct bytes       body;
    const char        *peer; /* "127.0.0.1": the client's address */
};

struct http_response {
    int                status;
    const char        *content_type; /* NULL: none, and no body */
    unsigned           header_count;
    struct http_header headers[8]; /* e.g. "location", "etag", "retry-after" */
    struct bytes       body;       /* copied by http_reply */
};

/* One request being answered: owned by the server until http_reply(), which must be called exactly once. */
struct http_exchange;
const struct http_request *http_exchange_request(const struct http_exchange *);
void http_reply(struct http_exchange *, const struct http_response *); /* safe if the client has gone */

typedef void http_handler(void *self, struct http_exchange *);
/* Bytes of body that a request may have: asked when its head is complete, before its body is read. */
typedef size_t http_body_limit(void *self, const struct http_request *head);

/* NULL if absent; KMS_E_* never: a repeated header gives its first value and sets *repeated if not NULL. */
const char *http_request_header(const struct http_request *, const char *lower_case_name, bool *repeated);

#endif
