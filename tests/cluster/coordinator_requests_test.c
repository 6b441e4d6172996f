/* SPDX-License-Identifier: Apache-2.0 */
/* Stories of requests over scripted nodes: quorums, failures, deadlines, what is told and what is written down. */
#include "tests/support/gateway.h"
#include <stdio.h>

#define SIGN_BODY "{\"data\":\"68656c6c6f\"}"

struct story {
    struct gateway g;
    char           key_id[KEY_ID_LEN + 1], target[80];
};

static void begin(struct story *s, const struct gateway_options *options)
{
    gateway_init(&s->g, options);
    gateway_make_key(&s->g, s->key_id);
    (void)snprintf(s->target, sizeof s->target, "/api/v1/keys/%s/sign", s->key_id);
    s->g.trace.len = 0;
}

/* The answer comes later. */
static void send_sign(struct story *s, struct gateway_reply *reply)
{
    const struct gateway_request request = {.method = "POST", .target = s->target, .body = SIGN_BODY};
    gateway_send(&s->g, &s->g.app, &request, reply);
}

static void sign(struct story *s, struct gateway_reply *reply)
{
    const struct gateway_request request = {.method = "POST", .target = s->target, .body = SIGN_BODY};
    gateway_call(&s->g, &s->g.app, &request, reply);
}

static void assert_reply(const struct gateway_reply *r, int status, const char *text)
{
    if (r->status == status && strstr(buf_str(&r->body), text) != NULL) return;
    fail_msg("%d %s; expected %d and \"%s\"", r->status, buf_str(&r->body), status, text);
}

static unsigned count(const struct buf *text, const char *what)
{
    unsigned n = 0;
    for (const char *at = buf_str(text); (at = strstr(at, what)) != NULL; at++) n++;
    return n;
}

static unsigned starts(const struct story *s)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->g.node_count; i++) n += s->g.fakes[i].starts;
    return n;
}

/* The fakes that hold the story's key. */
static unsigned holders(struct story *s, unsigned out[GATEWAY_NODES_MAX])
{
    struct key_record        record;
    struct birth_certificate birth;
    unsigned                 n = 0;

    assert_ok(s->g.metadata.ops->key_get(s->g.metadata.self, s->key_id, &record));
    assert_ok(birth_decode(&birth, buf_bytes(&record.birth)));
    for (; n < birth.body.n; n++) out[n] = (unsigned)(birth.body.nodes[n][3] - '1');
    key_record_clear(&record);
    return n;
}

TEST(requests, a_key_is_made_by_three_nodes_and_all_get_the_commit)
{
    struct story s;
    unsigned     commits = 0, started = 0;
    BUF_LOCAL    log = BUF_INIT(4096);

    begin(&s, &(struct gateway_options){0});
    for (unsigned i = 0; i < 4; i++) {
        commits += s.g.fakes[i].commits;
        started += s.g.fakes[i].starts;
    }
    assert_int_equal(started, 3);
    assert_int_equal(commits, 3);
    gateway_log(&s.g, &log);
    assert_string_equal(buf_str(&log), "KEY_GENERATE ok\n");
    gateway_clear(&s.g);
}

TEST(requests, a_signature_is_made_by_two_holders_and_logged_once)
{
    struct story s;
    REPLY_LOCAL  reply = {0};
    BUF_LOCAL    log = BUF_INIT(4096);

    begin(&s, &(struct gateway_options){0});
    sign(&s, &reply);
    assert_reply(&reply, 200, "\"algo_type\":\"EDDSA\",\"dataType\":\"RAW\",\"signers\":[\"tss");
    assert_int_equal(count(&s.g.trace, "start sign"), 2);
    gateway_log(&s.g, &log);
    assert_string_equal(buf_str(&log), "KEY_GENERATE ok\nKEY_SIGN ok\n");
    gateway_clear(&s.g);
}

TEST(requests, circuits_open_once_at_both_ends_and_stay)
{
    struct story s;
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    for (unsigned i = 0; i < 5; i++) {
        gateway_reply_clear(&reply);
        sign(&s, &reply);
        assert_int_equal(reply.status, 200);
    }
    assert_int_equal(count(&s.g.trace, "circuit"), 0); /* the generation opened them */
    gateway_clear(&s.g);
}

