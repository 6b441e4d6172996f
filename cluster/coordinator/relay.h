/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Circuits carry the nodes' tunnels through here: one per pair of nodes, opened on first use, closed when either link
 * drops or either end says so. Their ids are never used twice. What is inside is ciphertext.
 */
#ifndef KMS_CLUSTER_COORDINATOR_RELAY_H
#define KMS_CLUSTER_COORDINATOR_RELAY_H

#include "cluster/coordinator/coordinator.h"
#include "cluster/proto/kms.pb-c.h"

#define RELAY_MAX (1024 * 1024)

/*
 * What a circuit has sent to a node since that node's connection had least RELAY_QUEUED_MAX unsent. Beyond that mark
 * each circuit has a share of RELAY_BACKLOG_MAX, so that a node which floods another closes their circuit, and not the
 * other's link.
 */
#define RELAY_QUEUED_MAX (1024 * 1024)
#define RELAY_BACKLOG_MAX (4 * 1024 * 1024)

struct relay_backlog {
    uint64_t epoch; /* of the receiver's, when `bytes` began to count */
    size_t   bytes;
};

struct circuits {
    uint64_t             count;                                             /* made so far */
    uint64_t             ids[COORDINATOR_NODES_MAX][COORDINATOR_NODES_MAX]; /* [smaller][larger index]; 0: closed */
    uint64_t             epochs[COORDINATOR_NODES_MAX]; /* how often each node was seen to take what it is sent */
    struct relay_backlog backlogs[COORDINATOR_NODES_MAX][COORDINATOR_NODES_MAX]; /* [from][to] */
};

/* The circuit of two connected nodes, made if there is none. */
uint64_t relay_open(struct coordinator *, unsigned a, unsigned b);
/* Tells both ends, except `told` (COORDINATOR_NODES_MAX: both), and ends the attempts that use it. */
void relay_close(struct coordinator *, unsigned a, unsigned b, unsigned told);
void relay_on_node_down(struct coordinator *, unsigned index);
/*
 * Forwarded only if `from` is an end of an open circuit of that id; closes the circuit if too much of it is unsent.
 * KMS_E_PROTOCOL: too large.
 */
RESULT relay_on_data(struct coordinator *, unsigned from, const Kms__V1__Relay *);
void   relay_on_closed(struct coordinator *, unsigned from, const Kms__V1__CircuitClosed *);

#endif
