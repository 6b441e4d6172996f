/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gRPC server over mTLS: a listener, a table of methods, and roles taken from the caller's certificate. The same
 * listener answers ordinary HTTP/2 GET requests.
 *
 * Any certificate of the cluster opens a connection here, so what one may hold is bounded: a unary call in time and in
 * the size of its one message, a connection in streams and in bytes received and not handled yet, and, gateways apart,
 * all connections together.
 */
#ifndef KMS_CLUSTER_NET_GRPC_SERVER_H
#define KMS_CLUSTER_NET_GRPC_SERVER_H

#include "cluster/net/grpc.h"
#include "cluster/net/listener.h"

#define GRPC_IDLE_MS 60000 /* without a byte from the peer (it is pinged at half of that), or without a call */
#define GRPC_CALL_MS 10000 /* a unary call; and how long a call that we have ended may stay open at the peer */
#define GRPC_STREAMS_MAX 8 /* of a peer that is no gateway, at once */
#define GRPC_RECEIVE_MAX (256u * 1024)           /* unhandled bytes of a peer that is no gateway, */
#define GRPC_RECEIVE_ALL_MAX (16u * 1024 * 1024) /* and of all of them */

#define ROLE_BIT(role) (1u << (role))
#define ANY_ROLE (~0u)

/* One call on one connection. */
struct grpc_call;

struct grpc_method {
    const char *path;        /* "/kms.v1.Cluster/Info" */
    unsigned    roles;       /* ROLE_BITs; anybody else gets PERMISSION_DENIED */
    size_t      request_max; /* bytes of a message; 0: GRPC_MESSAGE_MAX */
    /* A unary call: the reply is appended. NULL for the streaming kinds. */
    enum kms_err (*unary)(void *self, struct bytes request, struct buf *reply);
    /* A stream: messages come one by one; on_end: the caller has sent its last; on_close: the last event. Each may be
     * NULL. */
    void (*on_open)(void *self, struct grpc_call *);
    void (*on_message)(void *self, struct grpc_call *, struct bytes);
    void (*on_end)(void *self, struct grpc_call *);
    void (*on_close)(void *self, struct grpc_call *);
};

struct grpc_service {
    void                     *self;
    const struct grpc_method *methods;
    size_t                    method_count;
    /* An ordinary GET: appends JSON. KMS_E_NOT_FOUND: no such path. */
    enum kms_err (*get)(void *self, const char *path, struct buf *json);
};

struct grpc_server_setup {
    struct loop               *loop;
    struct tls_context        *tls;
    const char                *address;
    uint16_t                   port;
    unsigned                   connections_max, per_address_max;
    const struct grpc_service *service;                      /* borrowed */
    uint64_t                   idle_ms, call_ms;             /* 0: GRPC_IDLE_MS, GRPC_CALL_MS */
    size_t                     receive_max, receive_all_max; /* 0: GRPC_RECEIVE_MAX, GRPC_RECEIVE_ALL_MAX */
};

struct grpc_server;
RESULT   grpc_server_open(struct grpc_server **out, const struct grpc_server_setup *);
void     grpc_server_drain(struct grpc_server *); /* no new connections, no new streams */
void     grpc_server_close(struct grpc_server **);
uint16_t grpc_server_port(const struct grpc_server *);
unsigned grpc_server_connections(const struct grpc_server *);

const struct identity *grpc_call_peer(const struct grpc_call *);
void                  *grpc_call_user(const struct grpc_call *);
void                   grpc_call_set_user(struct grpc_call *, void *user);
/* KMS_E_BUSY: the caller does not take what it is sent. */
RESULT grpc_call_send(struct grpc_call *, struct bytes message);
/* Ends the call after what is queued; text may be NULL. */
void grpc_call_finish(struct grpc_call *, enum grpc_status, const char *text);
/* Ends it at once, queue or not. */
void grpc_call_abort(struct grpc_call *);

#endif
