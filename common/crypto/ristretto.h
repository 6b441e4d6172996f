/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ristretto255 (RFC 9496), a group of prime order, for protocols between nodes that need no particular curve. Points
 * are their encodings: 32 bytes, canonical, one per element. Every function that takes a point checks it.
 */
#ifndef KMS_COMMON_CRYPTO_RISTRETTO_H
#define KMS_COMMON_CRYPTO_RISTRETTO_H

#include "common/crypto/rng.h"

#define RISTRETTO_LEN 32
#define RISTRETTO_SCALAR_LEN 32
#define RISTRETTO_HASH_LEN 64

/* Uniform, not 0. */
RESULT ristretto_scalar_random(uint8_t out[32], struct rng *);
/* RFC 9496 4.3.4: a uniform element from 64 uniform bytes, nobody knowing its logarithm. CT: leaks nothing. */
void ristretto_from_hash(uint8_t out[32], const uint8_t in[64]);
/* k G. CT in k, which is not 0. */
void ristretto_base_mul(uint8_t out[32], const uint8_t k[32]);
/* k P. KMS_E_FORMAT if P is no point or the identity. CT in k and P. */
RESULT ristretto_mul(uint8_t out[32], const uint8_t k[32], const uint8_t p[32]);
/* KMS_E_FORMAT if one is no point or the identity, which the result may be. CT in both. */
RESULT ristretto_add(uint8_t out[32], const uint8_t a[32], const uint8_t b[32]);
RESULT ristretto_sub(uint8_t out[32], const uint8_t a[32], const uint8_t b[32]);

#endif
