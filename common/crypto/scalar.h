/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars of a prime group: integers modulo its order q, always constant-time, always wiped. Held in Montgomery
 * form, little-endian words; the number of words belongs to the group (four for 256-bit orders, six for P-384, nine
 * for P-521) and those beyond it are 0. Locals are declared SECRET_SCALAR so that they wipe themselves on every exit.
 */
#ifndef KMS_COMMON_CRYPTO_SCALAR_H
#define KMS_COMMON_CRYPTO_SCALAR_H

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/crypto/rng.h"

struct prime_group;
struct hash;

#define SCALAR_WORDS_MAX 9
#define SCALAR_LEN_MAX 66                         /* encoded */
#define SCALAR_WIDE_LEN_MAX (SCALAR_LEN_MAX + 32) /* what scalar_wide_len() answers at most */
#define SCALAR_REDUCE_LEN_MAX 144                 /* what scalar_reduce_bytes() takes */

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
/*
 * An integer of at most SCALAR_REDUCE_LEN_MAX bytes in the group's byte order, modulo q. Of scalar_wide_len() uniform
 * bytes it makes a scalar that is uniform but for 2^-250: 32 bytes more than a scalar has (64 for 256-bit orders).
 */
void   scalar_reduce_bytes(const struct prime_group *, struct scalar *out, struct bytes in);
size_t scalar_wide_len(const struct prime_group *);
/* The same of 64 bytes: uniform for 256-bit orders, but for 2^-128 for P-384, not at all for P-521. */
void scalar_reduce_wide(const struct prime_group *, struct scalar *out, const uint8_t in[64]);
/* A challenge, uniform in every group: hash_end_expand() of scalar_wide_len() bytes, reduced. Ends the hash. */
void scalar_from_hash(const struct prime_group *, struct scalar *out, struct hash *);
/* Leaving secrecy, by name: same bytes as scalar_encode; under valgrind the result is marked public. */
void scalar_declassify(const struct prime_group *, uint8_t *out, const struct scalar *a);

#endif
