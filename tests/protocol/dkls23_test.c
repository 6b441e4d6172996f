/* SPDX-License-Identifier: Apache-2.0 */
/* Stories of DKLS23 over the engine, and a negative test for each check of crypto.md 9 that concerns its rounds. */
#include "cluster/frost/frost.h"
#include "cluster/protocol/lagrange.h"
#include "cluster/protocol/session_internal.h"
#include "tests/protocol/dkls23_fixture.h"
#include "tests/support/trace.h"

static struct key_share two_of_three[SIM_PARTIES], three_of_five[SIM_PARTIES], other_key[SIM_PARTIES];

static struct party_set set_of(party a, party b, party c)
{
    return party_set_with(party_set_with(party_set_with(party_set_none(), a), b), c);
}

static struct sim_setup setup_of(const struct key_share *shares, struct party_set quorum)
{
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);

    if (two_of_three[1].group == NULL) {
        sim_make_key(two_of_three, g, 2, 3, test_seed());
        sim_make_key(three_of_five, g, 3, 5, test_seed() + 1);
        sim_make_key(other_key, g, 2, 3, test_seed() + 2);
    }
    return fixture_sign(shares, quorum);
}

static struct sim_setup two_sign(void)
{
    return setup_of(two_of_three, set_of(1, 2, 0));
}

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
                         "  1 3>1 commit direct 4240\n"
                         "  1 1>3 commit broadcast 32\n"
                         "  1 1>3 commit direct 4240\n"
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

static void sign_online(struct sim_result *out, struct sim_setup *setup, struct presignature *presignatures)
{
    struct fixture_gifts gifts = {presignatures};

    setup->protocol = &dkls23_online_protocol;
    setup->prepare_arg = &gifts;
    sim_run(out, setup);
    setup->prepare_arg = NULL;
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
    trace_assert(&trace, "  0 1>4 reveal broadcast 192\n"
                         "  0 1>5 reveal broadcast 192\n"
                         "  0 4>1 reveal broadcast 192\n"
                         "  0 4>5 reveal broadcast 192\n"
                         "  0 5>1 reveal broadcast 192\n"
                         "  0 5>4 reveal broadcast 192\n"
                         "  1 5 done\n"
                         "  1 1 done\n"
                         "  1 4 done\n");
}

/* A run with a fault that is ours, not the simulator's, and nobody's guilt. */
static void may_fail(struct sim_setup *setup)
{
    setup->fault = SIM_NOTICE;
    setup->fault_round = 200;
}

/* --- evil signers --- */

struct evil {
    uint8_t round, kind;
    party   by;              /* 0: 2 */
    party   to;              /* 0: to all */
    size_t  at, step, count; /* bits flipped: the first of byte at, at + step .. */
    uint8_t set;
    size_t  set_len; /* 0: flip */
    uint8_t copied[MESSAGE_BODY_MAX];
    bool    reflects; /* sends back what the other has sent */
};

static void change(void *arg, struct message *m, party to, uint8_t *body)
{
    struct evil *e = arg;

    if (m->round != e->round || m->kind != e->kind || (e->to != 0 && to != e->to)) return;
    if (e->reflects && m->from != e->by) memcpy(e->copied, body, m->body.len);
    if (m->from != e->by) return;
    if (e->reflects) memcpy(body, e->copied, m->body.len);
    if (e->set_len > 0) memset(body + e->at, e->set, e->set_len);
    for (size_t i = 0; i < e->count; i++) body[e->at + i * e->step] ^= 1;
}

/* One party is evil; the tampering is ours. */
static void run_evil(struct sim_setup *setup, struct evil *e, struct sim_result *result)
{
    setup->fault = SIM_RANDOM_BODY;
    setup->fault_round = 200;
    if (e->by == 0) e->by = 2;
    setup->at_fault = e->by;
    setup->victim = e->by == 1 ? 2 : 1;
    setup->tamper = change;
    setup->tamper_arg = e;
    sim_run(result, setup);
    sim_check(setup, result);
}

static void expect_abort_of(const struct sim_result *r, party evil, const char *text, bool burns)
{
    party                 honest = evil == 1 ? 2 : 1;
    const struct outcome *o = &r->end[honest].outcome;

    assert_int_equal(r->end[honest].state, SESSION_ABORTED);
    assert_int_equal(o->reason, ABORT_CHEATING);
    assert_string_equal(o->text, text);
    assert_int_equal(o->culprits.mask, 1u << evil);
    assert_int_equal(o->burned.mask, burns ? 1u << evil : 0);
}

