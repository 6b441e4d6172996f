/* SPDX-License-Identifier: Apache-2.0 */
/* Sums, samples and raw encodings, against the scalar functions and against OpenSSL's big numbers. */
#include "common/crypto/scalar_bulk.h"

#include <openssl/bn.h>

#include "common/crypto/modulus.h"
#include "tests/support/test.h"

static const enum group_id groups[] = {GROUP_SECP256K1, GROUP_P256, GROUP_P384, GROUP_P521, GROUP_ED25519};

static struct rng_seeded rng;

static void draw(const struct prime_group *g, struct scalar *out, unsigned how)
{
    if (how == 0)
        scalar_zero(out);
    else if (how == 1) {
        scalar_set_u64(g, out, 1);
        scalar_negate(g, out, out);
    } else
        assert_ok(scalar_random(g, out, &rng.rng));
}

TEST(scalar_bulk, a_sum_is_the_sum_of_its_products)
{
    (void)rng_seeded_init(&rng, test_seed(), 0);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct prime_group *g = group_by_id(groups[i]);
        for (unsigned terms = 0; terms < 1000; terms = terms < 8 ? terms + 1 : 3 * terms) {
            SECRET_SCALAR     a, b, expected, got;
            SECRET_SCALAR_SUM sum = {{0}, 0};
            scalar_zero(&expected);
            for (unsigned k = 0; k < terms; k++) {
                draw(g, &a, (k + terms) % 5);
                draw(g, &b, terms % 3);
                scalar_sum_add_product(g, &sum, &a, &b);
                scalar_mul(g, &a, &a, &b);
                scalar_add(g, &expected, &expected, &a);
            }
            scalar_sum_end(g, &got, &sum);
            assert_true(scalar_equal(&got, &expected));
            assert_int_equal(sum.terms, 0);
        }
    }
}

TEST(scalar_bulk, single_scalars_join_a_sum)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct prime_group *g = group_by_id(groups[i]);
        for (unsigned how = 0; how < 9; how++) {
            SECRET_SCALAR     a, b, c, got;
            SECRET_SCALAR_SUM sum = {{0}, 0};
            draw(g, &a, how % 3);
            draw(g, &b, how / 3);
            draw(g, &c, 1);
            scalar_sum_add_product(g, &sum, &a, &b);
            scalar_sum_add(g, &sum, &b);
            scalar_sum_add(g, &sum, &c);
            scalar_sum_end(g, &got, &sum);
            scalar_mul(g, &a, &a, &b);
            scalar_add(g, &a, &a, &b);
            scalar_add(g, &a, &a, &c);
            assert_true(scalar_equal(&got, &a));
        }
    }
}

static void reverse(uint8_t *out, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++) out[i] = in[len - 1 - i];
}

/* x = y / R mod q, as big numbers. */
static void assert_is_divided(const struct prime_group *g, const struct scalar *x, BIGNUM *y)
{
    const struct modulus *mod = g->order;
    BN_CTX               *ctx = BN_CTX_new();
    uint8_t               q_bytes[8 * MODULUS_WORDS_MAX], x_bytes[8 * MODULUS_WORDS_MAX];

    reverse(q_bytes, (const uint8_t *)mod->m, 8 * mod->words);
    reverse(x_bytes, (const uint8_t *)x->word, 8 * mod->words); /* raw: x R */
    BIGNUM *q = BN_bin2bn(q_bytes, (int)(8 * mod->words), NULL), *raw = BN_bin2bn(x_bytes, (int)(8 * mod->words), NULL);
    assert_int_equal(BN_nnmod(y, y, q, ctx), 1);
    assert_int_equal(BN_cmp(raw, y), 0);
    BN_free(raw);
    BN_free(q);
    BN_CTX_free(ctx);
}

/* What the sample holds is the number itself where it is direct, and that number / R where it is wide. */
TEST(scalar_bulk, a_sample_is_its_bytes_modulo_the_order)
{
    static const size_t lens[] = {32, 48, 48, 80, 48};

    (void)rng_seeded_init(&rng, test_seed(), 1);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct prime_group *g = group_by_id(groups[i]);
        struct scalar_sampler     s = scalar_sampler_of(g);
        assert_int_equal(s.len, lens[i]);
        for (int round = 0; round < 200; round++) {
            uint8_t       uniform[SCALAR_SAMPLE_LEN_MAX], reversed[SCALAR_SAMPLE_LEN_MAX];
            size_t        words = g->order->words + (s.top_mask == 0 ? 2 : 0);
            SECRET_SCALAR a;
            assert_ok(rng_fill(&rng.rng, uniform, sizeof uniform));
            if (round < 2) memset(uniform, round == 0 ? 0 : 0xff, sizeof uniform);
            scalar_sample(&s, &a, uniform);
            reverse(reversed, uniform, 8 * words);
            BIGNUM *y = BN_bin2bn(reversed, (int)(8 * words), NULL);
            if (groups[i] == GROUP_P521) assert_int_equal(BN_mask_bits(y, 521) == 1 || round == 0, 1);
            if (s.top_mask == 0) {
                BIGNUM *q = BN_new(), *r = BN_new();
                BN_CTX *ctx = BN_CTX_new();
                uint8_t q_bytes[32];
                reverse(q_bytes, (const uint8_t *)g->order->m, 32);
                BN_bin2bn(q_bytes, 32, q);
                BN_set_bit(r, 256);
                assert_non_null(BN_mod_inverse(r, r, q, ctx));
                assert_int_equal(BN_mul(y, y, r, ctx), 1);
                BN_free(q);
                BN_free(r);
                BN_CTX_free(ctx);
            }
            assert_is_divided(g, &a, y);
            BN_free(y);
        }
    }
}

TEST(scalar_bulk, raw_encodings_go_round_and_are_canonical)
{
    (void)rng_seeded_init(&rng, test_seed(), 2);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct prime_group *g = group_by_id(groups[i]);
        uint8_t                   encoded[SCALAR_LEN_MAX], words[8 * MODULUS_WORDS_MAX];
        for (unsigned how = 0; how < 20; how++) {
            SECRET_SCALAR a, b;
            draw(g, &a, how);
            scalar_encode_raw(g, encoded, &a);
            assert_ok(scalar_decode_raw(g, &b, encoded));
            assert_true(scalar_equal(&a, &b));
        }
        SECRET_SCALAR c;
        memset(encoded, 0xff, sizeof encoded);
        assert_err(KMS_E_FORMAT, scalar_decode_raw(g, &c, encoded));
        reverse(words, (const uint8_t *)g->order->m, sizeof words);
        assert_err(KMS_E_FORMAT, scalar_decode_raw(g, &c, words + sizeof words - g->scalar_len)); /* q itself */
        assert_true(scalar_is_zero(&c));
        words[sizeof words - 1]--; /* q is odd */
        assert_ok(scalar_decode_raw(g, &c, words + sizeof words - g->scalar_len));
    }
}

TEST(scalar_bulk, a_mask_keeps_or_clears)
{
    const struct prime_group *g = group_by_id(GROUP_P521);
    SECRET_SCALAR             a, b;

    draw(g, &a, 2);
    scalar_mask(&b, &a, 1);
    assert_true(scalar_equal(&a, &b));
    scalar_mask(&b, &a, 0);
    assert_true(scalar_is_zero(&b));
}
