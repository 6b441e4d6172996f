/* SPDX-License-Identifier: Apache-2.0 */
/* Keys on secp256k1, runs of DKLS23 with them, and a signer that alters its own messages. */
#ifndef KMS_TESTS_PROTOCOL_DKLS23_EVIL_H
#define KMS_TESTS_PROTOCOL_DKLS23_EVIL_H

#include "tests/protocol/dkls23_fixture.h"

static struct key_share two_of_three[SIM_PARTIES], three_of_five[SIM_PARTIES], other_key[SIM_PARTIES];

static UNUSED struct party_set set_of(party a, party b, party c)
{
    return party_set_with(party_set_with(party_set_with(party_set_none(), a), b), c);
}

static UNUSED struct sim_setup setup_of(const struct key_share *shares, struct party_set quorum)
{
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);

    if (two_of_three[1].group == NULL) {
        sim_make_key(two_of_three, g, 2, 3, test_seed());
        sim_make_key(three_of_five, g, 3, 5, test_seed() + 1);
        sim_make_key(other_key, g, 2, 3, test_seed() + 2);
    }
    return fixture_sign(shares, quorum);
}

static UNUSED struct sim_setup two_sign(void)
{
    return setup_of(two_of_three, set_of(1, 2, 0));
}

/* A run with a fault that is ours, not the simulator's, and nobody's guilt. */
static UNUSED void may_fail(struct sim_setup *setup)
{
    setup->fault = SIM_NOTICE;
    setup->fault_round = 200;
}

static UNUSED void sign_online(struct sim_result *out, struct sim_setup *setup, struct presignature *presignatures)
{
    struct fixture_gifts gifts = {.presignatures = presignatures};

    setup->protocol = &dkls23_online_protocol;
    setup->prepare_arg = &gifts;
    sim_run(out, setup);
    setup->prepare_arg = NULL;
}

/* --- an evil signer --- */

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

static UNUSED void change(void *arg, struct message *m, party to, uint8_t *body)
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
static UNUSED void run_evil(struct sim_setup *setup, struct evil *e, struct sim_result *result)
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

static UNUSED void expect_abort_of(const struct sim_result *r, party evil, const char *text, bool burns)
{
    party                 honest = evil == 1 ? 2 : 1;
    const struct outcome *o = &r->end[honest].outcome;

    assert_int_equal(r->end[honest].state, SESSION_ABORTED);
    assert_int_equal(o->reason, ABORT_CHEATING);
    assert_string_equal(o->text, text);
    assert_int_equal(o->culprits.mask, 1u << evil);
    assert_int_equal(o->burned.mask, burns ? 1u << evil : 0);
}

static UNUSED void expect_abort(const struct sim_result *r, const char *text, bool burns)
{
    expect_abort_of(r, 2, text, burns);
}

#define U_LEN 68 /* of one tree: 416 + 128 bits */
#define X_AT (32 * U_LEN)
#define OT_TEXT "a check of the multiplication failed"
#define END_TEXT "the signature does not verify"

/* The messages that `s` has to send, each given to `to`. */
static UNUSED void pass_on(struct session *s, struct session *to)
{
    static uint8_t body[MESSAGE_BODY_MAX];
    struct message m;

    while (session_poll(s, &m)) {
        if (m.body.len > 0) memcpy(body, m.body.data, m.body.len);
        m.body = bytes(body, m.body.len);
        assert_ok(session_on_message(to, &m, 1));
    }
}

#endif
