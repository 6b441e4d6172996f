/* SPDX-License-Identifier: Apache-2.0 */
/* A node acts only on what it has checked itself: one test for each check of architecture.md 5. */
#include <stdio.h>

#include "cluster/node/state.h"
#include "tests/support/cluster_sim.h"

#define GENERATE KMS__V1__OPERATION__OPERATION_GENERATE
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

/* The node answers the Start at once with this error: it began nothing, said nothing to its peers, logged nothing. */
static void assert_refused(enum kms_err want, Kms__V1__Operation operation, const struct signed_request *r,
                           const struct sim_start *given)
{
    struct sim_start start;
    struct sim_node *n = &sim.nodes[0];
    uint64_t         relays = sim.relays, rows = store_log_last(&n->disk);

    n->result.have = false;
    if (given == NULL) sim_start_init(&sim, &start, operation, r, operation == GENERATE ? 0x7 : BOTH);
    sim_send_start(&sim, 0, given == NULL ? &start : given);
    assert_true(n->result.have);
    if (n->result.error != want)
        fail_msg("%s (\"%s\") instead of %s", error_name(n->result.error), n->result.detail, error_name(want));
    assert_true(n->result.detail[0] != '\0');
    assert_int_equal(n->result.signature_len, 0);
    assert_int_equal(n->node->runs.count, 0);
    assert_int_equal(sim.relays, relays);
    assert_int_equal(store_log_last(&n->disk), rows);
    if (given == NULL) sim_start_clear(&start);
}

static void assert_sign_refused(enum kms_err want, const struct signed_request *r)
{
    assert_refused(want, SIGN, r, NULL);
}

TEST(authority, a_proper_request_is_served)
{
    set_up();
    sim_sign(&sim, key_id, BOTH);
    sim_assert_signed(&sim, key_id, BOTH);
    cluster_sim_clear(&sim);
}

/* ---- the request itself ---- */

TEST(authority, every_signed_field_is_covered)
{
    struct signed_request r;

    set_up();
    sign_request(&r);
    struct signed_request changed[8];
    for (size_t i = 0; i < ARRAY_LEN(changed); i++) changed[i] = r;
    memcpy(changed[0].method, "PUT", 4);
    changed[1].path[strlen(changed[1].path) - 6]++;
    memcpy(changed[2].query, "x=1", 4);
    changed[3].idempotency_key[0] = changed[3].idempotency_key[0] == 'a' ? 'b' : 'a';
    changed[4].created--;
    changed[5].expires++;
    changed[6].nonce[0] = changed[6].nonce[0] == 'a' ? 'b' : 'a';
    changed[7].body = bytes_str("{\"data\":\"61747461636b206174206461776f\",\"dataType\":\"RAW\"}");
    for (size_t i = 0; i < ARRAY_LEN(changed); i++) assert_sign_refused(KMS_E_SIGNATURE, &changed[i]);
    changed[0] = r;
    changed[0].signature[5] ^= 1;
    assert_sign_refused(KMS_E_SIGNATURE, &changed[0]);
    cluster_sim_clear(&sim);
}

TEST(authority, a_forged_request_is_refused)
{
    struct signed_request r;

    /* The coordinator signs for the owner, under the owner's certificate. */
    set_up();
    sign_request(&r);
    assert_ok(signed_request_sign(&r, &sim.gateway, sim_wall_s(&sim), 60));
    r.certificate_der = buf_bytes(&sim.owner.certificate_der);
    assert_sign_refused(KMS_E_UNAUTHENTICATED, &r);
    memcpy(r.keyid, sim.owner.identity.access_key, sizeof r.keyid);
    assert_sign_refused(KMS_E_SIGNATURE, &r);
    cluster_sim_clear(&sim);
}

