/* SPDX-License-Identifier: Apache-2.0 */
/* GF(2^128): both paths against a model that multiplies coefficient by coefficient. */
#include "cluster/mpc/gf128.h"

#include "tests/support/test.h"

#define TERMS 9
#define STRIDE 48

static unsigned coefficient(const uint8_t *e, unsigned i)
{
    return (unsigned)e[i / 8] >> (i % 8) & 1;
}

/* School multiplication, then x^128 = x^7 + x^2 + x + 1 from the top down. */
static void model(uint8_t out[16], struct gf128_terms t)
{
    uint8_t product[255] = {0};

    for (size_t k = 0; k < t.count; k++)
        for (unsigned i = 0; i < 128; i++)
            for (unsigned j = 0; j < 128; j++)
                product[i + j] ^= (uint8_t)(coefficient(t.a + 16 * k, i) & coefficient(t.b + t.stride * k, j));
    for (unsigned i = 254; i >= 128; i--) {
        product[i - 128] ^= product[i];
        product[i - 127] ^= product[i];
        product[i - 126] ^= product[i];
        product[i - 121] ^= product[i];
    }
    memset(out, 0, 16);
    for (unsigned i = 0; i < 128; i++) out[i / 8] |= (uint8_t)(product[i] << (i % 8));
}

static void assert_all_agree(struct gf128_terms t)
{
    uint8_t expected[16], got[16];

    model(expected, t);
    gf128_inner_product_portable(got, t);
    assert_memory_equal(got, expected, 16);
    gf128_inner_product(got, t);
    assert_memory_equal(got, expected, 16);
}

TEST(gf128, both_paths_agree_with_the_model)
{
    uint8_t           a[TERMS * 16], b[TERMS * STRIDE];
    struct rng_seeded r;

    if (!gf128_is_accelerated()) print_message("no PCLMULQDQ here: one path only\n");
    (void)rng_seeded_init(&r, test_seed(), 0);
    for (int round = 0; round < 50; round++) {
        assert_ok(rng_fill(&r.rng, a, sizeof a));
        assert_ok(rng_fill(&r.rng, b, sizeof b));
        for (size_t count = 0; count <= TERMS; count += 3) assert_all_agree((struct gf128_terms){a, b, STRIDE, count});
    }
}

TEST(gf128, both_paths_agree_at_the_edges)
{
    uint8_t edge[5][16] = {{0}, {1}, {2}, {0}, {0}};

    edge[3][15] = 0x80;
    memset(edge[4], 0xff, 16);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) assert_all_agree((struct gf128_terms){edge[i], edge[j], 16, 1});
}

TEST(gf128, one_is_neutral)
{
    static const uint8_t one[16] = {1}, x[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255};
    uint8_t              got[16];

    gf128_inner_product(got, (struct gf128_terms){one, x, 16, 1});
    assert_memory_equal(got, x, 16);
}
