/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constant-time Montgomery arithmetic. Each routine is written once for any number of words and made three times, with
 * that number a constant, so that the compiler unrolls it. The moduli's constants are recomputed with OpenSSL in
 * tests/common.
 */
#include "common/crypto/modulus.h"

#include <string.h>

#include "common/crypto/ct.h"
#include "common/secret/wipe.h"

#define WORDS_MAX MODULUS_WORDS_MAX
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 18") /* gcc does not of itself at -O2, which costs a third */

/* The number of words is public. */
#define FOR_WORDS(routine, mod, ...)      \
    do {                                  \
        if ((mod)->words == 4)            \
            routine(4, mod, __VA_ARGS__); \
        else if ((mod)->words == 6)       \
            routine(6, mod, __VA_ARGS__); \
        else                              \
            routine(9, mod, __VA_ARGS__); \
    } while (0)

__extension__ typedef unsigned __int128 wide_word;

const struct modulus modulus_ed25519 = {
    .words = 4,
    .m = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0x0000000000000000, 0x1000000000000000},
    .negated_inverse = 0xd2b51da312547e1b,
    .r = {0xd6ec31748d98951d, 0xc6ef5bf4737dcf70, 0xfffffffffffffffe, 0x0fffffffffffffff},
    .rr = {0xa40611e3449c0f01, 0xd00e1ba768859347, 0xceec73d217f5be65, 0x0399411b7c309a3d},
};

const struct modulus modulus_secp256k1 = {
    .words = 4,
    .m = {0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff},
    .negated_inverse = 0x4b0dff665588b13f,
    .r = {0x402da1732fc9bebf, 0x4551231950b75fc4, 0x0000000000000001, 0x0000000000000000},
    .rr = {0x896cf21467d7d140, 0x741496c20e7cf878, 0xe697f5e45bcd07c6, 0x9d671cd581c69bc5},
};

const struct modulus modulus_p256 = {
    .words = 4,
    .m = {0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000},
    .negated_inverse = 0xccd1c8aaee00bc4f,
    .r = {0x0c46353d039cdaaf, 0x4319055258e8617b, 0x0000000000000000, 0x00000000ffffffff},
    .rr = {0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620},
};

const struct modulus modulus_p384 = {
    .words = 6,
    .m = {0xecec196accc52973, 0x581a0db248b0a77a, 0xc7634d81f4372ddf, 0xffffffffffffffff, 0xffffffffffffffff,
          0xffffffffffffffff},
    .negated_inverse = 0x6ed46089e88fdc45,
    .r = {0x1313e695333ad68d, 0xa7e5f24db74f5885, 0x389cb27e0bc8d220},
    .rr = {0x2d319b2419b409a9, 0xff3d81e5df1aa419, 0xbc3e483afcb82947, 0xd40d49174aab1cc5, 0x3fb05b7a28266895,
           0x0c84ee012b39bf21},
};

