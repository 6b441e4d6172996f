/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 as a server reads and writes it (RFC 9112), free of sockets: bytes in, one request at a time out, answers
 * in, bytes out. Over http-parser. Pipelined requests wait in the parser until the one before them is answered. What
 * cannot be parsed, or is over a limit, becomes an answer (400, 408, 413, 414, 417, 431, 501, 503, 505) and the end of
 * the connection.
 */
#ifndef KMS_CLUSTER_NET_HTTP1_H
#define KMS_CLUSTER_NET_HTTP1_H

#include "cluster/api/http.h"

#define HTTP1_BODY_MAX (1024u * 1024) /* whatever the handler allows */
#define HTTP1_BODY_FREE 4096          /* of a body: beyond, it comes out of the pool */
#define HTTP1_HEAD_MAX 16384          /* target and headers together */
#define HTTP1_TARGET_MAX 4096
#define HTTP1_BACKLOG_MAX 65536 /* bytes after the request being answered; then http1_is_full() */

/* A complete request; owns its bytes, so it may outlive the connection. */
struct http1_message {
    struct http_request request; /* views of head and body */
    struct buf          head;    /* target and headers, each NUL-terminated */
    struct buf          body;
};
void http1_message_free(struct http1_message **);

/* Memory for bodies that nobody has authenticated yet, shared by all connections of a server. */
struct http1_pool {
    size_t used, max;
};

struct http1_limits {
    http_body_limit   *body_max; /* NULL: HTTP1_BODY_MAX */
    void              *self;
    struct http1_pool *pool; /* borrowed; NULL: none */
};

struct http1;
RESULT http1_new(struct http1 **out);
void   http1_free(struct http1 **);
/* Gives back what was taken from the pool before. */
void http1_set_limits(struct http1 *, const struct http1_limits *);

RESULT http1_receive(struct http1 *, struct bytes);
/* The next request, if one is complete and the one before it has been answered; the caller's, and no more the pool's.
 */
struct http1_message *http1_take(struct http1 *);
/* The answer to the request taken last. last: the connection ends with it. */
RESULT http1_answer(struct http1 *, const struct http_response *, bool last);
/* An answer of our own (problem+json) in place of one to a request that has not come whole; ends the connection. */
void http1_refuse(struct http1 *, int status, enum kms_err code, const char *detail);
/* Moves what is to be sent to out. */
RESULT http1_output(struct http1 *, struct buf *out);

bool http1_is_finished(const struct http1 *); /* nothing more will be read: close when the output is gone */
bool http1_is_reading(const struct http1 *);  /* in the middle of a request */
bool http1_is_full(const struct http1 *);     /* read no more for now */
bool http1_has_output(const struct http1 *);

#endif
