/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys in memory: found by keyId, and by the hash of the request that made them. */
#ifndef KMS_CLUSTER_NODE_KEY_TABLE_H
#define KMS_CLUSTER_NODE_KEY_TABLE_H

#include "cluster/node/keys.h"

/* The place in keys.sorted of the first key whose id is not smaller; keys.count: none. */
size_t key_table_position(const struct keys *, const char *key_id);
/* Takes the key over; counts it under its state. */
RESULT key_table_insert(struct keys *, struct key *);
void   key_table_remove(struct keys *, const struct key *);
void   key_table_set_state(struct keys *, struct key *, enum key_state);

#endif
