/* SPDX-License-Identifier: Apache-2.0 */
/* Links, circuits and rosters: who may connect, what malformed frames do, and what a new roster ends. */
#include <inttypes.h>
#include <stdio.h>

#include "cluster/node/state.h"
#include "tests/support/cluster_sim.h"

static struct cluster_sim sim;

static unsigned closed;

static void count_close(void *self, uint32_t link)
{
    (void)self, (void)link;
    closed++;
}

static bool link_accepted(const struct identity *who)
{
    static uint32_t last = 1000;
    struct node    *node = sim.nodes[0].node;
    unsigned        before = node->link_count;

    closed = 0;
    node->config.io.link_close = count_close;
    node_on_link_up(node, ++last, who);
    return node->link_count == before + 1 && closed == 0;
}

TEST(links, only_gateways_of_this_cluster_have_one)
{
    struct cluster_pki elsewhere;
    struct credential  stranger;

    cluster_sim_init(&sim, 2);
    cluster_pki_init(&elsewhere, SIM_CA, "prod");
    cluster_pki_issue(&elsewhere, &stranger, "gateway/gw1");
    assert_true(link_accepted(&sim.gateway.identity));
    assert_false(link_accepted(&sim.owner.identity));
    assert_int_equal(closed, 1);
    assert_false(link_accepted(&sim.operator.identity));
    assert_false(link_accepted(&sim.nodes[1].credential.identity));
    assert_false(link_accepted(&stranger.identity));
    credential_clear(&stranger);
    cluster_pki_clear(&elsewhere);
    cluster_sim_clear(&sim);
}

TEST(links, are_bounded)
{
    struct identity gateway;

    cluster_sim_init(&sim, 2);
    gateway = sim.gateway.identity;
    for (unsigned i = 0; sim.nodes[0].node->link_count < LINKS_MAX; i++) {
        (void)snprintf(gateway.name, sizeof gateway.name, "more%u", i);
        assert_true(link_accepted(&gateway));
    }
    memcpy(gateway.name, "one", 4);
    assert_false(link_accepted(&gateway));
    cluster_sim_clear(&sim);
}

TEST(links, one_gateway_leaves_room_for_others)
{
    struct credential other;

    cluster_sim_init(&sim, 2);
    cluster_pki_issue(&sim.pki, &other, "gateway/gw2");
    while (sim.nodes[0].node->link_count < LINKS_PER_GATEWAY_MAX) assert_true(link_accepted(&sim.gateway.identity));
    assert_false(link_accepted(&sim.gateway.identity));
    assert_true(link_accepted(&other.identity));
    /* One that has ended makes room. */
    node_on_link_down(sim.nodes[0].node, sim.nodes[0].link);
    assert_true(link_accepted(&sim.gateway.identity));
    credential_clear(&other);
    cluster_sim_clear(&sim);
}

