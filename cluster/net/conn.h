/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TCP connection, with TLS inside or plain. Its owner gets events and is asked for output when the socket can take
 * some (fill), so that a connection holds one write at most, and the owner's own queue, which has a maximum, is the
 * only one.
 */
#ifndef KMS_CLUSTER_NET_CONN_H
#define KMS_CLUSTER_NET_CONN_H

#include "cluster/net/loop.h"
#include "cluster/net/tls.h"

#define CONN_HANDSHAKE_MS 10000 /* TCP and TLS; a peer that is slower is dropped */
#define CONN_WRITE_MS 30000     /* a write without progress */
#define CONN_LINGER_MS 1000     /* after our last byte, for the peer to read it */
#define CONN_FILL_MAX (256u * 1024)

struct conn;

struct conn_events {
    /* Bytes may flow. */
    void (*on_open)(void *self);
    /* An error closes the connection for that reason. */
    enum kms_err (*on_data)(void *self, struct bytes);
    /* Appends what is to be sent now, about CONN_FILL_MAX at most; asked again after it was written, until it appends
     * nothing. */
    enum kms_err (*fill)(void *self, struct buf *out);
    /* The peer has half-closed. true: stay open, there is something to send yet. NULL: close. */
    bool (*on_eof)(void *self);
    /* The time of conn_set_deadline() has come. */
    void (*on_deadline)(void *self);
    /* The last event; `why` is KMS_OK for an orderly end. The connection is gone when it returns. */
    void (*on_closed)(void *self, enum kms_err why, const char *text);
};

struct conn_setup {
    struct loop              *loop;
    struct tls_context       *tls;       /* NULL: plain TCP */
    const char               *peer_name; /* NULL: any */
    const struct conn_events *events;
    void                     *self;
};

/* On failure there are no events. The address is a struct sockaddr_in or _in6. */
RESULT conn_accept(struct conn **out, const struct conn_setup *, uv_stream_t *listener);
RESULT conn_connect(struct conn **out, const struct conn_setup *, const struct sockaddr *);

/* There is output: fill() will be called at the end of this batch. */
void conn_wants_write(struct conn *);
/* Milliseconds from now; 0: none. */
void conn_set_deadline(struct conn *, uint64_t ms);
/* The peer's bytes are left in the kernel. */
void conn_pause(struct conn *);
void conn_resume(struct conn *);
/* Closes in order, once fill() has nothing more. */
void conn_finish(struct conn *);
/* Closes at once; idempotent; on_closed comes later. */
void conn_close(struct conn *, enum kms_err why);

bool                   conn_is_open(const struct conn *);
const struct identity *conn_peer(const struct conn *);    /* NULL: no certificate */
const char            *conn_address(const struct conn *); /* "127.0.0.1", "::1" */

#endif
