/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Montgomery arithmetic modulo an odd number m, constant-time: the orders of the groups. A modulus has W words, 4 for
 * orders of 256 bits, 6 for P-384, 9 for P-521, little-endian; R = 2^(64 W); a number x is held as x * R mod m in an
 * array of MODULUS_WORDS_MAX words. Inputs are below m unless said otherwise, results always are, and their words
 * beyond W are written as 0; out may be an input.
 */
#ifndef KMS_COMMON_CRYPTO_MODULUS_H
#define KMS_COMMON_CRYPTO_MODULUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODULUS_WORDS_MAX 9

struct modulus {
    size_t   words; /* W: 4, 6 or 9 */
    uint64_t m[MODULUS_WORDS_MAX];
    uint64_t negated_inverse;       /* -1/m mod 2^64 */
    uint64_t r[MODULUS_WORDS_MAX];  /* R mod m: 1 in Montgomery form */
    uint64_t rr[MODULUS_WORDS_MAX]; /* R^2 mod m */
};

extern const struct modulus modulus_ed25519;   /* L = 2^252 + 27742317777372353535851937790883648493 (RFC 8032 5.1) */
extern const struct modulus modulus_secp256k1; /* n (SEC 2 v2, 2.4.1) */
extern const struct modulus modulus_p256;      /* n (SP 800-186 3.2.1.3) */
extern const struct modulus modulus_p384;      /* n (SP 800-186 3.2.1.4) */
extern const struct modulus modulus_p521;      /* n (SP 800-186 3.2.1.5) */

void modulus_add(const struct modulus *, uint64_t *out, const uint64_t *a, const uint64_t *b);
void modulus_sub(const struct modulus *, uint64_t *out, const uint64_t *a, const uint64_t *b);
/* a * b / R mod m. One input may be any number of W words, if the other is below m. */
void modulus_mul(const struct modulus *, uint64_t *out, const uint64_t *a, const uint64_t *b);
/* Into and out of Montgomery form; the input of modulus_enter may be any number of W words. */
void modulus_enter(const struct modulus *, uint64_t *out, const uint64_t *a);
void modulus_leave(const struct modulus *, uint64_t *out, const uint64_t *a);
/* 1/a for prime m, 0 for 0. */
void modulus_invert(const struct modulus *, uint64_t *out, const uint64_t *a);
/* All ones if a < m, else 0. */
uint64_t modulus_is_reduced(const struct modulus *, const uint64_t *a);

#endif
