/* SPDX-License-Identifier: Apache-2.0 */
/* Stories of DKLS23 over the engine, and a negative test for each security check that concerns its rounds. */
#include "cluster/protocol/lagrange.h"
#include "tests/protocol/dkls23_evil.h"
#include "tests/support/trace.h"

/* --- stories --- */

TEST(dkls23, two_of_three_sign_in_an_opening_and_three_rounds)
{
    BUF_LOCAL                trace = BUF_INIT(65536);
    static struct sim_result result;
    struct sim_setup         setup = setup_of(two_of_three, set_of(1, 3, 0));

    setup.trace = &trace;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    trace_assert(&trace, "  0 1>3 open broadcast 128\n"
                         "  0 3>1 open broadcast 128\n"
                         "  1 3>1 commit broadcast 32\n"
                         "  1 3>1 commit direct 2224\n"
                         "  1 1>3 commit broadcast 32\n"
                         "  1 1>3 commit direct 2224\n"
                         "  2 1>3 multiply broadcast 98\n"
                         "  2 1>3 multiply direct 40098\n"
                         "  2 3>1 multiply broadcast 98\n"
                         "  2 3>1 multiply direct 40098\n"
                         "  3 3>1 reveal broadcast 64\n"
                         "  3 1>3 reveal broadcast 64\n"
                         "  4 1 done\n"
                         "  4 3 done\n");
    assert_true(result.bytes <= 90500);
}

TEST(dkls23, every_quorum_of_every_size_signs)
{
    for (uint32_t mask = 2; mask < 64; mask += 2) {
        static struct sim_result result;
        struct party_set         quorum = {mask};
        struct sim_setup         setup = setup_of(three_of_five, quorum);
        if (party_set_count(quorum) < 3) continue;
        sim_run(&result, &setup);
        sim_check_done(&setup, &result);
        sim_check(&setup, &result);
    }
}

TEST(dkls23, a_presignature_signs_in_one_flight)
{
    BUF_LOCAL                  trace = BUF_INIT(65536);
    static struct sim_result   result;
    static struct presignature presignatures[SIM_PARTIES];
    struct sim_setup           setup = setup_of(three_of_five, set_of(1, 4, 5));

    fixture_presign(presignatures, &setup, test_seed());
    setup.quorum = set_of(1, 4, 5);
    setup.trace = &trace;
    sign_online(&result, &setup, presignatures);
    sim_check(&setup, &result);
    trace_assert(&trace, "  0 1>4 reveal broadcast 160\n"
                         "  0 1>5 reveal broadcast 160\n"
                         "  0 4>1 reveal broadcast 160\n"
                         "  0 4>5 reveal broadcast 160\n"
                         "  0 5>1 reveal broadcast 160\n"
                         "  0 5>4 reveal broadcast 160\n"
                         "  1 5 done\n"
                         "  1 1 done\n"
                         "  1 4 done\n");
}

/* --- evil signers --- */

#define T_AT (X_AT + 16)
#define PSI_AT (2 * 33)
#define A_AT (PSI_AT + 32)
#define ETA_AT (A_AT + 416 * 3 * 32)
#define MU_AT (ETA_AT + 32)

