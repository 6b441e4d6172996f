/* SPDX-License-Identifier: Apache-2.0 */
/* Set-ups in use: burned once and for all, and never touched before the session is agreed (checks 22, 28, 29, 40). */
#include "cluster/protocol/session_internal.h"
#include "tests/protocol/dkls23_evil.h"
#include "tests/support/trace.h"

/* --- check 28: burned once, burned for all --- */

static struct pair_setup        own_setups[3];
static const struct pair_setup *own_pointers[3][SIM_PARTIES];

static void prepare_own(void *arg, struct session_params *p, party self)
{
    p->setups = own_pointers[self];
}

/* Set-ups of these tests alone, so that they may be burned. */
static struct sim_setup sign_with_own(void)
{
    struct sim_setup setup = two_sign();

    own_setups[1] = fixture_setups[1][2];
    own_setups[2] = fixture_setups[2][1];
    own_pointers[1][2] = &own_setups[1];
    own_pointers[2][1] = &own_setups[2];
    setup.prepare = prepare_own;
    return setup;
}

static bool starts(const struct sim_setup *setup, party self)
{
    struct session_params params;
    struct session       *s;

    sim_params(&params, setup, self, rng_system());
    enum kms_err err = session_init(&s, &params, 0);
    if (err == KMS_OK) session_free(&s);
    assert_true(err == KMS_OK || err == KMS_E_STATE);
    return err == KMS_OK;
}

/* A receiver that guesses at Delta with a wrong column: what it learns, it learns once. */
TEST(check_28, of_a_thousand_attempts_with_a_wrong_column_one_reaches_the_check)
{
    static struct sim_result result;
    static struct evil       e = {.round = 1, .kind = MESSAGE_DIRECT, .at = 3, .step = U_LEN, .count = 32};
    struct sim_setup         setup = sign_with_own();
    unsigned                 reached = 0;

    for (unsigned attempt = 0; attempt < 1000; attempt++) {
        if (!starts(&setup, 1)) continue;
        run_evil(&setup, &e, &result);
        reached++;
        assert_int_equal(result.end[1].outcome.burned.mask, 1u << 2);
        pair_setup_burn(&own_setups[1]); /* what a driver does, durably */
    }
    assert_int_equal(reached, 1);
}

static void start_pair(struct session *out[3], const struct sim_setup *setup)
{
    for (party p = 1; p <= 2; p++) {
        struct session_params params;
        sim_params(&params, setup, p, rng_system());
        assert_ok(session_init(&out[p], &params, 0));
    }
}

TEST(check_28, concurrent_sessions_of_a_burned_set_up_end_without_another_check)
{
    struct sim_setup setup = sign_with_own();
    struct session  *s[3];

    for (unsigned rounds = 1; rounds <= 3; rounds++) {
        struct message notice;
        SECRET_OUTCOME out;
        setup = sign_with_own();
        start_pair(s, &setup);
        for (unsigned i = 1; i < rounds; i++) pass_on(s[1], s[2]), pass_on(s[2], s[1]);
        pass_on(s[1], s[2]);
        pair_setup_burn(&own_setups[1]); /* by another session */
        pass_on(s[2], s[1]);
        if (rounds == 3) pass_on(s[1], s[2]), pass_on(s[2], s[1]);
        assert_int_equal(session_state(s[1]), rounds == 3 ? SESSION_DONE : SESSION_ABORTED);
        while (session_poll(s[1], &notice)) continue;
        session_finish(&s[1], &out);
        assert_int_equal(out.culprits.mask | out.burned.mask, 0);
        if (rounds < 3) assert_int_equal(out.reason, ABORT_CONFIGURATION);
        session_free(&s[2]);
    }
}

/* The driver has to know it before the peer does. */
TEST(check_28, the_burned_peer_is_known_before_the_notice_is_polled)
{
    struct sim_setup setup = sign_with_own();
    struct session  *s[3];
    static uint8_t   body[MESSAGE_BODY_MAX];
    struct message   m;

    start_pair(s, &setup);
    pass_on(s[1], s[2]);
    while (session_poll(s[2], &m)) {
        if (m.body.len > 0) memcpy(body, m.body.data, m.body.len);
        m.body = bytes(body, m.body.len);
        if (m.kind == MESSAGE_DIRECT) body[X_AT] ^= 1;
        assert_ok(session_on_message(s[1], &m, 1));
    }
    assert_int_equal(session_state(s[1]), SESSION_ABORTED);
    assert_int_equal(session_burned(s[1]).mask, 1u << 2);
    session_free(&s[1]), session_free(&s[2]);
}

