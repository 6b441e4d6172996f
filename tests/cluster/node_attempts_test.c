/* SPDX-License-Identifier: Apache-2.0 */
/* Replay, the clock and limits: how often a request may be attempted, and what a restarted node remembers. */
#include <stdio.h>

#include "cluster/node/state.h"
#include "common/document/request_fields.h"
#include "tests/support/cluster_sim.h"

#define SIGN KMS__V1__OPERATION__OPERATION_SIGN
#define BOTH 0x3

static struct cluster_sim sim;
static char               key_id[KEY_ID_LEN + 1], target[128];
static const char         sign_body[] = "{\"data\":\"61747461636b206174206461776e\",\"dataType\":\"RAW\"}";

static void set_up(void)
{
    cluster_sim_init(&sim, 4);
    sim_make_key(&sim, 2, 0x7, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
}

static void sign_request(struct signed_request *r)
{
    sim_request(&sim, r, &sim.owner, target, sign_body);
}

/* tss1 answers the Start at once with this error: it began nothing. */
static void assert_sign_refused(enum kms_err want, const struct signed_request *r)
{
    struct sim_start start;
    struct sim_node *n = &sim.nodes[0];

    n->result.have = false;
    sim_start_init(&sim, &start, SIGN, r, BOTH);
    sim_send_start(&sim, 0, &start);
    assert_true(n->result.have);
    assert_int_equal(n->result.error, want);
    assert_int_equal(n->node->runs.count, 0);
    sim_start_clear(&start);
}

/* Check 31: every attempt has new nonces; no two signatures share their R. */
TEST(attempts, the_same_request_is_attempted_eight_times_and_no_more)
{
    struct signed_request r;
    uint8_t               R[8][32];

    set_up();
    sign_request(&r);
    for (int i = 0; i < 8; i++) {
        sim_begin(&sim, SIGN, &r, BOTH);
        sim_run(&sim);
        sim_assert_signed(&sim, key_id, BOTH);
        memcpy(R[i], sim.nodes[0].result.signature, 32);
        for (int j = 0; j < i; j++) assert_memory_not_equal(R[i], R[j], 32);
    }
    assert_sign_refused(KMS_E_ATTEMPTS, &r);
    cluster_sim_clear(&sim);
}

/* signed_request_sign() draws every nonce anew; this client does not. */
static void sign_with_nonce_of(struct signed_request *r, const struct signed_request *used)
{
    BUF_LOCAL base = BUF_INIT(65536);

    sim_request(&sim, r, &sim.owner, target, "{\"data\":\"6e6f77\"}");
    memcpy(r->nonce, used->nonce, sizeof r->nonce);
    assert_ok(request_signature_base(&base, r));
    assert_ok(credential_sign(r->signature, &sim.owner, buf_bytes(&base)));
}

TEST(attempts, another_request_under_a_used_nonce_is_refused)
{
    struct signed_request r, second;

    set_up();
    sign_request(&r);
    sim_begin(&sim, SIGN, &r, BOTH);
    sim_run(&sim);
    sim_assert_signed(&sim, key_id, BOTH);
    sign_with_nonce_of(&second, &r);
    assert_sign_refused(KMS_E_REPLAY, &second);
    sim_restart(&sim, 0);
    assert_sign_refused(KMS_E_REPLAY, &second);
    cluster_sim_clear(&sim);
}

static void assert_attempts_left(unsigned node, const struct signed_request *r, bool any)
{
    struct replay_item item = {.access_key = r->keyid, .nonce = r->nonce, .expires_s = r->expires};
    uint8_t            hash[32];

    assert_ok(signed_request_hash(hash, r));
    item.request_hash = hash;
    enum kms_err err = replay_use(sim.nodes[node].node->replay, &item, sim_wall_s(&sim));
    assert_int_equal(err, any ? KMS_OK : KMS_E_ATTEMPTS);
}

/* Check 31, across a restart. */
TEST(attempts, a_restarted_node_remembers_what_it_has_done)
{
    struct signed_request r;

    set_up();
    sign_request(&r);
    for (int i = 0; i < 8; i++) {
        sim_begin(&sim, SIGN, &r, BOTH);
        sim_run(&sim);
    }
    sim_restart(&sim, 0);
    assert_sign_refused(KMS_E_ATTEMPTS, &r);
    assert_attempts_left(0, &r, false);
    cluster_sim_clear(&sim);
}

TEST(attempts, what_has_expired_is_forgotten)
{
    struct signed_request r;

    set_up();
    sign_request(&r);
    sim_begin(&sim, SIGN, &r, BOTH);
    sim_run(&sim);
    assert_int_equal(replay_count(sim.nodes[0].node->replay), 2); /* with the key's own request */
    sim_advance(&sim, 62000);
    assert_int_equal(replay_count(sim.nodes[0].node->replay), 0);
    sim_restart(&sim, 0);
    assert_int_equal(replay_count(sim.nodes[0].node->replay), 0);
    cluster_sim_clear(&sim);
}

TEST(attempts, the_clock_never_falls_below_the_log)
{
    struct signed_request r;

    set_up();
    sign_request(&r);
    sim_advance(&sim, 120000);
    sim_sign(&sim, key_id, BOTH);
    sim_assert_signed(&sim, key_id, BOTH);
    /* Somebody turns the clock back, so that the old request looks fresh again; a restart does not help. */
    sim.wall_ms -= 120000;
    assert_sign_refused(KMS_E_EXPIRED, &r);
    sim_restart(&sim, 0);
    assert_sign_refused(KMS_E_EXPIRED, &r);
    cluster_sim_clear(&sim);
}

/* The same without a row in between: the clock jumps ahead, the table is swept, and the clock jumps back. */
TEST(attempts, a_clock_that_jumps_makes_no_request_new)
{
    struct signed_request r;

    set_up();
    sign_request(&r);
    for (int i = 0; i < 8; i++) {
        sim_begin(&sim, SIGN, &r, BOTH);
        sim_run(&sim);
    }
    sim.wall_ms += 3600000;
    sim_advance(&sim, 1000);
    sim.wall_ms -= 3600000;
    assert_sign_refused(KMS_E_EXPIRED, &r);
    assert_true(journal_wall_s(sim.nodes[0].node) >= sim_wall_s(&sim) + 3600);
    /* The log knows nothing of the jump, but the attempts. */
    sim_restart(&sim, 0);
    assert_sign_refused(KMS_E_ATTEMPTS, &r);
    cluster_sim_clear(&sim);
}

TEST(attempts, after_an_unclean_stop_only_new_requests_are_served)
{
    struct signed_request r;

    set_up();
    sim.nodes[0].unclean_start = true;
    sim_restart(&sim, 0);
    sign_request(&r);
    assert_sign_refused(KMS_E_EXPIRED, &r);
    sim_advance(&sim, 31000);
    sim_sign(&sim, key_id, BOTH);
    sim_assert_signed(&sim, key_id, BOTH);
    cluster_sim_clear(&sim);
}

TEST(attempts, an_unclean_first_start_refuses_nothing)
{
    cluster_sim_init_bare(&sim, 3);
    for (unsigned i = 0; i < 3; i++) {
        sim_crash(&sim, i);
        store_close(&sim.nodes[i].disk);
        assert_ok(store_open_memory(&sim.nodes[i].disk));
        sim.nodes[i].unclean_start = true;
        assert_ok(sim_boot(&sim, i));
        sim_link(&sim, i);
    }
    sim_deliver_roster(&sim, 0x7);
    sim_join_all(&sim);
    sim_run(&sim);
    sim_make_key(&sim, 2, 0x7, key_id);
    cluster_sim_clear(&sim);
}

/* ---- limits ---- */

TEST(attempts, one_client_does_not_take_all_sessions)
{
    struct signed_request r;
    struct sim_start      start;

    set_up();
    sim.sessions_max = 8;
    for (unsigned i = 0; i < 3; i++) sim_restart(&sim, i);
    for (int i = 0; i < 4; i++) {
        sign_request(&r);
        sim_start_init(&sim, &start, SIGN, &r, BOTH);
        sim_send_start(&sim, 0, &start);
        sim_start_clear(&start);
    }
    assert_int_equal(sim.nodes[0].node->runs.count, 4);
    sign_request(&r);
    sim_start_init(&sim, &start, SIGN, &r, BOTH);
    sim_send_start(&sim, 0, &start);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_BUSY);
    sim_start_clear(&start);
    sim_advance(&sim, 2000);
    assert_int_equal(sim.nodes[0].node->runs.count, 0);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_TIMEOUT);
    assert_int_equal(sim.nodes[0].result.missing, 1);
    cluster_sim_clear(&sim);
}

