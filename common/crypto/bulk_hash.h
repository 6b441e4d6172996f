/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 of kilobytes at the speed of the processor's instructions (EVP: four times libsodium's). Unlike hash.h it can
 * fail, for lack of memory. One digest of one message, to be fed to hash.h as an item: it separates no domains itself.
 */
#ifndef KMS_COMMON_CRYPTO_BULK_HASH_H
#define KMS_COMMON_CRYPTO_BULK_HASH_H

#include "common/base/bytes.h"
#include "common/base/error.h"

struct bulk_hash {
    void *context; /* owned: EVP */
};
#define BULK_HASH_LOCAL CLEANUP(bulk_hash_clear) struct bulk_hash

RESULT bulk_hash_begin(struct bulk_hash *);
RESULT bulk_hash_update(struct bulk_hash *, struct bytes);
RESULT bulk_hash_end(struct bulk_hash *, uint8_t out[32]);
void   bulk_hash_clear(struct bulk_hash *); /* accepts a zeroed one; wipes */

#endif