TEST(authority, garbage_is_no_request)
{
    struct sim_start      start;
    struct signed_request r;

    set_up();
    sign_request(&r);
    sim_start_init(&sim, &start, SIGN, &r, BOTH);
    start.request.len--;
    assert_refused(KMS_E_FORMAT, SIGN, NULL, &start);
    start.request.len = 0;
    assert_refused(KMS_E_FORMAT, SIGN, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(authority, a_stale_or_future_request_is_refused)
{
    struct signed_request r;

    set_up();
    sign_request(&r);
    assert_ok(signed_request_sign(&r, &sim.owner, sim_wall_s(&sim) - 61, 60));
    assert_sign_refused(KMS_E_EXPIRED, &r);
    assert_ok(signed_request_sign(&r, &sim.owner, sim_wall_s(&sim) + 31, 60));
    assert_sign_refused(KMS_E_EXPIRED, &r);
    assert_true(error_retryable(KMS_E_EXPIRED));
    assert_ok(signed_request_sign(&r, &sim.owner, sim_wall_s(&sim) + 30, 60));
    sim_begin(&sim, SIGN, &r, BOTH);
    sim_run(&sim);
    sim_assert_signed(&sim, key_id, BOTH);
    cluster_sim_clear(&sim);
}

/* ---- who asks ---- */

TEST(authority, a_certificate_of_another_ca_or_cluster_is_refused)
{
    struct cluster_pki    foreign, elsewhere;
    struct credential     stranger, neighbour;
    struct signed_request r;
    char                  body[256];

    set_up();
    cluster_pki_init(&foreign, 1, "test");
    cluster_pki_init(&elsewhere, SIM_CA, "prod");
    cluster_pki_issue(&foreign, &stranger, "client/app");
    cluster_pki_issue(&elsewhere, &neighbour, "client/app");
    sim_request(&sim, &r, &stranger, target, sign_body);
    assert_sign_refused(KMS_E_CERTIFICATE, &r);
    sim_request(&sim, &r, &neighbour, target, sign_body);
    assert_sign_refused(KMS_E_CERTIFICATE, &r);
    sim_generate_body(body, 2, 3);
    sim_request(&sim, &r, &neighbour, "POST /api/v1/keys/generate", body);
    assert_refused(KMS_E_CERTIFICATE, GENERATE, &r, NULL);
    credential_clear(&stranger);
    credential_clear(&neighbour);
    cluster_pki_clear(&foreign);
    cluster_pki_clear(&elsewhere);
    cluster_sim_clear(&sim);
}

TEST(authority, an_expired_certificate_is_refused)
{
    struct credential     late;
    struct signed_request r;

    set_up();
    cluster_pki_issue_dated(&sim.pki, &late, "client/app", sim_wall_s(&sim) - 3 * 86400, 2);
    sim_request(&sim, &r, &late, target, sign_body);
    assert_sign_refused(KMS_E_CERTIFICATE, &r);
    credential_clear(&late);
    cluster_sim_clear(&sim);
}

TEST(authority, another_clients_key_is_not_served)
{
    struct signed_request r;

    set_up();
    sim_request(&sim, &r, &sim.other, target, sign_body);
    assert_sign_refused(KMS_E_DENIED, &r);
    cluster_sim_clear(&sim);
}

TEST(authority, an_operator_a_gateway_or_a_node_cannot_sign_or_generate)
{
    struct signed_request r;
    char                  body[256];

    set_up();
    sim_generate_body(body, 2, 3);
    const struct credential *who[] = {&sim.operator, & sim.gateway, &sim.nodes[1].credential};
    for (size_t i = 0; i < ARRAY_LEN(who); i++) {
        sim_request(&sim, &r, who[i], target, sign_body);
        assert_sign_refused(KMS_E_DENIED, &r);
        sim_request(&sim, &r, who[i], "POST /api/v1/keys/generate", body);
        assert_refused(KMS_E_DENIED, GENERATE, &r, NULL);
    }
    cluster_sim_clear(&sim);
}

/* ---- what is asked is what is done ---- */

TEST(authority, a_request_for_another_call_is_refused)
{
    static const char *const paths[] = {"POST /api/v1/keys/%s/verify", "GET /api/v1/keys/%s/sign",
                                        "POST /api/v1/keys/%s/sign/", "POST /api/v1/keys/%s"};
    struct signed_request    r;
    char                     other[128], body[256];

    set_up();
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        BUF_LOCAL   text = BUF_INIT(256);
        const char *at = strchr(paths[i], '%');
        assert_ok(buf_printf(&text, "%.*s%s%s", (int)(at - paths[i]), paths[i], key_id, at + 2));
        (void)snprintf(other, sizeof other, "%s", buf_str(&text));
        sim_request(&sim, &r, &sim.owner, other, sign_body);
        assert_sign_refused(KMS_E_DENIED, &r);
    }
    sim_generate_body(body, 2, 3);
    sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate", body);
    assert_sign_refused(KMS_E_DENIED, &r);
    sign_request(&r);
    assert_refused(KMS_E_DENIED, GENERATE, &r, NULL);
    cluster_sim_clear(&sim);
}

TEST(authority, a_query_is_no_part_of_these_calls)
{
    struct signed_request r;

    set_up();
    sign_request(&r);
    memcpy(r.query, "x=1", 4);
    assert_ok(signed_request_sign(&r, &sim.owner, sim_wall_s(&sim), 60));
    assert_sign_refused(KMS_E_DENIED, &r);
    cluster_sim_clear(&sim);
}

TEST(authority, a_key_that_is_not_held_is_refused)
{
    struct signed_request r;

    set_up();
    target[strlen("POST /api/v1/keys/")] ^= 1;
    sim_request(&sim, &r, &sim.owner, target, sign_body);
    assert_sign_refused(KMS_E_NOT_FOUND, &r);
    cluster_sim_clear(&sim);
}

TEST(authority, bodies_are_read_strictly)
{
    static const struct {
        const char  *body;
        enum kms_err want;
    } bad[] = {
        {"", KMS_E_FORMAT},
        {"{}", KMS_E_FORMAT},
        {"[]", KMS_E_FORMAT},
        {"{\"data\":\"6\"}", KMS_E_FORMAT},
        {"{\"data\":\"zz\"}", KMS_E_FORMAT},
        {"{\"data\":7}", KMS_E_FORMAT},
        {"{\"data\":\"61\",\"dataType\":\"DIGEST\"}", KMS_E_RANGE},
        {"{\"data\":\"61\",\"dataType\":\"HASH\"}", KMS_E_RANGE},
        {"{\"data\":\"61\",\"data\":\"62\"}", KMS_E_FORMAT},
        {"{\"data\":\"61\",\"more\":\"62\"}", KMS_E_FORMAT},
    };
    struct signed_request r;

    set_up();
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        sim_request(&sim, &r, &sim.owner, target, bad[i].body);
        assert_sign_refused(bad[i].want, &r);
    }
    cluster_sim_clear(&sim);
}

