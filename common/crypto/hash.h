/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, SHA-512 (FIPS 180-4) and the one structured hash of the system:
 *   H(tag, item_1 .. item_k) = SHA-256(len8(tag) || tag || u32(k) || u64(len(item_1)) || item_1 || ...)
 * which is injective, so moving a boundary between items changes the hash. Callers declare k first; feeding
 * another number of items is a CHECK.
 */
#ifndef KMS_COMMON_CRYPTO_HASH_H
#define KMS_COMMON_CRYPTO_HASH_H

#include "common/base/bytes.h"
#include "common/crypto/tags.h"

#define SHA256_LEN 32
#define SHA512_LEN 64

void sha256(uint8_t out[32], struct bytes in);
void sha512(uint8_t out[64], struct bytes in);
/* SHA-512 over the concatenation of `count` parts. */
void sha512_parts(uint8_t out[64], const struct bytes *parts, size_t count);

/* H(tag, items...). CT: leaks lengths only. */
void hash_items(uint8_t out[32], enum tag_id, const struct bytes *items, size_t count);

/* The same, fed piece by piece; holds no secret after hash_end(). */
struct hash {
    uint8_t  opaque[224] __attribute__((aligned(16)));
    uint32_t expected, fed;
};
void hash_begin(struct hash *, enum tag_id, uint32_t items);
void hash_item(struct hash *, struct bytes);
void hash_item_u16(struct hash *, uint16_t); /* 2 bytes, big-endian */
void hash_item_u32(struct hash *, uint32_t);
void hash_item_u64(struct hash *, uint64_t);
void hash_end(struct hash *, uint8_t out[32]);
/*
 * len bytes, at most 8192, for more output or challenges uniform mod q: block after block of 32 bytes, each of them H
 * with the item count + 1 and a last item, its number from 0 on in one byte; the last block is cut.
 */
void hash_end_expand(struct hash *, uint8_t *out, size_t len);
/* The same of 64 bytes. */
void hash_end_wide(struct hash *, uint8_t out[64]);

#endif
