/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars by the thousand. As in modulus.c every loop is made for 4, 6 and 9 words. */
#include "common/crypto/scalar_bulk.h"

#include <string.h>

#include "common/crypto/ct.h"
#include "common/crypto/modulus.h"
#include "common/secret/wipe.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 18") /* gcc does not of itself at -O2, which costs a third */
#define DIRECT_BITS 126                 /* leading ones of an order that may be sampled by its own number of bits */
#define FEW_TERMS 3                     /* whose reduced sum is below 4 q */

/* The number of words is public. */
#define FOR_WORDS(mod, routine, ...) \
    do {                             \
        if ((mod)->words == 4)       \
            routine(4, __VA_ARGS__); \
        else if ((mod)->words == 6)  \
            routine(6, __VA_ARGS__); \
        else                         \
            routine(9, __VA_ARGS__); \
    } while (0)

__extension__ typedef unsigned __int128 wide_word;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "uniform bytes are words as they stand");

/* out += a * b + carry; returns the upper word. */
INLINE uint64_t mul_add_word(uint64_t *out, uint64_t a, uint64_t b, uint64_t carry)
{
    wide_word sum = (wide_word)a * b + *out + carry;

    *out = (uint64_t)sum;
    return (uint64_t)(sum >> 64);
}

INLINE uint64_t add_word(uint64_t *out, uint64_t a, uint64_t carry)
{
    wide_word sum = (wide_word)*out + a + carry;

    *out = (uint64_t)sum;
    return (uint64_t)(sum >> 64);
}

INLINE uint64_t sub_word(uint64_t *out, uint64_t a, uint64_t b, uint64_t borrow)
{
    wide_word difference = (wide_word)a - b - borrow;

    *out = (uint64_t)difference;
    return (uint64_t)(difference >> 64) & 1;
}

void scalar_sum_wipe(struct scalar_sum *s)
{
    wipe(s, sizeof *s);
}

INLINE void add_product(size_t words, uint64_t *sum, const uint64_t *a, const uint64_t *b)
{
    uint64_t product[2 * SCALAR_WORDS_MAX] = {0}, carry = 0;

    UNROLL
    for (size_t i = 0; i < words; i++) {
        uint64_t upper = 0;
        UNROLL
        for (size_t j = 0; j < words; j++) upper = mul_add_word(&product[i + j], a[j], b[i], upper);
        product[i + words] = upper;
    }
    UNROLL
    for (size_t i = 0; i < 2 * words; i++) carry = add_word(&sum[i], product[i], carry);
    sum[2 * words] += carry;
}

/* CT: leaks nothing. */
void scalar_sum_add_product(const struct prime_group *g, struct scalar_sum *s, const struct scalar *a,
                            const struct scalar *b)
{
    s->terms++;
    FOR_WORDS(g->order, add_product, s->word, a->word, b->word);
}

INLINE void add_shifted(size_t words, uint64_t *sum, const uint64_t *a)
{
    uint64_t carry = 0;

    UNROLL
    for (size_t i = 0; i < words; i++) carry = add_word(&sum[words + i], a[i], carry);
    sum[2 * words] += carry;
}

/* a R, as the sum is divided by R at its end. CT: leaks nothing. */
void scalar_sum_add(const struct prime_group *g, struct scalar_sum *s, const struct scalar *a)
{
    s->terms++;
    FOR_WORDS(g->order, add_shifted, s->word, a->word);
}

/* Montgomery's reduction: the upper words + 1 words become sum / R, below (terms + 1) q. */
INLINE void divide_by_r(size_t words, uint64_t *sum, const struct modulus *mod)
{
    UNROLL
    for (size_t i = 0; i < words; i++) {
        uint64_t factor = sum[i] * mod->negated_inverse, carry = 0;
        UNROLL
        for (size_t j = 0; j < words; j++) carry = mul_add_word(&sum[i + j], factor, mod->m[j], carry);
        UNROLL
        for (size_t j = i + words; j <= 2 * words; j++) carry = add_word(&sum[j], carry, 0);
    }
}

/*
 * value, of words + 1 words, less 2^doublings q unless it is below that. What was taken too much is added again: a
 * selection by words would be compiled to wide loads of what has just been stored in narrow ones, which is slow.
 */
INLINE void subtract_if_not_below(size_t words, uint64_t *value, const struct modulus *mod, unsigned doublings)
{
    uint64_t multiple[SCALAR_WORDS_MAX + 1], borrow = 0, carry = 0;

    UNROLL
    for (size_t i = 0; i <= words; i++) {
        uint64_t low = i < words ? mod->m[i] : 0, below = i > 0 ? mod->m[i - 1] : 0;
        multiple[i] = doublings == 0 ? low : low << 1 | below >> 63;
        borrow = sub_word(&value[i], value[i], multiple[i], borrow);
    }
    uint64_t is_below = ct_mask(borrow);
    UNROLL
    for (size_t i = 0; i <= words; i++) carry = add_word(&value[i], multiple[i] & is_below, carry);
}

