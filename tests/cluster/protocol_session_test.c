/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's rules, one by one, over a toy protocol of two rounds. */
#include "tests/cluster/protocol_toy.h"

static enum kms_err say_more(struct session *s, struct writer *w)
{
    return writer_space(w, 99) == NULL ? KMS_E_TOO_LARGE : KMS_OK;
}

static bool both_groups(enum group_id id)
{
    return id != GROUP_NONE;
}

TEST(session, runs_to_the_end_in_order_and_confirms)
{
    TOYS t = {{0}};

    start(&t);
    open_all(&t);
    assert_string_equal(session_round_name(t.s[1]), "number");
    for (unsigned flight = 0; flight < 4; flight++) {
        for (party p = 1; p <= N; p++) {
            struct message m;
            while (session_poll(t.s[p], &m))
                for (party to = 1; to <= N; to++)
                    if (to != p && (m.to == 0 || m.to == to)) give(&t, to, m);
        }
    }

    for (party p = 1; p <= N; p++) {
        struct outcome out;
        assert_int_equal(session_state(t.s[p]), SESSION_DONE);
        session_finish(&t.s[p], &out);
        assert_int_equal(out.kind, OUTCOME_KEY);
        assert_null(t.s[p]);
    }
}

TEST(session, refuses_parameters_that_cannot_be)
{
    struct session       *s;
    struct session_params good = params_of(1), bad;

#define REFUSED(code, change)                    \
    bad = good;                                  \
    change;                                      \
    assert_err(code, session_init(&s, &bad, 0)); \
    assert_null(s)
    REFUSED(KMS_E_RANGE, bad.t = 1);
    REFUSED(KMS_E_RANGE, bad.t = 4);
    REFUSED(KMS_E_RANGE, bad.n = 17);
    REFUSED(KMS_E_RANGE, bad.quorum.mask = 2);
    REFUSED(KMS_E_ARGUMENT, bad.group = group_by_id(GROUP_SECP256K1));
    REFUSED(KMS_E_ARGUMENT, bad.group = NULL);
    REFUSED(KMS_E_ARGUMENT, bad.protocol = NULL);
    REFUSED(KMS_E_ARGUMENT, bad.epoch = 1);
    REFUSED(KMS_E_ARGUMENT, bad.message = bytes_str("m"));
    REFUSED(KMS_E_ARGUMENT, bad.quorum.mask = 6);
    REFUSED(KMS_E_ARGUMENT, memset(bad.key_id, 'k', sizeof bad.key_id));
}

/* check 15: the index is fixed by whoever starts the session, and is 1..n; a set has no duplicates by type. */
TEST(check_15, a_party_outside_one_to_n_is_refused)
{
    struct session       *s;
    struct session_params bad = params_of(1);

    for (unsigned self = 0; self <= UINT16_MAX; self += self < 20 ? 1 : 4093) {
        if (self >= 1 && self <= N) continue;
        bad.self = (party)self;
        assert_err(KMS_E_RANGE, session_init(&s, &bad, 0));
        bad.self = 1;
        bad.quorum = party_set_first(N);
        bad.quorum.mask |= self == 0 ? 1 : self < 32 ? UINT32_C(1) << self : UINT32_C(1) << 31;
        assert_err(KMS_E_RANGE, session_init(&s, &bad, 0));
        bad.quorum = party_set_first(N);
    }
}

TEST(session, drops_what_is_not_of_it_and_changes_nothing)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    struct message m = take(t.s[2], body), other = m;
    other.tag[0] ^= 1;
    assert_err(KMS_E_ARGUMENT, session_on_message(t.s[1], &other, 1));
    assert_int_equal(session_state(t.s[1]), SESSION_RUNNING);
}

/* check 24: who sent it is what the channel says; a message has no field for it. */
TEST(check_24, the_sender_is_the_channel_and_must_be_another_party_of_the_session)
{
    TOYS           t = {{0}};
    uint8_t        body[256];
    BUF_LOCAL      encoded = BUF_INIT(4096);
    struct message decoded;

    start(&t);
    struct message m = take(t.s[2], body);
    assert_ok(message_encode(&encoded, &m));
    assert_ok(message_decode(&decoded, buf_bytes(&encoded)));
    assert_int_equal(decoded.from, 0);
    for (unsigned from = 0; from < 40; from++) {
        if (from == 2 || from == 3) continue;
        m.from = (party)from;
        assert_err(KMS_E_ARGUMENT, session_on_message(t.s[1], &m, 1));
    }
    assert_int_equal(session_state(t.s[1]), SESSION_RUNNING);
}

