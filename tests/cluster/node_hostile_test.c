/* SPDX-License-Identifier: Apache-2.0 */
/* Coordinators that have been taken over: what they can make of a node's queues, places and memory. */
#include <stdio.h>

#include "cluster/node/settle.h"
#include "cluster/node/state.h"
#include "cluster/node/statements.h"
#include "tests/support/cluster_sim.h"

#define SIGN KMS__V1__OPERATION__OPERATION_SIGN
#define ALL 0x7
#define BOTH 0x3

static struct cluster_sim sim;
static char               key_id[KEY_ID_LEN + 1], target[128];

static void set_up(void)
{
    cluster_sim_init(&sim, 3);
    sim_crash(&sim, 0);
    sim.sessions_max = 4096;
    assert_ok(sim_boot(&sim, 0));
    sim_link(&sim, 0);
    sim_join(&sim, 0, 1);
    sim_join(&sim, 0, 2);
    sim_run(&sim);
    sim_make_key(&sim, 2, ALL, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
}

/* tss1 is asked to sign a text of its own with tss2, eight times at most per text. */
static void start_one(unsigned text)
{
    struct signed_request r;
    struct sim_start      start;
    char                  body[64];

    (void)snprintf(body, sizeof body, "{\"data\":\"%08x\"}", text);
    sim_request(&sim, &r, &sim.owner, target, body);
    sim_start_init(&sim, &start, SIGN, &r, BOTH);
    sim_send_start(&sim, 0, &start);
    sim_start_clear(&start);
}

static enum sim_fate lose(void *arg, struct sim_relay *r)
{
    (void)arg, (void)r;
    return SIM_DROP;
}

/* The circuit between tss1 and tss2 is a new one whose handshake the relay loses. */
static struct circuit *unready_circuit(void)
{
    sim_close_circuit(&sim, 0, 1);
    sim.on_relay = lose;
    sim_join(&sim, 0, 1);
    return circuits_find(sim.nodes[0].node->links, sim_circuit_between(&sim, 0, 1));
}

/* What a session says does not fit any more: its circuit is doomed while the session is being fed. It ends once. */
TEST(hostile, a_session_that_cannot_speak_ends_once)
{
    static uint8_t filler[TUNNEL_MESSAGE_MAX - 64];

    set_up();
    struct circuit *c = unready_circuit();
    struct node    *node = sim.nodes[0].node;
    for (int i = 0; i < 2; i++) circuit_send(node, c, TUNNEL_STATEMENT, BYTES_OF(filler));
    assert_null(c->doomed);
    unsigned results = sim.nodes[0].result.count;
    start_one(1);
    assert_int_equal(sim.nodes[0].result.count, results + 1);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_ABORTED);
    assert_int_equal(node->runs.count, 0);
    assert_null(node->runs.ended);
    assert_int_equal(node->links->circuit_count, 1);
    cluster_sim_clear(&sim);
}

static unsigned lines_in(FILE *file)
{
    unsigned lines = 0;

    rewind(file);
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) lines += c == '\n';
    return lines;
}

/* What a peer or a coordinator can cause at will is one line a second, with the count of the rest. */
TEST(hostile, nobody_fills_the_log)
{
    static const uint8_t garbage[] = {0, 0, 0, 1, 'x'};
    FILE                *log = tmpfile();
    const char          *says;

    cluster_sim_init(&sim, 3);
    struct node    *node = sim.nodes[0].node;
    struct circuit *from = circuits_to(node, "tss2");
    assert_non_null(log);
    log_setup(LOG_WARN, fileno(log), "sim");
    for (int i = 0; i < 100; i++) {
        settle_on_query(node, from, BYTES_OF(garbage));
        settle_on_voucher(node, from, BYTES_OF(garbage));
        settle_on_abandonment(node, from, BYTES_OF(garbage));
        statements_on_gossip(node, from, BYTES_OF(garbage));
        runs_on_message(node, from, BYTES_OF(garbage));
        assert_err(KMS_E_FORMAT, node_commit(node, BYTES_OF(garbage), &says));
    }
    assert_int_equal(lines_in(log), 5);
    sim_advance(&sim, 2000);
    assert_int_equal(lines_in(log), 10);
    sim_advance(&sim, 2000);
    assert_int_equal(lines_in(log), 10);
    settle_on_query(node, from, BYTES_OF(garbage));
    assert_int_equal(lines_in(log), 11);
    log_setup(LOG_OFF, 2, "sim");
    (void)fclose(log);
    cluster_sim_clear(&sim);
}

TEST(hostile, only_so_many_sessions_wait_for_a_handshake)
{
    set_up();
    const struct circuit *c = unready_circuit();
    for (unsigned i = 0; i < CIRCUIT_EARLY_MAX; i++) start_one(i);
    assert_int_equal(sim.nodes[0].node->runs.count, CIRCUIT_EARLY_MAX);
    start_one(CIRCUIT_EARLY_MAX);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_BUSY);
    assert_non_null(strstr(sim.nodes[0].result.detail, "before the tunnel"));
    /* Their ends do not make room: what they have said still waits in the tunnel, which takes it all. */
    sim_advance(&sim, 3000);
    assert_int_equal(sim.nodes[0].node->runs.count, 0);
    start_one(CIRCUIT_EARLY_MAX + 1);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_BUSY);
    assert_null(c->doomed);
    sim.on_relay = NULL;
    sim_sign(&sim, key_id, 0x5);
    sim_assert_signed(&sim, key_id, 0x5);
    cluster_sim_clear(&sim);
}
