/* SPDX-License-Identifier: Apache-2.0 */
/* The NIST curves: known multiples of the generator, OpenSSL's keys as the second opinion, and what must be refused. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "common/crypto/group.h"
#include "tests/common/hex.h"

static const enum group_id ids[] = {GROUP_P256, GROUP_P384, GROUP_P521};

struct multiple {
    enum group_id group;
    const char   *k, *point;
};

/*
 * k, kG. The generators are those of SP 800-186 3.2.1; the other points, as NIST's "Mathematical routines for the NIST
 * prime elliptic curves" (2010) tries them, were computed by twenty lines of affine formulas in Python.
 */
static const struct multiple multiples[] = {
    {GROUP_P256, "0000000000000000000000000000000000000000000000000000000000000001",
     "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"},
    {GROUP_P256, "0000000000000000000000000000000000000000000000000000000000000002",
     "037cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978"},
    {GROUP_P256, "0000000000000000000000000000000000000000000000000000000000000003",
     "025ecbe4d1a6330a44c8f7ef951d4bf165e6c6b721efada985fb41661bc6e7fd6c"},
    {GROUP_P256, "000000000000000000000000000000000000000000000000018ebbb95eed0e13",
     "03339150844ec15234807fe862a86be77977dbfb3ae3d96f4c22795513aeaab82f"},
    {GROUP_P256, "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8",
     "022afa386b3f2bdcdb83f4d83f8fa3874d7b74dcb454bd644fdd6bf3d1f2da8db6"},
    {GROUP_P256, "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a9",
     "032afa386b3f2bdcdb83f4d83f8fa3874d7b74dcb454bd644fdd6bf3d1f2da8db6"},
    {GROUP_P256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
     "026b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"},
    {GROUP_P384, "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
     "03aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760a"
     "b7"},
    {GROUP_P384, "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002",
     "0208d999057ba3d2d969260045c55b97f089025959a6f434d651d207d19fb96e9e4fe0e86ebe0e64f85b96a9c75295df"
     "61"},
    {GROUP_P384, "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003",
     "03077a41d4606ffa1464793c7e5fdc7d98cb9d3910202dcd06bea4f240d3566da6b408bbae5026580d02d7e5c70500c8"
     "31"},
    {GROUP_P384, "00000000000000000000000000000000000000000000000000000000000000000000000000000000018ebbb95eed0e13",
     "02a499efe48839bc3abcd1c5cedbdd51904f9514db44f4686db918983b0c9dc3aee05a88b72433e9515f91a329f5f4fa"
     "60"},
    {GROUP_P384, "7fffffffffffffffffffffffffffffffffffffffffffffffe3b1a6c0fa1b96efac0d06d9245853bd76760cb5666294b9",
     "03d36fed39ca71063a5163e8119a37aff10f6b86d50f02f1d324238d2b090d80670849550566396ff5778738c0b39b10"
     "7a"},
    {GROUP_P384, "7fffffffffffffffffffffffffffffffffffffffffffffffe3b1a6c0fa1b96efac0d06d9245853bd76760cb5666294ba",
     "02d36fed39ca71063a5163e8119a37aff10f6b86d50f02f1d324238d2b090d80670849550566396ff5778738c0b39b10"
     "7a"},
    {GROUP_P384, "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52972",
     "02aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760a"
     "b7"},
    {GROUP_P521,
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000001",
     "0200c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2"
     "ffa8de3348b3c1856a429bf97e7e31c2e5bd66"},
    {GROUP_P521,
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000002",
     "0200433c219024277e7e682fcb288148c282747403279b1ccc06352c6e5505d769be97b3b204da6ef55507aa104a3a35"
     "c5af41cf2fa364d60fd967f43e3933ba6d783d"},
    {GROUP_P521,
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000003",
     "0301a73d352443de29195dd91d6a64b5959479b52a6e5b123d9ab9e5ad7a112d7a8dd1ad3f164a3a4832051da6bd16b5"
     "9fe21baeb490862c32ea05a5919d2ede37ad7d"},
    {GROUP_P521,
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "00000000000000000000018ebbb95eed0e13",
     "0201650048fbd63e8c30b305bf36bd7643b91448ef2206e8a0ca84a140789a99b0423a0a2533ea079ca7e049843e69e5"
     "fa2c25a163819110cec1a30acbbb3a422a40d8"},
    {GROUP_P521,
     "00fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd28c343c1df97cb35bfe600a47b84"
     "d2e81ddae4dc44ce23d75db7db8f489c3204",
     "03007c1bb67bc4f1a47a2cab98f6832fd9681fd803a639451943b35eeb82b705fd41327338840f7b531313f188de7e42"
     "bb46b68e0fa5cb05b53558c1ca8e31d783223f"},
    {GROUP_P521,
     "00fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd28c343c1df97cb35bfe600a47b84"
     "d2e81ddae4dc44ce23d75db7db8f489c3205",
     "02007c1bb67bc4f1a47a2cab98f6832fd9681fd803a639451943b35eeb82b705fd41327338840f7b531313f188de7e42"
     "bb46b68e0fa5cb05b53558c1ca8e31d783223f"},
    {GROUP_P521,
     "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709"
     "a5d03bb5c9b8899c47aebb6fb71e91386408",
     "0300c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2"
     "ffa8de3348b3c1856a429bf97e7e31c2e5bd66"},
};

