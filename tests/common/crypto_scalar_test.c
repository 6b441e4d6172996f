/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars against OpenSSL's big numbers: random values, the extremes, encodings and refusals. */
#include <openssl/bn.h>

#include "common/crypto/group.h"
#include "common/crypto/modulus.h"
#include "tests/support/test.h"

#define RUNS 400

static const struct prime_group *const *all_groups(void)
{
    static const struct prime_group *groups[3];

    groups[0] = group_by_id(GROUP_ED25519);
    groups[1] = group_by_id(GROUP_SECP256K1);
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
    uint8_t little[32];

    for (size_t i = 0; i < 32; i++) little[i] = (uint8_t)(g->order->m[i / 8] >> (8 * (i % 8)));
    return BN_lebin2bn(little, 32, NULL);
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
        uint8_t       encoded[32];

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
        assert_int_equal(encoded[g->little_endian ? 0 : 31], 8);
        assert_int_equal(encoded[g->little_endian ? 7 : 24], 1);
        scalar_zero(&x);
        scalar_invert(g, &sum, &x);
        assert_true(scalar_is_zero(&sum));
        scalar_negate(g, &sum, &x);
        assert_true(scalar_is_zero(&sum));
    }
}

/* The order plus `more`, in the group's byte order. */
static void encode_order(const struct prime_group *g, uint8_t out[32], int more)
{
    BIGNUM *q = order_of(g);

    assert_int_equal(more < 0 ? BN_sub_word(q, (BN_ULONG)-more) : BN_add_word(q, (BN_ULONG)more), 1);
    assert_int_equal(g->little_endian ? BN_bn2lebinpad(q, out, 32) : BN_bn2binpad(q, out, 32), 32);
    BN_free(q);
}

TEST(scalar, decode_accepts_exactly_what_is_below_the_order)
{
    EACH_GROUP(g)
    {
        uint8_t       encoded[33] = {0}, again[32];
        struct scalar out;

        assert_ok(scalar_decode(g, &out, bytes(encoded, 32)));
        assert_true(scalar_is_zero(&out));
        encode_order(g, encoded, -1);
        assert_ok(scalar_decode(g, &out, bytes(encoded, 32)));
        scalar_encode(g, again, &out);
        assert_memory_equal(again, encoded, 32);
        for (int more = 0; more < 3; more++) {
            encode_order(g, encoded, more);
            assert_err(KMS_E_FORMAT, scalar_decode(g, &out, bytes(encoded, 32)));
            assert_true(scalar_is_zero(&out));
        }
        memset(encoded, 0xff, sizeof encoded);
        assert_err(KMS_E_FORMAT, scalar_decode(g, &out, bytes(encoded, 32)));
        memset(encoded, 0, sizeof encoded);
        assert_err(KMS_E_FORMAT, scalar_decode(g, &out, bytes(encoded, 31)));
        assert_err(KMS_E_FORMAT, scalar_decode(g, &out, bytes(encoded, 33)));
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
        uint8_t       x[32], y[32];

        assert_ok(scalar_random(g, &a, rng_system()));
        scalar_encode(g, x, &a);
        scalar_declassify(g, y, &a);
        assert_memory_equal(x, y, 32);
    }
}

TEST(scalar, secret_locals_wipe_themselves)
{
    struct scalar a = {{1, 2, 3, 4}};

    scalar_wipe(&a);
    assert_true(scalar_is_zero(&a));
}