const struct modulus modulus_p521 = {
    .words = 9,
    .m = {0xbb6fb71e91386409, 0x3bb5c9b8899c47ae, 0x7fcc0148f709a5d0, 0x51868783bf2f966b, 0xfffffffffffffffa,
          0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0x00000000000001ff},
    .negated_inverse = 0x1d2f5ccd79a995c7,
    .r = {0xfb80000000000000, 0x28a2482470b763cd, 0x17e2251b23bb31dc, 0xca4019ff5b847b2d, 0x02d73cbc3e206834},
    .rr = {0x137cd04dcf15dd04, 0xf707badce5547ea3, 0x12a78d38794573ff, 0xd3721ef557f75e06, 0xdd6e23d82e49c7db,
           0xcff3d142b7756e3e, 0x5bcc6d61a8e567bc, 0x2d8e03d1492d0d45, 0x000000000000003d},
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

INLINE void finish(size_t words, uint64_t *out)
{
    UNROLL
    for (size_t i = words; i < WORDS_MAX; i++) out[i] = 0;
}

/*
 * out = value mod m, for value = top * R + a < 2m. What was taken too much is added again: a selection by words would
 * be compiled to wide loads of what has just been stored in narrow ones, which is slow.
 */
INLINE void reduce_once(size_t words, const struct modulus *mod, uint64_t *out, const uint64_t *a, uint64_t top)
{
    uint64_t less[WORDS_MAX], borrow = 0, carry = 0;

    UNROLL
    for (size_t i = 0; i < words; i++) borrow = sub_word(&less[i], a[i], mod->m[i], borrow);
    uint64_t below = ct_mask(borrow & (top ^ 1));
    UNROLL
    for (size_t i = 0; i < words; i++) carry = add_word(&out[i], less[i], mod->m[i] & below, carry);
    finish(words, out);
}

INLINE void add(size_t words, const struct modulus *mod, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    uint64_t sum[WORDS_MAX], carry = 0;

    UNROLL
    for (size_t i = 0; i < words; i++) carry = add_word(&sum[i], a[i], b[i], carry);
    reduce_once(words, mod, out, sum, carry);
}

/* CT: leaks nothing. */
void modulus_add(const struct modulus *mod, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    FOR_WORDS(add, mod, out, a, b);
}

INLINE void subtract(size_t words, const struct modulus *mod, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    uint64_t difference[WORDS_MAX], borrow = 0, carry = 0;

    UNROLL
    for (size_t i = 0; i < words; i++) borrow = sub_word(&difference[i], a[i], b[i], borrow);
    uint64_t mask = ct_mask(borrow);
    UNROLL
    for (size_t i = 0; i < words; i++) carry = add_word(&out[i], difference[i], mod->m[i] & mask, carry);
    finish(words, out);
}

/* CT: leaks nothing. */
void modulus_sub(const struct modulus *mod, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    FOR_WORDS(subtract, mod, out, a, b);
}

/*
 * Word by word (CIOS: Koc, Acar, Kaliski, "Analyzing and Comparing Montgomery Multiplication Algorithms", 1996). The
 * sum stays below a + m at each step and, with one input below m, below 2m at the end.
 */
INLINE void multiply(size_t words, const struct modulus *mod, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    uint64_t t[WORDS_MAX + 2] = {0};

    UNROLL
    for (size_t i = 0; i < words; i++) {
        uint64_t carry = 0, lost;
        UNROLL
        for (size_t j = 0; j < words; j++) carry = mul_add_word(&t[j], t[j], a[j], b[i], carry);
        t[words + 1] = add_word(&t[words], t[words], carry, 0);
        uint64_t factor = t[0] * mod->negated_inverse;
        carry = mul_add_word(&lost, t[0], factor, mod->m[0], 0);
        UNROLL
        for (size_t j = 1; j < words; j++) carry = mul_add_word(&t[j - 1], t[j], factor, mod->m[j], carry);
        t[words] = t[words + 1] + add_word(&t[words - 1], t[words], carry, 0);
    }
    reduce_once(words, mod, out, t, t[words]);
}

/* CT: leaks nothing. */
void modulus_mul(const struct modulus *mod, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    FOR_WORDS(multiply, mod, out, a, b);
}

/* CT: leaks nothing. */
void modulus_enter(const struct modulus *mod, uint64_t *out, const uint64_t *a)
{
    modulus_mul(mod, out, a, mod->rr);
}

/* CT: leaks nothing. */
void modulus_leave(const struct modulus *mod, uint64_t *out, const uint64_t *a)
{
    static const uint64_t one[WORDS_MAX] = {1};
    modulus_mul(mod, out, a, one);
}

/* a^(m-2) in windows of four bits of the exponent, which is public. CT: leaks nothing. */
void modulus_invert(const struct modulus *mod, uint64_t *out, const uint64_t *a)
{
    uint64_t power[16][WORDS_MAX], result[WORDS_MAX], exponent[WORDS_MAX], borrow;

    borrow = sub_word(&exponent[0], mod->m[0], 2, 0);
    for (size_t i = 1; i < mod->words; i++) borrow = sub_word(&exponent[i], mod->m[i], 0, borrow);
    memcpy(power[0], mod->r, sizeof power[0]);
    for (int i = 1; i < 16; i++) modulus_mul(mod, power[i], power[i - 1], a);
    memcpy(result, mod->r, sizeof result);
    for (size_t at = 64 * mod->words; at > 0; at -= 4) {
        for (int i = 0; i < 4; i++) modulus_mul(mod, result, result, result);
        modulus_mul(mod, result, result, power[exponent[(at - 4) / 64] >> ((at - 4) % 64) & 15]);
    }
    memcpy(out, result, sizeof result);
    WIPE(power);
    WIPE(result);
}

/* CT: leaks nothing. */
uint64_t modulus_is_reduced(const struct modulus *mod, const uint64_t *a)
{
    uint64_t less, borrow = 0;

    for (size_t i = 0; i < mod->words; i++) borrow = sub_word(&less, a[i], mod->m[i], borrow);
    return ct_mask(borrow);
}