TEST(group_openssl, knows_the_multiples_of_the_generator)
{
    for (size_t i = 0; i < ARRAY_LEN(multiples); i++) {
        const struct prime_group *g = group_by_id(multiples[i].group);
        struct hex                k_hex = hex_of(multiples[i].k);
        struct scalar             k, one;
        struct point              p, generator;
        uint8_t                   encoded[POINT_LEN_MAX];

        assert_ok(scalar_decode(g, &k, hex_bytes(&k_hex)));
        scalar_set_u64(g, &one, 1);
        group_base_mul(g, &generator, &one);
        group_base_mul(g, &p, &k);
        group_encode(g, encoded, &p);
        assert_hex(encoded, g->point_len, multiples[i].point);
        group_mul(g, &p, &generator, &k);
        group_encode(g, encoded, &p);
        assert_hex(encoded, g->point_len, multiples[i].point);
        group_mul_vartime(g, &p, &generator, &k);
        group_encode(g, encoded, &p);
        assert_hex(encoded, g->point_len, multiples[i].point);
    }
}

/* A key pair made by OpenSSL: its private number and its point, 04 || x || y. */
static void openssl_pair(const struct prime_group *g, struct scalar *k, uint8_t point[POINT_UNCOMPRESSED_LEN_MAX])
{
    const char *name = g->id == GROUP_P256 ? "P-256" : g->id == GROUP_P384 ? "P-384" : "P-521";
    EVP_PKEY   *key = EVP_EC_gen(name);
    BIGNUM *private = NULL;
    uint8_t encoded[SCALAR_LEN_MAX];
    size_t  len = 0;

    assert_non_null(key);
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &private), 1);
    assert_int_equal(BN_bn2binpad(private, encoded, (int)g->scalar_len), g->scalar_len);
    assert_ok(scalar_decode(g, k, bytes(encoded, g->scalar_len)));
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, POINT_UNCOMPRESSED_LEN_MAX, &len), 1);
    assert_int_equal(len, 1 + 2 * g->scalar_len);
    BN_clear_free(private);
    EVP_PKEY_free(key);
}

/* Keys in both halves of 1..q-1: in one of them the scalar is negated inside. */
TEST(group_openssl, agrees_with_the_keys_of_openssl)
{
    for (size_t i = 0; i < ARRAY_LEN(ids) * 16; i++) {
        const struct prime_group *g = group_by_id(ids[i % ARRAY_LEN(ids)]);
        struct scalar             k;
        struct point              p, decoded;
        uint8_t                   expected[POINT_UNCOMPRESSED_LEN_MAX], got[POINT_UNCOMPRESSED_LEN_MAX];

        openssl_pair(g, &k, expected);
        group_base_mul(g, &p, &k);
        group_encode_uncompressed(g, got, &p);
        assert_memory_equal(got, expected, 1 + 2 * g->scalar_len);
        got[0] = 2 | (got[2 * g->scalar_len] & 1);
        assert_ok(group_decode(g, &decoded, bytes(got, g->point_len)));
        assert_true(group_equal(g, &p, &decoded));
    }
}

/* Around the powers of two and around q/2, where the representation changes, kG + G = (k+1)G. */
TEST(group_openssl, neighbours_differ_by_the_generator)
{
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const struct prime_group *g = group_by_id(ids[i]);
        struct scalar             one, two, k, half;
        struct point              G, p, next, sum;

        scalar_set_u64(g, &one, 1);
        scalar_set_u64(g, &two, 2);
        scalar_invert(g, &half, &two); /* (q + 1) / 2 */
        scalar_sub(g, &half, &half, &two);
        group_base_mul(g, &G, &one);
        k = one;
        for (size_t bit = 0; bit < 8 * g->scalar_len; bit += 13) {
            for (int more = 0; more < 4; more++) {
                group_base_mul(g, &p, &k);
                scalar_add(g, &k, &k, &one);
                group_base_mul(g, &next, &k);
                group_add(g, &sum, &p, &G);
                assert_true(group_equal(g, &sum, &next));
            }
            for (int doubling = 0; doubling < 13; doubling++) scalar_add(g, &k, &k, &k);
            if (bit == 26) k = half;
            scalar_sub(g, &k, &k, &two);
        }
    }
}

static void assert_refused(const struct prime_group *g, const uint8_t *encoded)
{
    struct point p;

    assert_err(KMS_E_FORMAT, group_decode(g, &p, bytes(encoded, g->point_len)));
    assert_true(group_is_identity(&p));
}