static void expect_abort(const struct sim_result *r, const char *text, bool burns)
{
    expect_abort_of(r, 2, text, burns);
}

#define U_LEN 68 /* of one tree: 416 + 128 bits */
#define X_AT (32 * U_LEN)
#define T_AT (X_AT + 16)
#define PSI_AT (2 * 33)
#define A_AT (PSI_AT + 32)
#define ETA_AT (A_AT + 416 * 3 * 32)
#define MU_AT (ETA_AT + 32)
#define OT_TEXT "a check of the multiplication failed"
#define END_TEXT "the signature does not verify"

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
        {"t^", 1, MESSAGE_DIRECT, T_AT + 1000, 1, 1, OT_TEXT, true},
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

/* The messages that `s` has to send, each given to `to`. */
static void pass_on(struct session *s, struct session *to)
{
    static uint8_t body[MESSAGE_BODY_MAX];
    struct message m;

    while (session_poll(s, &m)) {
        if (m.body.len > 0) memcpy(body, m.body.data, m.body.len);
        m.body = bytes(body, m.body.len);
        assert_ok(session_on_message(to, &m, 1));
    }
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

/* --- presignatures --- */

static enum kms_err start_online(const struct sim_setup *setup, struct presignature *presignature, const char *key_id)
{
    struct session_params params;
    struct session       *s;

    sim_params(&params, setup, 1, rng_system());
    params.protocol = &dkls23_online_protocol;
    params.presignature = presignature;
    if (key_id != NULL) (void)strcpy(params.key_id, key_id);
    enum kms_err err = session_init(&s, &params, 0);
    session_free(&s);
    return err;
}

TEST(check_31, a_presignature_is_used_once)
{
    static struct presignature presignatures[SIM_PARTIES];
    struct sim_setup           setup = two_sign();

    fixture_presign(presignatures, &setup, test_seed());
    assert_ok(start_online(&setup, &presignatures[1], NULL));
    assert_false(presignatures[1].full);
    assert_err(KMS_E_STATE, start_online(&setup, &presignatures[1], NULL));
}

TEST(check_31, a_presignature_is_of_one_key_and_one_set_of_signers_and_spent_on_trial)
{
    static struct presignature presignatures[SIM_PARTIES], copy;
    struct sim_setup           setup = two_sign(), other = setup_of(two_of_three, set_of(1, 3, 0)), key = setup;

    fixture_presign(presignatures, &setup, test_seed());
    copy = presignatures[1];
    assert_err(KMS_E_STATE, start_online(&setup, &copy, "another"));
    assert_false(copy.full);
    copy = presignatures[1];
    assert_err(KMS_E_STATE, start_online(&other, &copy, NULL));
    copy = presignatures[1];
    key.shares = other_key;
    assert_err(KMS_E_STATE, start_online(&key, &copy, NULL));
    copy = presignatures[1];
    copy.epoch = 2;
    assert_err(KMS_E_STATE, start_online(&setup, &copy, NULL));
    assert_err(KMS_E_ARGUMENT, start_online(&setup, NULL, NULL));
}

TEST(check_31, signers_with_different_presignatures_part_without_blame)
{
    static struct sim_result   result;
    static struct presignature a[SIM_PARTIES], b[SIM_PARTIES];
    struct sim_setup           setup = two_sign();

    fixture_presign(a, &setup, 1);
    fixture_presign(b, &setup, 2);
    a[2] = b[2];
    may_fail(&setup);
    sign_online(&result, &setup, a);
    sim_check(&setup, &result);
    for (party p = 1; p <= 2; p++) assert_int_equal(result.end[p].outcome.reason, ABORT_CONFIGURATION);
}

/* Check 32: R is known before the message. Even one presignature, copied as none can be, gives another R each time. */
TEST(check_32, the_nonce_of_a_presignature_is_randomised_by_what_is_signed)
{
    static const uint8_t       other_digest[32] = "another digest of the same lengt";
    static struct sim_result   result;
    static struct presignature presignatures[SIM_PARTIES], copies[SIM_PARTIES];
    const struct prime_group  *g = group_by_id(GROUP_SECP256K1);
    struct sim_setup           setup = two_sign();
    uint8_t                    r[3][32];

    fixture_presign(presignatures, &setup, test_seed());
    group_point_x(g, r[2], &presignatures[1].R);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(copies, presignatures, sizeof copies);
        setup.message = i == 0 ? BYTES_OF(fixture_digest) : BYTES_OF(other_digest);
        sign_online(&result, &setup, copies);
        sim_check(&setup, &result);
        sim_check_done(&setup, &result);
        memcpy(r[i], result.end[1].outcome.signature, 32);
    }
    assert_memory_not_equal(r[0], r[1], 32);
    assert_memory_not_equal(r[0], r[2], 32);
    assert_memory_not_equal(r[1], r[2], 32);
}

