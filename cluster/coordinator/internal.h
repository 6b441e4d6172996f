/* SPDX-License-Identifier: Apache-2.0 */
/* The coordinator's whole state; each part belongs to the file of its name. */
#ifndef KMS_CLUSTER_COORDINATOR_INTERNAL_H
#define KMS_CLUSTER_COORDINATOR_INTERNAL_H

#include "cluster/coordinator/destroy.h"
#include "cluster/coordinator/nodes.h"
#include "cluster/coordinator/relay.h"
#include "cluster/coordinator/requests.h"

struct coordinator {
    struct coordinator_config config; /* its roster and roster_statement point to the copies below */
    struct roster             roster;
    struct buf                roster_statement;
    struct node_state         nodes[COORDINATOR_NODES_MAX];
    struct circuits           circuits;
    struct requests           requests;
    struct destroy_sweep      sweep;
    struct buf                frame; /* the message being sent */
    uint64_t                  started_ms;
    uint64_t                  count_requests, count_signatures, count_failures;
    void (*ticker)(void *arg);
    void *ticker_arg;
};

static inline uint64_t coordinator_now_ms(const struct coordinator *c)
{
    return c->config.io.now_ms(c->config.io.self);
}

static inline uint64_t node_bit(unsigned index)
{
    return UINT64_C(1) << index;
}

#endif
