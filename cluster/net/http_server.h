/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP/1.1 server: connections, timeouts, and the exchanges of cluster/api/http.h. */
#ifndef KMS_CLUSTER_NET_HTTP_SERVER_H
#define KMS_CLUSTER_NET_HTTP_SERVER_H

#include "cluster/api/http.h"
#include "cluster/net/listener.h"

#define HTTP_REQUEST_MS 20000               /* from a request's first byte to its last */
#define HTTP_IDLE_MS 120000                 /* between requests */
#define HTTP_BODIES_MAX (32u * 1024 * 1024) /* of requests being read, all together, beyond their HTTP1_BODY_FREE */

struct http_server_setup {
    struct loop             *loop;
    struct tls_context      *tls; /* NULL: plain HTTP */
    const char              *address;
    uint16_t                 port;
    unsigned                 connections_max, per_address_max;
    const struct allow_list *allow; /* borrowed; NULL: everybody */
    http_handler            *handler;
    http_body_limit         *body_max; /* NULL: HTTP1_BODY_MAX */
    void                    *handler_self;
    uint64_t                 request_ms, idle_ms; /* 0: the defaults above */
    size_t                   bodies_max;          /* likewise */
};

struct http_server;
RESULT http_server_open(struct http_server **out, const struct http_server_setup *);
/* Accepts no more, ends idle connections, answers what is being asked and ends those connections too. */
void     http_server_drain(struct http_server *);
void     http_server_close(struct http_server **);
uint16_t http_server_port(const struct http_server *);
unsigned http_server_connections(const struct http_server *);

#endif
