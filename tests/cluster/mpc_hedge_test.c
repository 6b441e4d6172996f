/* SPDX-License-Identifier: Apache-2.0 */
/* Hedged draws: with a generator that is stuck everything else still counts, and with a good one that alone. */
#include "cluster/mpc/hedge.h"

#include "tests/support/test.h"

enum { DRAWS = 8 };

static enum kms_err stuck(void *self UNUSED, void *out, size_t len)
{
    memset(out, 42, len);
    return KMS_OK;
}

static enum kms_err broken(void *self UNUSED, void *out UNUSED, size_t len UNUSED)
{
    return KMS_E_RANDOM;
}

static const uint8_t zeros[32], one[32] = {1};

/* Draw 0 is the plain one; each other differs from it in one thing. */
static void draw(uint8_t out[64], struct rng *rng, unsigned which)
{
    struct hedge     h = {rng, zeros, zeros, 1};
    struct hedge_use use = {TAG_FROST_HEDGE, bytes_str("m"), bytes_str("s"), 0};

    if (which == 1) h.salt = one;
    if (which == 2) h.about = one;
    if (which == 3) h.self = 2;
    if (which == 4) use.tag = TAG_KEY_ID;
    if (which == 5) use.more = bytes_str("n");
    if (which == 6) use.secret = bytes_str("t");
    if (which == 7) use.index = 1;
    assert_ok(hedge_bytes(out, &h, &use));
}

TEST(check_40, everything_that_a_draw_is_for_makes_it_another)
{
    struct rng generator = {stuck, NULL};
    uint8_t    out[DRAWS][64], again[64];

    for (unsigned i = 0; i < DRAWS; i++) {
        draw(out[i], &generator, i);
        assert_memory_not_equal(out[i], out[i] + 32, 32);
        for (unsigned j = 0; j < i; j++) {
            assert_memory_not_equal(out[i], out[j], 32);
            assert_memory_not_equal(out[i] + 32, out[j] + 32, 32);
        }
    }
    draw(again, &generator, 0);
    assert_memory_equal(again, out[0], 64);
}

TEST(check_40, the_generator_alone_makes_every_draw_another)
{
    uint8_t a[64], b[64];

    draw(a, rng_system(), 0);
    draw(b, rng_system(), 0);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a + 32, b + 32, 32);
}

TEST(check_40, a_scalar_is_the_draw_modulo_the_order)
{
    struct rng                generator = {stuck, NULL};
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    struct hedge              h = {&generator, zeros, zeros, 1};
    struct hedge_use          use = {TAG_FROST_HEDGE, bytes_str("m"), bytes_str("s"), 0};
    struct scalar             s, expected;
    uint8_t                   wide[64];

    assert_ok(hedge_scalar(g, &s, &h, &use));
    draw(wide, &generator, 0);
    scalar_reduce_wide(g, &expected, wide);
    assert_true(scalar_equal(&s, &expected));
}

TEST(check_40, a_broken_generator_gives_nothing)
{
    struct rng       generator = {broken, NULL};
    struct hedge     h = {&generator, zeros, zeros, 1};
    struct hedge_use use = {TAG_FROST_HEDGE, BYTES_NONE, BYTES_NONE, 0};
    struct scalar    s = {{1}};
    uint8_t          out[64];

    assert_err(KMS_E_RANDOM, hedge_bytes(out, &h, &use));
    assert_err(KMS_E_RANDOM, hedge_scalar(group_by_id(GROUP_ED25519), &s, &h, &use));
    assert_true(scalar_is_zero(&s));
}
