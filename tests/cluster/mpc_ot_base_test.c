/* SPDX-License-Identifier: Apache-2.0 */
/* Endemic base OT: who learns what, and every point that is refused. */
#include "cluster/mpc/ot_base.h"

#include "tests/cluster/mpc_ot_fixture.h"

struct run {
    struct ot_base_receiver receiver;
    struct ot_base_pads     pads;
    struct ot_base_chosen   chosen;
    uint8_t                 message_1[OT_BASE_MESSAGE_1_LEN], message_2[OT_BASE_MESSAGE_2_LEN];
};

static struct run r;

static unsigned choice(unsigned k)
{
    return (unsigned)r.chosen.choice[k / 8] >> (k % 8) & 1;
}

static void run_honestly(const struct ot_context *c, struct rng *rng)
{
    assert_ok(ot_base_receive(&r.receiver, r.message_1, c, rng));
    assert_ok(ot_base_send(&r.pads, r.message_2, c, r.message_1, rng));
    assert_ok(ot_base_finish(&r.chosen, &r.receiver, c, r.message_2));
}

/* Pads of all OTs that the receiver has in common with the sender. */
static unsigned agreeing(void)
{
    unsigned same = 0;

    for (unsigned k = 0; k < OT_BASE_COUNT; k++)
        same += memcmp(r.chosen.pad[k], r.pads.pad[k][choice(k)], OT_BLOCK) == 0;
    return same;
}

TEST(ot_base, the_receiver_gets_its_choice_and_not_the_other)
{
    struct rng_seeded rng;
    struct ot_context c = ot_fixture_context();
    unsigned          ones = 0;

    run_honestly(&c, rng_seeded_init(&rng, test_seed(), 0));
    assert_int_equal(agreeing(), OT_BASE_COUNT);
    for (unsigned k = 0; k < OT_BASE_COUNT; k++) {
        ones += choice(k);
        assert_memory_not_equal(r.pads.pad[k][0], r.pads.pad[k][1], OT_BLOCK);
        assert_memory_not_equal(r.chosen.pad[k], r.pads.pad[k][1 - choice(k)], OT_BLOCK);
    }
    assert_in_range(ones, 24, 104); /* 64 +- 7 sigma */
}

TEST(ot_base, no_two_pads_are_equal)
{
    struct rng_seeded rng;
    struct ot_context c = ot_fixture_context();

    run_honestly(&c, rng_seeded_init(&rng, test_seed(), 1));
    const uint8_t(*all)[OT_BLOCK] = (const uint8_t(*)[OT_BLOCK])r.pads.pad;
    for (unsigned i = 0; i < 2 * OT_BASE_COUNT; i++)
        for (unsigned j = 0; j < i; j++) assert_memory_not_equal(all[i], all[j], OT_BLOCK);
}

TEST(ot_base, the_receivers_state_is_wiped_whatever_happens)
{
    static const struct ot_base_receiver wiped;
    struct ot_context                    c = ot_fixture_context();

    assert_ok(ot_base_receive(&r.receiver, r.message_1, &c, rng_system()));
    memset(r.message_2, 0xff, sizeof r.message_2);
    assert_err(KMS_E_FORMAT, ot_base_finish(&r.chosen, &r.receiver, &c, r.message_2));
    assert_memory_equal(&r.receiver, &wiped, sizeof wiped);
}

/* check 17: neither side takes the identity, or bytes that are no point, in any place. */
TEST(check_17, every_point_of_the_base_ots_is_checked)
{
    struct ot_context c = ot_fixture_context();

    for (unsigned at = 0; at < 2 * OT_BASE_COUNT; at += 17)
        for (int fill = 0; fill < 256; fill += 255) {
            assert_ok(ot_base_receive(&r.receiver, r.message_1, &c, rng_system()));
            memset(r.message_1 + at * RISTRETTO_LEN, fill, RISTRETTO_LEN);
            assert_err(KMS_E_FORMAT, ot_base_send(&r.pads, r.message_2, &c, r.message_1, rng_system()));
        }
    for (unsigned at = 0; at < OT_BASE_COUNT; at += 9)
        for (int fill = 0; fill < 256; fill += 255) {
            assert_ok(ot_base_receive(&r.receiver, r.message_1, &c, rng_system()));
            assert_ok(ot_base_send(&r.pads, r.message_2, &c, r.message_1, rng_system()));
            memset(r.message_2 + at * RISTRETTO_LEN, fill, RISTRETTO_LEN);
            assert_err(KMS_E_FORMAT, ot_base_finish(&r.chosen, &r.receiver, &c, r.message_2));
        }
}

/* check 29, and the session: whoever computes with another context has other pads. */
TEST(check_29, base_ots_are_bound_to_session_pair_and_direction)
{
    static const uint8_t other_ssid[SSID_LEN] = {0x56};
    struct ot_context    c = ot_fixture_context(), others[] = {c, c, c};

    others[0].ssid = other_ssid;
    others[1] = (struct ot_context){c.ssid, c.bob, c.alice};
    others[2].bob = 3;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_ok(ot_base_receive(&r.receiver, r.message_1, &c, rng_system()));
        assert_ok(ot_base_send(&r.pads, r.message_2, &others[i], r.message_1, rng_system()));
        assert_ok(ot_base_finish(&r.chosen, &r.receiver, &c, r.message_2));
        assert_int_equal(agreeing(), 0);
    }
}

/* A message that was altered on its way gives pads that do not fit; the tree's check finds that. */
TEST(ot_base, another_valid_point_gives_another_pad)
{
    struct ot_context c = ot_fixture_context();

    assert_ok(ot_base_receive(&r.receiver, r.message_1, &c, rng_system()));
    memcpy(r.message_1, r.message_1 + RISTRETTO_LEN, RISTRETTO_LEN);
    assert_ok(ot_base_send(&r.pads, r.message_2, &c, r.message_1, rng_system()));
    assert_ok(ot_base_finish(&r.chosen, &r.receiver, &c, r.message_2));
    assert_int_equal(agreeing(), OT_BASE_COUNT - 1);
}
