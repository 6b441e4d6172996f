/* SPDX-License-Identifier: Apache-2.0 */
/* Stories of FROST signing over the engine, and a negative test for each security check that concerns it.
 */
#include "cluster/frost/frost.h"

#include <stdlib.h>

#include "cluster/dkg/dkg.h"
#include "cluster/frost/sign_internal.h"
#include "cluster/protocol/session_internal.h"
#include "common/secret/wipe.h"
#include "tests/support/sim.h"
#include "tests/support/sim_ros.h"
#include "tests/support/trace.h"

static struct key_share two_of_three[SIM_PARTIES], three_of_five[SIM_PARTIES], other_key[SIM_PARTIES];

static struct party_set set_of(party a, party b, party c)
{
    return party_set_with(party_set_with(party_set_with(party_set_none(), a), b), c);
}

static struct sim_setup setup_of(const struct key_share *shares, struct party_set quorum)
{
    const struct prime_group *g = group_by_id(GROUP_ED25519);

    if (two_of_three[1].group == NULL) {
        sim_make_key(two_of_three, g, 2, 3, test_seed());
        sim_make_key(three_of_five, g, 3, 5, test_seed() + 1);
        sim_make_key(other_key, g, 2, 3, test_seed() + 2);
    }
    return (struct sim_setup){.protocol = &frost_sign_protocol,
                              .group = g,
                              .t = shares == three_of_five ? 3 : 2,
                              .n = shares == three_of_five ? 5 : 3,
                              .quorum = quorum,
                              .shares = shares,
                              .message = bytes_str("a message"),
                              .seed = test_seed(),
                              .calm = true};
}

TEST(frost, two_of_three_sign_in_two_flights)
{
    BUF_LOCAL                trace = BUF_INIT(65536);
    static struct sim_result result;
    struct sim_setup         setup = setup_of(two_of_three, set_of(1, 3, 0));

    setup.trace = &trace;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    trace_assert(&trace, "  0 1>3 open broadcast 160\n"
                         "  0 3>1 open broadcast 160\n"
                         "  1 3>1 respond broadcast 32\n"
                         "  1 1>3 respond broadcast 32\n"
                         "  2 1 done\n"
                         "  2 3 done\n");
}

TEST(frost, every_quorum_of_every_size_signs)
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

TEST(frost, a_signer_that_stays_away_is_missing_and_not_blamed)
{
    BUF_LOCAL                trace = BUF_INIT(65536);
    static struct sim_result result;
    struct sim_setup         setup = setup_of(two_of_three, set_of(1, 2, 0));

    setup.trace = &trace;
    setup.fault = SIM_CRASH;
    setup.at_fault = 2;
    setup.fault_round = FROST_ROW_RESPOND;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    trace_assert(&trace, "  0 1>2 open broadcast 160\n"
                         "  0 2>1 open broadcast 160\n"
                         "  1 2>1 respond broadcast 32\n"
                         "  1 1>2 respond broadcast 32\n"
                         "1001 1>2 abort broadcast 0\n"
                         "1001 1 aborted timeout culprits=- missing=2 (respond)\n"
                         "1001 2>1 abort broadcast 0\n"
                         "1001 2 aborted timeout culprits=- missing=1 (respond)\n");
}

/* --- evil signers: the parties of the mask have a bit of their message of the round flipped --- */

struct evil {
    uint32_t mask;
    unsigned round;
    size_t   at;
    uint8_t  set[32];
    size_t   set_len; /* 0: flip */
};

static void change(void *arg, struct message *m, party to, uint8_t *body)
{
    const struct evil *e = arg;

    if ((e->mask >> m->from & 1) == 0 || m->round != e->round) return;
    if (e->set_len == 0) body[e->at + m->from] ^= 1; /* each its own bit: two could cancel */
    memcpy(body + e->at, e->set, e->set_len);
}

static void run_evil(struct sim_setup *setup, struct evil *e, struct sim_result *result)
{
    setup->fault = SIM_RANDOM_BODY; /* at_fault is evil; the tampering is ours */
    setup->fault_round = 200;
    setup->at_fault = 2;
    setup->tamper = change;
    setup->tamper_arg = e;
    sim_run(result, setup);
}

