/* SPDX-License-Identifier: Apache-2.0 */
/* The messages to a node, encoded and sent: one function each. */
#ifndef KMS_CLUSTER_COORDINATOR_TO_NODE_H
#define KMS_CLUSTER_COORDINATOR_TO_NODE_H

#include "cluster/coordinator/placement.h"
#include "cluster/proto/kms.pb-c.h"
#include "cluster/protocol/message.h"

struct start_message {
    const uint8_t          *tag; /* SESSION_TAG_LEN */
    Kms__V1__Operation      operation;
    struct bytes            request;
    const struct placement *placement;
    uint32_t                budget_ms;
};

void to_node_ping(struct coordinator *, unsigned index, uint64_t id);
void to_node_circuit(struct coordinator *, unsigned index, uint64_t id, unsigned peer, bool open);
void to_node_relay(struct coordinator *, unsigned index, uint64_t id, struct bytes data);
/* Opens what circuits are missing. */
void to_node_start(struct coordinator *, unsigned index, const struct start_message *);
void to_node_cancel(struct coordinator *, unsigned index, const uint8_t tag[SESSION_TAG_LEN]);
void to_node_commit(struct coordinator *, unsigned index, struct bytes birth_certificate);
void to_node_deliver(struct coordinator *, unsigned index, struct bytes statement);
void to_node_destroy(struct coordinator *, unsigned index, const char *key_id, struct bytes request);

#endif