TEST(requests, load_is_spread_over_all_holders)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX];

    begin(&s, &(struct gateway_options){0});
    unsigned n = holders(&s, held);
    for (unsigned i = 0; i < n; i++) s.g.fakes[held[i]].starts = 0;
    for (unsigned i = 0; i < 30; i++) {
        REPLY_LOCAL reply = {0};
        sign(&s, &reply);
        assert_int_equal(reply.status, 200);
    }
    for (unsigned i = 0; i < n; i++) assert_true(s.g.fakes[held[i]].starts >= 15);
    gateway_clear(&s.g);
}

/* The brief's promise: none of the requests fails when a signer dies under them. */
TEST(requests, a_signer_that_dies_is_replaced_within_the_request)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX];
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    for (unsigned i = 0; i < 3; i++) s.g.fakes[held[i]].behaviour = FAKE_SILENT;
    gateway_send(&s.g, &s.g.app, &(struct gateway_request){.method = "POST", .target = s.target, .body = SIGN_BODY},
                 &reply);
    gateway_run(&s.g);
    assert_false(reply.done);
    unsigned busy = 0;
    while (s.g.fakes[held[busy]].last == NULL ||
           s.g.fakes[held[busy]].last->operation != KMS__V1__OPERATION__OPERATION_SIGN)
        busy++;
    for (unsigned i = 0; i < 3; i++) s.g.fakes[held[i]].behaviour = FAKE_ANSWERS;
    gateway_link_down(&s.g, held[busy]);
    gateway_run(&s.g);
    assert_true(reply.done);
    assert_reply(&reply, 200, "\"signature\":\"");
    gateway_clear(&s.g);
}

TEST(requests, who_is_named_missing_is_avoided_in_the_next_attempt)
{
    struct story             s;
    unsigned                 held[GATEWAY_NODES_MAX];
    REPLY_LOCAL              reply = {0};
    static const char *const names[] = {"tss1", "tss2", "tss3", "tss4"};

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    /* Whoever is asked first says that the holder number 2 is late, and it is. */
    s.g.fakes[held[2]].behaviour = FAKE_SILENT;
    for (unsigned i = 0; i < 2; i++) {
        s.g.fakes[held[i]].behaviour = FAKE_FAILS;
        s.g.fakes[held[i]].error = KMS_E_TIMEOUT;
        s.g.fakes[held[i]].missing = names[held[2]];
        s.g.fakes[held[i]].times = 1;
    }
    uint64_t before = s.g.now_ms;
    sign(&s, &reply);
    assert_int_equal(reply.status, 200);
    assert_true(s.g.now_ms - before < 300);
    gateway_clear(&s.g);
}

TEST(requests, a_hung_signer_costs_one_progress_time_at_most)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX];
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    s.g.fakes[held[0]].behaviour = s.g.fakes[held[1]].behaviour = FAKE_SILENT;
    s.g.fakes[held[0]].times = 0;
    uint64_t before = s.g.now_ms;
    gateway_send(&s.g, &s.g.app, &(struct gateway_request){.method = "POST", .target = s.target, .body = SIGN_BODY},
                 &reply);
    gateway_pass(&s.g, 50);
    s.g.fakes[held[1]].behaviour = FAKE_ANSWERS;
    while (!reply.done && s.g.now_ms - before < 6000) gateway_pass(&s.g, 10);
    assert_reply(&reply, 200, "signature");
    assert_true(s.g.now_ms - before <= 2600);
    gateway_clear(&s.g);
}

TEST(requests, a_signature_that_does_not_verify_never_leaves)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX];
    REPLY_LOCAL  reply = {0};
    BUF_LOCAL    log = BUF_INIT(4096);

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    for (unsigned i = 0; i < 3; i++) s.g.fakes[held[i]].behaviour = FAKE_LIES;
    sign(&s, &reply);
    assert_reply(&reply, 502, "does not verify");
    assert_null(strstr(buf_str(&reply.body), "\"signature\""));
    gateway_log(&s.g, &log);
    assert_non_null(strstr(buf_str(&log), "KEY_SIGN proof\n"));
    gateway_clear(&s.g);
}

