/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares in use: a bounded cache, in secmem, of decoded and checked shares. Decoding one costs point arithmetic, so a
 * hot key is decoded once; a cold one leaves locked memory again.
 */
#ifndef KMS_CLUSTER_NODE_SHARES_H
#define KMS_CLUSTER_NODE_SHARES_H

#include "cluster/node/keys.h"

#define SHARES_BLOCKS 16
#define SHARES_PER_BLOCK 64 /* a block is one allocation: guard pages cost address space */

struct shares {
    struct key_share *blocks[SHARES_BLOCKS];                   /* owned; in secmem; allocated as needed */
    struct key       *owner[SHARES_BLOCKS * SHARES_PER_BLOCK]; /* borrowed; NULL: the place is free */
    bool              used[SHARES_BLOCKS * SHARES_PER_BLOCK];  /* since the hand last passed */
    int               hand;
};

/* Borrowed until the next call on the cache. KMS_E_CORRUPT if the share is not the one the birth certificate names. */
RESULT shares_get(struct node *, struct key *, const struct key_share **out);
void   shares_forget(struct shares *, struct key *);
void   shares_clear(struct shares *);

#endif
