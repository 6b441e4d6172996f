/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a PENDING key. The n birth signatures are the commit, whoever brings them. A node that has signed
 * gives its share up only on the signed abandonment of one of the n that has not signed and then never will; never by
 * time-out, never on a coordinator's word. One liar among the n could tell this to some and vouch to others, so what is
 * given up is only set aside: it comes back if all n signatures do (keys.h), and is wiped when a month has gone by.
 */
#ifndef KMS_CLUSTER_NODE_SETTLE_H
#define KMS_CLUSTER_NODE_SETTLE_H

#include "cluster/node/circuits.h"
#include "common/document/birth.h"

/* How many keys a node abandons per minute at most: each costs it a durable record. */
#define SETTLE_PROMISES_MAX 256
/* How many keys a peer is asked about at once: its answers must fit into a tunnel. The next ones follow a minute later.
 */
#define SETTLE_ASK_PENDING 64
#define SETTLE_ASK_ABANDONED 8

/* From the tunnel's peer, in `body` of a tunnel message. */
void settle_on_voucher(struct node *, struct circuit *, struct bytes body);
void settle_on_query(struct node *, struct circuit *, struct bytes body);
void settle_on_abandonment(struct node *, struct circuit *, struct bytes body);
/* A tunnel is ready: ask its peer about what is not settled. */
void settle_greet(struct node *, struct circuit *);
/* After a start and every minute: ask everybody; wipe what has been ABANDONED for long. */
void settle_all(struct node *);
/* A birth certificate from anywhere. state: what this node now says of the key. */
RESULT settle_commit(struct node *, struct bytes encoded, const char **state);

#endif
