/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Montgomery arithmetic modulo an odd number m of at most 256 bits, constant-time: the orders of the groups.
 * Words are little-endian; R = 2^256; a number x is held as x * R mod m. Inputs are below m unless said otherwise,
 * results always are; out may be an input.
 */
#ifndef KMS_COMMON_CRYPTO_MODULUS_H
#define KMS_COMMON_CRYPTO_MODULUS_H

#include <stdbool.h>
#include <stdint.h>

#define MODULUS_WORDS 4

struct modulus {
    uint64_t m[MODULUS_WORDS];
    uint64_t negated_inverse;   /* -1/m mod 2^64 */
    uint64_t r[MODULUS_WORDS];  /* R mod m: 1 in Montgomery form */
    uint64_t rr[MODULUS_WORDS]; /* R^2 mod m */
};

extern const struct modulus modulus_ed25519;   /* L = 2^252 + 27742317777372353535851937790883648493 (RFC 8032 5.1) */
extern const struct modulus modulus_secp256k1; /* n (SEC 2 v2, 2.4.1) */

void modulus_add(const struct modulus *, uint64_t *out, const uint64_t *a, const uint64_t *b);
void modulus_sub(const struct modulus *, uint64_t *out, const uint64_t *a, const uint64_t *b);
/* a * b / R mod m. One input may be any 256-bit number, if the other is below m. */
void modulus_mul(const struct modulus *, uint64_t *out, const uint64_t *a, const uint64_t *b);
/* Into and out of Montgomery form; the input of modulus_enter may be any 256-bit number. */
void modulus_enter(const struct modulus *, uint64_t *out, const uint64_t *a);
void modulus_leave(const struct modulus *, uint64_t *out, const uint64_t *a);
/* 1/a for prime m, 0 for 0. */
void modulus_invert(const struct modulus *, uint64_t *out, const uint64_t *a);
/* All ones if a < m, else 0. */
uint64_t modulus_is_reduced(const struct modulus *, const uint64_t *a);

#endif