/* A key of each client, so that no client's own limit stands before the others. */
static void keys_of_two(char mine[KEY_ID_LEN + 1], char theirs[KEY_ID_LEN + 1])
{
    struct credential owner;

    cluster_sim_init(&sim, 3);
    sim.sessions_max = 8;
    for (unsigned i = 0; i < 3; i++) sim_restart(&sim, i);
    owner = sim.owner;
    sim_make_key(&sim, 2, 0x7, mine);
    sim.owner = sim.other;
    sim_make_key(&sim, 2, 0x7, theirs);
    sim.owner = owner;
}

static enum kms_err try_start(const struct credential *who, const char *key, uint64_t circuit)
{
    struct signed_request r;
    struct sim_start      start;
    unsigned              before = sim.nodes[0].node->runs.count;

    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key);
    sim_request(&sim, &r, who, target, sign_body);
    sim_start_init(&sim, &start, SIGN, &r, BOTH);
    start.circuits[1] = circuit;
    sim_send_start(&sim, 0, &start);
    sim_start_clear(&start);
    return sim.nodes[0].node->runs.count > before ? KMS_OK : sim.nodes[0].result.error;
}

/* tss1 is talked to through another link from now on, with a circuit to tss2. */
static void another_link(uint32_t link, const struct identity *gateway, uint64_t circuit)
{
    Kms__V1__ToNode  m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Circuit c = KMS__V1__CIRCUIT__INIT;

    node_on_link_up(sim.nodes[0].node, link, gateway);
    sim.nodes[0].link = link;
    c.id = circuit;
    c.peer = sim.nodes[1].name;
    c.open = true;
    m.kind_case = KMS__V1__TO_NODE__KIND_CIRCUIT;
    m.circuit = &c;
    sim_send(&sim, 0, &m);
}

