/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars over modulus.h: encoding, randomness, arithmetic. */
#include "common/crypto/scalar.h"

#include "common/base/check.h"
#include "common/crypto/ct.h"
#include "common/crypto/group.h"
#include "common/crypto/hash.h"
#include "common/crypto/modulus.h"
#include "common/secret/wipe.h"

_Static_assert(SCALAR_WORDS_MAX == MODULUS_WORDS_MAX, "a scalar is one number modulo the order");

/* CT: leaks nothing. */
void scalar_wipe(struct scalar *a)
{
    wipe(a, sizeof *a);
}

void scalar_zero(struct scalar *a)
{
    *a = (struct scalar){{0}};
}

/* CT: leaks nothing. */
void scalar_set_u64(const struct prime_group *g, struct scalar *out, uint64_t value)
{
    uint64_t words[SCALAR_WORDS_MAX] = {value};

    modulus_enter(g->order, out->word, words);
    WIPE(words);
}

size_t scalar_wide_len(const struct prime_group *g)
{
    return g->scalar_len + 32;
}

/* 256 random bits more than q has, modulo q: nearer to uniform than 2^-250 (FIPS 186-5 A.3.1). CT: leaks nothing. */
RESULT scalar_random(const struct prime_group *g, struct scalar *out, struct rng *rng)
{
    uint8_t wide[SCALAR_WIDE_LEN_MAX];
    size_t  len = scalar_wide_len(g);

    do {
        enum kms_err err = rng_fill(rng, wide, len);
        if (err != KMS_OK) {
            scalar_zero(out);
            return err;
        }
        scalar_reduce_bytes(g, out, bytes(wide, len));
    } while (scalar_is_zero(out));
    WIPE(wide);
    return KMS_OK;
}

/* CT: leaks nothing. */
void scalar_add(const struct prime_group *g, struct scalar *out, const struct scalar *a, const struct scalar *b)
{
    modulus_add(g->order, out->word, a->word, b->word);
}

/* CT: leaks nothing. */
void scalar_sub(const struct prime_group *g, struct scalar *out, const struct scalar *a, const struct scalar *b)
{
    modulus_sub(g->order, out->word, a->word, b->word);
}

/* CT: leaks nothing. */
void scalar_mul(const struct prime_group *g, struct scalar *out, const struct scalar *a, const struct scalar *b)
{
    modulus_mul(g->order, out->word, a->word, b->word);
}

/* CT: leaks nothing. */
void scalar_negate(const struct prime_group *g, struct scalar *out, const struct scalar *a)
{
    static const struct scalar zero;
    modulus_sub(g->order, out->word, zero.word, a->word);
}

/* CT: leaks nothing. */
void scalar_invert(const struct prime_group *g, struct scalar *out, const struct scalar *a)
{
    modulus_invert(g->order, out->word, a->word);
}

/* The answer is public: it decides whether a protocol goes on. CT: leaks the answer only. */
static bool answer(uint64_t difference)
{
    uint64_t mask = ct_is_zero(difference);

    ct_declassify(&mask, sizeof mask);
    return mask != 0;
}

/* CT: leaks the answer only. */
bool scalar_is_zero(const struct scalar *a)
{
    uint64_t bits = 0;

    for (int i = 0; i < SCALAR_WORDS_MAX; i++) bits |= a->word[i];
    return answer(bits);
}

/* CT: leaks the answer only. */
bool scalar_equal(const struct scalar *a, const struct scalar *b)
{
    uint64_t bits = 0;

    for (int i = 0; i < SCALAR_WORDS_MAX; i++) bits |= a->word[i] ^ b->word[i];
    return answer(bits);
}

/* Position of the i-th least significant of `len` bytes. */
static size_t position(const struct prime_group *g, size_t i, size_t len)
{
    return g->little_endian ? i : len - 1 - i;
}

/* CT: leaks nothing. */
void scalar_encode(const struct prime_group *g, uint8_t *out, const struct scalar *a)
{
    uint64_t words[SCALAR_WORDS_MAX];

    modulus_leave(g->order, words, a->word);
    for (size_t i = 0; i < g->scalar_len; i++)
        out[position(g, i, g->scalar_len)] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
    WIPE(words);
}

/* CT: leaks whether the value is below q. */
RESULT scalar_decode(const struct prime_group *g, struct scalar *out, struct bytes in)
{
    uint64_t words[SCALAR_WORDS_MAX] = {0};

    scalar_zero(out);
    if (in.len != g->scalar_len)
        return fail(KMS_E_FORMAT, "a scalar of %s of %zu bytes where %zu belong", g->name, in.len, g->scalar_len);
    for (size_t i = 0; i < in.len; i++) words[i / 8] |= (uint64_t)in.data[position(g, i, in.len)] << (8 * (i % 8));
    uint64_t reduced = modulus_is_reduced(g->order, words);
    ct_declassify(&reduced, sizeof reduced);
    if (reduced != 0) modulus_enter(g->order, out->word, words);
    WIPE(words);
    if (reduced == 0) return fail(KMS_E_FORMAT, "a scalar of %s is not below the order", g->name);
    return KMS_OK;
}

/*
 * Horner's rule in digits of W words, from the upper end: value * R + digit. In Montgomery form that is
 * (value * R) * R + digit * R, which is modulus_enter() of each. CT: leaks the length only.
 */
void scalar_reduce_bytes(const struct prime_group *g, struct scalar *out, struct bytes in)
{
    uint64_t words[SCALAR_REDUCE_LEN_MAX / 8 + SCALAR_WORDS_MAX] = {0}, digit[SCALAR_WORDS_MAX];
    size_t   size = g->order->words, digits = (in.len + 8 * size - 1) / (8 * size);

    CHECK(in.len <= SCALAR_REDUCE_LEN_MAX);
    for (size_t i = 0; i < in.len; i++) words[i / 8] |= (uint64_t)in.data[position(g, i, in.len)] << (8 * (i % 8));
    scalar_zero(out);
    for (size_t i = digits; i-- > 0;) {
        if (i + 1 < digits) modulus_enter(g->order, out->word, out->word);
        modulus_enter(g->order, digit, words + i * size);
        modulus_add(g->order, out->word, out->word, digit);
    }
    WIPE(words);
    WIPE(digit);
}

/* CT: leaks nothing. */
void scalar_reduce_wide(const struct prime_group *g, struct scalar *out, const uint8_t in[64])
{
    scalar_reduce_bytes(g, out, bytes(in, 64));
}

/* CT: leaks nothing. */
void scalar_from_hash(const struct prime_group *g, struct scalar *out, struct hash *h)
{
    uint8_t wide[SCALAR_WIDE_LEN_MAX];
    size_t  len = scalar_wide_len(g);

    hash_end_expand(h, wide, len);
    scalar_reduce_bytes(g, out, bytes(wide, len));
    WIPE(wide);
}

/* CT: leaks nothing but the bytes that it makes public. */
void scalar_declassify(const struct prime_group *g, uint8_t *out, const struct scalar *a)
{
    scalar_encode(g, out, a);
    ct_declassify(out, g->scalar_len);
}
