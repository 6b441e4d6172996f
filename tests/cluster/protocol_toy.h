/* SPDX-License-Identifier: Apache-2.0 */
/* A toy protocol of two rounds and a confirmation, and three sessions of it: for tests of the engine's own rules. */
#ifndef KMS_TESTS_CLUSTER_PROTOCOL_TOY_H
#define KMS_TESTS_CLUSTER_PROTOCOL_TOY_H

#include "cluster/protocol/protocol.h"
#include "cluster/protocol/session_internal.h"
#include "tests/support/test.h"

#define N 3
#define PROGRESS_MS 100
#define DEADLINE_MS 1000

/* The toy: everybody says its number, then (direct) the number of whom it speaks to. 0xff makes a handler fail. */
struct toy {
    uint8_t said[N + 1];
    int     completed;
};

static inline enum kms_err toy_on_number(struct session *s, party from, struct reader *r)
{
    struct toy *toy = session_memory(s);
    uint8_t     number = reader_u8(r);

    if (number == 0xfe) return fail(KMS_E_RANDOM, "no random numbers");
    if (number != from) return session_fault(s, KMS_E_PROOF, "not its number");
    toy->said[from] = number;
    return KMS_OK;
}

static inline enum kms_err toy_on_direct(struct session *s, party from, struct reader *r)
{
    assert_int_equal(((struct toy *)session_memory(s))->said[from], from); /* broadcasts come first */
    if (reader_u8(r) != session_params(s)->self) return session_fault(s, KMS_E_PROTOCOL, "not my number");
    return KMS_OK;
}

static inline enum kms_err toy_speak(struct session *s)
{
    const struct session_params *p = session_params(s);

    ((struct toy *)session_memory(s))->completed++;
    *session_broadcast(s, 1) = (uint8_t)p->self;
    for (party to = 1; to <= N; to++)
        if (to != p->self) *session_direct(s, to, 1) = (uint8_t)to;
    return KMS_OK;
}

static inline enum kms_err toy_finish(struct session *s)
{
    assert_int_equal(((struct toy *)session_memory(s))->completed, 1);
    session_result(s)->kind = OUTCOME_KEY;
    return KMS_OK;
}

static inline bool any_group(enum group_id id)
{
    return id == GROUP_ED25519;
}

static const struct protocol toy_protocol = {
    .name = "toy",
    .wire_id = 999,
    .version = 1,
    .gives = OUTCOME_KEY,
    .confirms = true,
    .state_size = sizeof(struct toy),
    .supports = any_group,
    .round_count = 2,
    .rounds = {{"open", EXPECTS_BROADCAST, 0, 0, NULL, NULL, toy_speak},
               {"number", EXPECTS_BROADCAST | EXPECTS_DIRECT, 1, 1, toy_on_number, toy_on_direct, toy_finish}},
};

static inline struct session_params params_of(party self)
{
    return (struct session_params){.protocol = &toy_protocol,
                                   .group = group_by_id(GROUP_ED25519),
                                   .tag = "tag of the toy!",
                                   .self = self,
                                   .quorum = party_set_first(N),
                                   .t = 2,
                                   .n = N,
                                   .rng = rng_system(),
                                   .deadline_ms = DEADLINE_MS,
                                   .progress_ms = PROGRESS_MS};
}

struct toys {
    struct session *s[N + 1];
};

static inline void toys_clear(struct toys *t)
{
    for (party p = 1; p <= N; p++) session_free(&t->s[p]);
}

#define TOYS CLEANUP(toys_clear) struct toys

static inline void start(struct toys *t)
{
    for (party p = 1; p <= N; p++) {
        struct session_params params = params_of(p);
        assert_ok(session_init(&t->s[p], &params, 0));
    }
}

/* Takes the next message of a row and kind from a session, into memory that stays. */
static inline struct message take(struct session *s, uint8_t body[256])
{
    struct message m;

    assert_true(session_poll(s, &m));
    assert_true(m.body.len <= 256);
    if (m.body.len > 0) memcpy(body, m.body.data, m.body.len);
    m.body = bytes(body, m.body.len);
    return m;
}

static inline void give(struct toys *t, party to, struct message m)
{
    assert_ok(session_on_message(t->s[to], &m, 1));
}

/* Everybody hears every opening. */
static inline void open_all(struct toys *t)
{
    for (party p = 1; p <= N; p++) {
        uint8_t        body[256];
        struct message m = take(t->s[p], body);
        for (party to = 1; to <= N; to++)
            if (to != p) give(t, to, m);
    }
}

static inline void expect_abort(struct session *s, enum abort_reason reason, uint32_t culprits, uint32_t missing)
{
    struct outcome out;
    struct message notice;

    assert_int_equal(session_state(s), SESSION_ABORTED);
    assert_true(session_poll(s, &notice));
    assert_int_equal(notice.round, MESSAGE_ROUND_ABORT);
    assert_int_equal(notice.body.len, 0);
    assert_false(session_poll(s, &notice));
    out = s->outcome;
    assert_int_equal(out.reason, reason);
    assert_int_equal(out.culprits.mask, culprits);
    assert_int_equal(out.missing.mask, missing);
}

#endif
