/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of zero. */
#include "cluster/mpc/zero_share.h"

#include "tests/support/test.h"

#define PARTIES 5

static uint8_t seeds[PARTIES + 1][PARTIES + 1][ZERO_SEED_LEN];

static void make_seeds(void)
{
    struct rng_seeded rng;

    (void)rng_seeded_init(&rng, test_seed(), 0);
    for (party i = 1; i <= PARTIES; i++)
        for (party j = (party)(i + 1); j <= PARTIES; j++) {
            assert_ok(rng_fill(&rng.rng, seeds[i][j], ZERO_SEED_LEN));
            memcpy(seeds[j][i], seeds[i][j], ZERO_SEED_LEN);
        }
}

static void share_of(struct scalar *share, struct zero_share_context c, struct party_set quorum, party self)
{
    scalar_zero(share);
    c.self = self;
    for (party j = party_set_next(quorum, 0); j != 0; j = party_set_next(quorum, j))
        if (j != self) zero_share_add(share, &c, j, seeds[self][j]);
}

/* check 30 */
TEST(check_30, shares_of_every_quorum_sum_to_zero_and_none_is_zero)
{
    static const uint8_t       ssid[SSID_LEN] = {1}, digest[32] = {2};
    static const enum group_id groups[] = {GROUP_SECP256K1, GROUP_ED25519};

    make_seeds();
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        for (uint32_t mask = 0; mask < 2U << PARTIES; mask += 2) {
            struct party_set          quorum = {mask};
            struct zero_share_context c = {group_by_id(groups[i]), ssid, digest, 0, 0};
            SECRET_SCALAR             sum, share;
            if (party_set_count(quorum) < 2) continue;
            scalar_zero(&sum);
            for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
                share_of(&share, c, quorum, p);
                assert_false(scalar_is_zero(&share));
                scalar_add(c.group, &sum, &sum, &share);
            }
            assert_true(scalar_is_zero(&sum));
        }
}

TEST(check_30, shares_are_fresh_for_every_session_digest_item_and_seed)
{
    static const uint8_t      a[32] = {1}, b[32] = {2};
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    struct zero_share_context all[] = {{g, a, a, 1, 0}, {g, b, a, 1, 0}, {g, a, b, 1, 0}, {g, a, a, 1, 1}};
    struct scalar             share[ARRAY_LEN(all) + 2];

    make_seeds();
    memset(share, 0, sizeof share);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) zero_share_add(&share[i], &all[i], 2, seeds[1][2]);
    zero_share_add(&share[ARRAY_LEN(all)], &all[0], 2, seeds[1][3]);
    zero_share_add(&share[ARRAY_LEN(all) + 1], &all[0], 3, seeds[1][2]);
    for (size_t i = 0; i < ARRAY_LEN(share); i++)
        for (size_t j = 0; j < i; j++) assert_false(scalar_equal(&share[i], &share[j]));
}

TEST(zero_share, the_seed_depends_on_the_session_and_both_contributions)
{
    static const uint8_t a[32] = {1}, b[32] = {2};
    uint8_t              seed[5][ZERO_SEED_LEN];

    zero_seed_make(seed[0], a, a, a);
    zero_seed_make(seed[1], b, a, a);
    zero_seed_make(seed[2], a, b, a);
    zero_seed_make(seed[3], a, a, b);
    zero_seed_make(seed[4], a, b, b);
    for (size_t i = 0; i < ARRAY_LEN(seed); i++)
        for (size_t j = 0; j < i; j++) assert_memory_not_equal(seed[i], seed[j], ZERO_SEED_LEN);
}
