/* SPDX-License-Identifier: Apache-2.0 */
/* The correlation-robust hash, against one AES block at a time. */
#include "common/crypto/crh.h"

#include <openssl/evp.h>

#include "tests/support/test.h"

#define INPUTS 70
#define BLOCKS 5

static const uint8_t key[16] = {1, 2, 3};

static void aes(uint8_t out[16], const uint8_t in[16])
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int             len;

    assert_int_equal(EVP_EncryptInit_ex2(c, EVP_aes_128_ecb(), key, NULL, NULL), 1);
    assert_int_equal(EVP_EncryptUpdate(c, out, &len, in, 16), 1);
    EVP_CIPHER_CTX_free(c);
}

static void put(uint8_t *out, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) out[len - 1 - i] = (uint8_t)(value >> (8 * i));
}

/* pi(pi(x) ^ tweak) ^ pi(x), from the paper. */
static void tmmo(uint8_t out[16], const uint8_t x[16], struct crh_tweak t)
{
    uint8_t masked[16], tweak[16];

    aes(masked, x);
    put(tweak, t.domain, 4);
    put(tweak + 4, t.index, 4);
    put(tweak + 8, t.first, 8);
    for (int i = 0; i < 16; i++) tweak[i] ^= masked[i];
    aes(out, tweak);
    for (int i = 0; i < 16; i++) out[i] ^= masked[i];
}

TEST(crh, every_block_is_the_papers_formula)
{
    static const struct crh_shape shapes[] = {{1, 1}, {32, 1}, {33, 2}, {INPUTS, BLOCKS}, {2, CRH_BLOCKS_MAX}};
    static uint8_t                in[INPUTS * 16], out[INPUTS * BLOCKS * 16 + 2 * CRH_BLOCKS_MAX * 16];
    struct rng_seeded             r;
    CRH_LOCAL                     c = {NULL};

    assert_ok(rng_fill(rng_seeded_init(&r, test_seed(), 0), in, sizeof in));
    assert_ok(crh_init(&c, key));
    for (size_t s = 0; s < ARRAY_LEN(shapes); s++) {
        assert_ok(crh_expand(&c, out, in, (struct crh_tweak){7, 100, 1, 1000}, shapes[s]));
        for (size_t n = 0; n < shapes[s].count; n++)
            for (size_t k = 0; k < shapes[s].blocks; k++) {
                uint8_t expected[16];
                tmmo(expected, in + 16 * n, (struct crh_tweak){7, 100 + (uint32_t)n, 9, 1000 + k});
                assert_memory_equal(out + 16 * (n * shapes[s].blocks + k), expected, 16);
            }
    }
}

TEST(crh, the_key_and_each_part_of_the_tweak_matter)
{
    static const struct crh_tweak tweaks[] = {{1, 1, 0, 1}, {2, 1, 0, 1}, {1, 2, 0, 1}, {1, 1, 0, 2}};
    static const uint8_t          in[16] = {9}, other_key[16] = {2, 2, 3};
    uint8_t                       out[ARRAY_LEN(tweaks) + 1][16];
    CRH_LOCAL                     c = {NULL};
    CRH_LOCAL                     other = {NULL};

    assert_ok(crh_init(&c, key));
    assert_ok(crh_init(&other, other_key));
    for (size_t i = 0; i < ARRAY_LEN(tweaks); i++)
        assert_ok(crh_expand(&c, out[i], in, tweaks[i], (struct crh_shape){1, 1}));
    assert_ok(crh_expand(&other, out[ARRAY_LEN(tweaks)], in, tweaks[0], (struct crh_shape){1, 1}));
    for (size_t i = 0; i < ARRAY_LEN(out); i++)
        for (size_t j = 0; j < i; j++) assert_memory_not_equal(out[i], out[j], 16);
}

TEST(crh, without_a_step_the_order_of_inputs_does_not_matter)
{
    static const uint8_t in[] = "sixteen bytes, .and sixteen more";
    uint8_t              both[2][16], alone[16];
    CRH_LOCAL            c = {NULL};

    assert_ok(crh_init(&c, key));
    assert_ok(crh_expand(&c, both[0], in, (struct crh_tweak){1, 2, 0, 3}, (struct crh_shape){2, 1}));
    assert_ok(crh_expand(&c, alone, in + 16, (struct crh_tweak){1, 2, 0, 3}, (struct crh_shape){1, 1}));
    assert_memory_equal(both[1], alone, 16);
}
