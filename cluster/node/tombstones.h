/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of a key that this node no longer holds, has promised never to hold, or has set aside on such a promise
 * (docs/wire-format.md), by keyId or "request/" and the hash of a request:
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
/* The request that has made a key which is deleted makes no other, as long as it is fresh: its key id is the evidence.
 */
RESULT tombstones_put_request(struct node *, const uint8_t request_hash[32], const char *key_id);
RESULT tombstones_has_request(struct node *, const uint8_t request_hash[32], bool *out);

#endif