TEST(requests, one_lying_signer_does_not_stop_the_honest_ones)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX];

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    s.g.fakes[held[0]].behaviour = FAKE_LIES;
    for (unsigned i = 0; i < 6; i++) {
        REPLY_LOCAL reply = {0};
        sign(&s, &reply);
        assert_int_equal(reply.status, 200);
    }
    gateway_clear(&s.g);
}

TEST(requests, one_node_that_refuses_may_lie_but_two_are_believed)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX];
    REPLY_LOCAL  first = {0}, second = {0};

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    s.g.fakes[held[0]].behaviour = FAKE_FAILS;
    s.g.fakes[held[0]].error = KMS_E_DENIED;
    sign(&s, &first);
    assert_int_equal(first.status, 200);
    s.g.fakes[held[1]].behaviour = FAKE_FAILS;
    s.g.fakes[held[1]].error = KMS_E_DENIED;
    sign(&s, &second);
    assert_reply(&second, 403, "\"code\":\"denied\"");
    gateway_clear(&s.g);
}

TEST(requests, at_most_eight_attempts_are_made)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX];
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    for (unsigned i = 0; i < 3; i++) {
        s.g.fakes[held[i]].behaviour = FAKE_FAILS;
        s.g.fakes[held[i]].error = KMS_E_ABORTED;
    }
    unsigned before = starts(&s);
    sign(&s, &reply);
    assert_reply(&reply, 502, "\"retryable\":true");
    assert_int_equal(starts(&s) - before, 16);
    gateway_clear(&s.g);
}

TEST(requests, the_deadline_ends_a_request_that_nobody_answers)
{
    struct story s;
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    for (unsigned i = 0; i < 4; i++) s.g.fakes[i].behaviour = FAKE_SILENT;
    uint64_t before = s.g.now_ms;
    sign(&s, &reply);
    assert_reply(&reply, 504, "\"code\":\"timeout\"");
    assert_in_range(s.g.now_ms - before, 4900, 5100);
    unsigned cancels = 0;
    for (unsigned i = 0; i < 4; i++) cancels += s.g.fakes[i].cancels;
    assert_true(cancels >= 2);
    gateway_clear(&s.g);
}

static void all_links(struct story *s, void change(struct gateway *, unsigned))
{
    for (unsigned i = 0; i < s->g.node_count; i++) change(&s->g, i);
}

TEST(requests, holders_that_are_away_for_a_moment_fail_no_signature)
{
    struct story s;
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    all_links(&s, gateway_link_down);
    unsigned before = starts(&s);
    send_sign(&s, &reply);
    gateway_pass(&s.g, 500);
    assert_false(reply.done);
    assert_int_equal(starts(&s) - before, 0);
    all_links(&s, gateway_link_up);
    gateway_pass(&s.g, 100);
    assert_true(reply.done);
    assert_reply(&reply, 200, "\"signature\":\"");
    assert_int_equal(starts(&s) - before, 2);
    gateway_clear(&s.g);
}

TEST(requests, holders_that_go_away_under_a_signature_are_waited_for)
{
    struct story s;
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    for (unsigned i = 0; i < 4; i++) s.g.fakes[i].behaviour = FAKE_SILENT;
    send_sign(&s, &reply);
    gateway_pass(&s.g, 50);
    all_links(&s, gateway_link_down);
    for (unsigned i = 0; i < 4; i++) s.g.fakes[i].behaviour = FAKE_ANSWERS;
    gateway_pass(&s.g, 500);
    assert_false(reply.done);
    all_links(&s, gateway_link_up);
    gateway_pass(&s.g, 100);
    assert_true(reply.done);
    assert_int_equal(reply.status, 200);
    gateway_clear(&s.g);
}

TEST(requests, without_a_quorum_the_answer_comes_at_the_deadline_and_is_retryable)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX];
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    gateway_link_down(&s.g, held[0]);
    gateway_link_down(&s.g, held[1]);
    uint64_t before = s.g.now_ms;
    sign(&s, &reply);
    assert_reply(&reply, 503, "\"code\":\"no_quorum\"");
    assert_reply(&reply, 503, "\"retryable\":true");
    assert_in_range(s.g.now_ms - before, 4900, 5100);
    assert_string_equal(reply.retry_after, "1");
    gateway_clear(&s.g);
}

