/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TSS node's decisions, free of sockets: checks authority, runs sessions, stores shares, settles commits, talks to
 * its peers in tunnels. Everything that comes in through a link is hostile input. One owner, one thread.
 */
#ifndef KMS_CLUSTER_NODE_NODE_H
#define KMS_CLUSTER_NODE_NODE_H

#include "cluster/node/io.h"
#include "cluster/store/store.h"
#include "common/crypto/rng.h"
#include "common/document/birth.h"
#include "common/document/roster.h"

struct node_config {
    char                     cluster[CLUSTER_NAME_MAX + 1];
    const struct credential *credential; /* borrowed: the node's certificate and key */
    const struct authority  *authority;  /* borrowed */
    struct store            *store;      /* borrowed; sealed */
    struct node_io           io;
    struct rng              *rng;                  /* borrowed */
    uint32_t                 sign_deadline_ms;     /* 5,000 */
    uint32_t                 generate_deadline_ms; /* 30,000 */
    uint32_t                 progress_ms;          /* 1,000 */
    uint32_t                 sessions_max;         /* 4,096 */
    uint64_t                 deletion_wait_s;      /* 604,800; 0 in dev */
    bool        unclean_start; /* the machine stopped uncleanly: refuse requests from before start + 30 s */
    const char *version;
};

struct node;
/* Loads keys, statements and the replay table from the store. */
RESULT node_new(struct node **out, const struct node_config *);
void   node_free(struct node **);

/* Link events. `gateway` is the peer's verified identity. Ids are the caller's, never reused. */
void node_on_link_up(struct node *, uint32_t link, const struct identity *gateway);
void node_on_link_frame(struct node *, uint32_t link, struct bytes to_node /* protobuf ToNode */);
void node_on_link_down(struct node *, uint32_t link);
/* Timers: sessions, settling, deletions. Call at the latest when node_wakeup_ms says. */
void     node_on_tick(struct node *);
uint64_t node_wakeup_ms(const struct node *);

/* Unary calls (protobuf replies are filled from these). */
struct node_info {
    char        node[PARTY_NAME_MAX + 1], cluster[CLUSTER_NAME_MAX + 1];
    const char *version;
    bool        sealed, serving; /* serving: has a roster that lists this node's certificate */
    uint64_t    roster_sequence, keys, pending;
    uint8_t     roster_hash[32];
    uint32_t    sessions;
};
void   node_info(const struct node *, struct node_info *out);
RESULT node_deliver_statement(struct node *, struct bytes encoded, uint64_t *sequence);
RESULT node_commit(struct node *, struct bytes birth_certificate, const char **state);

#endif
