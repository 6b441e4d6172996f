/* SPDX-License-Identifier: Apache-2.0 */
/* A listening socket: accepts connections within limits, and hands each to the object that serves it. */
#ifndef KMS_CLUSTER_NET_LISTENER_H
#define KMS_CLUSTER_NET_LISTENER_H

#include "cluster/net/allow_list.h"
#include "cluster/net/conn.h"

struct listener;

/* The first member of what serves a connection, and the `self` of its events. */
struct listener_slot {
    struct listener      *listener; /* borrowed */
    struct conn          *conn;     /* borrowed; ends with on_closed */
    struct listener_slot *next, **at;
};

struct listener_setup {
    struct loop              *loop;
    struct tls_context       *tls; /* NULL: plain */
    const char               *address;
    uint16_t                  port;                 /* 0: a free one */
    unsigned                  connections_max;      /* over all */
    unsigned                  per_address_max;      /* of one address */
    const struct allow_list  *allow;                /* borrowed; NULL: everybody */
    const struct conn_events *events;               /* on_closed of these calls listener_release() and frees the slot */
    struct listener_slot *(*new_slot)(void *owner); /* zeroed but for what the owner fills in; NULL: no memory */
    void (*free_slot)(struct listener_slot *);      /* one that never had a connection */
    void *owner;
};

RESULT listener_open(struct listener **out, const struct listener_setup *);
/* Stops accepting; what was accepted goes on. Idempotent. */
void listener_stop(struct listener *);
/* Closes the socket and every connection; the memory goes when the last has closed. Accepts NULL inside. */
void listener_close(struct listener **);
void listener_release(struct listener_slot *);

uint16_t listener_port(const struct listener *);
unsigned listener_count(const struct listener *); /* connections */
void     listener_each(struct listener *, void (*each)(struct listener_slot *, void *arg), void *arg);

#endif
