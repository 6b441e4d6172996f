/* SPDX-License-Identifier: Apache-2.0 */
/* ristretto255: the vectors of RFC 9496 appendix A, and what is refused. */
#include "common/crypto/ristretto.h"

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "tests/support/test.h"

static void from_hex(uint8_t out[32], const char *hex)
{
    assert_ok(hex_decode(out, 32, bytes_str(hex)));
}

/* RFC 9496 A.1 */
TEST(ristretto, multiples_of_the_generator)
{
    static const char *const multiples[] = {
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    };
    uint8_t one[32] = {1}, k[32] = {0}, expected[32], G[32], got[32];

    ristretto_base_mul(G, one);
    for (uint8_t i = 0; i < ARRAY_LEN(multiples); i++) {
        k[0] = (uint8_t)(i + 1);
        from_hex(expected, multiples[i]);
        ristretto_base_mul(got, k);
        assert_memory_equal(got, expected, 32);
        assert_ok(ristretto_mul(got, k, G));
        assert_memory_equal(got, expected, 32);
    }
    assert_ok(ristretto_add(got, G, G));
    assert_memory_equal(got, expected, 32);
    assert_ok(ristretto_sub(got, got, G));
    assert_memory_equal(got, G, 32);
}

/* RFC 9496 A.3 */
TEST(ristretto, an_element_from_a_hash)
{
    uint8_t wide[64], expected[32], got[32];

    sha512(wide, bytes_str("Ristretto is traditionally a short shot of espresso coffee"));
    ristretto_from_hash(got, wide);
    from_hex(expected, "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46");
    assert_memory_equal(got, expected, 32);
}

/* check 17; RFC 9496 A.2: not canonical, negative, not a square. And the identity, which is canonical. */
TEST(check_17, points_of_ristretto255_that_are_none)
{
    static const char *const bad[] = {
        "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2df6", /* the generator, its highest bit set */
        "0000000000000000000000000000000000000000000000000000000000000000",
    };
    uint8_t one[32] = {1}, p[32], out[32], G[32];

    ristretto_base_mul(G, one);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        from_hex(p, bad[i]);
        assert_err(KMS_E_FORMAT, ristretto_mul(out, one, p));
        assert_err(KMS_E_FORMAT, ristretto_add(out, p, G));
        assert_err(KMS_E_FORMAT, ristretto_add(out, G, p));
        assert_err(KMS_E_FORMAT, ristretto_sub(out, p, G));
        assert_err(KMS_E_FORMAT, ristretto_sub(out, G, p));
    }
}

TEST(ristretto, random_scalars_differ_and_are_not_zero)
{
    static const uint8_t zero[32];
    uint8_t              a[32], b[32];

    assert_ok(ristretto_scalar_random(a, rng_system()));
    assert_ok(ristretto_scalar_random(b, rng_system()));
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a, zero, 32);
}