/* Checks 27 and 38: each field of each message, and that the text does not tell which check it was. */
TEST(check_27, one_wrong_bit_in_any_field_is_found_and_burns_where_it_must)
{
    static const struct {
        const char *name;
        uint8_t     round, kind;
        size_t      at, step, count;
        const char *text;
        bool        burns;
    } fields[] = {
        {"commitment", 1, MESSAGE_BROADCAST, 5, 1, 1, "a commitment is not opened as it was made", false},
        /* one bit of each tree: a single one is without effect where four bits of Delta are zero */
        {"u", 1, MESSAGE_DIRECT, 3, U_LEN, 32, OT_TEXT, true},
        {"x^", 1, MESSAGE_DIRECT, X_AT + 7, 1, 1, OT_TEXT, true},
        {"H(t^)", 1, MESSAGE_DIRECT, T_AT + 20, 1, 1, OT_TEXT, true},
        {"opening", 2, MESSAGE_BROADCAST, 40, 1, 1, "a commitment is not opened as it was made", false},
        {"sign of pk", 2, MESSAGE_BROADCAST, 33 + 32, 1, 1, OT_TEXT, true},
        {"sign of Gamma^u", 2, MESSAGE_DIRECT, 0, 1, 1, OT_TEXT, true},
        {"sign of Gamma^v", 2, MESSAGE_DIRECT, 33, 1, 1, OT_TEXT, true},
        {"psi", 2, MESSAGE_DIRECT, PSI_AT + 31, 1, 1, END_TEXT, false},
        {"a~ of an input", 2, MESSAGE_DIRECT, A_AT + 31, 1, 1, OT_TEXT, true},
        {"a~ of the check", 2, MESSAGE_DIRECT, A_AT + 2 * 32 + 31, 1, 1, OT_TEXT, true},
        {"a~ of the last OT", 2, MESSAGE_DIRECT, ETA_AT - 1, 1, 1, OT_TEXT, true},
        {"eta", 2, MESSAGE_DIRECT, ETA_AT + 31, 1, 1, OT_TEXT, true},
        {"mu", 2, MESSAGE_DIRECT, MU_AT + 31, 1, 1, OT_TEXT, true},
        {"w", 3, MESSAGE_BROADCAST, 31, 1, 1, END_TEXT, false},
        {"u_i", 3, MESSAGE_BROADCAST, 63, 1, 1, END_TEXT, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        static struct sim_result result;
        static struct evil       e;
        struct sim_setup         setup = two_sign();
        e = (struct evil){.round = fields[i].round,
                          .kind = fields[i].kind,
                          .at = fields[i].at,
                          .step = fields[i].step,
                          .count = fields[i].count};
        run_evil(&setup, &e, &result);
        if (result.end[1].outcome.text == NULL || strcmp(result.end[1].outcome.text, fields[i].text) != 0)
            print_error("%s\n", fields[i].name);
        expect_abort(&result, fields[i].text, fields[i].burns);
    }
}

/* Among three the victim of a wrong product names its maker; the others are only told that it has given up. */
TEST(check_27, a_wrong_product_for_one_of_three_is_named_by_that_one)
{
    static struct sim_result result;
    static struct evil       e = {.round = 2, .kind = MESSAGE_DIRECT, .to = 1, .at = MU_AT, .step = 1, .count = 1};
    struct sim_setup         setup = setup_of(three_of_five, set_of(1, 2, 5));

    run_evil(&setup, &e, &result);
    expect_abort(&result, OT_TEXT, true);
    assert_int_equal(result.end[5].outcome.burned.mask, 0);
}

/* Every product is right, but of another share than the key's (check 11 of the other schemes: W_j from the record). */
TEST(dkls23, a_signer_with_a_wrong_share_is_named_by_the_other_of_two)
{
    static struct sim_result result;
    static struct key_share  shares[SIM_PARTIES];
    struct sim_setup         setup = two_sign();

    memcpy(shares, two_of_three, sizeof shares);
    shares[2].secret_share = other_key[2].secret_share;
    setup.shares = shares;
    sim_run(&result, &setup);
    expect_abort(&result, "the additive shares are not of the public key", false);
}

TEST(check_30, zero_shares_that_do_not_cancel_are_found)
{
    static struct sim_result result;
    struct sim_setup         setup = two_sign();

    fixture_setups[2][1].zero_seed[0] ^= 1;
    sim_run(&result, &setup);
    fixture_setups[2][1].zero_seed[0] ^= 1;
    expect_abort(&result, "the additive shares are not of the public key", false);
}

/* What nobody can be named for: psi and pk_j are masked. Documented in docs/schemes/dkls23.md. */
TEST(dkls23, a_wrong_psi_among_three_stops_the_signature_and_names_nobody)
{
    static struct sim_result result;
    static struct evil e = {.round = 2, .kind = MESSAGE_DIRECT, .to = 1, .at = PSI_AT + 31, .step = 1, .count = 1};
    struct sim_setup   setup = setup_of(three_of_five, set_of(1, 2, 5));

    run_evil(&setup, &e, &result);
    for (party p = 1; p <= 5; p += 4) {
        assert_int_equal(result.end[p].state, SESSION_ABORTED);
        assert_int_equal(result.end[p].outcome.culprits.mask | result.end[p].outcome.burned.mask, 0);
    }
}

TEST(check_17, what_is_no_point_or_no_scalar_is_refused_and_burns_nothing)
{
    static const struct {
        uint8_t     round, kind;
        size_t      at, len;
        uint8_t     set;
        const char *text;
    } fields[] = {
        {2, MESSAGE_BROADCAST, 33 + 32, 33, 0, "R_j or pk_j is not a valid point"},
        {2, MESSAGE_BROADCAST, 33 + 32, 33, 0xff, "R_j or pk_j is not a valid point"},
        {2, MESSAGE_DIRECT, 0, 33, 0, "Gamma is not a valid point"},
        {2, MESSAGE_DIRECT, 33, 33, 0xff, "Gamma is not a valid point"},
        {2, MESSAGE_DIRECT, PSI_AT, 32, 0xff, "psi is not a scalar"},
        {3, MESSAGE_BROADCAST, 0, 32, 0xff, "w_j or u_j is not a scalar"},
        {3, MESSAGE_BROADCAST, 32, 32, 0xff, "w_j or u_j is not a scalar"},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        static struct sim_result result;
        static struct evil       e;
        struct sim_setup         setup = two_sign();
        e = (struct evil){.round = fields[i].round,
                          .kind = fields[i].kind,
                          .at = fields[i].at,
                          .set = fields[i].set,
                          .set_len = fields[i].len};
        run_evil(&setup, &e, &result);
        expect_abort(&result, fields[i].text, false);
    }
}

TEST(check_5, a_copied_commitment_is_refused_and_its_copier_named)
{
    static struct sim_result result;
    static struct evil       e = {.round = 1, .kind = MESSAGE_BROADCAST, .by = 1, .reflects = true};
    struct sim_setup         setup = two_sign();

    run_evil(&setup, &e, &result);
    expect_abort_of(&result, 1, "two commitments are equal", false);
}

/* --- what is fresh in every run --- */

struct record {
    uint8_t round;
    size_t  at, len;
    uint8_t of_1[64];
};

static void record(void *arg, struct message *m, party to, uint8_t *body)
{
    struct record *r = arg;
    if (m->from == 1 && m->round == r->round && m->kind == MESSAGE_BROADCAST) memcpy(r->of_1, body + r->at, r->len);
}

static void run_recorded(struct record *r, uint64_t seed)
{
    static struct sim_result result;
    struct sim_setup         setup = two_sign();

    setup.seed = seed;
    setup.tamper = record;
    setup.tamper_arg = r;
    sim_run(&result, &setup);
    sim_check_done(&setup, &result);
}

TEST(check_30, additive_shares_are_fresh_in_every_session)
{
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    struct record             a = {.round = 2, .at = 33 + 32, .len = 33}, b = a;
    uint8_t                   plain[33];
    struct point              W;
    struct scalar             lambda;

    run_recorded(&a, 1);
    run_recorded(&b, 2);
    assert_memory_not_equal(a.of_1, b.of_1, 33);
    lagrange_at_zero(g, &lambda, set_of(1, 2, 0), 1);
    group_mul_vartime(g, &W, &two_of_three[1].public_shares[1], &lambda);
    group_encode(g, plain, &W);
    assert_memory_not_equal(a.of_1, plain, 33);
}
