/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars against OpenSSL's big numbers: random values, the extremes, encodings and refusals. */
#include <openssl/bn.h>

#include "common/crypto/group.h"
#include "common/crypto/hash.h"
#include "common/crypto/modulus.h"
#include "tests/support/test.h"

#define RUNS 400

static const struct prime_group *const *all_groups(void)
{
    static const struct prime_group *groups[GROUP_P521 + 1];

    for (int id = GROUP_ED25519; id <= GROUP_P521; id++) groups[id - 1] = group_by_id((enum group_id)id);
    return groups;
}

#define EACH_GROUP(g) for (const struct prime_group *const *at_ = all_groups(), *g = *at_; g != NULL; g = *++at_)

static BIGNUM *number(const struct prime_group *g, const uint8_t *encoded, size_t len)
{
    BIGNUM *n = g->little_endian ? BN_lebin2bn(encoded, (int)len, NULL) : BN_bin2bn(encoded, (int)len, NULL);

    assert_non_null(n);
    return n;
}

static BIGNUM *order_of(const struct prime_group *g)
{
    uint8_t little[SCALAR_LEN_MAX];

    for (size_t i = 0; i < g->scalar_len; i++) little[i] = (uint8_t)(g->order->m[i / 8] >> (8 * (i % 8)));
    return BN_lebin2bn(little, (int)g->scalar_len, NULL);
}

static BIGNUM *value_of(const struct prime_group *g, const struct scalar *a)
{
    uint8_t encoded[SCALAR_LEN_MAX];

    scalar_encode(g, encoded, a);
    return number(g, encoded, g->scalar_len);
}

/* Compares and frees the expected value. */
static void assert_value(const struct prime_group *g, const struct scalar *got, BIGNUM *expected)
{
    BIGNUM *value = value_of(g, got);

    assert_int_equal(BN_cmp(value, expected), 0);
    BN_free(value);
    BN_free(expected);
}

/* Random, but often near 0, near q and with long runs of equal bits, where carries are. */
static void pick(const struct prime_group *g, struct scalar *out, struct rng_seeded *rng)
{
    struct scalar small;

    switch (rng_seeded_below(rng, 4)) {
    case 0:
        scalar_set_u64(g, out, rng_seeded_below(rng, 3));
        break;
    case 1:
        scalar_set_u64(g, &small, rng_seeded_below(rng, 3));
        scalar_negate(g, out, &small);
        break;
    case 2: {
        uint8_t wide[64];
        memset(wide, rng_seeded_below(rng, 2) == 0 ? 0xff : 0, sizeof wide);
        wide[rng_seeded_below(rng, 64)] = (uint8_t)rng_seeded_below(rng, 256);
        scalar_reduce_wide(g, out, wide);
        break;
    }
    default:
        assert_ok(scalar_random(g, out, &rng->rng));
    }
}

TEST(scalar, arithmetic_agrees_with_openssl)
{
    struct rng_seeded rng;
    BN_CTX           *ctx = BN_CTX_new();

    rng_seeded_init(&rng, test_seed(), 1);
    EACH_GROUP(g)
    {
        BIGNUM *q = order_of(g);
        for (int i = 0; i < RUNS; i++) {
            struct scalar a, b, out;
            pick(g, &a, &rng);
            pick(g, &b, &rng);
            BIGNUM *x = value_of(g, &a), *y = value_of(g, &b), *sum = BN_new(), *difference = BN_new(),
                   *product = BN_new();
            assert_int_equal(BN_mod_add(sum, x, y, q, ctx) & BN_mod_sub(difference, x, y, q, ctx) &
                                 BN_mod_mul(product, x, y, q, ctx),
                             1);
            scalar_add(g, &out, &a, &b);
            assert_value(g, &out, sum);
            scalar_sub(g, &out, &a, &b);
            assert_value(g, &out, difference);
            scalar_mul(g, &out, &a, &b);
            assert_value(g, &out, product);
            assert_int_equal(scalar_equal(&a, &b), BN_cmp(x, y) == 0);
            assert_int_equal(scalar_is_zero(&a), BN_is_zero(x));
            if (!BN_is_zero(x)) {
                scalar_invert(g, &out, &a);
                assert_value(g, &out, BN_mod_inverse(NULL, x, q, ctx));
            }
            BN_free(x);
            BN_free(y);
        }
        BN_free(q);
    }
    BN_CTX_free(ctx);
}