TEST(links, a_malformed_frame_ends_the_link_and_no_other)
{
    static const uint8_t garbage[] = {0x22, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3};
    char                 key_id[KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    struct node *node = sim.nodes[0].node;
    node_on_link_up(node, 77, &sim.gateway.identity);
    assert_int_equal(node->link_count, 2);
    node_on_link_frame(node, 77, BYTES_OF(garbage));
    assert_int_equal(node->link_count, 1);
    node_on_link_frame(node, 77, BYTES_OF(garbage)); /* of a link that is gone: nothing */
    sim_sign(&sim, key_id, 0x3);
    sim_assert_signed(&sim, key_id, 0x3);
    cluster_sim_clear(&sim);
}

static unsigned links_after_start(Kms__V1__Operation operation, size_t tag_len)
{
    Kms__V1__ToNode m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Start  start = KMS__V1__START__INIT;
    uint8_t         tag[64] = {0};

    start.operation = operation;
    start.tag = (ProtobufCBinaryData){.len = tag_len, .data = tag};
    m.kind_case = KMS__V1__TO_NODE__KIND_START;
    m.start = &start;
    sim_send(&sim, 0, &m);
    return sim.nodes[0].node->link_count;
}

TEST(links, a_start_that_makes_no_sense_ends_the_link)
{
    cluster_sim_init(&sim, 2);
    assert_int_equal(links_after_start(KMS__V1__OPERATION__OPERATION_SIGN, 16), 1);
    assert_int_equal(links_after_start(KMS__V1__OPERATION__OPERATION_SIGN, 15), 0);
    sim_link(&sim, 0);
    assert_int_equal(links_after_start(KMS__V1__OPERATION__OPERATION_NONE, 16), 0);
    cluster_sim_clear(&sim);
}

TEST(links, an_empty_or_newer_frame_is_left_alone)
{
    static const uint8_t unknown_field[] = {0xfa, 0x07, 0x01, 'x'};

    cluster_sim_init(&sim, 2);
    node_on_link_frame(sim.nodes[0].node, sim.nodes[0].link, BYTES_NONE);
    node_on_link_frame(sim.nodes[0].node, sim.nodes[0].link, BYTES_OF(unknown_field));
    assert_int_equal(sim.nodes[0].node->link_count, 1);
    cluster_sim_clear(&sim);
}

TEST(links, a_lost_link_ends_its_sessions_and_circuits)
{
    struct signed_request r;
    struct sim_start      start;
    char                  key_id[KEY_ID_LEN + 1], target[128];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &r, &sim.owner, target, "{\"data\":\"61\"}");
    sim_start_init(&sim, &start, KMS__V1__OPERATION__OPERATION_SIGN, &r, 0x3);
    sim_send_start(&sim, 0, &start);
    assert_int_equal(sim.nodes[0].node->runs.count, 1);
    node_on_link_down(sim.nodes[0].node, sim.nodes[0].link);
    assert_int_equal(sim.nodes[0].node->runs.count, 0);
    assert_int_equal(sim.nodes[0].node->link_count, 0);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

/* ---- circuits ---- */

static void open_circuit(uint64_t id, const char *peer)
{
    Kms__V1__ToNode  m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Circuit c = KMS__V1__CIRCUIT__INIT;

    c.id = id;
    c.peer = (char *)(uintptr_t)peer;
    c.open = true;
    m.kind_case = KMS__V1__TO_NODE__KIND_CIRCUIT;
    m.circuit = &c;
    sim_send(&sim, 0, &m);
}

TEST(links, circuits_lead_to_other_nodes_of_the_roster)
{
    cluster_sim_init(&sim, 3);
    struct link *link = sim.nodes[0].node->links;
    unsigned     before = link->circuit_count;
    open_circuit(5000, "tss1");
    open_circuit(5001, "tss9");
    open_circuit(5002, "");
    open_circuit(0, "tss2");
    open_circuit(sim_circuit_between(&sim, 0, 1), "tss2");
    assert_int_equal(link->circuit_count, before);
    assert_int_equal(sim.nodes[0].circuits_closed, 5);
    open_circuit(5003, "tss2");
    assert_int_equal(link->circuit_count, before + 1);
    cluster_sim_clear(&sim);
}

/* Each circuit costs locked memory: two to a peer and gateway, on however many links. */
TEST(links, circuits_are_bounded_per_peer_and_gateway)
{
    struct credential other;

    cluster_sim_init(&sim, 3);
    cluster_pki_issue(&sim.pki, &other, "gateway/gw2");
    uint32_t first = sim.nodes[0].link;
    open_circuit(5000, "tss2");
    assert_int_equal(sim.nodes[0].circuits_closed, 0);
    open_circuit(5001, "tss2");
    assert_int_equal(sim.nodes[0].circuits_closed, 1);
    sim.nodes[0].link = 77;
    node_on_link_up(sim.nodes[0].node, 77, &sim.gateway.identity);
    open_circuit(5002, "tss2");
    assert_int_equal(sim.nodes[0].circuits_closed, 2);
    open_circuit(5003, "tss3");
    assert_int_equal(sim.nodes[0].circuits_closed, 2);
    sim.nodes[0].link = 78;
    node_on_link_up(sim.nodes[0].node, 78, &other.identity);
    open_circuit(5004, "tss2");
    assert_int_equal(sim.nodes[0].circuits_closed, 2);
    sim.nodes[0].link = first;
    credential_clear(&other);
    cluster_sim_clear(&sim);
}

TEST(links, a_circuit_without_a_handshake_does_not_stay)
{
    cluster_sim_init(&sim, 3);
    struct link *link = sim.nodes[0].node->links;
    unsigned     before = link->circuit_count;
    open_circuit(5003, "tss2");
    sim_advance(&sim, CIRCUIT_HANDSHAKE_MS + 2000);
    assert_int_equal(link->circuit_count, before);
    cluster_sim_clear(&sim);
}

TEST(links, circuits_grow_old_and_are_closed)
{
    char key_id[KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    sim_advance(&sim, TUNNEL_MAX_AGE_MS + 2000);
    assert_int_equal(sim_circuit_between(&sim, 0, 1), 0);
    assert_int_equal(sim.nodes[0].node->links->circuit_count, 0);
    sim_join_all(&sim);
    sim_run(&sim);
    sim_sign(&sim, key_id, 0x3);
    sim_assert_signed(&sim, key_id, 0x3);
    cluster_sim_clear(&sim);
}

/* ---- rosters ---- */

TEST(links, a_new_roster_ends_what_was_agreed_under_the_old_one)
{
    char key_id[KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    sim_deliver_roster(&sim, 0x7);
    for (unsigned i = 0; i < 3; i++) assert_int_equal(sim.nodes[i].node->links->circuit_count, 0);
    sim_run(&sim);
    sim_join_all(&sim);
    sim_run(&sim);
    sim_sign(&sim, key_id, 0x3);
    sim_assert_signed(&sim, key_id, 0x3);
    cluster_sim_clear(&sim);
}

/* A coordinator that gives the new roster to one node only: the others hear of it in the tunnels. */
TEST(links, a_roster_is_passed_on_from_node_to_node)
{
    cluster_sim_init(&sim, 3);
    sim_deliver_roster(&sim, 0x1);
    sim_run(&sim);
    for (int i = 0; i < 3; i++) {
        sim_join_all(&sim);
        sim_run(&sim);
    }
    for (unsigned i = 0; i < 3; i++) assert_int_equal(sim.nodes[i].node->roster.sequence, 2);
    sim_restart(&sim, 2);
    assert_int_equal(sim.nodes[2].node->roster.sequence, 2);
    cluster_sim_clear(&sim);
}

static uint8_t listed_instead; /* changes the fingerprint that the roster lists */

static int64_t dated_s; /* 0: now */

static enum kms_err deliver(const struct credential *who, uint64_t sequence, const char *subject, uint64_t *held)
{
    struct roster roster = {.sequence = sequence, .count = 1};
    BUF_LOCAL     payload = BUF_INIT(STATEMENT_PAYLOAD_MAX), encoded = BUF_INIT(STATEMENT_ENCODED_MAX);

    (void)snprintf(roster.cluster, sizeof roster.cluster, "test");
    memcpy(roster.nodes[0].name, sim.nodes[0].name, sizeof roster.nodes[0].name);
    memcpy(roster.nodes[0].fingerprint, sim.nodes[0].credential.identity.fingerprint, 32);
    roster.nodes[0].fingerprint[31] ^= listed_instead;
    assert_ok(roster_seal(&roster));
    assert_ok(roster_encode(&payload, &roster));
    struct statement st = {.type = STATEMENT_ROSTER, .sequence = sequence, .created = sim_wall_s(&sim)};
    if (dated_s != 0) st.created = dated_s;
    (void)snprintf(st.subject, sizeof st.subject, "%s", subject);
    st.payload = buf_bytes(&payload);
    assert_ok(statement_sign(&st, who));
    assert_ok(statement_encode(&encoded, &st));
    return node_deliver_statement(sim.nodes[0].node, buf_bytes(&encoded), held);
}

TEST(links, only_an_operators_newest_roster_counts)
{
    uint64_t           held;
    struct node_info   info;
    struct cluster_pki foreign;
    struct credential  stranger;

    cluster_sim_init(&sim, 3);
    cluster_pki_init(&foreign, 1, "test");
    cluster_pki_issue(&foreign, &stranger, "operator/admin");
    assert_int_not_equal(deliver(&sim.owner, 7, "roster/test", &held), KMS_OK);
    assert_int_not_equal(deliver(&sim.gateway, 7, "roster/test", &held), KMS_OK);
    assert_int_not_equal(deliver(&sim.nodes[1].credential, 7, "roster/test", &held), KMS_OK);
    assert_int_not_equal(deliver(&stranger, 7, "roster/test", &held), KMS_OK);
    assert_int_not_equal(deliver(&sim.operator, 7, "roster/prod", &held), KMS_OK);
    assert_err(KMS_E_CONFLICT, deliver(&sim.operator, 1, "roster/test", &held)); /* another one of this sequence */
    assert_int_equal(held, 1);
    node_info(sim.nodes[0].node, &info);
    assert_int_equal(info.roster_sequence, 1);
    assert_ok(deliver(&sim.operator, 7, "roster/test", &held));
    assert_int_equal(held, 7);
    sim_deliver_roster(&sim, 0x1); /* sequence 2: older than what is held */
    node_info(sim.nodes[0].node, &info);
    assert_int_equal(info.roster_sequence, 7);
    assert_true(info.serving);
    assert_string_equal(info.node, "tss1");
    assert_string_equal(info.cluster, "test");
    credential_clear(&stranger);
    cluster_pki_clear(&foreign);
    cluster_sim_clear(&sim);
}

/* Whoever finds the key of an operator whose certificate has expired can date a roster back, but not past this one. */
TEST(links, a_roster_dated_before_the_held_one_is_refused)
{
    uint64_t held;

    cluster_sim_init(&sim, 3);
    dated_s = sim_wall_s(&sim) - 1;
    assert_err(KMS_E_DENIED, deliver(&sim.operator, 7, "roster/test", &held));
    assert_int_equal(held, 1);
    /* The date outlives the process. */
    sim_restart(&sim, 0);
    assert_err(KMS_E_DENIED, deliver(&sim.operator, 7, "roster/test", &held));
    dated_s++;
    assert_ok(deliver(&sim.operator, 7, "roster/test", &held));
    dated_s = 0;
    cluster_sim_clear(&sim);
}

TEST(links, a_node_serves_only_under_the_certificate_that_is_listed)
{
    struct node_info info;
    uint64_t         held;

    cluster_sim_init(&sim, 3);
    listed_instead = 1;
    assert_ok(deliver(&sim.operator, 7, "roster/test", &held));
    listed_instead = 0;
    node_info(sim.nodes[0].node, &info);
    assert_false(info.serving);
    open_circuit(5000, "tss2");
    assert_int_equal(sim.nodes[0].node->links->circuit_count, 0);
    cluster_sim_clear(&sim);
}

TEST(links, a_node_needs_a_proper_configuration)
{
    struct node       *node;
    struct node_config config;

    cluster_sim_init(&sim, 2);
    config = sim.nodes[0].node->config;
    config.credential = &sim.owner;
    assert_err(KMS_E_CONFIG, node_new(&node, &config));
    config = sim.nodes[0].node->config;
    memcpy(config.cluster, "prod", 5);
    assert_err(KMS_E_CONFIG, node_new(&node, &config));
    config = sim.nodes[0].node->config;
    config.progress_ms = 0;
    assert_err(KMS_E_CONFIG, node_new(&node, &config));
    cluster_sim_clear(&sim);
}
