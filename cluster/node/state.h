/* SPDX-License-Identifier: Apache-2.0 */
/* struct node, for the files of this folder: one actor, so all of them work on all of it, each on its own part. */
#ifndef KMS_CLUSTER_NODE_STATE_H
#define KMS_CLUSTER_NODE_STATE_H

#include "cluster/node/complaints.h"
#include "cluster/node/journal.h"
#include "cluster/node/keys.h"
#include "cluster/node/links.h"
#include "cluster/node/node.h"
#include "cluster/node/replay.h"
#include "cluster/node/sessions.h"
#include "cluster/node/shares.h"
#include "cluster/tunnel/tunnel.h"

struct node {
    struct node_config     config;
    struct tunnel_context *tunnels;        /* owned */
    struct identity_cache *identities;     /* owned */
    struct replay         *replay;         /* owned */
    struct roster          roster;         /* sequence 0: none yet */
    int64_t                roster_created; /* of its statement */
    struct buf             roster_statement;
    bool                   serving; /* the roster lists this node's own certificate */
    struct journal         journal;
    struct keys            keys;
    struct shares          shares;
    struct runs            runs;
    struct complaints      complaints;
    struct link           *links; /* owned */
    unsigned               link_count;
    struct buf             out;                        /* scratch: one packed FromNode */
    struct buf             relay;                      /* scratch: what a tunnel gives for the relay */
    struct buf             message;                    /* scratch: one encoded protocol message; wiped after use */
    bool                   dirty;                      /* something ended during this event: reap it before returning */
    bool                   doomed;                     /* a link or a circuit among it, whose sessions go on still */
    unsigned               promises[ROSTER_NODES_MAX]; /* abandonments given this minute, to whom in the roster */
    char                   asked[2][KEY_ID_LEN + 1];   /* settling: the last key asked about, PENDING and ABANDONED */
    uint64_t               next_second_ms, next_minute_ms;
};

static inline uint64_t node_now_ms(const struct node *node)
{
    return node->config.io.now_ms(node->config.io.self);
}

static inline const char *node_name(const struct node *node)
{
    return node->config.credential->identity.name;
}

#endif