TEST(scalar, wide_numbers_are_reduced_as_openssl_does)
{
    struct rng_seeded rng;
    BN_CTX           *ctx = BN_CTX_new();

    rng_seeded_init(&rng, test_seed(), 2);
    EACH_GROUP(g)
    {
        BIGNUM *q = order_of(g);
        for (int i = 0; i < RUNS; i++) {
            uint8_t       wide[64];
            struct scalar out;
            assert_ok(rng_fill(&rng.rng, wide, sizeof wide));
            if (i < 4) memset(wide, i % 2 == 0 ? 0xff : 0, i < 2 ? 64 : 32);
            BIGNUM *x = number(g, wide, sizeof wide);
            assert_int_equal(BN_nnmod(x, x, q, ctx), 1);
            scalar_reduce_wide(g, &out, wide);
            assert_value(g, &out, x);
        }
        BN_free(q);
    }
    BN_CTX_free(ctx);
}

TEST(scalar, numbers_of_any_length_are_reduced_as_openssl_does)
{
    struct rng_seeded rng;
    BN_CTX           *ctx = BN_CTX_new();

    rng_seeded_init(&rng, test_seed(), 4);
    EACH_GROUP(g)
    {
        BIGNUM *q = order_of(g);
        for (size_t len = 0; len <= SCALAR_REDUCE_LEN_MAX; len++) {
            uint8_t       in[SCALAR_REDUCE_LEN_MAX];
            struct scalar out;
            assert_ok(rng_fill(&rng.rng, in, sizeof in));
            if (len % 3 == 0) memset(in, 0xff, len);
            BIGNUM *x = number(g, in, len);
            assert_int_equal(BN_nnmod(x, x, q, ctx), 1);
            memset(&out, 0xaa, sizeof out);
            scalar_reduce_bytes(g, &out, bytes(in, len));
            assert_value(g, &out, x);
        }
        BN_free(q);
    }
    BN_CTX_free(ctx);
}

/* The expanded hash as one number, most significant byte first but for Ed25519; 64 bytes for 256-bit orders. */
TEST(scalar, challenges_are_expanded_hashes)
{
    static const size_t lens[] = {64, 64, 64, 80, 98};

    EACH_GROUP(g)
    {
        struct hash   h, again;
        uint8_t       wide[SCALAR_WIDE_LEN_MAX];
        struct scalar expected, got;

        assert_int_equal(scalar_wide_len(g), lens[g->id - 1]);
        hash_begin(&h, TAG_POK_SHARE, 1);
        hash_item_u32(&h, (uint32_t)g->id);
        again = h;
        scalar_from_hash(g, &got, &h);
        hash_end_expand(&again, wide, lens[g->id - 1]);
        scalar_reduce_bytes(g, &expected, bytes(wide, lens[g->id - 1]));
        assert_true(scalar_equal(&got, &expected));
        if (lens[g->id - 1] == 64) scalar_reduce_wide(g, &expected, wide);
        assert_true(scalar_equal(&got, &expected));
    }
}

TEST(scalar, outputs_may_be_inputs)
{
    struct rng_seeded rng;

    rng_seeded_init(&rng, test_seed(), 3);
    EACH_GROUP(g)
    {
        struct scalar a, b, apart, in_place;
        pick(g, &a, &rng);
        pick(g, &b, &rng);
        scalar_mul(g, &apart, &a, &b);
        in_place = a;
        scalar_mul(g, &in_place, &in_place, &b);
        assert_true(scalar_equal(&apart, &in_place));
        scalar_mul(g, &apart, &a, &a);
        in_place = a;
        scalar_mul(g, &in_place, &in_place, &in_place);
        assert_true(scalar_equal(&apart, &in_place));
        scalar_sub(g, &in_place, &in_place, &in_place);
        assert_true(scalar_is_zero(&in_place));
        in_place = a;
        scalar_invert(g, &apart, &a);
        scalar_invert(g, &in_place, &in_place);
        assert_true(scalar_equal(&apart, &in_place));
    }
}

TEST(scalar, small_numbers_are_what_they_say)
{
    EACH_GROUP(g)
    {
        struct scalar one, x, sum;
        uint8_t       encoded[SCALAR_LEN_MAX];
        size_t        last = g->scalar_len - 1;

        scalar_zero(&x);
        assert_true(scalar_is_zero(&x));
        scalar_set_u64(g, &one, 1);
        for (uint64_t i = 0; i < 20; i++) {
            scalar_set_u64(g, &sum, i);
            assert_true(scalar_equal(&x, &sum));
            scalar_add(g, &x, &x, &one);
        }
        scalar_set_u64(g, &x, UINT64_C(0x0102030405060708));
        scalar_encode(g, encoded, &x);
        assert_int_equal(encoded[g->little_endian ? 0 : last], 8);
        assert_int_equal(encoded[g->little_endian ? 7 : last - 7], 1);
        scalar_zero(&x);
        scalar_invert(g, &sum, &x);
        assert_true(scalar_is_zero(&sum));
        scalar_negate(g, &sum, &x);
        assert_true(scalar_is_zero(&sum));
    }
}