INLINE void end_few(size_t words, uint64_t *out, uint64_t *sum, const struct modulus *mod)
{
    divide_by_r(words, sum, mod);
    subtract_if_not_below(words, sum + words, mod, 1);
    subtract_if_not_below(words, sum + words, mod, 0);
    UNROLL
    for (size_t i = 0; i < SCALAR_WORDS_MAX; i++) out[i] = i < words ? sum[words + i] : 0;
}

/* The quotient is a word more than a number modulo q: high R + low, each brought below q by multiplications. */
INLINE void end_many(size_t words, uint64_t *out, uint64_t *sum, const struct modulus *mod)
{
    uint64_t low[SCALAR_WORDS_MAX] = {0}, high[SCALAR_WORDS_MAX] = {0};

    divide_by_r(words, sum, mod);
    UNROLL
    for (size_t i = 0; i < words; i++) low[i] = sum[words + i];
    high[0] = sum[2 * words];
    modulus_enter(mod, low, low);
    modulus_leave(mod, low, low);
    modulus_enter(mod, high, high);
    modulus_add(mod, out, low, high);
    WIPE(low);
    WIPE(high);
}

/* CT: leaks the number of terms. */
void scalar_sum_end(const struct prime_group *g, struct scalar *out, struct scalar_sum *s)
{
    if (s->terms <= FEW_TERMS)
        FOR_WORDS(g->order, end_few, out->word, s->word, g->order);
    else
        FOR_WORDS(g->order, end_many, out->word, s->word, g->order);
    *s = (struct scalar_sum){{0}, 0};
}

/* The order is public. */
struct scalar_sampler scalar_sampler_of(const struct prime_group *g)
{
    const struct modulus *mod = g->order;
    unsigned              free_bits = (unsigned)__builtin_clzll(mod->m[mod->words - 1]), ones = 0;
    unsigned              bits = (unsigned)(64 * mod->words) - free_bits;

    while (ones < bits && (mod->m[(bits - 1 - ones) / 64] >> ((bits - 1 - ones) % 64) & 1) != 0) ones++;
    bool   direct = ones >= DIRECT_BITS;
    size_t words = mod->words + (direct ? 0 : 2);
    return (struct scalar_sampler){mod, (8 * words + 15) / 16 * 16, direct ? UINT64_MAX >> free_bits : 0};
}

INLINE void sample_direct(size_t words, const struct scalar_sampler *s, uint64_t *out, const uint8_t *uniform)
{
    uint64_t value[SCALAR_WORDS_MAX + 1] = {0};

    memcpy(value, uniform, 8 * words);
    value[words - 1] &= s->top_mask;
    subtract_if_not_below(words, value, s->order, 0);
    UNROLL
    for (size_t i = 0; i < SCALAR_WORDS_MAX; i++) out[i] = i < words ? value[i] : 0;
}

/* A number of 128 bits more than R, divided by R: uniform, and below 2^128 + q. */
INLINE void sample_wide(size_t words, const struct scalar_sampler *s, uint64_t *out, const uint8_t *uniform)
{
    uint64_t sum[2 * SCALAR_WORDS_MAX + 1] = {0};

    memcpy(sum, uniform, 8 * (words + 2));
    end_few(words, out, sum, s->order);
}

/* CT: leaks nothing. */
void scalar_sample(const struct scalar_sampler *s, struct scalar *out, const uint8_t *uniform)
{
    if (s->top_mask != 0)
        FOR_WORDS(s->order, sample_direct, s, out->word, uniform);
    else
        FOR_WORDS(s->order, sample_wide, s, out->word, uniform);
}

/* CT: leaks nothing. */
void scalar_encode_raw(const struct prime_group *g, uint8_t *out, const struct scalar *a)
{
    size_t whole = g->scalar_len / 8, first = g->scalar_len % 8;

    for (size_t i = 0; i < first; i++) out[i] = (uint8_t)(a->word[whole] >> (8 * (first - 1 - i)));
    for (size_t i = 0; i < whole; i++) {
        uint64_t word = __builtin_bswap64(a->word[whole - 1 - i]);
        memcpy(out + first + 8 * i, &word, sizeof word);
    }
}

RESULT scalar_decode_raw(const struct prime_group *g, struct scalar *out, const uint8_t *in)
{
    size_t whole = g->scalar_len / 8, first = g->scalar_len % 8;

    scalar_zero(out);
    for (size_t i = 0; i < first; i++) out->word[whole] = out->word[whole] << 8 | in[i];
    for (size_t i = 0; i < whole; i++) {
        uint64_t word;
        memcpy(&word, in + first + 8 * i, sizeof word);
        out->word[whole - 1 - i] = __builtin_bswap64(word);
    }
    uint64_t reduced = modulus_is_reduced(g->order, out->word);
    ct_declassify(&reduced, sizeof reduced);
    if (reduced != 0) return KMS_OK;
    scalar_zero(out);
    return fail(KMS_E_FORMAT, "a raw scalar of %s is not below the order", g->name);
}

/* CT: leaks nothing. */
void scalar_mask(struct scalar *out, const struct scalar *a, uint64_t bit)
{
    uint64_t mask = ct_mask(bit);

    UNROLL
    for (size_t i = 0; i < SCALAR_WORDS_MAX; i++) out->word[i] = a->word[i] & mask;
}
