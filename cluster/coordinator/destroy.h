/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deletion: the key disappears here at once, and its holders are given the client's signed DELETE, again and again,
 * until each has confirmed. What is still to be done stands in the metadata, so that it survives a restart.
 */
#ifndef KMS_CLUSTER_COORDINATOR_DESTROY_H
#define KMS_CLUSTER_COORDINATOR_DESTROY_H

#include "cluster/coordinator/coordinator.h"
#include "cluster/proto/kms.pb-c.h"

/* Walks over the doomed keys, a page at a tick, and rests between two walks. */
struct destroy_sweep {
    uint64_t next_ms;
    char     after[KEY_ID_LEN + 1];
};

void destroy_on_node_up(struct coordinator *);
void destroy_on_destroyed(struct coordinator *, unsigned from, const Kms__V1__Destroyed *);
void destroy_on_tick(struct coordinator *, uint64_t now_ms);

#endif
