/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes make keys and sign with them: the good days. */
#include <stdio.h>

#include "cluster/node/key_record.h"
#include "cluster/node/state.h"
#include "tests/support/cluster_sim.h"

#define GENERATE KMS__V1__OPERATION__OPERATION_GENERATE
#define SIGN KMS__V1__OPERATION__OPERATION_SIGN

static struct cluster_sim sim;

TEST(life, two_of_three_on_four_nodes_sign)
{
    char key_id[KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 4);
    sim_make_key(&sim, 2, 0xb, key_id);
    static const uint32_t pairs[] = {0x3, 0x9, 0xa};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        sim_sign(&sim, key_id, pairs[i]);
        sim_assert_signed(&sim, key_id, pairs[i]);
    }
    cluster_sim_clear(&sim);
}

TEST(life, any_threshold_up_to_sixteen_nodes_works)
{
    static const struct {
        unsigned nodes, t;
        uint32_t holders, signers;
    } shapes[] = {
        {2, 2, 0x3, 0x3}, {5, 3, 0x1f, 0x15}, {8, 7, 0xff, 0x7f}, {16, 2, 0xffff, 0x8001}, {16, 16, 0xffff, 0xffff}};

    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        char key_id[KEY_ID_LEN + 1];
        print_message("    %u-of-%u\n", shapes[i].t, shapes[i].nodes);
        cluster_sim_init(&sim, shapes[i].nodes);
        sim_make_key(&sim, shapes[i].t, shapes[i].holders, key_id);
        sim_sign(&sim, key_id, shapes[i].signers);
        sim_assert_signed(&sim, key_id, shapes[i].signers);
        cluster_sim_clear(&sim);
    }
}

/* The voucher in the tunnel makes the key ACTIVE without the coordinator's Commit. */
TEST(life, nodes_commit_a_key_between_themselves)
{
    struct signed_request r;
    char                  body[256], key_id[KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 3);
    sim_generate_body(body, 2, 3);
    sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate", body);
    sim_begin(&sim, GENERATE, &r, 0x7);
    sim_run(&sim);
    sim_only_key(&sim, 0x7, key_id);
    for (unsigned i = 0; i < 3; i++) assert_string_equal(sim_key_state(&sim, i, key_id), "ACTIVE");
    cluster_sim_clear(&sim);
}