TEST(attempts, neither_a_coordinator_nor_all_together_start_more_than_fits)
{
    char              mine[KEY_ID_LEN + 1], theirs[KEY_ID_LEN + 1];
    struct credential gateway;
    uint32_t          first_link;

    keys_of_two(mine, theirs);
    cluster_pki_issue(&sim.pki, &gateway, "gateway/gw2");
    for (int i = 0; i < 6; i++) assert_ok(try_start(i < 4 ? &sim.owner : &sim.other, i < 4 ? mine : theirs, 0));
    assert_int_equal(try_start(&sim.other, theirs, 0), KMS_E_BUSY);
    assert_non_null(strstr(sim.nodes[0].result.detail, "for this coordinator"));
    first_link = sim.nodes[0].link;
    another_link(78, &sim.gateway.identity, 5000);
    assert_int_equal(try_start(&sim.other, theirs, 5000), KMS_E_BUSY);
    assert_non_null(strstr(sim.nodes[0].result.detail, "for this coordinator"));
    another_link(79, &gateway.identity, 6000);
    for (int i = 0; i < 2; i++) assert_ok(try_start(&sim.other, theirs, 6000));
    assert_int_equal(try_start(&sim.other, theirs, 6000), KMS_E_BUSY);
    assert_non_null(strstr(sim.nodes[0].result.detail, "run on this node"));
    sim.nodes[0].link = first_link;
    credential_clear(&gateway);
    cluster_sim_clear(&sim);
}

TEST(attempts, a_tag_names_one_session)
{
    struct sim_start      start;
    struct signed_request r;

    set_up();
    sign_request(&r);
    sim_start_init(&sim, &start, SIGN, &r, BOTH);
    sim_send_start(&sim, 0, &start);
    assert_int_equal(sim.nodes[0].node->runs.count, 1);
    sim_send_start(&sim, 0, &start);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_ARGUMENT);
    assert_int_equal(sim.nodes[0].node->runs.count, 1);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}
