/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay that touches what it carries (checks 24, 25, 26): every fault at every record of a signature ends the session
 * without output at the node that was cheated, blames nobody, burns nothing, and leaves other coordinators' work alone.
 */
#include <stdio.h>

#include "cluster/node/state.h"
#include "tests/support/cluster_sim.h"

#define SIGN KMS__V1__OPERATION__OPERATION_SIGN
#define BOTH 0x3

static struct cluster_sim sim;
static char               key_id[KEY_ID_LEN + 1];

enum fault { FLIP, CUT, DROP, REPEAT, SWAP, SPLICE, REPLAY_OLD, REFLECT, FAULTS };
static const char *const fault_names[FAULTS] = {"flip", "cut",    "drop",       "repeat",
                                                "swap", "splice", "replay old", "reflect"};

struct meddler {
    enum fault fault;
    uint64_t   at; /* which relay after the session began */
    uint64_t   first;
    bool       done;
    unsigned   victim;
    struct buf old; /* a record of the tunnel between tss1 and tss3 */
};

static void replace(struct sim_relay *r, struct bytes data)
{
    r->data.len = 0;
    assert_ok(buf_append(&r->data, data));
}

static enum sim_fate meddle(void *arg, struct sim_relay *r)
{
    struct meddler *m = arg;

    if (m->done || r->number != m->first + m->at) return SIM_PASS;
    m->done = true;
    m->victim = r->to;
    switch (m->fault) {
    case FLIP:
        r->data.data[r->data.len / 2] ^= 0x10;
        return SIM_PASS;
    case CUT:
        r->data.len -= 1;
        return SIM_PASS;
    case DROP:
        return SIM_DROP;
    case REPEAT:
        return SIM_REPEAT;
    case SWAP:
        return SIM_HOLD;
    case SPLICE:
        r->circuit = sim_circuit_between(&sim, r->to, 2);
        return SIM_PASS;
    case REPLAY_OLD:
        replace(r, buf_bytes(&m->old));
        return SIM_PASS;
    case REFLECT:
        r->to = r->from;
        return SIM_PASS;
    case FAULTS:
    default:
        return SIM_PASS;
    }
}

/* Neither proof nor equivocation nor mismatch: nobody is at fault but the way between. */
static bool blames_nobody(enum kms_err err)
{
    return err == KMS_OK || err == KMS_E_ABORTED || err == KMS_E_TIMEOUT || err == KMS_E_UNAVAILABLE;
}

/* A swapped or repeated last record has nothing behind it to disturb: then the session may have ended well. */
static bool may_succeed(enum fault f)
{
    return f == REPEAT || f == SWAP;
}

static void heal(void)
{
    for (unsigned a = 0; a < sim.count; a++)
        for (unsigned b = a + 1; b < sim.count; b++) {
            if (sim_circuit_between(&sim, a, b) != 0) sim_close_circuit(&sim, a, b);
            sim_join(&sim, a, b);
        }
    sim_run(&sim);
}

/* One signature with one fault; false if the session has no such record any more. */
static bool one_run(struct meddler *m)
{
    m->done = false;
    m->first = sim.relays;
    sim.on_relay = meddle;
    sim.arg = m;
    sim_sign(&sim, key_id, BOTH);
    sim_advance(&sim, 6000);
    sim.on_relay = NULL;
    if (!m->done) return false;
    for (unsigned i = 0; i < 2; i++) {
        const struct sim_result *r = &sim.nodes[i].result;
        assert_true(r->have);
        if (!blames_nobody(r->error))
            fail_msg("%s at record %u: %s", fault_names[m->fault], (unsigned)m->at, error_name(r->error));
        assert_true(r->error == KMS_OK || r->signature_len == 0);
    }
    const struct sim_result *victim = &sim.nodes[m->victim].result;
    if (!may_succeed(m->fault) && victim->error == KMS_OK)
        fail_msg("%s at record %u: the victim has a signature", fault_names[m->fault], (unsigned)m->at);
    return true;
}

static void take_old_record(struct meddler *m)
{
    BUF_LOCAL before = BUF_INIT(SIM_SEEN_MAX);

    sim.seen.len = 0;
    sim_sign(&sim, key_id, 0x5);
    sim_assert_signed(&sim, key_id, 0x5);
    m->old = BUF_INIT(1 << 20);
    assert_ok(buf_append(&m->old, bytes(sim.seen.data, sim.seen.len / 2)));
}

TEST(relay, every_fault_at_every_record_ends_the_session_and_no_more)
{
    struct meddler m = {0};
    unsigned       runs = 0;

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    take_old_record(&m);
    for (int f = 0; f < FAULTS; f++) {
        m.fault = (enum fault)f;
        for (m.at = 0; one_run(&m); m.at++, runs++) {
            /* Nothing is burned: new circuits, and the same key signs. */
            heal();
            sim_sign(&sim, key_id, BOTH);
            sim_assert_signed(&sim, key_id, BOTH);
        }
        print_message("    %s: %u records\n", fault_names[f], (unsigned)m.at);
        assert_true(m.at >= 3);
        heal();
    }
    buf_clear(&m.old);
    cluster_sim_clear(&sim);
}