TEST(authority, generate_bodies_are_read_strictly)
{
    static const struct {
        const char  *body;
        enum kms_err want;
    } bad[] = {
#define FORMAT "\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"}"
        {"{}", KMS_E_FORMAT},
        {"{\"format\":{}}", KMS_E_FORMAT},
        {"{\"format\":{\"type\":\"RSA\",\"curve\":\"ED25519\"}}", KMS_E_UNSUPPORTED},
        {"{\"format\":{\"type\":\"ECC\",\"curve\":\"P-521\"}}", KMS_E_UNSUPPORTED},
        {"{\"format\":{\"type\":\"ECC\",\"curve\":\"SECP256K1\"}}", KMS_E_UNSUPPORTED},
        {"{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\",\"algo_type\":\"GG18\"}}", KMS_E_UNSUPPORTED},
        {"{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\",\"size\":33}}", KMS_E_RANGE},
        {"{" FORMAT ",\"shard_properties\":{\"shard_count\":17,\"threshold\":2}}", KMS_E_RANGE},
        {"{" FORMAT ",\"shard_properties\":{\"shard_count\":3,\"threshold\":1}}", KMS_E_RANGE},
        {"{" FORMAT ",\"shard_properties\":{\"shard_count\":3,\"threshold\":4}}", KMS_E_RANGE},
        {"{" FORMAT ",\"shard_properties\":{\"shard_count\":3,\"threshold\":3}}", KMS_E_RANGE},
        {"{" FORMAT ",\"label\":\"\\u0007\"}", KMS_E_FORMAT},
        {"{" FORMAT ",\"label\":\"\xc0\xaf\"}", KMS_E_FORMAT},
        {"{" FORMAT ",\"label\":\"\xed\xa0\x80\"}", KMS_E_FORMAT},
        {"{" FORMAT ",\"id\":\"xyz\"}", KMS_E_FORMAT},
        {"{" FORMAT ",\"attributes\":{\"a\":1}}", KMS_E_FORMAT},
        {"{" FORMAT ",\"extra\":1}", KMS_E_FORMAT},
    };
    struct signed_request r;

    set_up();
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate", bad[i].body);
        assert_refused(bad[i].want, GENERATE, &r, NULL);
    }
    sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate",
                "{" FORMAT ",\"label\":\"Schl\xc3\xbcssel\",\"id\":\"0a\"}");
    sim_begin(&sim, GENERATE, &r, 0x7);
    sim_run(&sim);
    assert_int_equal(sim.nodes[0].result.error, KMS_OK);
    cluster_sim_clear(&sim);
}

