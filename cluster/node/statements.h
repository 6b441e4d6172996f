/* SPDX-License-Identifier: Apache-2.0 */
/* Operators' statements: checked, kept durably by the highest sequence, passed on to the peers in the tunnels. */
#ifndef KMS_CLUSTER_NODE_STATEMENTS_H
#define KMS_CLUSTER_NODE_STATEMENTS_H

#include "cluster/node/circuits.h"

RESULT statements_load(struct node *);
/* sequence: the highest that is held for the statement's subject afterwards. */
RESULT statements_take(struct node *, struct bytes encoded, uint64_t *sequence);
void   statements_on_gossip(struct node *, struct circuit *, struct bytes body);
/* A tunnel is ready: its peer hears what is held here. */
void statements_greet(struct node *, struct circuit *);

#endif
