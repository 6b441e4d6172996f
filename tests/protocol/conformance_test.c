/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every protocol, every group, every fault at every round, on the simulated network: KMS_SIM_RUNS seeded runs, and
 * after each of them the properties of sim_check(). A failing run is repeated by KMS_TEST_SEED; its line says which it
 * was.
 */
#include <stdio.h>

#include "cluster/dkg/dkg.h"
#include "cluster/frost/frost.h"
#include "cluster/protocol/protocol.h"
#include "tests/support/sim.h"

static const struct {
    unsigned t, n;
} sizes[] = {{2, 2}, {2, 3}, {3, 3}, {3, 4}, {2, 4}, {3, 5}};

static struct key_share keys[ARRAY_LEN(sizes)][SIM_PARTIES];

static void make_keys(void)
{
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        if (keys[i][1].group == NULL)
            sim_make_key(keys[i], group_by_id(GROUP_ED25519), sizes[i].t, sizes[i].n, test_seed() + i);
}

static party pick_member(struct rng_seeded *r, struct party_set set, party other)
{
    for (;;) {
        party p = (party)(1 + rng_seeded_below(r, PARTIES_MAX));
        if (p != other && party_set_has(set, p)) return p;
    }
}

static struct party_set pick_quorum(struct rng_seeded *r, unsigned count, unsigned n)
{
    struct party_set q = party_set_none();

    while (party_set_count(q) < count) q = party_set_with(q, (party)(1 + rng_seeded_below(r, n)));
    return q;
}

static void count_ends(const struct sim_setup *setup, const struct sim_result *r, unsigned ends[ABORT_CANCELLED + 1])
{
    for (party p = 1; p <= setup->n; p++)
        if (party_set_has(setup->quorum, p) && p != setup->at_fault) ends[r->end[p].outcome.reason]++;
}

/* What the same parties may have done before under the tag: the other of the two protocols. */
static struct sim_setup other_protocol(const struct sim_setup *setup, const struct key_share *shares)
{
    struct sim_setup other = *setup;
    bool             signs = setup->protocol->gives == OUTCOME_SIGNATURE;

    other.protocol = signs ? &dkg_protocol : &frost_sign_protocol;
    other.group = group_by_id(GROUP_ED25519);
    other.quorum = party_set_first(setup->n);
    other.shares = signs ? NULL : shares;
    other.message = signs ? BYTES_NONE : bytes_str("what was signed");
    return other;
}

static void one_run(struct sim_setup *setup, uint64_t seed, unsigned ends[ABORT_CANCELLED + 1])
{
    static struct sim_result result;
    struct sim_setup         other;
    struct rng_seeded        pick;

    rng_seeded_init(&pick, seed, 2000);
    size_t size = rng_seeded_below(&pick, ARRAY_LEN(sizes));
    setup->seed = seed;
    setup->t = sizes[size].t;
    setup->n = sizes[size].n;
    setup->quorum = party_set_first(setup->n);
    if (setup->protocol->gives == OUTCOME_SIGNATURE) {
        setup->shares = keys[size];
        setup->message = bytes_str("what is to be signed");
        setup->quorum =
            pick_quorum(&pick, setup->t + (unsigned)rng_seeded_below(&pick, setup->n - setup->t + 1), setup->n);
    }
    setup->at_fault = pick_member(&pick, setup->quorum, 0);
    setup->victim = pick_member(&pick, setup->quorum, setup->at_fault);
    other = other_protocol(setup, keys[size]);
    if (setup->fault == SIM_STALE_PROTOCOL) setup->former = &other;
    sim_run(&result, setup);
    sim_check(setup, &result);
    count_ends(setup, &result, ends);
    sim_result_wipe(&result);
}

static bool is_stale(enum sim_fault fault)
{
    return fault >= SIM_STALE_OPEN && fault <= SIM_STALE_PROTOCOL;
}

/* How the other parties' sessions ended; each way of cheating, and each stale message, must have told at least once. */
static void report(const struct protocol *protocol, enum sim_fault fault, const unsigned ends[ABORT_CANCELLED + 1],
                   unsigned long runs)
{
    printf("# %s %-14s", protocol->name, sim_fault_name(fault));
    for (int r = 0; r <= ABORT_CANCELLED; r++)
        if (ends[r] > 0) printf(" %s %u", r == ABORT_NONE ? "done" : abort_reason_name((enum abort_reason)r), ends[r]);
    printf("\n");
    if (sim_fault_blame(fault) == 'e' && runs >= 40 * SIM_FAULTS)
        assert_true(ends[ABORT_CHEATING] + ends[ABORT_EQUIVOCATION] > 0);
    if (is_stale(fault) && runs >= 40 * SIM_FAULTS) assert_true(ends[ABORT_CONFIGURATION] > 0);
}

/* The runs of one protocol over one group, spread evenly over faults and rounds. */
static void all_faults(const struct protocol *protocol, enum group_id group, unsigned long runs)
{
    unsigned rounds = protocol->round_count + (protocol->confirms ? 1 : 0);
    unsigned ends[SIM_FAULTS][ABORT_CANCELLED + 1] = {{0}};

    make_keys();
    for (unsigned long i = 0; i < runs; i++) {
        enum sim_fault   fault = (enum sim_fault)(i % SIM_FAULTS);
        unsigned         round = (unsigned)(i / SIM_FAULTS % rounds);
        struct sim_setup setup = {
            .protocol = protocol, .group = group_by_id(group), .fault = fault, .fault_round = round};
        one_run(&setup, test_seed() + i, ends[fault]);
    }
    for (unsigned f = 0; f < SIM_FAULTS; f++) report(protocol, (enum sim_fault)f, ends[f], runs);
    assert_int_equal(ends[SIM_NONE][ABORT_NONE] > 0, runs > 0);
}

TEST(conformance, frost_sign_holds_under_every_fault_at_every_round)
{
    all_faults(&frost_sign_protocol, GROUP_ED25519, test_knob("KMS_SIM_RUNS", 10000) * 6 / 10);
}

TEST(conformance, dkg_over_ed25519_holds_under_every_fault_at_every_round)
{
    all_faults(&dkg_protocol, GROUP_ED25519, test_knob("KMS_SIM_RUNS", 10000) * 2 / 10);
}

TEST(conformance, dkg_over_secp256k1_holds_under_every_fault_at_every_round)
{
    all_faults(&dkg_protocol, GROUP_SECP256K1, test_knob("KMS_SIM_RUNS", 10000) * 2 / 10);
}
