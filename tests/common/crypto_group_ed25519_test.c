/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edwards25519: multiples of the base point against RFC 8032's keys and libsodium, and every encoding that must be
 * refused: points of small order, points outside the prime-order subgroup, numbers not reduced, x = 0 with a sign.
 */
#include <sodium.h>

#include "common/crypto/group.h"
#include "common/crypto/hash.h"
#include "tests/common/hex.h"

static const struct prime_group *group(void)
{
    return group_by_id(GROUP_ED25519);
}

/* RFC 8032 7.1, tests 1 to 3: seed and public key. */
static const char *const keys[][2] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"},
};

TEST(group_ed25519, base_multiples_are_the_keys_of_rfc_8032)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct hex    seed = hex_of(keys[i][0]);
        uint8_t       digest[64], encoded[32];
        struct scalar s;
        struct point  p;

        sha512(digest, hex_bytes(&seed)); /* RFC 8032 5.1.5 */
        digest[0] &= 248;
        digest[31] = (uint8_t)((digest[31] & 63) | 64);
        memset(digest + 32, 0, 32);
        scalar_reduce_wide(group(), &s, digest);
        group_base_mul(group(), &p, &s);
        group_encode(group(), encoded, &p);
        assert_hex(encoded, 32, keys[i][1]);
    }
}

TEST(group_ed25519, agrees_with_libsodium)
{
    for (int i = 0; i < 30; i++) {
        struct scalar k;
        struct point  p, q, out;
        uint8_t       scalar[32], base[32], other[32], expected[32], got[32];

        crypto_core_ed25519_random(other);
        assert_ok(group_decode(group(), &q, BYTES_OF(other)));
        assert_ok(scalar_random(group(), &k, rng_system()));
        scalar_encode(group(), scalar, &k);
        assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(base, scalar), 0);
        group_base_mul(group(), &p, &k);
        group_encode(group(), got, &p);
        assert_memory_equal(got, base, 32);
        assert_int_equal(crypto_scalarmult_ed25519_noclamp(expected, scalar, other), 0);
        group_mul(group(), &out, &q, &k);
        group_encode(group(), got, &out);
        assert_memory_equal(got, expected, 32);
        group_mul_vartime(group(), &out, &q, &k);
        group_encode(group(), got, &out);
        assert_memory_equal(got, expected, 32);
        assert_int_equal(crypto_core_ed25519_add(expected, base, other), 0);
        group_add(group(), &out, &p, &q);
        group_encode(group(), got, &out);
        assert_memory_equal(got, expected, 32);
    }
}

static void assert_refused(const uint8_t encoded[32])
{
    struct point p;

    assert_err(KMS_E_FORMAT, group_decode(group(), &p, bytes(encoded, 32)));
    assert_true(group_is_identity(&p));
}

/* The eight points of the torsion subgroup. */
static const char *const torsion[] = {
    "0100000000000000000000000000000000000000000000000000000000000000", /* the identity */
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
    "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", /* order 8 */
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};

TEST(group_ed25519, refuses_points_of_small_order)
{
    for (size_t i = 0; i < ARRAY_LEN(torsion); i++) assert_refused(hex_of(torsion[i]).data);
}

TEST(group_ed25519, names_the_identity)
{
    struct point p;

    assert_err(KMS_E_FORMAT, group_decode(group(), &p, BYTES_OF(((uint8_t[32]){1}))));
    assert_non_null(strstr(error_text(), "identity"));
}

/* P + T for T of order 2, 4, 8: on the curve, of large order, and the base of the attacks on cofactor curves. */
TEST(group_ed25519, refuses_points_shifted_by_torsion)
{
    for (size_t i = 1; i < ARRAY_LEN(torsion); i++)
        for (uint64_t k = 1; k < 6; k++) {
            struct scalar scalar;
            struct point  p;
            uint8_t       encoded[32], shifted[32];

            scalar_set_u64(group(), &scalar, k);
            group_base_mul(group(), &p, &scalar);
            group_encode(group(), encoded, &p);
            assert_int_equal(crypto_core_ed25519_add(shifted, encoded, hex_of(torsion[i]).data), 0);
            assert_refused(shifted);
        }
}

/* y + p for the y below 19, with both signs: the same points, written another way (RFC 8032 5.1.3 step 1). */
/* CVE-2025-69277: B + (0, -1), which an unmended libsodium takes for a member of the subgroup. */
TEST(group_ed25519, refuses_the_generator_shifted_by_the_point_of_order_two)
{
    uint8_t      mixed[32];
    struct point p;

    memset(mixed, 0x99, sizeof mixed);
    mixed[0] = 0x95;
    assert_err(KMS_E_FORMAT, group_decode(group_by_id(GROUP_ED25519), &p, BYTES_OF(mixed)));
}

TEST(group_ed25519, refuses_numbers_that_are_not_reduced)
{
    for (unsigned y = 0; y < 19; y++)
        for (unsigned sign = 0; sign < 2; sign++) {
            uint8_t encoded[32];
            memset(encoded, 0xff, sizeof encoded);
            encoded[0] = (uint8_t)(0xed + y);
            encoded[31] = (uint8_t)(0x7f | sign << 7);
            assert_refused(encoded);
        }
}

TEST(group_ed25519, refuses_zero_with_a_sign)
{
    uint8_t negative_one[32], one[32] = {1};

    one[31] = 0x80;
    assert_refused(one);
    memset(negative_one, 0xff, sizeof negative_one);
    negative_one[0] = 0xec;
    assert_refused(negative_one);
}

/* About half of all y have no x; and of the rest only one in eight is in the subgroup. */
TEST(group_ed25519, accepts_exactly_what_libsodium_accepts)
{
    struct rng_seeded rng;
    unsigned          accepted = 0;

    rng_seeded_init(&rng, test_seed(), 1);
    for (int i = 0; i < 400; i++) {
        uint8_t      encoded[32];
        struct point p;

        assert_ok(rng_fill(&rng.rng, encoded, sizeof encoded));
        bool expected = crypto_core_ed25519_is_valid_point(encoded) == 1;
        assert_int_equal(group_decode(group(), &p, BYTES_OF(encoded)), expected ? KMS_OK : KMS_E_FORMAT);
        accepted += expected;
    }
    assert_in_range(accepted, 1, 100);
}