/* The order plus `more`, in the group's byte order. */
static void encode_order(const struct prime_group *g, uint8_t *out, int more)
{
    BIGNUM *q = order_of(g);
    int     len = (int)g->scalar_len;

    assert_int_equal(more < 0 ? BN_sub_word(q, (BN_ULONG)-more) : BN_add_word(q, (BN_ULONG)more), 1);
    assert_int_equal(g->little_endian ? BN_bn2lebinpad(q, out, len) : BN_bn2binpad(q, out, len), len);
    BN_free(q);
}

TEST(scalar, decode_accepts_exactly_what_is_below_the_order)
{
    EACH_GROUP(g)
    {
        size_t        len = g->scalar_len;
        uint8_t       encoded[SCALAR_LEN_MAX + 1] = {0}, again[SCALAR_LEN_MAX];
        struct scalar out;

        assert_ok(scalar_decode(g, &out, bytes(encoded, len)));
        assert_true(scalar_is_zero(&out));
        encode_order(g, encoded, -1);
        assert_ok(scalar_decode(g, &out, bytes(encoded, len)));
        scalar_encode(g, again, &out);
        assert_memory_equal(again, encoded, len);
        for (int more = 0; more < 3; more++) {
            encode_order(g, encoded, more);
            assert_err(KMS_E_FORMAT, scalar_decode(g, &out, bytes(encoded, len)));
            assert_true(scalar_is_zero(&out));
        }
        memset(encoded, 0xff, sizeof encoded);
        assert_err(KMS_E_FORMAT, scalar_decode(g, &out, bytes(encoded, len)));
        memset(encoded, 0, sizeof encoded);
        assert_err(KMS_E_FORMAT, scalar_decode(g, &out, bytes(encoded, len - 1)));
        assert_err(KMS_E_FORMAT, scalar_decode(g, &out, bytes(encoded, len + 1)));
        assert_err(KMS_E_FORMAT, scalar_decode(g, &out, BYTES_NONE));
    }
}

/* Draws zero the first time. */
static enum kms_err fill_zero_once(void *self, void *out, size_t len)
{
    int *calls = self;

    memset(out, *calls == 0 ? 0 : 7, len);
    (*calls)++;
    return KMS_OK;
}

static enum kms_err fill_never(void *self, void *out, size_t len)
{
    (void)self, (void)out;
    return fail(KMS_E_RANDOM, "no randomness for %zu bytes", len);
}

TEST(scalar, random_is_never_zero_and_fails_closed)
{
    EACH_GROUP(g)
    {
        int           calls = 0;
        struct rng    zero_once = {.fill = fill_zero_once, .self = &calls}, never = {.fill = fill_never};
        struct scalar out;

        assert_ok(scalar_random(g, &out, &zero_once));
        assert_false(scalar_is_zero(&out));
        assert_int_equal(calls, 2);
        assert_err(KMS_E_RANDOM, scalar_random(g, &out, &never));
        assert_true(scalar_is_zero(&out));
    }
}

TEST(scalar, declassify_gives_the_encoding)
{
    EACH_GROUP(g)
    {
        struct scalar a;
        uint8_t       x[SCALAR_LEN_MAX], y[SCALAR_LEN_MAX];

        assert_ok(scalar_random(g, &a, rng_system()));
        scalar_encode(g, x, &a);
        scalar_declassify(g, y, &a);
        assert_memory_equal(x, y, g->scalar_len);
    }
}

/* The words beyond the group's own take part in comparisons, so every function must write them. */
TEST(scalar, unused_words_are_zero_whatever_was_there)
{
    EACH_GROUP(g)
    {
        struct scalar two, out[8];
        uint8_t       encoded[SCALAR_LEN_MAX];

        scalar_set_u64(g, &two, 2);
        scalar_encode(g, encoded, &two);
        memset(out, 0xaa, sizeof out);
        scalar_set_u64(g, &out[0], 2);
        scalar_add(g, &out[1], &two, &two);
        scalar_sub(g, &out[2], &two, &two);
        scalar_mul(g, &out[3], &two, &two);
        scalar_negate(g, &out[4], &two);
        scalar_invert(g, &out[5], &two);
        assert_ok(scalar_decode(g, &out[6], bytes(encoded, g->scalar_len)));
        assert_ok(scalar_random(g, &out[7], rng_system()));
        for (size_t i = 0; i < ARRAY_LEN(out); i++)
            for (size_t w = g->order->words; w < SCALAR_WORDS_MAX; w++) assert_true(out[i].word[w] == 0);
    }
}

TEST(scalar, secret_locals_wipe_themselves)
{
    struct scalar a = {{1, 2, 3, 4}};

    scalar_wipe(&a);
    assert_true(scalar_is_zero(&a));
}