TEST(frost, a_wrong_signature_share_names_its_signer)
{
    static struct sim_result result;
    struct evil              e = {.mask = 1u << 2, .round = FROST_ROW_RESPOND};
    struct sim_setup         setup = setup_of(three_of_five, set_of(1, 2, 5));

    run_evil(&setup, &e, &result);
    sim_check(&setup, &result);
    for (party p = 1; p <= 5; p += 4) {
        assert_string_equal(result.end[p].outcome.text, "signature share does not hold");
        assert_int_equal(result.end[p].outcome.culprits.mask, 1u << 2);
    }
}

TEST(frost, all_signers_of_wrong_shares_are_named)
{
    static struct sim_result result;
    struct evil              e = {.mask = 1u << 2 | 1u << 5, .round = FROST_ROW_RESPOND};
    struct sim_setup         setup = setup_of(three_of_five, set_of(1, 2, 5));

    run_evil(&setup, &e, &result);
    assert_int_equal(result.end[1].outcome.reason, ABORT_CHEATING);
    assert_int_equal(result.end[1].outcome.culprits.mask, 1u << 2 | 1u << 5);
    assert_int_equal(result.end[1].outcome.signature_len, 0);
}

TEST(check_17, nonce_commitments_of_small_order_identity_or_loose_encoding_are_refused)
{
    static const uint8_t     order_eight[32] = {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                                                0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                                                0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05};
    static struct sim_result result;
    uint8_t                  bad[4][32] = {{1}, {0}, {0}, {0}};

    memcpy(bad[1], order_eight, 32);
    memset(bad[2], 0xff, 32);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        for (size_t which = 0; which < 2; which++) {
            struct evil e = {.mask = 1u << 2, .at = OPENING_LEN + 32 * which, .set_len = 32};
            memcpy(e.set, bad[i], 32);
            struct sim_setup setup = setup_of(two_of_three, set_of(1, 2, 0));
            run_evil(&setup, &e, &result);
            sim_check(&setup, &result);
            assert_string_equal(result.end[1].outcome.text, "a nonce commitment is not a valid point");
            assert_int_equal(result.end[1].outcome.culprits.mask, 1u << 2);
        }
    }
}

TEST(frost, a_share_not_below_the_order_is_refused)
{
    static struct sim_result result;
    struct evil              e = {.mask = 1u << 2, .round = FROST_ROW_RESPOND, .set_len = 32};
    struct sim_setup         setup = setup_of(two_of_three, set_of(1, 2, 0));

    memset(e.set, 0xff, 32);
    run_evil(&setup, &e, &result);
    sim_check(&setup, &result);
    assert_string_equal(result.end[1].outcome.text, "signature share is not a scalar");
}

/* check 20: the store gives back another X_2, or another share, than the DKG made. */
TEST(check_20, a_tampered_key_share_starts_no_session)
{
    struct sim_setup      setup = setup_of(two_of_three, set_of(1, 2, 0));
    struct key_share      shares[SIM_PARTIES];
    struct session_params params;
    struct session       *s;

    for (unsigned checked = 0; checked < 2; checked++) {
        memcpy(shares, two_of_three, sizeof shares);
        setup.shares = shares;
        shares[1].public_shares[2] = other_key[1].public_shares[2];
        if (checked == 0) wipe(shares[1].checked, sizeof shares[1].checked);
        sim_params(&params, &setup, 1, rng_system());
        assert_err(KMS_E_CORRUPT, session_init(&s, &params, 0));
        assert_null(s);
    }
}

TEST(check_20, a_wrong_secret_share_is_a_fault_of_ones_own)
{
    static struct sim_result result;
    struct sim_setup         setup = setup_of(two_of_three, set_of(1, 2, 0));
    struct key_share         shares[SIM_PARTIES];

    memcpy(shares, two_of_three, sizeof shares);
    shares[2].secret_share = other_key[2].secret_share;
    setup.shares = shares;
    sim_run(&result, &setup);
    assert_int_equal(result.end[2].outcome.reason, ABORT_INTERNAL);
    assert_int_equal(result.end[2].outcome.culprits.mask, 0);
    assert_int_equal(result.end[1].outcome.culprits.mask, 1u << 2);
}

