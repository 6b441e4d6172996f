/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordinator's decisions, free of sockets: which nodes take part, their messages relayed, the result verified and
 * recorded. Holds no authority and no secret. The REST API (cluster/api) calls it; nodes' links feed it.
 */
#ifndef KMS_CLUSTER_COORDINATOR_COORDINATOR_H
#define KMS_CLUSTER_COORDINATOR_COORDINATOR_H

#include "cluster/coordinator/metadata.h"
#include "common/crypto/rng.h"
#include "common/document/roster.h"
#include "common/document/signed_request.h"

#define COORDINATOR_NODES_MAX ROSTER_NODES_MAX

struct coordinator_io {
    void *self;
    uint64_t (*now_ms)(void *self);
    int64_t (*wall_ms)(void *self);
    /* One ToNode message (protobuf bytes) to node `index` of the configuration; copied; dropped if it is not connected.
     */
    void (*node_send)(void *self, unsigned index, struct bytes to_node);
    /* Ends that node's connection (it will be made anew). */
    void (*node_reset)(void *self, unsigned index);
    /* Bytes sent to that node that its connection has not taken yet; NULL: never any. */
    size_t (*node_unsent)(void *self, unsigned index);
    /* Bytes free where the log is; NULL: plenty. */
    uint64_t (*disk_free)(void *self);
};

struct coordinator_config {
    char                    cluster[CLUSTER_NAME_MAX + 1];
    char                    name[PARTY_NAME_MAX + 1]; /* "gw1": service_name in the log */
    const struct authority *authority;                /* borrowed */
    const struct roster    *roster;                   /* borrowed; copied */
    struct bytes            roster_statement;         /* borrowed; copied: delivered to nodes that hold an older one */
    struct metadata        *metadata;                 /* borrowed */
    struct coordinator_io   io;
    struct rng             *rng; /* borrowed */
    unsigned                node_count;
    char                    nodes[COORDINATOR_NODES_MAX][PARTY_NAME_MAX + 1];
    uint32_t                heartbeat_ms;         /* 300 */
    uint32_t                heartbeat_misses;     /* 3 */
    uint32_t                sign_deadline_ms;     /* 5,000 */
    uint32_t                generate_deadline_ms; /* 30,000 */
    uint32_t                progress_ms;          /* 1,000 */
    uint32_t                requests_max;         /* in flight; more get 429: 1,024 */
    uint64_t                disk_reserve; /* bytes that rows of the unauthenticated must leave free: for signing */
    char                    default_algorithm_ed25519[16]; /* "EDDSA" */
    const char             *version;
};

struct coordinator;
RESULT coordinator_new(struct coordinator **out, const struct coordinator_config *);
void   coordinator_free(struct coordinator **);

/* Link events; index into config.nodes. identity: the verified peer, whose name equals nodes[index]. */
void coordinator_on_node_up(struct coordinator *, unsigned index);
void coordinator_on_node_frame(struct coordinator *, unsigned index, struct bytes from_node /* protobuf FromNode */);
void coordinator_on_node_down(struct coordinator *, unsigned index);
void coordinator_on_tick(struct coordinator *);
uint64_t coordinator_wakeup_ms(const struct coordinator *);

#endif
