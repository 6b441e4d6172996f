/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key as it lies in the store (docs/wire-format.md, "node records"):
 *   "KKR1" | u8 state | u64 due | block birth certificate with the signatures held | block share
 * It holds the secret share, so it exists only as a struct secret on its way into or out of the sealed store.
 */
#ifndef KMS_CLUSTER_NODE_KEY_RECORD_H
#define KMS_CLUSTER_NODE_KEY_RECORD_H

#include "cluster/node/keys.h"
#include "cluster/store/store.h"

struct key_record {
    enum key_state state;
    int64_t        due_s;
    struct bytes   certificate; /* borrowed; encoded */
    struct bytes   share;       /* borrowed; secret; encoded */
};

struct store_id key_record_id(const struct birth_body *);
RESULT          key_record_encode(struct secret *out, const struct key_record *);
/* Borrows from in. KMS_E_CORRUPT. */
RESULT key_record_decode(struct key_record *out, struct bytes in);

#endif