/* check 22: the coordinator shows two nodes different things; they part in peace, before a nonce has been used. */
TEST(check_22, different_messages_end_without_blame_before_anybody_responds)
{
    static struct sim_result result;
    BUF_LOCAL                trace = BUF_INIT(65536);
    struct sim_setup         setup = setup_of(two_of_three, set_of(1, 2, 0));

    setup.fault = SIM_OTHER_INPUT;
    setup.at_fault = 2;
    setup.trace = &trace;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    for (party p = 1; p <= 2; p++) assert_int_equal(result.end[p].state, SESSION_ABORTED);
    assert_int_equal(result.end[2].outcome.reason, ABORT_CONFIGURATION);
    assert_null(strstr(buf_str(&trace), "respond"));
}

/* check 23: different D_i, E_i under one nonce to two peers. Only the echo can tell; without it honest would blame
 * honest. */
TEST(check_23, different_nonce_commitments_for_two_peers_are_equivocation)
{
    static struct sim_result result;
    struct sim_setup         setup = setup_of(three_of_five, set_of(1, 2, 3));

    setup.fault = SIM_EQUIVOCATE;
    setup.seed = 77;
    setup.at_fault = 3;
    setup.victim = 2;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    for (party p = 1; p <= 2; p++) {
        assert_int_equal(result.end[p].state, SESSION_ABORTED);
        assert_true(result.end[p].outcome.reason == ABORT_EQUIVOCATION || result.end[p].outcome.reason == ABORT_PEER);
    }
    assert_true(result.end[1].outcome.reason == ABORT_EQUIVOCATION ||
                result.end[2].outcome.reason == ABORT_EQUIVOCATION);
}

/* --- replays (check 21): what party 2 said elsewhere, said again here --- */

static struct session *open_one(const struct sim_setup *setup, party self, struct message *opening, uint8_t body[512])
{
    struct session_params params;
    struct session       *s;

    sim_params(&params, setup, self, rng_system());
    assert_ok(session_init(&s, &params, 0));
    assert_true(session_poll(s, opening));
    memcpy(body, opening->body.data, opening->body.len);
    opening->body = bytes(body, opening->body.len);
    return s;
}

static void expect_peaceful_end(struct session **s)
{
    struct message notice;
    struct outcome out;

    assert_int_equal(session_state(*s), SESSION_ABORTED);
    while (session_poll(*s, &notice)) assert_int_equal(notice.round, MESSAGE_ROUND_ABORT);
    session_finish(s, &out);
    assert_int_equal(out.reason, ABORT_CONFIGURATION);
    assert_int_equal(out.culprits.mask, 0);
}

static void replay_into(const struct sim_setup *from, party speaker, const struct sim_setup *into)
{
    uint8_t         said[512], heard[512];
    struct message  opening, own;
    struct session *source = open_one(from, speaker, &opening, said);
    struct session *target = open_one(into, 1, &own, heard);

    assert_ok(session_on_message(target, &opening, 1));
    expect_peaceful_end(&target);
    session_free(&source);
}

TEST(check_21, openings_of_another_key_message_quorum_or_protocol_are_refused)
{
    struct sim_setup here = setup_of(two_of_three, set_of(1, 2, 0)), there = here;

    there.shares = other_key;
    replay_into(&there, 2, &here);

    there = here;
    there.message = bytes_str("another message");
    replay_into(&there, 2, &here);

    there = here;
    there.quorum = set_of(1, 2, 3);
    replay_into(&there, 2, &here);

    there = here;
    there.protocol = &dkg_protocol;
    there.shares = NULL;
    there.message = BYTES_NONE;
    there.quorum = party_set_first(3);
    replay_into(&there, 2, &here);
}