TEST(session, keeps_a_message_that_comes_one_round_early)
{
    TOYS           t = {{0}};
    uint8_t        bodies[N + 1][256], early[256];
    struct message open[N + 1];

    start(&t);
    for (party p = 1; p <= N; p++) open[p] = take(t.s[p], bodies[p]);
    give(&t, 2, open[1]), give(&t, 2, open[3]);
    struct message number = take(t.s[2], early);
    assert_int_equal(number.round, 1);
    give(&t, 1, number);
    give(&t, 1, open[2]);
    give(&t, 1, open[3]);

    assert_int_equal(session_state(t.s[1]), SESSION_RUNNING);
    assert_true(inbox_slot(&t.s[1]->inbox, 1, 2, SLOT_BROADCAST)->present);
}

TEST(session, names_whoever_speaks_for_a_round_that_cannot_have_begun)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    open_all(&t);
    struct message m = take(t.s[2], body);
    m.round = 3; /* after the confirmation */
    give(&t, 1, m);
    expect_abort(t.s[1], ABORT_CHEATING, 1u << 2, 0);
}

/* check 21: a round's message is taken once. */
TEST(check_21, an_identical_duplicate_is_ignored)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    struct message m = take(t.s[2], body);
    give(&t, 1, m);
    give(&t, 1, m);
    assert_int_equal(session_state(t.s[1]), SESSION_RUNNING);
}

TEST(check_21, a_second_different_message_names_its_sender)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    open_all(&t);
    struct message m = take(t.s[2], body);
    give(&t, 1, m);
    body[0] ^= 1;
    give(&t, 1, m);
    expect_abort(t.s[1], ABORT_CHEATING, 1u << 2, 0);
}

TEST(session, names_the_sender_of_a_message_that_is_too_large)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    open_all(&t);
    struct message m = take(t.s[3], body);
    m.body.len++;
    give(&t, 1, m);
    expect_abort(t.s[1], ABORT_CHEATING, 1u << 3, 0);
}

TEST(session, names_the_sender_of_an_opening_that_is_cut_short)
{
    for (size_t len = 0; len < OPENING_LEN; len++) {
        TOYS    t = {{0}};
        uint8_t body[256];
        start(&t);
        struct message m = take(t.s[3], body);
        m.body.len = len;
        give(&t, 1, m);
        expect_abort(t.s[1], ABORT_CHEATING, 1u << 3, 0);
    }
}

TEST(session, names_the_sender_of_an_opening_with_a_session_id_or_an_echo)
{
    for (unsigned which = 0; which < 2; which++) {
        TOYS    t = {{0}};
        uint8_t body[256];
        start(&t);
        struct message m = take(t.s[3], body);
        *(which == 0 ? &m.ssid[31] : &m.echo[0]) = 1;
        give(&t, 1, m);
        expect_abort(t.s[1], ABORT_CHEATING, 1u << 3, 0);
    }
}

TEST(session, names_the_sender_of_a_kind_that_the_round_does_not_have)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    open_all(&t);
    struct message m = take(t.s[3], body);
    m.kind = MESSAGE_DIRECT, m.round = 2;
    give(&t, 1, m);
    expect_abort(t.s[1], ABORT_CHEATING, 1u << 3, 0);
}

/* Directs of round 1 to party 1 from 2 and 3, with the broadcasts altered by the caller. */
static void numbers_to_first(struct toys *t, uint8_t say2, uint8_t say3)
{
    for (party p = 2; p <= 3; p++) {
        uint8_t        body[256];
        struct message m = take(t->s[p], body);
        body[0] = p == 2 ? say2 : say3;
        give(t, 1, m);
        m = take(t->s[p], body);
        give(t, 1, m);
    }
}

TEST(session, collects_all_culprits_of_a_round)
{
    TOYS t = {{0}};

    start(&t);
    open_all(&t);
    numbers_to_first(&t, 9, 9);
    expect_abort(t.s[1], ABORT_CHEATING, 1u << 2 | 1u << 3, 0);
}

TEST(session, does_not_blame_a_peer_for_its_own_failure)
{
    TOYS t = {{0}};

    start(&t);
    open_all(&t);
    numbers_to_first(&t, 0xfe, 9);
    expect_abort(t.s[1], ABORT_INTERNAL, 0, 0);
}

/* check 22: another configuration is nobody's crime, and ends the session before anything depends on a secret. */
TEST(check_22, another_roster_or_request_is_a_configuration_error_without_blame)
{
    for (unsigned which = 0; which < 9; which++) {
        TOYS                  t = {{0}};
        uint8_t               body[256];
        struct session_params other = params_of(2);
        struct protocol       relative = toy_protocol;
        start(&t);
        session_free(&t.s[2]);
        if (which == 0) other.roster_hash[31] ^= 1;
        if (which == 1) other.request_hash[0] ^= 1;
        if (which == 2) other.item = 1;
        if (which == 3) other.t = 3;
        if (which == 4) other.n = 4, other.quorum = party_set_first(4);
        if (which == 5) relative.wire_id++, other.protocol = &relative;
        if (which == 6) relative.version++, other.protocol = &relative;
        if (which == 7) relative.name = "same", relative.supports = both_groups, other.protocol = &relative;
        if (which == 7) other.group = group_by_id(GROUP_SECP256K1);
        if (which == 8) relative.rounds[0].max_broadcast = 99, relative.open = say_more;
        if (which == 8) relative.version++, other.protocol = &relative;
        assert_ok(session_init(&t.s[2], &other, 0));
        give(&t, 1, take(t.s[2], body));
        expect_abort(t.s[1], ABORT_CONFIGURATION, 0, 0);
    }
}

