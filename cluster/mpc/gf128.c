/* SPDX-License-Identifier: Apache-2.0 */
/* Inner products over GF(2^128), with PCLMULQDQ and without. */
#include "cluster/mpc/gf128.h"

#include <string.h>

#include "common/crypto/ct.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are the bytes of an element as they stand");

struct element {
    uint64_t word[2];
};

/* Of degree up to 254. */
struct product {
    uint64_t word[4];
};

static struct element load(const uint8_t *from)
{
    struct element e;

    memcpy(&e, from, sizeof e);
    return e;
}

/* word x^(64 at + 128) = word (x^7 + x^2 + x + 1) x^(64 at) */
static void fold(struct product *p, unsigned at, uint64_t word)
{
    p->word[at] ^= word ^ word << 1 ^ word << 2 ^ word << 7;
    p->word[at + 1] ^= word >> 63 ^ word >> 62 ^ word >> 57;
}

static void reduce(uint8_t out[GF128_LEN], struct product p)
{
    fold(&p, 1, p.word[3]);
    fold(&p, 0, p.word[2]);
    memcpy(out, p.word, GF128_LEN);
}

/* sum ^= a b x^(64 at), bit by bit of b. CT: leaks nothing. */
static void add_word_product(struct product *sum, unsigned at, uint64_t a, uint64_t b)
{
    uint64_t low = a & ct_mask(b & 1), high = 0;

    for (unsigned i = 1; i < 64; i++) {
        uint64_t mask = ct_mask(b >> i & 1);
        low ^= a << i & mask;
        high ^= a >> (64 - i) & mask;
    }
    sum->word[at] ^= low;
    sum->word[at + 1] ^= high;
}

void gf128_inner_product_portable(uint8_t out[GF128_LEN], struct gf128_terms t)
{
    struct product sum = {{0}};

    for (size_t k = 0; k < t.count; k++) {
        struct element a = load(t.a + GF128_LEN * k), b = load(t.b + t.stride * k);
        add_word_product(&sum, 0, a.word[0], b.word[0]);
        add_word_product(&sum, 1, a.word[0], b.word[1]);
        add_word_product(&sum, 1, a.word[1], b.word[0]);
        add_word_product(&sum, 2, a.word[1], b.word[1]);
    }
    reduce(out, sum);
}

#if defined(__x86_64__)
__attribute__((target("pclmul"))) static void accelerated(uint8_t out[GF128_LEN], struct gf128_terms t)
{
    __m128i        low = _mm_setzero_si128(), middle = low, high = low;
    struct product sum;

    for (size_t k = 0; k < t.count; k++) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(t.a + GF128_LEN * k));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(t.b + t.stride * k));
        low = _mm_xor_si128(low, _mm_clmulepi64_si128(a, b, 0x00));
        middle = _mm_xor_si128(middle, _mm_clmulepi64_si128(a, b, 0x01));
        middle = _mm_xor_si128(middle, _mm_clmulepi64_si128(a, b, 0x10));
        high = _mm_xor_si128(high, _mm_clmulepi64_si128(a, b, 0x11));
    }
    low = _mm_xor_si128(low, _mm_slli_si128(middle, 8));
    high = _mm_xor_si128(high, _mm_srli_si128(middle, 8));
    memcpy(sum.word, &low, sizeof low);
    memcpy(sum.word + 2, &high, sizeof high);
    reduce(out, sum);
}

bool gf128_is_accelerated(void)
{
    return __builtin_cpu_supports("pclmul") != 0;
}

void gf128_inner_product(uint8_t out[GF128_LEN], struct gf128_terms t)
{
    if (gf128_is_accelerated())
        accelerated(out, t);
    else
        gf128_inner_product_portable(out, t);
}
#else
bool gf128_is_accelerated(void)
{
    return false;
}

void gf128_inner_product(uint8_t out[GF128_LEN], struct gf128_terms t)
{
    gf128_inner_product_portable(out, t);
}
#endif