/* The same key in every other respect: what is changed here alone makes the difference. */
TEST(check_21, openings_are_bound_to_key_id_public_key_transcript_epoch_and_size)
{
    struct sim_setup here = setup_of(two_of_three, set_of(1, 2, 0));

    for (unsigned which = 0; which < 5; which++) {
        struct key_share      share = which == 1 ? other_key[2] : two_of_three[2];
        struct session_params params;
        uint8_t               said[512], heard[512];
        struct message        opening, own;
        struct session       *target = open_one(&here, 1, &own, heard), *source;
        memcpy(share.transcript, two_of_three[2].transcript, sizeof share.transcript);
        sim_params(&params, &here, 2, rng_system());
        params.share = &share;
        if (which == 0) params.key_id[0] ^= 1;
        if (which == 2) share.transcript[0] ^= 1;
        if (which == 3) share.epoch = params.epoch = 2;
        if (which == 4) share.n = params.n = 4, share.public_shares[4] = share.public_shares[1];
        wipe(share.checked, sizeof share.checked);
        assert_ok(session_init(&source, &params, 0));
        assert_true(session_poll(source, &opening));
        memcpy(said, opening.body.data, opening.body.len);
        opening.body = bytes(said, opening.body.len);
        assert_ok(session_on_message(target, &opening, 1));
        expect_peaceful_end(&target);
        session_free(&source);
    }
}

TEST(check_21, the_epoch_of_a_session_is_that_of_its_share)
{
    struct sim_setup      setup = setup_of(two_of_three, set_of(1, 2, 0));
    struct session_params params;
    struct session       *s;

    sim_params(&params, &setup, 1, rng_system());
    params.epoch = 2;
    assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));
}

TEST(check_21, a_response_of_another_session_of_the_same_request_is_refused)
{
    struct sim_setup setup = setup_of(two_of_three, set_of(1, 2, 0));
    uint8_t          bodies[4][512], response_body[512];
    struct message   open_1, open_2, again_1, again_2, response;
    struct session  *a1 = open_one(&setup, 1, &open_1, bodies[0]), *a2 = open_one(&setup, 2, &open_2, bodies[1]);
    struct session  *b1 = open_one(&setup, 1, &again_1, bodies[2]), *b2 = open_one(&setup, 2, &again_2, bodies[3]);

    assert_ok(session_on_message(a2, &open_1, 1));
    assert_true(session_poll(a2, &response));
    memcpy(response_body, response.body.data, response.body.len);
    response.body = bytes(response_body, response.body.len);
    assert_ok(session_on_message(b1, &again_2, 1));
    assert_true(session_poll(b1, &again_1)); /* it has responded itself */
    assert_ok(session_on_message(b1, &response, 1));

    expect_peaceful_end(&b1);
    session_free(&a1), session_free(&a2), session_free(&b2);
}

/* check 33; the same attack succeeds against signers without binding factors: ros_test.c. */
TEST(check_33, ros_attack_on_256_concurrent_sessions_fails)
{
    assert_false(sim_ros_forges(test_seed()));
}

/* check 35: what a key is for stands in the key; a session that says otherwise does not begin. */
TEST(check_35, a_key_of_another_curve_signs_nothing_here)
{
    struct sim_setup      setup = setup_of(two_of_three, set_of(1, 2, 0));
    struct key_share      shares[SIM_PARTIES];
    struct session_params params;
    struct session       *s;

    sim_make_key(shares, group_by_id(GROUP_SECP256K1), 2, 3, 5);
    setup.shares = shares;
    sim_params(&params, &setup, 1, rng_system());
    assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));
    params.group = group_by_id(GROUP_SECP256K1);
    assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));
}

