/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a PENDING key. The n birth signatures are the commit, whoever brings them. A node that has signed
 * discards its share only on the signed abandonment of one of the n that has not signed and then never will; never by
 * time-out, never on a coordinator's word.
 */
#ifndef KMS_CLUSTER_NODE_SETTLE_H
#define KMS_CLUSTER_NODE_SETTLE_H

#include "cluster/node/circuits.h"
#include "common/document/birth.h"

/* How many keys a node abandons per minute at most: each costs it a durable record. */
#define SETTLE_PROMISES_MAX 256

/* From the tunnel's peer, in `body` of a tunnel message. */
void settle_on_voucher(struct node *, struct circuit *, struct bytes body);
void settle_on_query(struct node *, struct circuit *, struct bytes body);
void settle_on_abandonment(struct node *, struct circuit *, struct bytes body);
/* A tunnel is ready: ask its peer about what is PENDING. */
void settle_greet(struct node *, struct circuit *);
/* After a start and every minute: ask everybody. */
void settle_all(struct node *);
/* A birth certificate from anywhere. state: what this node now says of the key. */
RESULT settle_commit(struct node *, struct bytes encoded, const char **state);

#endif
