/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof that a node has broken its word: its signed abandonment of a key beside the birth certificate in which it has
 * vouched for the same key. Kept for the operator as the meta record "equivocation/<keyId>" (docs/wire-format.md):
 *   "KEQ1" | block abandonment | block birth certificate
 */
#ifndef KMS_CLUSTER_NODE_EVIDENCE_H
#define KMS_CLUSTER_NODE_EVIDENCE_H

#include "cluster/node/keys.h"

/* The first proof about a key stays: later ones change nothing. */
RESULT evidence_keep(struct node *, const struct key *, struct bytes abandonment);

#endif
