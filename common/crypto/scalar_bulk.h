/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars by the thousand: sums of products that are reduced once, sampling from just enough uniform bytes, and an
 * encoding without multiplications. All constant-time.
 */
#ifndef KMS_COMMON_CRYPTO_SCALAR_BULK_H
#define KMS_COMMON_CRYPTO_SCALAR_BULK_H

#include "common/crypto/group.h"

/* sum of a_k b_k, not reduced. {0} is zero. */
struct scalar_sum {
    uint64_t word[2 * SCALAR_WORDS_MAX + 1];
    size_t   terms;
};

#define SECRET_SCALAR_SUM CLEANUP(scalar_sum_wipe) struct scalar_sum

void scalar_sum_wipe(struct scalar_sum *);
void scalar_sum_add_product(const struct prime_group *, struct scalar_sum *, const struct scalar *a,
                            const struct scalar *b);
void scalar_sum_add(const struct prime_group *, struct scalar_sum *, const struct scalar *a);
/* Ends at zero, for the next sum. Cheapest for at most three terms. CT: leaks the number of terms. */
void scalar_sum_end(const struct prime_group *, struct scalar *out, struct scalar_sum *);

/*
 * Scalars from `len` uniform bytes each, a multiple of 16; not more than 2^-126 from uniform. As many bits as q has
 * where q is that near to a power of two (all but P-256 and edwards25519), otherwise 128 more.
 */
#define SCALAR_SAMPLE_LEN_MAX 80
struct scalar_sampler {
    const struct modulus *order;
    size_t                len;
    uint64_t              top_mask; /* of the highest word; 0: reduce words + 2 words */
};
struct scalar_sampler scalar_sampler_of(const struct prime_group *);
void                  scalar_sample(const struct scalar_sampler *, struct scalar *out, const uint8_t *uniform);

/*
 * Raw: scalar_len bytes, big-endian, of a R mod q with R = 2^(64 W), W = words of the group's order: the number that
 * the arithmetic holds, and a canonical encoding like any other. For messages within one protocol only.
 */
void scalar_encode_raw(const struct prime_group *, uint8_t *out, const struct scalar *a);
/* KMS_E_FORMAT for a number that is not below q. CT: leaks that. */
RESULT scalar_decode_raw(const struct prime_group *, struct scalar *out, const uint8_t *in);

/* out = bit ? a : 0. bit: 0 or 1. */
void scalar_mask(struct scalar *out, const struct scalar *a, uint64_t bit);

#endif