TEST(requests, no_quorum_is_told_with_the_failure_that_led_to_it)
{
    struct story s;
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    for (unsigned i = 0; i < 4; i++) s.g.fakes[i].behaviour = FAKE_SILENT;
    send_sign(&s, &reply);
    gateway_pass(&s.g, 50);
    all_links(&s, gateway_link_down);
    gateway_pass(&s.g, 5000);
    assert_true(reply.done);
    assert_reply(&reply, 503, "\"code\":\"no_quorum\"");
    assert_reply(&reply, 503, "0 are available: start them or wait; before that: the tunnel between tss");
    gateway_clear(&s.g);
}

TEST(requests, too_many_at_once_get_429)
{
    struct story         s;
    struct gateway_reply replies[17] = {0};

    begin(&s, &(struct gateway_options){.requests_max = 16});
    for (unsigned i = 0; i < 4; i++) s.g.fakes[i].behaviour = FAKE_SILENT;
    const struct gateway_request request = {.method = "POST", .target = s.target, .body = SIGN_BODY};
    for (unsigned i = 0; i < 17; i++) gateway_send(&s.g, &s.g.app, &request, &replies[i]);
    assert_false(replies[15].done);
    assert_true(replies[16].done);
    assert_reply(&replies[16], 429, "\"code\":\"busy\"");
    gateway_pass(&s.g, 6000);
    for (unsigned i = 0; i < 17; i++) {
        assert_true(replies[i].done);
        gateway_reply_clear(&replies[i]);
    }
    gateway_clear(&s.g);
}

TEST(requests, what_is_in_flight_is_answered_when_the_coordinator_stops)
{
    struct story s;
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    for (unsigned i = 0; i < 4; i++) s.g.fakes[i].behaviour = FAKE_SILENT;
    gateway_send(&s.g, &s.g.app, &(struct gateway_request){.method = "POST", .target = s.target, .body = SIGN_BODY},
                 &reply);
    gateway_clear(&s.g);
    assert_true(reply.done);
    assert_int_equal(reply.status, 503);
}

/* As a node does whose share is still PENDING. */
static void set_all(struct story *s, enum fake_behaviour behaviour)
{
    for (unsigned i = 0; i < s->g.node_count; i++) {
        s->g.fakes[i].behaviour = behaviour;
        s->g.fakes[i].error = KMS_E_UNAVAILABLE;
        s->g.fakes[i].commits = 0;
    }
}

TEST(requests, attempts_wait_for_nodes_that_are_not_ready_yet)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX];
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    set_all(&s, FAKE_FAILS);
    send_sign(&s, &reply);
    gateway_pass(&s.g, 300);
    assert_false(reply.done);
    assert_true(s.g.fakes[held[0]].commits > 0); /* what they lack has been brought */
    set_all(&s, FAKE_ANSWERS);
    gateway_pass(&s.g, 1000);
    assert_true(reply.done);
    assert_int_equal(reply.status, 200);
    gateway_clear(&s.g);
}

TEST(requests, eight_attempts_take_more_than_a_second_and_then_say_why)
{
    struct story s;
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    set_all(&s, FAKE_FAILS);
    uint64_t started = s.g.now_ms;
    send_sign(&s, &reply);
    while (!reply.done) gateway_pass(&s.g, 10);
    assert_int_equal(reply.status, 503);
    assert_in_range(s.g.now_ms - started, 1500, 2500);
    gateway_clear(&s.g);
}

TEST(requests, a_signer_that_missed_the_commit_is_brought_it)
{
    struct story s;
    unsigned     held[GATEWAY_NODES_MAX], commits = 0;
    REPLY_LOCAL  reply = {0};

    begin(&s, &(struct gateway_options){0});
    (void)holders(&s, held);
    for (unsigned i = 0; i < 3; i++) {
        s.g.fakes[held[i]].commits = 0;
        s.g.fakes[held[i]].behaviour = i == 0 ? FAKE_FAILS : FAKE_ANSWERS;
        s.g.fakes[held[i]].error = KMS_E_NOT_FOUND;
    }
    for (unsigned i = 0; i < 3 && s.g.fakes[held[0]].commits == 0; i++) {
        gateway_reply_clear(&reply);
        sign(&s, &reply);
        assert_int_equal(reply.status, 200);
    }
    for (unsigned i = 0; i < 3; i++) commits += s.g.fakes[held[i]].commits;
    assert_int_equal(commits, 1);
    gateway_clear(&s.g);
}
