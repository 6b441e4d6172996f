/* SPDX-License-Identifier: Apache-2.0 */
/* Constant-time Montgomery arithmetic. The constants are recomputed with OpenSSL in tests/common. */
#include "common/crypto/modulus.h"

#include <string.h>

#include "common/crypto/ct.h"
#include "common/secret/wipe.h"

#define WORDS MODULUS_WORDS

__extension__ typedef unsigned __int128 wide_word;

const struct modulus modulus_ed25519 = {
    .m = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0x0000000000000000, 0x1000000000000000},
    .negated_inverse = 0xd2b51da312547e1b,
    .r = {0xd6ec31748d98951d, 0xc6ef5bf4737dcf70, 0xfffffffffffffffe, 0x0fffffffffffffff},
    .rr = {0xa40611e3449c0f01, 0xd00e1ba768859347, 0xceec73d217f5be65, 0x0399411b7c309a3d},
};

const struct modulus modulus_secp256k1 = {
    .m = {0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff},
    .negated_inverse = 0x4b0dff665588b13f,
    .r = {0x402da1732fc9bebf, 0x4551231950b75fc4, 0x0000000000000001, 0x0000000000000000},
    .rr = {0x896cf21467d7d140, 0x741496c20e7cf878, 0xe697f5e45bcd07c6, 0x9d671cd581c69bc5},
};

/* out = a + b + carry; returns the carry. */
static inline uint64_t add_word(uint64_t *out, uint64_t a, uint64_t b, uint64_t carry)
{
    wide_word sum = (wide_word)a + b + carry;

    *out = (uint64_t)sum;
    return (uint64_t)(sum >> 64);
}

/* out = a - b - borrow; returns the borrow. */
static inline uint64_t sub_word(uint64_t *out, uint64_t a, uint64_t b, uint64_t borrow)
{
    wide_word difference = (wide_word)a - b - borrow;

    *out = (uint64_t)difference;
    return (uint64_t)(difference >> 64) & 1;
}

/* out = c + a * b + carry, which fits two words; returns the upper one. */
static inline uint64_t mul_add_word(uint64_t *out, uint64_t c, uint64_t a, uint64_t b, uint64_t carry)
{
    wide_word sum = (wide_word)a * b + c + carry;

    *out = (uint64_t)sum;
    return (uint64_t)(sum >> 64);
}

/* out = value mod m, for value = top * 2^256 + a < 2m. */
static inline void reduce_once(const struct modulus *mod, uint64_t *out, const uint64_t *a, uint64_t top)
{
    uint64_t less[WORDS], borrow = 0;

    for (int i = 0; i < WORDS; i++) borrow = sub_word(&less[i], a[i], mod->m[i], borrow);
    uint64_t keep = ct_mask(borrow & (top ^ 1));
    for (int i = 0; i < WORDS; i++) out[i] = ct_select(keep, a[i], less[i]);
}

/* CT: leaks nothing. */
void modulus_add(const struct modulus *mod, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    uint64_t sum[WORDS], carry = 0;

    for (int i = 0; i < WORDS; i++) carry = add_word(&sum[i], a[i], b[i], carry);
    reduce_once(mod, out, sum, carry);
}

/* CT: leaks nothing. */
void modulus_sub(const struct modulus *mod, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    uint64_t difference[WORDS], borrow = 0, carry = 0;

    for (int i = 0; i < WORDS; i++) borrow = sub_word(&difference[i], a[i], b[i], borrow);
    uint64_t mask = ct_mask(borrow);
    for (int i = 0; i < WORDS; i++) carry = add_word(&out[i], difference[i], mod->m[i] & mask, carry);
}

/*
 * Word by word (CIOS: Koc, Acar, Kaliski, "Analyzing and Comparing Montgomery Multiplication Algorithms", 1996). The
 * sum stays below a + m at each step and, with one input below m, below 2m at the end. CT: leaks nothing.
 */
void modulus_mul(const struct modulus *mod, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    uint64_t t[WORDS + 2] = {0};

    for (int i = 0; i < WORDS; i++) {
        uint64_t carry = 0, lost;
        for (int j = 0; j < WORDS; j++) carry = mul_add_word(&t[j], t[j], a[j], b[i], carry);
        t[WORDS + 1] = add_word(&t[WORDS], t[WORDS], carry, 0);
        uint64_t factor = t[0] * mod->negated_inverse;
        carry = mul_add_word(&lost, t[0], factor, mod->m[0], 0);
        for (int j = 1; j < WORDS; j++) carry = mul_add_word(&t[j - 1], t[j], factor, mod->m[j], carry);
        t[WORDS] = t[WORDS + 1] + add_word(&t[WORDS - 1], t[WORDS], carry, 0);
    }
    reduce_once(mod, out, t, t[WORDS]);
}

/* CT: leaks nothing. */
void modulus_enter(const struct modulus *mod, uint64_t *out, const uint64_t *a)
{
    modulus_mul(mod, out, a, mod->rr);
}

/* CT: leaks nothing. */
void modulus_leave(const struct modulus *mod, uint64_t *out, const uint64_t *a)
{
    static const uint64_t one[WORDS] = {1};
    modulus_mul(mod, out, a, one);
}

/* a^(m-2) in windows of four bits of the exponent, which is public. CT: leaks nothing. */
void modulus_invert(const struct modulus *mod, uint64_t *out, const uint64_t *a)
{
    uint64_t power[16][WORDS], result[WORDS], exponent[WORDS], borrow;

    borrow = sub_word(&exponent[0], mod->m[0], 2, 0);
    for (int i = 1; i < WORDS; i++) borrow = sub_word(&exponent[i], mod->m[i], 0, borrow);
    memcpy(power[0], mod->r, sizeof power[0]);
    for (int i = 1; i < 16; i++) modulus_mul(mod, power[i], power[i - 1], a);
    memcpy(result, mod->r, sizeof result);
    for (int shift = 64 * WORDS - 4; shift >= 0; shift -= 4) {
        for (int i = 0; i < 4; i++) modulus_mul(mod, result, result, result);
        modulus_mul(mod, result, result, power[exponent[shift / 64] >> (shift % 64) & 15]);
    }
    memcpy(out, result, sizeof result);
    WIPE(power);
    WIPE(result);
}

/* CT: leaks nothing. */
uint64_t modulus_is_reduced(const struct modulus *mod, const uint64_t *a)
{
    uint64_t less, borrow = 0;

    for (int i = 0; i < WORDS; i++) borrow = sub_word(&less, a[i], mod->m[i], borrow);
    return ct_mask(borrow);
}
