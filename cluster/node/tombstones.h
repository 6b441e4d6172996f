/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of a key that this node no longer holds, or has promised never to hold (docs/wire-format.md):
 *   "KTS1" | u8 kind | u64 time | block evidence
 */
#ifndef KMS_CLUSTER_NODE_TOMBSTONES_H
#define KMS_CLUSTER_NODE_TOMBSTONES_H

#include "common/base/buf.h"

struct node;

enum tombstone_kind {
    TOMBSTONE_NONE = 0,
    TOMBSTONE_DELETED = 1,   /* evidence: the signed request, encoded */
    TOMBSTONE_ABANDONED = 2, /* evidence: the signed abandonment, encoded */
};

#define EVIDENCE_MAX 32768

/* Durable when it returns. */
RESULT tombstones_put(struct node *, const char *key_id, enum tombstone_kind, struct bytes evidence);
/* TOMBSTONE_NONE when there is none; evidence (may be NULL) receives a copy. */
RESULT tombstones_get(struct node *, const char *key_id, enum tombstone_kind *, struct buf *evidence);
RESULT tombstones_has(struct node *, const char *key_id, bool *out);

#endif