TEST(life, a_restarted_cluster_signs_with_the_same_key)
{
    char key_id[KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    for (unsigned i = 0; i < 3; i++) sim_crash(&sim, i);
    for (unsigned i = 0; i < 3; i++) sim_restart(&sim, i);
    for (unsigned i = 0; i < 3; i++) assert_string_equal(sim_key_state(&sim, i, key_id), "ACTIVE");
    sim_sign(&sim, key_id, 0x6);
    sim_assert_signed(&sim, key_id, 0x6);
    cluster_sim_clear(&sim);
}

TEST(life, works_the_same_on_sqlite)
{
    char key_id[KEY_ID_LEN + 1];

    cluster_sim_init_sqlite(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    sim_sign(&sim, key_id, 0x3);
    sim_assert_signed(&sim, key_id, 0x3);
    for (unsigned i = 0; i < 3; i++) sim_restart(&sim, i);
    sim_sign(&sim, key_id, 0x5);
    sim_assert_signed(&sim, key_id, 0x5);
    for (unsigned i = 0; i < 3; i++) assert_ok(store_log_verify(&sim.nodes[i].disk));
    cluster_sim_clear(&sim);
}

struct log_watch {
    uint64_t rows_before[2];
    unsigned checked;
};

static enum sim_fate look_at_log(void *arg, struct sim_relay *r)
{
    struct log_watch *w = arg;

    assert_true(store_log_last(&sim.nodes[r->from].disk) > w->rows_before[r->from]);
    w->checked++;
    return SIM_PASS;
}

static enum kms_err last_row(void *arg, const struct store_log_row *row)
{
    *(struct store_log_row *)arg = *row;
    return KMS_OK;
}

/* The row is with the operating system before the first word of the session: a restart cannot forget it. */
TEST(life, a_node_writes_down_what_it_does_before_it_speaks)
{
    char                 key_id[KEY_ID_LEN + 1];
    struct log_watch     watch = {0};
    struct store_log_row row = {0};

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    for (unsigned i = 0; i < 2; i++) watch.rows_before[i] = store_log_last(&sim.nodes[i].disk);
    sim.on_relay = look_at_log;
    sim.arg = &watch;
    sim_sign(&sim, key_id, 0x3);
    sim_assert_signed(&sim, key_id, 0x3);
    assert_true(watch.checked >= 3);
    assert_ok(store_log_each(&sim.nodes[0].disk, watch.rows_before[0] + 1, last_row, &row));
    assert_string_equal(row.kind, "sign");
    assert_string_equal(row.key_id, key_id);
    assert_string_equal(row.access_key, sim.owner.identity.access_key);
    assert_int_equal(store_log_last(&sim.nodes[0].disk), watch.rows_before[0] + 1);
    cluster_sim_clear(&sim);
}

TEST(life, a_repeated_generate_gives_the_same_key)
{
    struct signed_request    r;
    struct birth_certificate first, again;
    char                     body[256];

    cluster_sim_init(&sim, 3);
    sim_generate_body(body, 2, 3);
    sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate", body);
    sim_begin(&sim, GENERATE, &r, 0x7);
    sim_run(&sim);
    assert_ok(birth_decode(&first, buf_bytes(&sim.nodes[0].result.birth_certificate)));
    char key_id[KEY_ID_LEN + 1];
    memcpy(key_id, first.body.key_id, sizeof key_id);
    sim_begin(&sim, GENERATE, &r, 0x7);
    assert_int_equal(sim.nodes[0].result.error, KMS_OK);
    assert_ok(birth_decode(&again, buf_bytes(&sim.nodes[0].result.birth_certificate)));
    assert_string_equal(again.body.key_id, key_id);
    assert_ok(birth_verify(&again, sim.pki.authority));
    cluster_sim_clear(&sim);
}

TEST(life, many_keys_and_sessions_at_once)
{
    char                  key_id[KEY_ID_LEN + 1], target[128];
    struct signed_request r[8];

    cluster_sim_init(&sim, 3);
    for (int i = 0; i < 5; i++) sim_make_key(&sim, 2, 0x7, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    for (int i = 0; i < 8; i++) {
        sim_request(&sim, &r[i], &sim.owner, target, "{\"data\":\"61747461636b206174206461776e\"}");
        sim_begin(&sim, SIGN, &r[i], i % 2 == 0 ? 0x3 : 0x6);
    }
    unsigned before = sim.nodes[1].result.count;
    sim_run(&sim);
    assert_int_equal(sim.nodes[1].result.count - before, 8);
    sim_assert_signed(&sim, key_id, 0x6);
    cluster_sim_clear(&sim);
}

/* Check 18: what the relay sees holds no share, no name of the session, nothing of what is said. */
TEST(life, the_relay_sees_no_plaintext)
{
    char                    key_id[KEY_ID_LEN + 1];
    const struct key_share *share;

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    sim_sign(&sim, key_id, 0x3);
    sim_assert_signed(&sim, key_id, 0x3);
    assert_true(sim.seen.len > 4000);
    for (unsigned i = 0; i < 3; i++) {
        uint8_t     scalar[32];
        struct key *key = keys_find(sim.nodes[i].node, key_id);
        assert_ok(shares_get(sim.nodes[i].node, key, &share));
        scalar_encode(share->group, scalar, &share->secret_share);
        assert_null(memmem(sim.seen.data, sim.seen.len, scalar, sizeof scalar));
        assert_null(memmem(sim.seen.data, sim.seen.len, &share->secret_share, 32));
        assert_null(memmem(sim.seen.data, sim.seen.len, key->body.ssid, 32));
        assert_null(memmem(sim.seen.data, sim.seen.len, key->body.public_key, 32));
    }
    assert_null(memmem(sim.seen.data, sim.seen.len, key_id, KEY_ID_LEN));
    assert_null(memmem(sim.seen.data, sim.seen.len, sim.nodes[0].result.tag, 16));
    cluster_sim_clear(&sim);
}

TEST(life, shares_combine_to_the_key_and_are_nowhere_whole)
{
    char                    key_id[KEY_ID_LEN + 1];
    const struct key_share *a, *b;

    cluster_sim_init(&sim, 2);
    sim_make_key(&sim, 2, 0x3, key_id);
    assert_ok(shares_get(sim.nodes[0].node, keys_find(sim.nodes[0].node, key_id), &a));
    assert_ok(shares_get(sim.nodes[1].node, keys_find(sim.nodes[1].node, key_id), &b));
    /* x = 2 x_1 - x_2 for t = n = 2, at the points 1 and 2. */
    SECRET_SCALAR x;
    struct point  X;
    scalar_add(a->group, &x, &a->secret_share, &a->secret_share);
    scalar_sub(a->group, &x, &x, &b->secret_share);
    group_base_mul(a->group, &X, &x);
    assert_true(group_equal(a->group, &X, &a->public_key));
    cluster_sim_clear(&sim);
}
