/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordinator's connections to its nodes: one to each, kept up, with one Link stream on it. Lost connections are
 * made anew after 50 ms, and after at most 2 s when that fails again and again. Speaks to the coordinator through a
 * vtable, so that it is tested without one.
 */
#ifndef KMS_CLUSTER_NET_PEER_H
#define KMS_CLUSTER_NET_PEER_H

#include "cluster/net/conn.h"
#include "common/crypto/rng.h"

#define PEERS_MAX 64
#define PEER_BACKOFF_MIN_MS 50
#define PEER_BACKOFF_MAX_MS 2000
#define PEER_ADDRESS_MAX 255

struct peer_address {
    char     name[PARTY_NAME_MAX + 1];      /* that its certificate must have */
    char     address[PEER_ADDRESS_MAX + 1]; /* an IP address or a host name */
    uint16_t port;
    bool     has_fingerprint; /* and no certificate but this one is the node's */
    uint8_t  fingerprint[32]; /* SHA-256 of the DER: as in the roster */
};

struct peers_setup {
    struct loop               *loop;
    struct tls_context        *tls; /* a client's, for role NODE */
    const struct peer_address *nodes;
    unsigned                   node_count;
    struct rng                *rng; /* jitter */
    void (*on_up)(void *self, unsigned index);
    void (*on_frame)(void *self, unsigned index, struct bytes from_node);
    void (*on_down)(void *self, unsigned index);
    void *self;
};

struct peers;
/* Starts connecting; events come from the loop only. */
RESULT peers_new(struct peers **out, const struct peers_setup *);
/* Closes all, without events; the memory goes when the loop has closed the sockets. */
void peers_close(struct peers **);
/* Dropped if the node is not connected; a node that does not take what it is sent is reset. */
void     peers_send(struct peers *, unsigned index, struct bytes to_node);
void     peers_reset(struct peers *, unsigned index);
size_t   peers_unsent(const struct peers *, unsigned index); /* bytes that its connection has not taken yet */
unsigned peers_up(const struct peers *);

#endif
