/* SPDX-License-Identifier: Apache-2.0 */
/* Montgomery arithmetic: constants recomputed with OpenSSL, tiny moduli exhaustively, the extremes of the words. */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "common/crypto/modulus.h"
#include "tests/common/hex.h"

static const size_t widths[] = {4, 6, 9};

static void words_of(uint64_t out[MODULUS_WORDS_MAX], const BIGNUM *value)
{
    uint8_t bytes_[8 * MODULUS_WORDS_MAX];

    assert_int_equal(BN_bn2lebinpad(value, bytes_, sizeof bytes_), sizeof bytes_);
    for (size_t i = 0; i < MODULUS_WORDS_MAX; i++) {
        out[i] = 0;
        for (size_t j = 8; j-- > 0;) out[i] = out[i] << 8 | bytes_[8 * i + j];
    }
}

/* The constants of any odd m, by their definitions. */
static struct modulus modulus_of(const BIGNUM *m, size_t words)
{
    struct modulus out = {.words = words};
    BN_CTX        *ctx = BN_CTX_new();
    BIGNUM        *x = BN_new(), *word = BN_new();
    uint64_t       w[MODULUS_WORDS_MAX];

    words_of(out.m, m);
    BN_zero(x);
    assert_int_equal(BN_set_bit(x, 64 * (int)words), 1);
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

static BIGNUM *all_ones(size_t words)
{
    BIGNUM *m = BN_new();

    BN_zero(m);
    assert_int_equal(BN_set_bit(m, 64 * (int)words), 1);
    assert_int_equal(BN_sub_word(m, 1), 1);
    return m;
}

TEST(modulus, constants_of_ed25519_are_right)
{
    BIGNUM *m = NULL, *power = BN_new();

    /* RFC 8032 5.1: L = 2^252 + 27742317777372353535851937790883648493 */
    assert_true(BN_dec2bn(&m, "27742317777372353535851937790883648493") > 0);
    BN_zero(power);
    assert_int_equal(BN_set_bit(power, 252), 1);
    assert_int_equal(BN_add(m, m, power), 1);
    struct modulus expected = modulus_of(m, 4);
    assert_memory_equal(&modulus_ed25519, &expected, sizeof expected);
    BN_free(m);
    BN_free(power);
}

TEST(modulus, constants_of_the_weierstrass_curves_are_right)
{
    static const struct {
        int                   nid;
        size_t                words;
        const struct modulus *mod;
    } curves[] = {{NID_secp256k1, 4, &modulus_secp256k1},
                  {NID_X9_62_prime256v1, 4, &modulus_p256},
                  {NID_secp384r1, 6, &modulus_p384},
                  {NID_secp521r1, 9, &modulus_p521}};

    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        EC_GROUP      *group = EC_GROUP_new_by_curve_name(curves[i].nid);
        struct modulus expected = modulus_of(EC_GROUP_get0_order(group), curves[i].words);
        assert_memory_equal(curves[i].mod, &expected, sizeof expected);
        EC_GROUP_free(group);
    }
}

/* The number is one word: the words above it are written as 0. */
static void assert_word(const uint64_t got[MODULUS_WORDS_MAX], uint64_t expected)
{
    const uint64_t words[MODULUS_WORDS_MAX] = {expected};

    assert_memory_equal(got, words, sizeof words);
}

static void check_pair(const struct modulus *mod, uint64_t m, uint64_t a, uint64_t b)
{
    uint64_t x[MODULUS_WORDS_MAX] = {a}, y[MODULUS_WORDS_MAX] = {b}, out[MODULUS_WORDS_MAX];

    memset(out, 0xaa, sizeof out);

    modulus_enter(mod, x, x);
    modulus_enter(mod, y, y);
    modulus_add(mod, out, x, y);
    modulus_leave(mod, out, out);
    assert_word(out, (a + b) % m);
    modulus_sub(mod, out, x, y);
    modulus_leave(mod, out, out);
    assert_word(out, (a + m - b) % m);
    modulus_mul(mod, out, x, y);
    modulus_leave(mod, out, out);
    assert_word(out, a * b % m);
}

