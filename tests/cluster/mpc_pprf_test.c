/* SPDX-License-Identifier: Apache-2.0 */
/* Trees: what each side holds, and that no bit of the message can be altered unseen. */
#include "cluster/mpc/pprf.h"

#include "tests/cluster/mpc_ot_fixture.h"

static struct ot_base_pads   pads;
static struct ot_base_chosen chosen;
static struct pprf_full      bob;
static struct pprf_punctured alice;
static uint8_t               message[PPRF_MESSAGE_LEN];

/* Perfect base OTs with the given choices. */
static void deal(struct rng *rng)
{
    assert_ok(rng_fill(rng, &pads, sizeof pads));
    for (unsigned k = 0; k < OT_BASE_COUNT; k++)
        memcpy(chosen.pad[k], pads.pad[k][chosen.choice[k / 8] >> (k % 8) & 1], OT_BLOCK);
}

static void deal_random(uint64_t stream)
{
    struct rng_seeded rng;

    assert_ok(rng_fill(rng_seeded_init(&rng, test_seed(), stream), chosen.choice, sizeof chosen.choice));
    deal(&rng.rng);
}

static void assert_punctured(void)
{
    static const uint8_t none[OT_BLOCK];

    for (unsigned t = 0; t < PPRF_TREES; t++) {
        unsigned missing = ot_fixture_missing(alice.delta, t);
        assert_memory_equal(alice.leaf[t][0], none, OT_BLOCK);
        for (unsigned z = 1; z < PPRF_LEAVES; z++)
            assert_memory_equal(alice.leaf[t][z], bob.leaf[t][z ^ missing], OT_BLOCK);
    }
}

TEST(pprf, alice_has_every_leaf_but_the_one_of_delta)
{
    struct ot_context c = ot_fixture_context();

    for (uint64_t stream = 0; stream < 20; stream++) {
        deal_random(stream);
        assert_ok(pprf_build(&bob, message, &c, &pads));
        assert_ok(pprf_puncture(&alice, &c, &chosen, message));
        for (unsigned i = 0; i < sizeof alice.delta; i++) assert_int_equal(alice.delta[i] ^ chosen.choice[i], 0xff);
        assert_punctured();
    }
}

TEST(pprf, every_leaf_can_be_the_missing_one)
{
    struct ot_context c = ot_fixture_context();
    struct rng_seeded rng;

    (void)rng_seeded_init(&rng, test_seed(), 100);
    for (unsigned nibble = 0; nibble < PPRF_LEAVES; nibble++) {
        memset(chosen.choice, (int)(nibble << 4 | nibble), sizeof chosen.choice);
        deal(&rng.rng);
        assert_ok(pprf_build(&bob, message, &c, &pads));
        assert_ok(pprf_puncture(&alice, &c, &chosen, message));
        assert_punctured();
    }
}

TEST(pprf, no_two_leaves_are_equal)
{
    struct ot_context c = ot_fixture_context();
    const uint8_t(*leaf)[OT_BLOCK] = (const uint8_t(*)[OT_BLOCK])bob.leaf;

    deal_random(200);
    assert_ok(pprf_build(&bob, message, &c, &pads));
    for (unsigned i = 0; i < PPRF_TREES * PPRF_LEAVES; i++)
        for (unsigned j = 0; j < i; j++) assert_memory_not_equal(leaf[i], leaf[j], OT_BLOCK);
}

/* Bits of the sum that masks no leaf of Alice's are hers to ignore: she knows one of two pads. */
static bool alice_reads(unsigned tree, size_t bit_of_tree)
{
    size_t   byte = bit_of_tree / 8, sums = (PPRF_DEPTH - 1) * 2 * OT_BLOCK;
    unsigned level = 1 + (unsigned)(byte / (2 * OT_BLOCK)), side = byte / OT_BLOCK % 2;
    unsigned k = tree * PPRF_DEPTH + level;

    return byte >= sums || side == ((unsigned)chosen.choice[k / 8] >> (k % 8) & 1);
}

/* check 27: one bit of any part of the message. */
TEST(check_27, every_bit_that_alice_reads_of_the_trees_is_checked)
{
    static const struct pprf_punctured zero;
    struct ot_context                  c = ot_fixture_context();
    unsigned                           refused = 0, taken = 0;

    deal_random(300);
    assert_ok(pprf_build(&bob, message, &c, &pads));
    for (size_t bit = 0; bit < 8 * PPRF_MESSAGE_LEN; bit += 61) {
        bool matters = alice_reads((unsigned)(bit / (8 * PPRF_TREE_LEN)), bit % (8 * PPRF_TREE_LEN));
        ot_fixture_flip(message, bit);
        assert_err(matters ? KMS_E_PROOF : KMS_OK, pprf_puncture(&alice, &c, &chosen, message));
        if (matters) assert_memory_equal(&alice, &zero, sizeof zero);
        ot_fixture_flip(message, bit);
        refused += matters;
        taken += !matters;
    }
    assert_true(refused > 400 && taken > 200);
}

TEST(pprf, a_wrong_pad_is_found)
{
    struct ot_context c = ot_fixture_context();

    deal_random(400);
    assert_ok(pprf_build(&bob, message, &c, &pads));
    for (unsigned k = 0; k < OT_BASE_COUNT; k++) {
        ot_fixture_flip(chosen.pad[k], 5);
        assert_err(KMS_E_PROOF, pprf_puncture(&alice, &c, &chosen, message));
        ot_fixture_flip(chosen.pad[k], 5);
    }
    assert_ok(pprf_puncture(&alice, &c, &chosen, message));
}

TEST(check_29, trees_are_bound_to_session_pair_and_direction)
{
    static const uint8_t other_ssid[SSID_LEN] = {0x56};
    struct ot_context    c = ot_fixture_context(), others[] = {c, c, c};

    others[0].ssid = other_ssid;
    others[1] = (struct ot_context){c.ssid, c.bob, c.alice};
    others[2].bob = 3;
    deal_random(500);
    assert_ok(pprf_build(&bob, message, &c, &pads));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_err(KMS_E_PROOF, pprf_puncture(&alice, &others[i], &chosen, message));
}

/* From nothing to seeds. */
TEST(pprf, works_on_real_base_ots)
{
    static struct ot_base_receiver receiver;
    static uint8_t                 message_1[OT_BASE_MESSAGE_1_LEN], message_2[OT_BASE_MESSAGE_2_LEN];
    struct ot_context              c = ot_fixture_context();

    assert_ok(ot_base_receive(&receiver, message_1, &c, rng_system()));
    assert_ok(ot_base_send(&pads, message_2, &c, message_1, rng_system()));
    assert_ok(pprf_build(&bob, message, &c, &pads));
    assert_ok(ot_base_finish(&chosen, &receiver, &c, message_2));
    assert_ok(pprf_puncture(&alice, &c, &chosen, message));
    assert_punctured();
}
