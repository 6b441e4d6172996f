/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes make their set-up: what they keep fits together, under every fault at every round or not at all. */
#include "common/secret/wipe.h"
#include "tests/protocol/dkls23_fixture.h"

static struct pair_setup made[3];

static struct sim_setup setup_of(struct fixture_pair *pair, uint64_t seed)
{
    for (party p = 1; p <= 2; p++) {
        memset(&made[p], 0, sizeof made[p]);
        pair->made[p] = &made[p];
    }
    pair->generation = 7;
    return fixture_pair_setup_of(pair, seed);
}

/* Bob's leaves are Alice's, but for the one that she cannot know. */
static void assert_fits(const struct pprf_punctured *alice, const struct pprf_full *bob)
{
    for (unsigned t = 0; t < PPRF_TREES; t++) {
        unsigned missing = 0;
        for (unsigned i = 0; i < PPRF_DEPTH; i++) {
            unsigned k = t * PPRF_DEPTH + i;
            missing = missing << 1 | ((unsigned)alice->delta[k / 8] >> (k % 8) & 1U);
        }
        for (unsigned z = 1; z < PPRF_LEAVES; z++)
            assert_memory_equal(alice->leaf[t][z], bob->leaf[t][z ^ missing], OT_BLOCK);
        assert_memory_not_equal(alice->leaf[t][0], bob->leaf[t][missing], OT_BLOCK);
    }
}

static void assert_pair_fits(void)
{
    assert_memory_equal(made[1].transcript, made[2].transcript, sizeof made[1].transcript);
    assert_memory_equal(made[1].zero_seed, made[2].zero_seed, ZERO_SEED_LEN);
    assert_int_equal(made[1].generation, 7);
    assert_int_equal(made[2].generation, 7);
    assert_fits(&made[1].alice, &made[2].bob);
    assert_fits(&made[2].alice, &made[1].bob);
}

TEST(pair_setup, two_nodes_end_with_seeds_that_fit)
{
    static struct sim_result result;
    struct fixture_pair      pair;
    struct sim_setup         setup = setup_of(&pair, test_seed());

    sim_run(&result, &setup);
    sim_check_done(&setup, &result);
    assert_pair_fits();
    assert_true(result.bytes <= 40000);
}

TEST(pair_setup, every_set_up_is_another)
{
    static struct sim_result result;
    struct fixture_pair      pair;
    uint8_t                  first[32], delta[OT_BLOCK];

    for (unsigned i = 0; i < 2; i++) {
        struct sim_setup setup = setup_of(&pair, test_seed() + i);
        sim_run(&result, &setup);
        sim_check_done(&setup, &result);
        if (i == 1) assert_memory_not_equal(first, made[1].transcript, sizeof first);
        if (i == 1) assert_memory_not_equal(delta, made[1].alice.delta, sizeof delta);
        memcpy(first, made[1].transcript, sizeof first);
        memcpy(delta, made[1].alice.delta, sizeof delta);
    }
}

static bool is_empty(const struct pair_setup *p)
{
    const uint8_t *at = (const uint8_t *)p;
    uint8_t        any = 0;

    for (size_t i = 0; i < sizeof *p; i++) any |= at[i];
    return any == 0;
}

TEST(pair_setup, holds_under_every_fault_at_every_round)
{
    static struct sim_result result;
    unsigned long            runs = test_knob("KMS_PAIR_RUNS", 160);
    unsigned                 cheating = 0;

    for (unsigned long i = 0; i < runs; i++) {
        struct fixture_pair pair;
        struct sim_setup    setup = setup_of(&pair, test_seed() + i);
        setup.calm = false;
        setup.fault = (enum sim_fault)(i % SIM_FAULTS);
        setup.fault_round = (unsigned)(i / SIM_FAULTS % pair_setup_protocol.round_count);
        setup.at_fault = (party)(1 + i / 7 % 2);
        setup.victim = (party)(3 - setup.at_fault);
        sim_run(&result, &setup);
        sim_check(&setup, &result);
        for (party p = 1; p <= 2; p++) {
            assert_int_equal(result.end[p].outcome.burned.mask, 0);
            /* (Before a stale fault a former session runs, and makes a set-up of its own in the same place.) */
            if (p != setup.at_fault && setup.fault < SIM_STALE_OPEN && result.end[p].state == SESSION_ABORTED)
                assert_true(is_empty(&made[p]));
            cheating += p != setup.at_fault && result.end[p].outcome.reason == ABORT_CHEATING;
        }
        if (result.end[1].state == SESSION_DONE && result.end[2].state == SESSION_DONE) assert_pair_fits();
    }
    assert_true(cheating > 0 || runs < 100);
}

TEST(pair_setup, is_between_two_with_a_generation_and_without_a_key)
{
    struct fixture_pair   pair;
    struct sim_setup      setup = setup_of(&pair, test_seed());
    struct session_params params;
    struct session       *s;

    for (unsigned which = 0; which < 4; which++) {
        sim_params(&params, &setup, 1, rng_system());
        if (which == 0) params.epoch = 0;
        if (which == 1) params.new_setup = NULL;
        if (which == 2) params.n = 3;
        if (which == 3) params.group = group_by_id(GROUP_SECP256K1);
        assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));
        assert_null(s);
    }
}