TEST(modulus, tiny_primes_behave_for_all_inputs)
{
    static const uint64_t primes[] = {3, 5, 7, 13, 61};

    for (size_t i = 0; i < ARRAY_LEN(primes) * ARRAY_LEN(widths); i++) {
        uint64_t prime = primes[i / ARRAY_LEN(widths)];
        BIGNUM  *m = BN_new();
        assert_int_equal(BN_set_word(m, prime), 1);
        struct modulus mod = modulus_of(m, widths[i % ARRAY_LEN(widths)]);
        BN_free(m);
        for (uint64_t a = 0; a < prime; a++) {
            uint64_t inverse[MODULUS_WORDS_MAX] = {a};
            for (uint64_t b = 0; b < prime; b++) check_pair(&mod, prime, a, b);
            modulus_enter(&mod, inverse, inverse);
            modulus_invert(&mod, inverse, inverse);
            modulus_leave(&mod, inverse, inverse);
            assert_true(a == 0 ? inverse[0] == 0 : inverse[0] * a % prime == 1);
        }
    }
}

/* m - i and m - j, added and multiplied: every carry there is. */
static void check_below(const struct modulus *mod, const BIGNUM *m, unsigned i, unsigned j)
{
    BN_CTX  *ctx = BN_CTX_new();
    BIGNUM  *x = BN_dup(m), *y = BN_dup(m), *sum = BN_new();
    uint64_t a[MODULUS_WORDS_MAX], b[MODULUS_WORDS_MAX], out[MODULUS_WORDS_MAX], expected[MODULUS_WORDS_MAX];

    assert_int_equal(BN_sub_word(x, i) & BN_sub_word(y, j), 1);
    words_of(a, x);
    words_of(b, y);
    assert_int_equal(BN_mod_add(sum, x, y, m, ctx), 1);
    words_of(expected, sum);
    modulus_add(mod, out, a, b);
    assert_memory_equal(out, expected, sizeof out);
    assert_true(modulus_is_reduced(mod, a) == UINT64_MAX);
    assert_true(modulus_is_reduced(mod, mod->m) == 0);
    modulus_enter(mod, a, a);
    modulus_mul(mod, out, a, b);
    assert_int_equal(BN_mod_mul(sum, x, y, m, ctx), 1);
    words_of(expected, sum);
    assert_memory_equal(out, expected, sizeof out);
    BN_free(x);
    BN_free(y);
    BN_free(sum);
    BN_CTX_free(ctx);
}

/* The largest odd number of each width. */
TEST(modulus, all_ones_behaves)
{
    for (size_t w = 0; w < ARRAY_LEN(widths); w++) {
        BIGNUM        *m = all_ones(widths[w]);
        struct modulus mod = modulus_of(m, widths[w]);
        for (unsigned i = 1; i < 20; i++)
            for (unsigned j = 1; j < 20; j++) check_below(&mod, m, i, j);
        BN_free(m);
    }
}

TEST(modulus, enter_reduces_any_number)
{
    static const struct modulus *const all[] = {&modulus_ed25519, &modulus_secp256k1, &modulus_p256, &modulus_p384,
                                                &modulus_p521};

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        uint64_t out[MODULUS_WORDS_MAX], one[MODULUS_WORDS_MAX] = {1};
        BIGNUM  *ones = all_ones(all[i]->words);
        words_of(out, ones);
        BN_free(ones);
        modulus_enter(all[i], out, out);
        assert_true(modulus_is_reduced(all[i], out) == UINT64_MAX);
        modulus_enter(all[i], one, one);
        modulus_add(all[i], out, out, one); /* R, whose Montgomery form is R^2, leaves it as R mod m */
        modulus_leave(all[i], out, out);
        assert_memory_equal(out, all[i]->r, sizeof out);
    }
}
