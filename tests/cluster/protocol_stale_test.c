/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tag, two sessions: a coordinator has named them alike, or the peer was started again. What is left of the first
 * is authentic and honest, and the second holds it against nobody.
 */
#include "tests/cluster/protocol_toy.h"

TEST(stale, an_opening_of_the_session_before_ours_blames_nobody)
{
    TOYS    a = {{0}}, b = {{0}};
    uint8_t bodies[2][256];

    start(&a), start(&b);
    give(&b, 1, take(a.s[2], bodies[0]));
    give(&b, 1, take(b.s[2], bodies[1]));
    expect_abort(b.s[1], ABORT_CONFIGURATION, 0, 0);
}

TEST(stale, an_opening_of_a_peer_that_was_started_again_blames_nobody)
{
    TOYS    a = {{0}}, b = {{0}};
    uint8_t body[256];

    start(&a), start(&b);
    open_all(&a);
    give(&a, 1, take(b.s[2], body));
    expect_abort(a.s[1], ABORT_CONFIGURATION, 0, 0);
}

/* Everybody's messages of row 1 are with everybody, so that the confirmations are out. */
static void number_all(struct toys *t)
{
    for (party p = 1; p <= N; p++) {
        for (unsigned messages = 0; messages < N; messages++) {
            uint8_t        body[256];
            struct message m = take(t->s[p], body);
            for (party to = 1; to <= N; to++)
                if (to != p && (m.to == 0 || m.to == to)) give(t, to, m);
        }
    }
}

TEST(stale, a_message_of_a_later_round_blames_nobody)
{
    for (unsigned opened = 0; opened < 2; opened++) {
        TOYS    a = {{0}}, b = {{0}};
        uint8_t body[256];
        start(&a), start(&b);
        open_all(&a);
        number_all(&a);
        struct message m = take(a.s[2], body);
        assert_int_equal(m.round, 2);
        if (opened == 1) open_all(&b);
        if (opened == 1) m.round = 3; /* as of a longer protocol */
        give(&b, 1, m);
        expect_abort(b.s[1], ABORT_CONFIGURATION, 0, 0);
    }
}

/* Party 2's message of row 1 to party 1, of either kind. */
static struct message take_number(struct toys *t, bool direct, uint8_t body[256])
{
    struct message m = take(t->s[2], body);

    if (direct) m = take(t->s[2], body);
    assert_int_equal(m.round, 1);
    assert_int_equal(m.kind, direct ? MESSAGE_DIRECT : MESSAGE_BROADCAST);
    return m;
}

/* It comes before the ssid is known, so it is kept; then the ssid comes, or the real one. */
static void expect_early_is_harmless(bool direct, bool ssid_comes)
{
    TOYS           a = {{0}}, b = {{0}};
    uint8_t        bodies[N + 1][256], body[256], stale_body[256];
    struct message open[N + 1];

    start(&a), start(&b);
    open_all(&a);
    for (party p = 1; p <= N; p++) open[p] = take(b.s[p], bodies[p]);
    give(&b, 2, open[1]), give(&b, 2, open[3]);
    give(&b, 1, take_number(&a, direct, stale_body));
    assert_int_equal(session_state(b.s[1]), SESSION_RUNNING);
    if (ssid_comes) give(&b, 1, open[2]);
    give(&b, 1, ssid_comes ? open[3] : take_number(&b, direct, body));
    expect_abort(b.s[1], ABORT_CONFIGURATION, 0, 0);
    assert_int_equal(((struct toy *)session_memory(b.s[1]))->completed, 0);
}

TEST(stale, an_early_message_that_was_kept_blames_nobody_and_stays_in_nobodys_place)
{
    for (unsigned which = 0; which < 4; which++) expect_early_is_harmless((which & 1) != 0, (which & 2) != 0);
}

/* Messages of another protocol under the tag: of a kind, a size and a row that ours does not have. */
TEST(stale, a_message_of_another_protocol_blames_nobody)
{
    static const struct {
        uint8_t round, kind;
        size_t  len;
    } strange[] = {{0, MESSAGE_DIRECT, 1},   {0, MESSAGE_BROADCAST, 200}, {1, MESSAGE_BROADCAST, 250},
                   {1, MESSAGE_DIRECT, 250}, {2, MESSAGE_DIRECT, 1},      {5, MESSAGE_DIRECT, 250}};

    for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
        for (unsigned opened = 0; opened < 2; opened++) {
            TOYS           t = {{0}};
            uint8_t        body[256] = {0};
            struct message m = {.from = 2, .round = strange[i].round, .kind = strange[i].kind};
            start(&t);
            if (opened == 1) open_all(&t);
            memcpy(m.tag, session_tag(t.s[1]), SESSION_TAG_LEN);
            if (m.round > 0) memset(m.ssid, 0x5a, SSID_LEN);
            m.body = bytes(body, strange[i].len);
            give(&t, 1, m);
            expect_abort(t.s[1], ABORT_CONFIGURATION, 0, 0);
        }
    }
}

TEST(stale, a_notice_of_another_session_does_not_end_ours)
{
    TOYS           a = {{0}}, b = {{0}};
    struct message notice;

    start(&a), start(&b);
    open_all(&a), open_all(&b);
    session_cancel(a.s[2], ABORT_CANCELLED);
    assert_true(session_poll(a.s[2], &notice));
    assert_memory_equal(notice.ssid, session_ssid(a.s[2]), SSID_LEN);
    give(&b, 1, notice);
    assert_int_equal(session_state(b.s[1]), SESSION_RUNNING);

    give(&a, 1, notice);
    expect_abort(a.s[1], ABORT_PEER, 0, 0);
}

TEST(stale, a_notice_from_before_the_session_id_ends_a_session_that_knows_it)
{
    TOYS           t = {{0}};
    struct message notice = {.from = 2, .round = MESSAGE_ROUND_ABORT, .kind = MESSAGE_BROADCAST};

    start(&t);
    open_all(&t);
    memcpy(notice.tag, session_tag(t.s[1]), SESSION_TAG_LEN);
    give(&t, 1, notice);
    expect_abort(t.s[1], ABORT_PEER, 0, 0);
}