TEST(check_28, without_a_set_up_no_session_starts)
{
    struct sim_setup setup = sign_with_own();

    assert_true(starts(&setup, 1));
    own_setups[1].generation = 0;
    assert_false(starts(&setup, 1));
    own_pointers[1][2] = NULL;
    assert_false(starts(&setup, 1));
}

/* check 22: one node was restored and has an older set-up. Nobody is to blame, nothing burns, no OT data is touched. */
TEST(check_22, nodes_with_different_set_ups_part_before_any_ot_data)
{
    BUF_LOCAL                trace = BUF_INIT(65536);
    static struct sim_result result;
    struct sim_setup         setup = sign_with_own();

    own_setups[1].transcript[0] ^= 1;
    may_fail(&setup);
    setup.trace = &trace;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    assert_int_equal(result.end[1].outcome.reason, ABORT_CONFIGURATION);
    assert_int_equal(result.end[1].outcome.burned.mask | result.end[2].outcome.burned.mask, 0);
    assert_null(strstr(buf_str(&trace), "commit"));
}

/* Party 1 has the same as each of the others; they have not. It is as early in knowing that as they are. */
TEST(check_22, set_ups_of_two_others_that_differ_end_it_for_all)
{
    static struct sim_result result;
    struct sim_setup         setup = setup_of(three_of_five, set_of(1, 2, 5));

    may_fail(&setup);
    fixture_setups[5][2].transcript[0] ^= 1;
    sim_run(&result, &setup);
    fixture_setups[5][2].transcript[0] ^= 1;
    sim_check(&setup, &result);
    for (party p = party_set_next(setup.quorum, 0); p != 0; p = party_set_next(setup.quorum, p)) {
        assert_int_equal(result.end[p].state, SESSION_ABORTED);
        assert_int_equal(result.end[p].outcome.culprits.mask, 0);
    }
    assert_string_equal(result.end[1].outcome.text, "two signers do not have the same set-up");
}

TEST(check_22, different_digests_end_without_blame_before_any_ot_data)
{
    BUF_LOCAL                trace = BUF_INIT(65536);
    static struct sim_result result;
    struct sim_setup         setup = two_sign();

    setup.fault = SIM_OTHER_INPUT;
    setup.at_fault = 2;
    setup.trace = &trace;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    assert_int_equal(result.end[1].outcome.burned.mask | result.end[2].outcome.burned.mask, 0);
    assert_null(strstr(buf_str(&trace), "commit"));
}

/* check 29: one says what the other has said. Every hash has the ordered pair in it. In calm runs party 2 is the first
 * in round 1, party 1 in round 2. */
TEST(check_29, a_message_of_the_other_direction_is_refused)
{
    for (uint8_t round = 1; round <= 2; round++) {
        static struct sim_result result;
        static struct evil       e;
        struct sim_setup         setup = two_sign();
        e = (struct evil){.round = round, .kind = MESSAGE_DIRECT, .by = round, .reflects = true};
        run_evil(&setup, &e, &result);
        expect_abort_of(&result, round, OT_TEXT, true);
    }
}

/* Check 40: a generator that gives the same bytes again, in sessions that differ only in what the peer drew. */
static enum kms_err stuck(void *self, void *out, size_t len)
{
    memset(out, 42, len);
    return KMS_OK;
}

static void nonce_of(uint8_t out[33], const struct sim_setup *setup, struct rng *own)
{
    struct session_params params;
    struct session       *s[3];

    for (party p = 1; p <= 2; p++) {
        sim_params(&params, setup, p, p == 1 ? own : rng_system());
        assert_ok(session_init(&s[p], &params, 0));
    }
    pass_on(s[2], s[1]);
    const struct dkls23_memory *memory = session_memory(s[1]);
    group_encode(setup->group, out, &memory->R_own);
    session_free(&s[1]), session_free(&s[2]);
}

TEST(check_40, a_stuck_generator_does_not_repeat_a_nonce_in_another_session)
{
    struct rng       generator = {stuck, NULL};
    struct sim_setup setup = two_sign();
    uint8_t          R[2][33];

    for (unsigned i = 0; i < 2; i++) nonce_of(R[i], &setup, &generator);
    assert_memory_not_equal(R[0], R[1], 33);
}
