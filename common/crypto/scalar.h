/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars of a prime group: integers modulo its order q, always constant-time, always wiped. Held in Montgomery
 * form, little-endian words; the number of words belongs to the group (four for 256-bit orders). Locals are
 * declared SECRET_SCALAR so that they wipe themselves on every exit.
 */
#ifndef KMS_COMMON_CRYPTO_SCALAR_H
#define KMS_COMMON_CRYPTO_SCALAR_H

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/crypto/rng.h"

struct prime_group;

#define SCALAR_WORDS_MAX 4
#define SCALAR_LEN_MAX 32 /* encoded */

struct scalar {
    uint64_t word[SCALAR_WORDS_MAX];
};

#define SECRET_SCALAR CLEANUP(scalar_wipe) struct scalar

void scalar_wipe(struct scalar *);
void scalar_zero(struct scalar *);
void scalar_set_u64(const struct prime_group *, struct scalar *out, uint64_t value);
/* Uniform in 1..q-1. */
RESULT scalar_random(const struct prime_group *, struct scalar *out, struct rng *);

/* All: CT; out may be an input. */
void scalar_add(const struct prime_group *, struct scalar *out, const struct scalar *a, const struct scalar *b);
void scalar_sub(const struct prime_group *, struct scalar *out, const struct scalar *a, const struct scalar *b);
void scalar_mul(const struct prime_group *, struct scalar *out, const struct scalar *a, const struct scalar *b);
void scalar_negate(const struct prime_group *, struct scalar *out, const struct scalar *a);
/* 1/a by a^(q-2); 0 for 0. */
void scalar_invert(const struct prime_group *, struct scalar *out, const struct scalar *a);
bool scalar_is_zero(const struct scalar *);
bool scalar_equal(const struct scalar *a, const struct scalar *b);

/*
 * Encoded: the group's scalar_len bytes in the group's own byte order (big-endian for Weierstrass curves,
 * little-endian for edwards25519, as their standards have it).
 */
void scalar_encode(const struct prime_group *, uint8_t *out, const struct scalar *a);
/* KMS_E_FORMAT for a wrong length or a value >= q. Zero is accepted: the caller decides. */
RESULT scalar_decode(const struct prime_group *, struct scalar *out, struct bytes in);
/* A 64-byte integer in the group's byte order, modulo q (hash outputs, wide randomness). */
void scalar_reduce_wide(const struct prime_group *, struct scalar *out, const uint8_t in[64]);
/* Leaving secrecy, by name: same bytes as scalar_encode; under valgrind the result is marked public. */
void scalar_declassify(const struct prime_group *, uint8_t *out, const struct scalar *a);

#endif