TEST(check_32, a_wrong_share_online_is_refused)
{
    static struct sim_result   result;
    static struct presignature presignatures[SIM_PARTIES];
    static struct evil         e = {.round = 0, .kind = MESSAGE_BROADCAST, .at = 96 + 32 + 31, .step = 1, .count = 1};
    struct sim_setup           setup = two_sign();
    struct fixture_gifts       gifts = {presignatures};

    fixture_presign(presignatures, &setup, test_seed());
    setup.protocol = &dkls23_online_protocol;
    setup.prepare_arg = &gifts;
    run_evil(&setup, &e, &result);
    expect_abort(&result, END_TEXT, false);
}

/* --- signatures (check 34) and what a key is for (check 35) --- */

TEST(check_34, signatures_are_low_and_their_recovery_id_gives_the_key)
{
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    unsigned                  ids = 0;

    for (unsigned long i = 0; i < test_knob("KMS_DKLS23_SIGNATURES", 40); i++) {
        static struct sim_result result;
        struct sim_setup         setup = two_sign();
        struct ecdsa_signature   signature;
        struct point             X;
        setup.seed = test_seed() + i;
        sim_run(&result, &setup);
        sim_check_done(&setup, &result);
        sim_check(&setup, &result);
        const struct outcome *o = &result.end[1].outcome;
        assert_int_equal(o->signature_len, 65);
        assert_ok(ecdsa_decode_rsv(g, &signature, bytes(o->signature, 65)));
        assert_true(ecdsa_is_low(g, &signature));
        assert_ok(ecdsa_recover_vartime(g, &X, &signature, BYTES_OF(fixture_digest)));
        assert_true(group_equal(g, &X, &two_of_three[1].public_key));
        ids |= 1u << signature.recovery_id;
    }
    assert_int_equal(ids & 3, 3);
}

TEST(check_34, another_recovery_id_digest_or_key_does_not_verify)
{
    static struct sim_result  result;
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    struct sim_setup          setup = two_sign();
    uint8_t                   X[33], signature[65], digest[32];

    sim_run(&result, &setup);
    memcpy(signature, result.end[1].outcome.signature, 65);
    memcpy(digest, fixture_digest, 32);
    group_encode(g, X, &two_of_three[1].public_key);
    assert_ok(dkls23_scheme.verify(g, BYTES_OF(signature), BYTES_OF(X), BYTES_OF(digest)));
    digest[0] ^= 1;
    assert_err(KMS_E_SIGNATURE, dkls23_scheme.verify(g, BYTES_OF(signature), BYTES_OF(X), BYTES_OF(digest)));
    digest[0] ^= 1;
    signature[64] = signature[64] == 27 ? 28 : 27;
    assert_err(KMS_E_SIGNATURE, dkls23_scheme.verify(g, BYTES_OF(signature), BYTES_OF(X), BYTES_OF(digest)));
    memcpy(signature, result.end[1].outcome.signature, 65);
    group_encode(g, X, &other_key[1].public_key);
    assert_err(KMS_E_SIGNATURE, dkls23_scheme.verify(g, BYTES_OF(signature), BYTES_OF(X), BYTES_OF(digest)));
}

TEST(check_35, keys_of_other_schemes_and_what_is_no_digest_are_refused)
{
    static struct key_share edwards[SIM_PARTIES];
    struct sim_setup        setup = two_sign();
    struct session_params   params;
    struct session         *s;

    sim_make_key(edwards, group_by_id(GROUP_ED25519), 2, 3, 5);
    sim_params(&params, &setup, 1, rng_system());
    params.group = group_by_id(GROUP_ED25519);
    params.share = &edwards[1];
    assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));

    sim_params(&params, &setup, 1, rng_system());
    params.protocol = &frost_sign_protocol;
    assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));

    for (size_t len = 0; len <= 65; len += len == 0 ? 19 : 46) {
        static const uint8_t text[65] = {1};
        sim_params(&params, &setup, 1, rng_system());
        params.message = bytes(text, len);
        assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));
    }
    sim_params(&params, &setup, 1, rng_system());
    params.protocol = &dkls23_presign_protocol;
    assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));
}