TEST(check_22, a_foreign_session_id_is_a_configuration_error_without_blame)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    open_all(&t);
    struct message m = take(t.s[2], body);
    m.ssid[5] ^= 1;
    give(&t, 1, m);
    expect_abort(t.s[1], ABORT_CONFIGURATION, 0, 0);
}

TEST(check_23, a_different_echo_is_equivocation_that_names_nobody)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    open_all(&t);
    for (party p = 2; p <= 3; p++) {
        struct message m = take(t.s[p], body);
        if (p == 3) m.echo[0] ^= 1;
        give(&t, 1, m);
        give(&t, 1, take(t.s[p], body));
    }
    expect_abort(t.s[1], ABORT_EQUIVOCATION, 0, 0);
}

TEST(session, gives_up_without_progress_and_says_who_is_missing)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    give(&t, 1, take(t.s[2], body));
    assert_int_equal(session_wakeup_ms(t.s[1]), 1 + PROGRESS_MS);
    session_on_tick(t.s[1], PROGRESS_MS);
    assert_int_equal(session_state(t.s[1]), SESSION_RUNNING);
    session_on_tick(t.s[1], 1 + PROGRESS_MS);
    expect_abort(t.s[1], ABORT_TIMEOUT, 0, 1u << 3);
}

TEST(session, ends_at_its_deadline_whatever_progress_it_makes)
{
    TOYS                  t = {{0}};
    uint8_t               body[256];
    struct session_params p = params_of(1);

    start(&t);
    session_free(&t.s[1]);
    p.progress_ms = 0;
    assert_ok(session_init(&t.s[1], &p, 0));
    struct message m = take(t.s[2], body);
    assert_ok(session_on_message(t.s[1], &m, DEADLINE_MS));
    expect_abort(t.s[1], ABORT_TIMEOUT, 0, 1u << 2 | 1u << 3);
}

TEST(session, takes_a_notice_as_no_evidence)
{
    TOYS           t = {{0}};
    struct message notice;

    start(&t);
    session_cancel(t.s[2], ABORT_CANCELLED);
    assert_true(session_poll(t.s[2], &notice));
    assert_int_equal(notice.round, MESSAGE_ROUND_ABORT);
    give(&t, 1, notice);
    expect_abort(t.s[1], ABORT_PEER, 0, 0);
}

/* check 38: whatever went wrong, the peers are told the same bytes. */
TEST(check_38, notices_are_the_same_whatever_the_reason)
{
    TOYS           t = {{0}};
    uint8_t        body[256];
    BUF_LOCAL      cheated = BUF_INIT(4096), late = BUF_INIT(4096);
    struct message notice;

    start(&t);
    struct message m = take(t.s[2], body);
    m.echo[0] = 1;
    give(&t, 1, m);
    assert_int_equal(t.s[1]->outcome.reason, ABORT_CHEATING);
    assert_true(session_poll(t.s[1], &notice));
    assert_ok(message_encode(&cheated, &notice));
    session_on_tick(t.s[3], DEADLINE_MS);
    assert_true(session_poll(t.s[3], &notice));
    assert_ok(message_encode(&late, &notice));

    assert_true(bytes_equal(buf_bytes(&cheated), buf_bytes(&late)));
}

TEST(session, ignores_everything_after_its_end)
{
    TOYS    t = {{0}};
    uint8_t body[256];

    start(&t);
    struct message m = take(t.s[2], body);
    session_cancel(t.s[1], ABORT_CANCELLED);
    give(&t, 1, m);
    session_on_tick(t.s[1], UINT64_MAX);
    expect_abort(t.s[1], ABORT_CANCELLED, 0, 0);
}

/* check 21: another request, item, epoch ... has another session id; so has the same one, by its nonces. */
TEST(check_21, session_ids_differ_between_runs_of_the_same_inputs)
{
    TOYS a = {{0}}, b = {{0}};

    start(&a), start(&b);
    open_all(&a), open_all(&b);
    assert_memory_equal(session_ssid(a.s[1]), session_ssid(a.s[2]), SSID_LEN);
    assert_memory_not_equal(session_ssid(a.s[1]), session_ssid(b.s[1]), SSID_LEN);
}
