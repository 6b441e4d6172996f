/* SPDX-License-Identifier: Apache-2.0 */
/* secp256k1: known multiples of the generator, OpenSSL as the second opinion, and what must be refused. */
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "common/crypto/group.h"
#include "tests/common/hex.h"

static const struct prime_group *group(void)
{
    return group_by_id(GROUP_SECP256K1);
}

struct multiple {
    const char *k, *point;
};

/* k, k*G: SEC 2 for 1; the others are the table of the Bitcoin wiki's "Secp256k1" page, and n-1 by symmetry. */
static const struct multiple multiples[] = {
    {"0000000000000000000000000000000000000000000000000000000000000001",
     "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"},
    {"0000000000000000000000000000000000000000000000000000000000000002",
     "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"},
    {"0000000000000000000000000000000000000000000000000000000000000003",
     "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"},
    {"0000000000000000000000000000000000000000000000000000000000000014",
     "024ce119c96e2fa357200b559b2f7dd5a5f02d5290aff74b03f3e471b273211c97"},
    {"000000000000000000000000000000000000000000000000018ebbb95eed0e13",
     "02a90cc3d3f3e146daadfc74ca1372207cb4b725ae708cef713a98edd73d99ef29"},
    {"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
     "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"},
};

TEST(group_secp256k1, knows_the_multiples_of_the_generator)
{
    for (size_t i = 0; i < ARRAY_LEN(multiples); i++) {
        struct hex    k_hex = hex_of(multiples[i].k);
        struct scalar k;
        struct point  p;
        uint8_t       encoded[33];

        assert_ok(scalar_decode(group(), &k, hex_bytes(&k_hex)));
        group_base_mul(group(), &p, &k);
        group_encode(group(), encoded, &p);
        assert_hex(encoded, 33, multiples[i].point);
    }
}

TEST(group_secp256k1, agrees_with_openssl)
{
    EC_GROUP *openssl = EC_GROUP_new_by_curve_name(NID_secp256k1);
    EC_POINT *base = EC_POINT_new(openssl), *sum = EC_POINT_new(openssl);
    BN_CTX   *ctx = BN_CTX_new();

    for (int i = 0; i < 20; i++) {
        struct scalar k, j;
        struct point  p, q, out;
        uint8_t       k32[32], j32[32], expected[33], got[33];

        assert_ok(scalar_random(group(), &k, rng_system()));
        assert_ok(scalar_random(group(), &j, rng_system()));
        scalar_encode(group(), k32, &k);
        scalar_encode(group(), j32, &j);
        BIGNUM *x = BN_bin2bn(k32, 32, NULL), *y = BN_bin2bn(j32, 32, NULL);
        assert_int_equal(EC_POINT_mul(openssl, base, x, NULL, NULL, ctx), 1);
        assert_int_equal(EC_POINT_mul(openssl, sum, x, base, y, ctx), 1); /* kG + j(kG) */
        assert_int_equal(EC_POINT_point2oct(openssl, sum, POINT_CONVERSION_COMPRESSED, expected, 33, ctx), 33);
        group_base_mul(group(), &p, &k);
        group_mul(group(), &q, &p, &j);
        group_add(group(), &out, &p, &q);
        group_encode(group(), got, &out);
        assert_memory_equal(got, expected, 33);
        BN_free(x);
        BN_free(y);
    }
    EC_POINT_free(base);
    EC_POINT_free(sum);
    EC_GROUP_free(openssl);
    BN_CTX_free(ctx);
}

static void assert_refused(const uint8_t encoded[33])
{
    struct point p;

    assert_err(KMS_E_FORMAT, group_decode(group(), &p, bytes(encoded, 33)));
    assert_true(group_is_identity(&p));
}

TEST(group_secp256k1, refuses_every_prefix_but_two)
{
    struct hex generator = hex_of(multiples[0].point);

    for (unsigned prefix = 0; prefix < 256; prefix++) {
        struct point p;
        generator.data[0] = (uint8_t)prefix;
        if (prefix == 2 || prefix == 3)
            assert_ok(group_decode(group(), &p, bytes(generator.data, 33)));
        else
            assert_refused(generator.data);
    }
}

/* x = 1 is on the curve, so x + p names the same point: the encoding alone must be refused. */
TEST(group_secp256k1, refuses_x_that_is_not_reduced)
{
    struct hex   one = hex_of("020000000000000000000000000000000000000000000000000000000000000001");
    struct hex   not_reduced = hex_of("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30");
    struct point p;

    assert_ok(group_decode(group(), &p, hex_bytes(&one)));
    assert_refused(not_reduced.data);
    not_reduced.data[32] = 0x2f; /* p itself: x = 0 */
    assert_refused(not_reduced.data);
    memset(not_reduced.data + 1, 0xff, 32);
    assert_refused(not_reduced.data);
}

TEST(group_secp256k1, refuses_x_without_a_point)
{
    struct hex five =
        hex_of("020000000000000000000000000000000000000000000000000000000000000005"); /* 132 is no square */

    assert_refused(five.data);
    five.data[0] = 3;
    assert_refused(five.data);
}

TEST(group_secp256k1, refuses_forms_of_infinity_and_uncompressed_points)
{
    uint8_t      zeros[33] = {0}, uncompressed[65] = {4};
    struct point p;

    assert_refused(zeros);
    assert_err(KMS_E_FORMAT, group_decode(group(), &p, bytes(zeros, 1)));
    assert_err(KMS_E_FORMAT, group_decode(group(), &p, bytes(uncompressed, 65)));
}