/* check 37: sessions share nothing but the key, which they only read. */
TEST(check_37, sessions_of_one_key_do_not_disturb_each_other)
{
    enum { MANY = 48 };
    struct sim_setup setup = setup_of(two_of_three, set_of(1, 2, 0));
    struct session  *s[MANY][3];
    uint8_t          body[512], signatures[MANY][64];
    struct message   m, open[MANY][3];
    uint8_t          bodies[MANY][3][512];

    for (unsigned i = 0; i < MANY; i++)
        for (party p = 1; p <= 2; p++) s[i][p] = open_one(&setup, p, &open[i][p], bodies[i][p]);
    for (unsigned i = MANY; i-- > 0;)
        for (party p = 1; p <= 2; p++) assert_ok(session_on_message(s[i][p], &open[i][3 - p], 1));
    for (unsigned i = 0; i < MANY; i++) {
        for (party p = 1; p <= 2; p++) {
            assert_true(session_poll(s[i][p], &m));
            memcpy(body, m.body.data, m.body.len);
            m.body = bytes(body, m.body.len);
            assert_ok(session_on_message(s[i][3 - p], &m, 1));
        }
    }
    for (unsigned i = 0; i < MANY; i++) {
        for (party p = 1; p <= 2; p++) {
            struct outcome out;
            session_finish(&s[i][p], &out);
            assert_int_equal(out.kind, OUTCOME_SIGNATURE);
            memcpy(signatures[i], out.signature, 64);
        }
        for (unsigned j = 0; j < i; j++) assert_memory_not_equal(signatures[i], signatures[j], 32);
    }
}

/* check 39: the share, the nonces and the responses are gone from a session's memory, however it ends. */
static bool holds(const void *memory, size_t len, const void *what, size_t what_len)
{
    return memmem(memory, len, what, what_len) != NULL;
}

TEST(check_39, a_session_keeps_no_secret_after_its_end)
{
    struct sim_setup    setup = setup_of(two_of_three, set_of(1, 2, 0));
    uint8_t             body[512];
    struct message      opening;
    struct session     *s = open_one(&setup, 1, &opening, body);
    const void         *block = s;
    size_t              len = s->block_len;
    struct nonce_pair   nonces = ((struct frost_memory *)s->memory)->nonces;
    const struct scalar x = two_of_three[1].secret_share;

    assert_true(holds(block, len, &x, sizeof x));
    assert_true(holds(block, len, &nonces.hiding, sizeof nonces.hiding));
    session_cancel(s, ABORT_CANCELLED);
    assert_false(holds(block, len, &x, sizeof x));
    assert_false(holds(block, len, &nonces.hiding, sizeof nonces.hiding));
    assert_false(holds(block, len, &nonces.binding, sizeof nonces.binding));
    session_free(&s);
}

/* check 40: a generator that gives the same bytes again does not make the same nonce again. */
static enum kms_err stuck(void *self, void *out, size_t len)
{
    memset(out, 42, len);
    return KMS_OK;
}

/* Another message, request, party, salt or tag; and, to show that the generator is stuck, the first one once more. */
TEST(check_40, a_stuck_generator_does_not_repeat_a_nonce)
{
    enum { SAME = 6 };
    struct rng            generator = {stuck, NULL};
    struct sim_setup      setup = setup_of(two_of_three, set_of(1, 2, 0));
    struct session_params params;
    struct session       *s;
    struct message        m;
    uint8_t               D_E[SAME + 1][64];

    for (unsigned i = 0; i <= SAME; i++) {
        sim_params(&params, &setup, i == 3 ? 2 : 1, &generator);
        if (i == 1) params.message = bytes_str("b message");
        if (i == 2) params.request_hash[0] = 1;
        if (i == 4) params.salt[31] = 1;
        if (i == 5) params.tag[15] ^= 1;
        assert_ok(session_init(&s, &params, 0));
        assert_true(session_poll(s, &m));
        memcpy(D_E[i], m.body.data + OPENING_LEN, 64);
        session_free(&s);
        assert_memory_not_equal(D_E[i], D_E[i] + 32, 32);
        for (unsigned j = 0; j < i && i < SAME; j++) {
            assert_memory_not_equal(D_E[i], D_E[j], 32);
            assert_memory_not_equal(D_E[i] + 32, D_E[j] + 32, 32);
        }
    }
    assert_memory_equal(D_E[SAME], D_E[0], 64);
}

static enum kms_err broken(void *self, void *out, size_t len)
{
    return KMS_E_RANDOM;
}

TEST(check_40, without_randomness_there_is_no_session)
{
    struct rng            generator = {broken, NULL};
    struct sim_setup      setup = setup_of(two_of_three, set_of(1, 2, 0));
    struct session_params params;
    struct session       *s;

    sim_params(&params, &setup, 1, &generator);
    assert_err(KMS_E_RANDOM, session_init(&s, &params, 0));
    assert_null(s);
}
