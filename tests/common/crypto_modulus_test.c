/* SPDX-License-Identifier: Apache-2.0 */
/* Montgomery arithmetic: constants recomputed with OpenSSL, tiny moduli exhaustively, the extremes of the words. */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "common/crypto/modulus.h"
#include "tests/common/hex.h"

static void words_of(uint64_t out[MODULUS_WORDS], const BIGNUM *value)
{
    uint8_t bytes_[32];

    assert_int_equal(BN_bn2lebinpad(value, bytes_, sizeof bytes_), sizeof bytes_);
    for (size_t i = 0; i < MODULUS_WORDS; i++) {
        out[i] = 0;
        for (size_t j = 8; j-- > 0;) out[i] = out[i] << 8 | bytes_[8 * i + j];
    }
}

/* The constants of any odd m, by their definitions. */
static struct modulus modulus_of(const BIGNUM *m)
{
    struct modulus out;
    BN_CTX        *ctx = BN_CTX_new();
    BIGNUM        *x = BN_new(), *word = BN_new();
    uint64_t       w[MODULUS_WORDS];

    words_of(out.m, m);
    BN_zero(x);
    assert_int_equal(BN_set_bit(x, 256), 1);
    assert_int_equal(BN_nnmod(x, x, m, ctx), 1);
    words_of(out.r, x);
    assert_int_equal(BN_mod_mul(x, x, x, m, ctx), 1);
    words_of(out.rr, x);
    BN_zero(word);
    assert_int_equal(BN_set_bit(word, 64), 1);
    assert_non_null(BN_mod_inverse(x, m, word, ctx));
    assert_int_equal(BN_sub(x, word, x), 1);
    words_of(w, x);
    out.negated_inverse = w[0];
    BN_free(x);
    BN_free(word);
    BN_CTX_free(ctx);
    return out;
}

TEST(modulus, constants_of_ed25519_are_right)
{
    BIGNUM *m = NULL, *power = BN_new();

    /* RFC 8032 5.1: L = 2^252 + 27742317777372353535851937790883648493 */
    assert_true(BN_dec2bn(&m, "27742317777372353535851937790883648493") > 0);
    BN_zero(power);
    assert_int_equal(BN_set_bit(power, 252), 1);
    assert_int_equal(BN_add(m, m, power), 1);
    struct modulus expected = modulus_of(m);
    assert_memory_equal(&modulus_ed25519, &expected, sizeof expected);
    BN_free(m);
    BN_free(power);
}

TEST(modulus, constants_of_secp256k1_are_right)
{
    EC_GROUP      *group = EC_GROUP_new_by_curve_name(NID_secp256k1);
    struct modulus expected = modulus_of(EC_GROUP_get0_order(group));

    assert_memory_equal(&modulus_secp256k1, &expected, sizeof expected);
    EC_GROUP_free(group);
}

static void check_pair(const struct modulus *mod, uint64_t m, uint64_t a, uint64_t b)
{
    uint64_t x[MODULUS_WORDS] = {a}, y[MODULUS_WORDS] = {b}, out[MODULUS_WORDS];

    modulus_enter(mod, x, x);
    modulus_enter(mod, y, y);
    modulus_add(mod, out, x, y);
    modulus_leave(mod, out, out);
    assert_true(out[0] == (a + b) % m && (out[1] | out[2] | out[3]) == 0);
    modulus_sub(mod, out, x, y);
    modulus_leave(mod, out, out);
    assert_true(out[0] == (a + m - b) % m && (out[1] | out[2] | out[3]) == 0);
    modulus_mul(mod, out, x, y);
    modulus_leave(mod, out, out);
    assert_true(out[0] == a * b % m && (out[1] | out[2] | out[3]) == 0);
}

TEST(modulus, tiny_primes_behave_for_all_inputs)
{
    static const uint64_t primes[] = {3, 5, 7, 13, 61};

    for (size_t i = 0; i < ARRAY_LEN(primes); i++) {
        BIGNUM *m = BN_new();
        assert_int_equal(BN_set_word(m, primes[i]), 1);
        struct modulus mod = modulus_of(m);
        BN_free(m);
        for (uint64_t a = 0; a < primes[i]; a++) {
            uint64_t inverse[MODULUS_WORDS] = {a};
            for (uint64_t b = 0; b < primes[i]; b++) check_pair(&mod, primes[i], a, b);
            modulus_enter(&mod, inverse, inverse);
            modulus_invert(&mod, inverse, inverse);
            modulus_leave(&mod, inverse, inverse);
            assert_true(a == 0 ? inverse[0] == 0 : inverse[0] * a % primes[i] == 1);
        }
    }
}

/* The largest odd number of 256 bits: every carry there is. */
TEST(modulus, all_ones_behaves)
{
    BIGNUM  *m = BN_new(), *x = BN_new(), *y = BN_new();
    BN_CTX  *ctx = BN_CTX_new();
    uint64_t a[MODULUS_WORDS], b[MODULUS_WORDS], out[MODULUS_WORDS], expected[MODULUS_WORDS];

    BN_zero(m);
    assert_int_equal(BN_set_bit(m, 256), 1);
    assert_int_equal(BN_sub_word(m, 1), 1);
    struct modulus mod = modulus_of(m);
    for (unsigned i = 1; i < 20; i++)
        for (unsigned j = 1; j < 20; j++) {
            assert_non_null(BN_copy(x, m));
            assert_non_null(BN_copy(y, m));
            assert_int_equal(BN_sub_word(x, i) & BN_sub_word(y, j), 1);
            words_of(a, x);
            words_of(b, y);
            assert_int_equal(BN_mod_add(x, x, y, m, ctx), 1);
            words_of(expected, x);
            modulus_add(&mod, out, a, b);
            assert_memory_equal(out, expected, sizeof out);
            words_of(expected, m);
            assert_true(modulus_is_reduced(&mod, a) == UINT64_MAX);
            assert_true(modulus_is_reduced(&mod, expected) == 0);
        }
    BN_free(m);
    BN_free(x);
    BN_free(y);
    BN_CTX_free(ctx);
}

TEST(modulus, enter_reduces_any_number)
{
    const struct modulus *both[] = {&modulus_ed25519, &modulus_secp256k1};
    uint64_t              ones[MODULUS_WORDS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}, out[MODULUS_WORDS],
             one[MODULUS_WORDS] = {1};

    for (size_t i = 0; i < 2; i++) {
        modulus_enter(both[i], out, ones);
        assert_true(modulus_is_reduced(both[i], out) == UINT64_MAX);
        modulus_enter(both[i], one, one);
        modulus_add(both[i], out, out, one); /* 2^256 = R in Montgomery form */
        modulus_leave(both[i], out, out);
        assert_memory_equal(out, both[i]->r, sizeof out);
        one[0] = 1;
        one[1] = one[2] = one[3] = 0;
    }
}
