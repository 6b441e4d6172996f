/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Circuits: the ways from this node to its peers through a coordinator, each with one TLS tunnel in it. The sender of
 * whatever comes out of a tunnel is the tunnel's peer, and nobody else.
 */
#ifndef KMS_CLUSTER_NODE_CIRCUITS_H
#define KMS_CLUSTER_NODE_CIRCUITS_H

#include "cluster/node/links.h"

struct tunnel;

#define CIRCUITS_PER_PEER_MAX 2 /* and gateway: the one in use, and the one that takes its place */
#define CIRCUIT_HANDSHAKE_MS 10000
#define CIRCUIT_EARLY_MAX 256 /* an opening and a last word of each fit into what a tunnel lets wait */

/* The messages inside a tunnel (docs/wire-format.md, "tunnel messages"). */
enum tunnel_type {
    TUNNEL_PROTOCOL = 1,    /* cluster/protocol/message.h */
    TUNNEL_VOUCHER = 2,     /* a birth certificate with the signatures that its sender holds */
    TUNNEL_QUERY = 3,       /* what became of this key? */
    TUNNEL_ABANDONMENT = 4, /* a signed promise never to vouch for a key */
    TUNNEL_STATEMENT = 5,   /* a signed statement */
};

struct circuit {
    struct circuit *next;
    struct link    *link; /* borrowed */
    uint64_t        id;
    struct tunnel  *tunnel; /* owned */
    uint64_t        opened_ms;
    unsigned        run_count; /* sessions that stand on it */
    unsigned        early;     /* sessions that have begun before it was greeted: what they say waits in the tunnel */
    bool            dirty;     /* the tunnel has output for the relay */
    bool            greeted;   /* the tunnel is ready and has been used */
    const char     *doomed;    /* why it is to be closed; NULL: it lives */
};

/* A frame that asks for what cannot be is answered with CircuitClosed. */
void circuits_open(struct node *, struct link *, uint64_t id, const char *peer);
void circuits_close(struct node *, struct link *, uint64_t id);
void circuits_on_relay(struct node *, struct link *, uint64_t id, struct bytes data);

struct circuit *circuits_find(const struct link *, uint64_t id); /* NULL: unknown, or doomed */
/* Any live circuit with a ready tunnel to this peer, through whichever coordinator; NULL: none. */
struct circuit *circuits_to(const struct node *, const char *peer);
const char     *circuit_peer(const struct circuit *);
/* May a session begin on it? KMS_E_BUSY when too much waits for the handshake already. */
RESULT circuit_admit(const struct circuit *);
void   circuit_take(struct circuit *); /* one has begun */
/* A failure dooms the circuit. */
void circuit_send(struct node *, struct circuit *, enum tunnel_type, struct bytes body);
/* Only marks it: closed, with the sessions that run through it, when the present event is over. `why`: static text. */
void circuit_doom(struct node *, struct circuit *, const char *why);
void circuits_doom_all(struct node *, const char *why);

void circuits_tick(struct node *, uint64_t now_ms);
void circuits_reap(struct node *);
void circuits_flush(struct node *);
void circuits_clear(struct node *, struct link *);

#endif