TEST(group_openssl, refuses_every_prefix_but_two)
{
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const struct prime_group *g = group_by_id(ids[i]);
        struct scalar             one;
        struct point              p;
        uint8_t                   generator[POINT_LEN_MAX];

        scalar_set_u64(g, &one, 1);
        group_base_mul(g, &p, &one);
        group_encode(g, generator, &p);
        for (unsigned prefix = 0; prefix < 256; prefix++) {
            generator[0] = (uint8_t)prefix;
            if (prefix == 2 || prefix == 3)
                assert_ok(group_decode(g, &p, bytes(generator, g->point_len)));
            else
                assert_refused(g, generator);
        }
    }
}

/* x = 0 is on all three curves, so p names the same points: the encoding alone must be refused. */
TEST(group_openssl, refuses_x_that_is_not_reduced)
{
    static const char *const primes[] = {
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "ffffffffffffffffffffffffffffffffff"};

    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const struct prime_group *g = group_by_id(ids[i]);
        struct hex                prime = hex_of(primes[i]);
        struct point              p;
        uint8_t                   encoded[POINT_LEN_MAX] = {2};

        assert_int_equal(prime.len, g->scalar_len);
        assert_ok(group_decode(g, &p, bytes(encoded, g->point_len)));
        memcpy(encoded + 1, prime.data, prime.len);
        assert_refused(g, encoded);
        encoded[0] = 3;
        assert_refused(g, encoded);
        memset(encoded + 1, 0xff, prime.len);
        assert_refused(g, encoded);
    }
}

TEST(group_openssl, refuses_x_without_a_point)
{
    static const uint8_t none[] = {1, 1, 3}; /* x^3 - 3x + b is no square */

    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const struct prime_group *g = group_by_id(ids[i]);
        uint8_t                   encoded[POINT_LEN_MAX] = {2};

        encoded[g->scalar_len] = none[i];
        assert_refused(g, encoded);
        encoded[0] = 3;
        assert_refused(g, encoded);
    }
}

TEST(group_openssl, refuses_forms_of_infinity_and_uncompressed_points)
{
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const struct prime_group *g = group_by_id(ids[i]);
        struct scalar             one;
        struct point              p;
        uint8_t                   zeros[POINT_LEN_MAX] = {0}, whole[POINT_UNCOMPRESSED_LEN_MAX];

        assert_refused(g, zeros);
        assert_err(KMS_E_FORMAT, group_decode(g, &p, bytes(zeros, 1)));
        scalar_set_u64(g, &one, 1);
        group_base_mul(g, &p, &one);
        group_encode_uncompressed(g, whole, &p);
        assert_err(KMS_E_FORMAT, group_decode(g, &p, bytes(whole, 1 + 2 * g->scalar_len)));
        whole[0] = 6; /* hybrid */
        assert_err(KMS_E_FORMAT, group_decode(g, &p, bytes(whole, 1 + 2 * g->scalar_len)));
    }
}

/* A point of one curve is no point of another, though the lengths are equal: P-256 and secp256k1. */
TEST(group_openssl, refuses_points_of_another_curve)
{
    unsigned refused = 0;

    for (unsigned i = 0; i < 40; i++) {
        const struct prime_group *from = group_by_id(GROUP_SECP256K1), *to = group_by_id(GROUP_P256);
        struct scalar             k;
        struct point              p;
        uint8_t                   encoded[POINT_LEN_MAX], whole[65], again[65];

        assert_ok(scalar_random(from, &k, rng_system()));
        group_base_mul(from, &p, &k);
        group_encode(from, encoded, &p);
        group_encode_uncompressed(from, whole, &p);
        if (group_decode(to, &p, bytes(encoded, 33)) != KMS_OK) {
            refused++;
            continue;
        }
        group_encode_uncompressed(to, again, &p); /* the x has a point there too, but another one */
        assert_memory_not_equal(again, whole, 65);
    }
    assert_in_range(refused, 4, 36); /* half of all x have a point */
}

static void *multiply_often(void *data)
{
    const struct prime_group *g = group_by_id(*(const enum group_id *)data);
    struct scalar             k;
    struct point              p, q;

    for (unsigned i = 0; i < 20; i++) {
        if (group_init() != KMS_OK || scalar_random(g, &k, rng_system()) != KMS_OK) return NULL;
        group_base_mul(g, &p, &k);
        scalar_invert(g, &k, &k);
        group_mul(g, &q, &p, &k);
        scalar_set_u64(g, &k, 1);
        group_base_mul(g, &p, &k);
        if (!group_equal(g, &p, &q)) return NULL;
    }
    return data;
}

TEST(group_openssl, threads_share_the_curves)
{
    pthread_t threads[4];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, multiply_often, (void *)(uintptr_t)&ids[i % 3]), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
}