/* Garbage on one circuit; the session of the same two nodes over another circuit does not notice. */
TEST(relay, garbage_ends_only_the_tunnel_it_came_through)
{
    struct signed_request r;
    struct sim_start      start;
    Kms__V1__ToNode       m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Relay        relay = KMS__V1__RELAY__INIT;
    char                  target[128];
    uint8_t               garbage[300] = {22, 3, 3, 0, 200};

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    uint64_t victim = sim_circuit_between(&sim, 0, 1);
    sim_join(&sim, 0, 1);
    sim_run(&sim);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &r, &sim.owner, target, "{\"data\":\"61747461636b206174206461776e\"}");
    sim_start_init(&sim, &start, SIGN, &r, BOTH);
    sim_send_start(&sim, 0, &start);
    relay.circuit = victim;
    relay.data = (ProtobufCBinaryData){.len = sizeof garbage, .data = garbage};
    m.kind_case = KMS__V1__TO_NODE__KIND_RELAY;
    m.relay = &relay;
    sim_send(&sim, 0, &m);
    relay.circuit = 4711;
    for (int i = 0; i < 1000; i++) sim_send(&sim, 0, &m);
    sim_send_start(&sim, 1, &start);
    sim_run(&sim);
    sim_assert_signed(&sim, key_id, BOTH);
    assert_true(sim.nodes[0].circuits_closed >= 1);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

/* Check 22: two nodes are told different things; they find out before a secret is touched, and blame nobody. */
TEST(relay, different_messages_for_two_nodes_are_a_mismatch)
{
    struct signed_request a, b;
    struct sim_start      start_a, start_b;
    char                  target[128];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &a, &sim.owner, target, "{\"data\":\"6161\"}");
    sim_request(&sim, &b, &sim.owner, target, "{\"data\":\"6262\"}");
    sim_start_init(&sim, &start_a, SIGN, &a, BOTH);
    sim_start_init(&sim, &start_b, SIGN, &b, BOTH);
    memcpy(start_b.tag, start_a.tag, sizeof start_b.tag);
    sim_send_start(&sim, 0, &start_a);
    sim_send_start(&sim, 1, &start_b);
    sim_run(&sim);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(sim.nodes[i].result.error == KMS_E_MISMATCH || sim.nodes[i].result.error == KMS_E_ABORTED);
        assert_int_equal(sim.nodes[i].result.signature_len, 0);
    }
    sim_sign(&sim, key_id, BOTH);
    sim_assert_signed(&sim, key_id, BOTH);
    sim_start_clear(&start_a);
    sim_start_clear(&start_b);
    cluster_sim_clear(&sim);
}

/* Check 22, for rosters: tunnels pass the newer one on; before they could, the sessions disagree. */
TEST(relay, nodes_with_different_rosters_do_not_sign_together)
{
    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    /* tss1 alone learns a new roster, in the middle of things: only its own tunnels are closed and made anew. */
    struct cluster_sim *s = &sim;
    for (unsigned i = 0; i < 3; i++) assert_int_equal(s->nodes[i].node->roster.sequence, 1);
    memset(s->nodes[0].node->roster.hash, 7, 32);
    sim_sign(s, key_id, BOTH);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(s->nodes[i].result.error == KMS_E_MISMATCH || s->nodes[i].result.error == KMS_E_ABORTED);
        assert_int_equal(s->nodes[i].result.signature_len, 0);
    }
    cluster_sim_clear(s);
}

/* Check 24: a party speaks in its own name only. tss3 is no party of the session and knows its tag. */
TEST(relay, who_speaks_is_known_from_the_tunnel_alone)
{
    struct signed_request r;
    struct sim_start      start;
    struct message        m = {.round = 0, .kind = MESSAGE_BROADCAST};
    BUF_LOCAL             encoded = BUF_INIT(65536);
    char                  target[128];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &r, &sim.owner, target, "{\"data\":\"61747461636b206174206461776e\"}");
    sim_start_init(&sim, &start, SIGN, &r, BOTH);
    sim_send_start(&sim, 0, &start);
    sim_send_start(&sim, 1, &start);
    memcpy(m.tag, start.tag, sizeof m.tag);
    m.round = MESSAGE_ROUND_ABORT;
    assert_ok(message_encode(&encoded, &m));
    struct node    *evil = sim.nodes[2].node;
    struct circuit *to_first = circuits_to(evil, "tss1");
    assert_non_null(to_first);
    circuit_send(evil, to_first, TUNNEL_PROTOCOL, buf_bytes(&encoded));
    circuits_flush(evil);
    sim_run(&sim);
    sim_assert_signed(&sim, key_id, BOTH);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

/* Check 21: what was said in one session is of no use in the next, nor in a tunnel made anew. */
TEST(relay, sessions_end_with_their_circuit)
{
    struct signed_request r;
    struct sim_start      start;
    char                  target[128];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &r, &sim.owner, target, "{\"data\":\"61747461636b206174206461776e\"}");
    sim_start_init(&sim, &start, SIGN, &r, BOTH);
    sim_send_start(&sim, 0, &start);
    sim_close_circuit(&sim, 0, 1);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_ABORTED);
    assert_int_equal(sim.nodes[0].node->runs.count, 0);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(relay, a_coordinator_may_cancel_and_nothing_else)
{
    struct signed_request r;
    struct sim_start      start;
    Kms__V1__ToNode       m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Cancel       cancel = KMS__V1__CANCEL__INIT;
    char                  target[128];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &r, &sim.owner, target, "{\"data\":\"61747461636b206174206461776e\"}");
    sim_start_init(&sim, &start, SIGN, &r, BOTH);
    sim_send_start(&sim, 0, &start);
    cancel.tag = (ProtobufCBinaryData){.len = 16, .data = start.tag};
    m.kind_case = KMS__V1__TO_NODE__KIND_CANCEL;
    m.cancel = &cancel;
    sim_send(&sim, 0, &m);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_ABORTED);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}