/* ---- the nodes and circuits of a Start ---- */

static void start_of(struct sim_start *start, Kms__V1__Operation operation, uint32_t mask)
{
    struct signed_request r;
    char                  body[256];

    sim_generate_body(body, 2, 3);
    if (operation == GENERATE)
        sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate", body);
    else
        sign_request(&r);
    sim_start_init(&sim, start, operation, &r, mask);
}

TEST(authority, the_list_of_nodes_is_sorted_and_distinct)
{
    struct sim_start start;

    set_up();
    start_of(&start, GENERATE, 0x7);
    start.names[1] = "tss3", start.names[2] = "tss2";
    assert_refused(KMS_E_ARGUMENT, GENERATE, NULL, &start);
    start.names[1] = "tss1";
    assert_refused(KMS_E_ARGUMENT, GENERATE, NULL, &start);
    start.names[1] = "";
    assert_refused(KMS_E_ARGUMENT, GENERATE, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(authority, only_nodes_of_the_roster_take_part)
{
    struct sim_start start;

    set_up();
    start_of(&start, GENERATE, 0x7);
    start.names[2] = "tss9";
    assert_refused(KMS_E_MISMATCH, GENERATE, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(authority, a_node_takes_part_only_where_it_is_named)
{
    struct sim_start start;

    set_up();
    start_of(&start, GENERATE, 0xe);
    for (unsigned i = 0; i < 3; i++) start.circuits[i] = sim_circuit_between(&sim, 0, i + 1);
    assert_refused(KMS_E_ARGUMENT, GENERATE, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(authority, the_number_of_nodes_is_what_the_client_asked_for)
{
    struct sim_start start;

    set_up();
    start_of(&start, GENERATE, 0xf);
    assert_refused(KMS_E_MISMATCH, GENERATE, NULL, &start);
    sim_start_clear(&start);
    start_of(&start, SIGN, 0x7);
    assert_refused(KMS_E_MISMATCH, SIGN, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(authority, only_holders_of_the_key_sign)
{
    struct sim_start start;

    set_up();
    start_of(&start, SIGN, 0x9); /* tss4 holds no share */
    assert_refused(KMS_E_MISMATCH, SIGN, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(authority, two_holders_on_one_host_are_refused)
{
    struct sim_start start;

    cluster_sim_init_bare(&sim, 3);
    (void)snprintf(sim.hosts[0], sizeof sim.hosts[0], "rack1");
    (void)snprintf(sim.hosts[2], sizeof sim.hosts[2], "rack1");
    sim_deliver_roster(&sim, 0x7);
    sim_join_all(&sim);
    sim_run(&sim);
    start_of(&start, GENERATE, 0x7);
    assert_refused(KMS_E_DENIED, GENERATE, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(authority, the_circuits_lead_to_the_nodes_that_are_named)
{
    struct sim_start start;

    set_up();
    start_of(&start, SIGN, BOTH);
    start.circuits[1] = sim_circuit_between(&sim, 0, 2);
    assert_refused(KMS_E_UNAVAILABLE, SIGN, NULL, &start);
    start.circuits[1] = 999;
    assert_refused(KMS_E_UNAVAILABLE, SIGN, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(authority, a_request_has_one_item)
{
    struct sim_start start;

    set_up();
    start_of(&start, SIGN, BOTH);
    start.item = 1;
    assert_refused(KMS_E_RANGE, SIGN, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(authority, without_a_roster_that_lists_it_a_node_does_nothing)
{
    struct sim_start start;

    cluster_sim_init_bare(&sim, 3);
    start_of(&start, GENERATE, 0x7);
    assert_refused(KMS_E_UNAVAILABLE, GENERATE, NULL, &start);
    sim_start_clear(&start);
    /* A roster with another certificate under this node's name. */
    struct credential mine = sim.nodes[0].credential;
    cluster_pki_issue(&sim.pki, &sim.nodes[0].credential, "node/tss1");
    struct credential other = sim.nodes[0].credential;
    sim_deliver_roster(&sim, 0x6);
    sim.nodes[0].credential = mine;
    credential_clear(&other);
    start_of(&start, GENERATE, 0x7);
    assert_refused(KMS_E_UNAVAILABLE, GENERATE, NULL, &start);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}
