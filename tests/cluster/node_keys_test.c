/* SPDX-License-Identifier: Apache-2.0 */
/* Keys after their birth: deletion, damage to what is stored, and what a coordinator may look up. */
#include <stdio.h>

#include "cluster/node/key_record.h"
#include "cluster/node/state.h"
#include "cluster/node/tombstones.h"
#include "tests/support/cluster_sim.h"

#define BOTH 0x3

static struct cluster_sim sim;
static char               key_id[KEY_ID_LEN + 1], target[128];

static void set_up(void)
{
    cluster_sim_init(&sim, 4);
    sim_make_key(&sim, 2, 0x7, key_id);
    (void)snprintf(target, sizeof target, "DELETE /api/v1/keys/%s", key_id);
}

static void destroy(unsigned node, const struct signed_request *r, const char *id)
{
    Kms__V1__ToNode  m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Destroy d = KMS__V1__DESTROY__INIT;
    BUF_LOCAL        encoded = BUF_INIT(REQUEST_ENCODED_MAX);

    assert_ok(signed_request_encode(&encoded, r));
    d.request = (ProtobufCBinaryData){.len = encoded.len, .data = encoded.data};
    d.key_id = (char *)(uintptr_t)id;
    m.kind_case = KMS__V1__TO_NODE__KIND_DESTROY;
    m.destroy = &d;
    sim_send(&sim, node, &m);
}

static void destroy_as(const struct credential *who, enum kms_err want)
{
    struct signed_request r;

    sim_request(&sim, &r, who, target, "");
    destroy(0, &r, key_id);
    if (sim.nodes[0].destroyed_error != want)
        fail_msg("%s (%s)", error_name(sim.nodes[0].destroyed_error), sim.nodes[0].result.detail);
}

TEST(keys, a_deletion_waits_and_then_wipes)
{
    SECRET_LOCAL    value = SECRET_NONE;
    struct store_id id = {.table = STORE_SHARE};

    set_up();
    memcpy(id.key, key_id, sizeof key_id);
    destroy_as(&sim.owner, KMS_OK);
    assert_string_equal(sim.nodes[0].destroyed_state, "PENDING_DELETION");
    assert_int_equal(sim.nodes[0].destroyed_due, sim_wall_s(&sim) + 3600);
    sim_sign(&sim, key_id, BOTH);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_STATE);
    int64_t due = sim.nodes[0].destroyed_due;
    sim_advance(&sim, 60000);
    destroy_as(&sim.owner, KMS_OK); /* again: nothing starts anew */
    assert_int_equal(sim.nodes[0].destroyed_due, due);
    sim_restart(&sim, 0);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "PENDING_DELETION");
    sim_advance(&sim, 3600 * 1000 + 60000);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "NONE");
    assert_err(KMS_E_NOT_FOUND, store_get(&sim.nodes[0].disk, &id, &value));
    destroy_as(&sim.owner, KMS_OK);
    assert_string_equal(sim.nodes[0].destroyed_state, "DELETED");
    /* The others were not asked, and go on (in new circuits: hours have passed). */
    sim_join_all(&sim);
    sim_run(&sim);
    sim_sign(&sim, key_id, 0x6);
    sim_assert_signed(&sim, key_id, 0x6);
    cluster_sim_clear(&sim);
}

TEST(keys, without_a_waiting_period_a_deletion_is_done_at_once)
{
    set_up();
    sim.deletion_wait_s = 0;
    sim_restart(&sim, 0);
    destroy_as(&sim.operator, KMS_OK);
    assert_string_equal(sim.nodes[0].destroyed_state, "DELETED");
    assert_string_equal(sim_key_state(&sim, 0, key_id), "NONE");
    cluster_sim_clear(&sim);
}

TEST(keys, only_the_owner_or_an_operator_deletes)
{
    set_up();
    destroy_as(&sim.other, KMS_E_DENIED);
    destroy_as(&sim.gateway, KMS_E_DENIED);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "ACTIVE");
    cluster_sim_clear(&sim);
}

/* A deletion never expires: an old request counts, but not one of the future, and not for another key. */
TEST(keys, a_deletion_does_not_expire)
{
    struct signed_request r;

    set_up();
    sim_request(&sim, &r, &sim.owner, target, "");
    sim_advance(&sim, 600000);
    destroy(0, &r, key_id);
    assert_int_equal(sim.nodes[0].destroyed_error, KMS_OK);
    assert_string_equal(sim.nodes[0].destroyed_state, "PENDING_DELETION");
    cluster_sim_clear(&sim);
}

TEST(keys, a_deletion_is_for_the_key_in_its_path)
{
    struct signed_request r;
    char                  second[KEY_ID_LEN + 1];

    set_up();
    sim_make_key(&sim, 2, 0x7, second);
    sim_request(&sim, &r, &sim.owner, target, "");
    destroy(0, &r, second);
    assert_int_equal(sim.nodes[0].destroyed_error, KMS_E_DENIED);
    destroy(0, &r, "x");
    assert_int_equal(sim.nodes[0].destroyed_error, KMS_E_ARGUMENT);
    memcpy(r.method, "POST", 5);
    destroy(0, &r, key_id);
    assert_int_equal(sim.nodes[0].destroyed_error, KMS_E_SIGNATURE);
    assert_ok(signed_request_sign(&r, &sim.owner, sim_wall_s(&sim) + 31, 60));
    destroy(0, &r, key_id);
    assert_int_equal(sim.nodes[0].destroyed_error, KMS_E_EXPIRED);
    sim_request(&sim, &r, &sim.owner, target, "{}");
    destroy(0, &r, key_id);
    assert_int_equal(sim.nodes[0].destroyed_error, KMS_E_FORMAT);
    sim_request(&sim, &r, &sim.owner, target, "");
    destroy(3, &r, key_id);
    assert_int_equal(sim.nodes[3].destroyed_error, KMS_E_NOT_FOUND);
    assert_string_equal(sim_key_state(&sim, 0, second), "ACTIVE");
    cluster_sim_clear(&sim);
}

static void delete_during_a_signature(void)
{
    struct signed_request r;
    struct sim_start      start;
    char                  path[128];

    (void)snprintf(path, sizeof path, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &r, &sim.owner, path, "{\"data\":\"61747461636b206174206461776e\"}");
    sim_start_init(&sim, &start, KMS__V1__OPERATION__OPERATION_SIGN, &r, BOTH);
    sim_send_start(&sim, 0, &start);
    sim_send_start(&sim, 1, &start);
    destroy_as(&sim.owner, KMS_OK);
    sim_run(&sim);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(sim.nodes[i].result.error, KMS_E_ABORTED);
        assert_int_equal(sim.nodes[i].result.signature_len, 0);
    }
    sim_start_clear(&start);
}

/* State is checked again before the message that completes a signature: the session ends with the key. */
TEST(keys, a_deletion_ends_the_sessions_of_its_key)
{
    set_up();
    delete_during_a_signature();
    assert_string_equal(sim.nodes[0].destroyed_state, "PENDING_DELETION");
    cluster_sim_clear(&sim);
    set_up();
    sim.deletion_wait_s = 0;
    sim_restart(&sim, 0);
    delete_during_a_signature();
    assert_string_equal(sim.nodes[0].destroyed_state, "DELETED");
    cluster_sim_clear(&sim);
}

/* The tombstone is on the disk, the share still too: the process died between them. */
TEST(keys, an_interrupted_deletion_is_finished_at_the_next_start)
{
    set_up();
    assert_ok(tombstones_put(sim.nodes[0].node, key_id, TOMBSTONE_DELETED, BYTES_NONE));
    sim_restart(&sim, 0);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "NONE");
    cluster_sim_clear(&sim);
}

/* The disk fails between tombstone and share: whatever becomes of it, this key signs no more, and is tried again. */
TEST(keys, a_deletion_that_fails_leaves_no_key_that_signs)
{
    set_up();
    sim.deletion_wait_s = 0;
    sim_restart(&sim, 0);
    sim.nodes[0].keeps_all = true;
    destroy_as(&sim.owner, KMS_E_STORAGE);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "PENDING_DELETION");
    sim_sign(&sim, key_id, BOTH);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_STATE);
    sim.nodes[0].keeps_all = false;
    sim_advance(&sim, 61000);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "NONE");
    cluster_sim_clear(&sim);
}

/* ---- one request, one key ---- */

static struct signed_request generate;
static char                  generate_body[256];

static void make_with_kept_request(void)
{
    BUF_LOCAL certificate = BUF_INIT(BIRTH_ENCODED_MAX);

    cluster_sim_init(&sim, 3);
    sim.deletion_wait_s = 0;
    for (unsigned i = 0; i < 3; i++) sim_restart(&sim, i);
    sim_generate_body(generate_body, 2, 3);
    sim_request(&sim, &generate, &sim.owner, "POST /api/v1/keys/generate", generate_body);
    sim_begin(&sim, KMS__V1__OPERATION__OPERATION_GENERATE, &generate, 0x7);
    sim_run(&sim);
    assert_true(sim_collect(&sim, 0x7, &certificate));
    sim_only_key(&sim, 0x7, key_id);
    (void)snprintf(target, sizeof target, "DELETE /api/v1/keys/%s", key_id);
}

static void assert_generate_refused(const char *why)
{
    sim_begin(&sim, KMS__V1__OPERATION__OPERATION_GENERATE, &generate, 0x7);
    sim_run(&sim);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_CONFLICT);
    assert_non_null(strstr(sim.nodes[0].result.detail, why));
    assert_int_equal(sim.nodes[0].node->runs.count, 0);
}

TEST(keys, the_request_of_a_deleted_key_makes_no_other)
{
    make_with_kept_request();
    destroy_as(&sim.owner, KMS_OK);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "NONE");
    assert_generate_refused("deleted");
    sim_restart(&sim, 0);
    assert_generate_refused("deleted");
    cluster_sim_clear(&sim);
}

TEST(keys, the_request_of_a_key_that_is_leaving_makes_no_other)
{
    make_with_kept_request();
    sim.deletion_wait_s = 3600;
    sim_restart(&sim, 0);
    destroy_as(&sim.owner, KMS_OK);
    assert_generate_refused("PENDING_DELETION");
    cluster_sim_clear(&sim);
}

TEST(keys, are_found_by_the_request_that_made_them)
{
    char    ids[5][KEY_ID_LEN + 1];
    uint8_t hashes[5][32];

    cluster_sim_init(&sim, 3);
    struct node *node = sim.nodes[0].node;
    for (int i = 0; i < 5; i++) {
        sim_make_key(&sim, 2, 0x7, ids[i]);
        memcpy(hashes[i], keys_find(node, ids[i])->body.request_hash, 32);
    }
    for (int gone = 0; gone < 5; gone++) {
        for (int i = 0; i < 5; i++) {
            const struct key *key = keys_find_by_request(node, hashes[i]);
            if (i < gone)
                assert_null(key);
            else
                assert_string_equal(key->body.key_id, ids[i]);
        }
        struct key *key = keys_find(node, ids[gone]);
        assert_ok(keys_remove(node, &key));
    }
    cluster_sim_clear(&sim);
}

/* ---- what is stored ---- */

static void change_record(unsigned node, const char *id, const char *to)
{
    struct store_id from = {.table = STORE_SHARE}, into;
    SECRET_LOCAL    value = SECRET_NONE;

    memcpy(from.key, id, KEY_ID_LEN + 1);
    assert_ok(store_get(&sim.nodes[node].disk, &from, &value));
    into = from;
    if (to != NULL)
        memcpy(into.key, to, KEY_ID_LEN + 1);
    else
        value.data[value.len - 1] ^= 1;
    assert_ok(store_put(&sim.nodes[node].disk, &into, secret_view(&value)));
}

TEST(keys, a_node_does_not_start_on_a_damaged_record)
{
    set_up();
    sim_crash(&sim, 0);
    change_record(0, key_id, NULL);
    assert_err(KMS_E_CORRUPT, sim_boot(&sim, 0));
    store_close(&sim.nodes[0].sealed);
    cluster_sim_clear(&sim);
}

TEST(keys, a_node_does_not_start_on_a_record_moved_to_another_key)
{
    char second[KEY_ID_LEN + 1];

    set_up();
    sim_make_key(&sim, 2, 0x7, second);
    sim_crash(&sim, 0);
    change_record(0, key_id, second);
    assert_err(KMS_E_CORRUPT, sim_boot(&sim, 0));
    assert_non_null(strstr(error_text(), "another key"));
    store_close(&sim.nodes[0].sealed);
    cluster_sim_clear(&sim);
}

TEST(keys, a_node_does_not_start_on_another_nodes_record)
{
    struct store_id id = {.table = STORE_SHARE};
    SECRET_LOCAL    value = SECRET_NONE;

    set_up();
    sim_crash(&sim, 0);
    memcpy(id.key, key_id, sizeof key_id);
    assert_ok(store_get(&sim.nodes[1].disk, &id, &value));
    assert_ok(store_put(&sim.nodes[0].disk, &id, secret_view(&value)));
    assert_err(KMS_E_CORRUPT, sim_boot(&sim, 0));
    assert_non_null(strstr(error_text(), "another node"));
    store_close(&sim.nodes[0].sealed);
    cluster_sim_clear(&sim);
}

/* Sealed properly, in its place, and yet not the share that the birth certificate names: a bug, or a thief with the
 * DEK. */
TEST(keys, the_share_must_be_the_one_of_the_birth_certificate)
{
    char              second[KEY_ID_LEN + 1];
    struct store_id   id = {.table = STORE_SHARE}, other = {.table = STORE_SHARE};
    struct key_record record, foreign;
    SECRET_LOCAL      value = SECRET_NONE, other_value = SECRET_NONE, mixed = SECRET_NONE;

    set_up();
    sim_make_key(&sim, 2, 0x7, second);
    memcpy(id.key, key_id, sizeof key_id);
    memcpy(other.key, second, sizeof second);
    assert_ok(store_get(&sim.nodes[0].sealed, &id, &value));
    assert_ok(store_get(&sim.nodes[0].sealed, &other, &other_value));
    assert_ok(key_record_decode(&record, secret_view(&value)));
    assert_ok(key_record_decode(&foreign, secret_view(&other_value)));
    record.share = foreign.share;
    assert_ok(key_record_encode(&mixed, &record));
    assert_ok(store_put(&sim.nodes[0].sealed, &id, secret_view(&mixed)));
    sim_restart(&sim, 0);
    sim_sign(&sim, key_id, BOTH);
    assert_int_equal(sim.nodes[0].result.error, KMS_E_CORRUPT);
    assert_int_equal(sim.nodes[1].result.signature_len, 0);
    cluster_sim_clear(&sim);
}

TEST(keys, key_records_are_decoded_strictly)
{
    static const char good[] = "KKR1\2\0\0\0\0\0\0\0\11\0\0\0\1c\0\0\0\1s";
    struct key_record r;
    size_t            good_len = sizeof good - 1;
    uint8_t           bad[sizeof good];

    assert_ok(key_record_decode(&r, bytes(good, good_len)));
    assert_int_equal(r.due_s, 9);
    assert_int_equal(r.state, KEY_ACTIVE);
    for (size_t len = 0; len < good_len; len++) assert_err(KMS_E_CORRUPT, key_record_decode(&r, bytes(good, len)));
    memcpy(bad, good, sizeof good); /* with its NUL */
    assert_err(KMS_E_CORRUPT, key_record_decode(&r, BYTES_OF(bad)));
    for (size_t at = 0; at < 6; at++) {
        memcpy(bad, good, sizeof good);
        bad[at] = 0xff;
        assert_err(KMS_E_CORRUPT, key_record_decode(&r, bytes(bad, good_len)));
    }
}

TEST(keys, more_shares_than_fit_take_turns_in_locked_memory)
{
    struct shares *s;
    char           ids[6][KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 2);
    for (int i = 0; i < 6; i++) sim_make_key(&sim, 2, BOTH, ids[i]);
    s = &sim.nodes[0].node->shares;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 6; i++) {
            struct key *key = keys_find(sim.nodes[0].node, ids[i]);
            sim_sign(&sim, ids[i], BOTH);
            sim_assert_signed(&sim, ids[i], BOTH);
            assert_true(key->slot >= 0);
            if (i % 2 == 0) shares_forget(s, key);
            if (i % 2 == 0) assert_int_equal(key->slot, -1);
        }
    cluster_sim_clear(&sim);
}

/* ---- the catalogue ---- */

static struct {
    unsigned count;
    char     ids[128][KEY_ID_LEN + 1], states[128][20], next[KEY_ID_LEN + 1];
    size_t   certificate_len;
} fetched;

static void on_fetched(void *self, uint32_t link, struct bytes from_node)
{
    (void)self, (void)link;
    Kms__V1__FromNode *m = kms__v1__from_node__unpack(NULL, from_node.len, from_node.data);
    if (m->kind_case == KMS__V1__FROM_NODE__KIND_FETCHED) {
        fetched.count = (unsigned)m->fetched->n_keys;
        (void)snprintf(fetched.next, sizeof fetched.next, "%s", m->fetched->next);
        for (unsigned i = 0; i < fetched.count && i < 128; i++) {
            (void)snprintf(fetched.ids[i], sizeof fetched.ids[i], "%s", m->fetched->keys[i]->key_id);
            (void)snprintf(fetched.states[i], sizeof fetched.states[i], "%s", m->fetched->keys[i]->state);
            fetched.certificate_len = m->fetched->keys[i]->birth_certificate.len;
        }
    }
    kms__v1__from_node__free_unpacked(m, NULL);
}

static void fetch(const char *id, const char *after, uint32_t limit)
{
    Kms__V1__ToNode m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Fetch  f = KMS__V1__FETCH__INIT;

    f.key_id = (char *)(uintptr_t)id;
    f.after = (char *)(uintptr_t)after;
    f.limit = limit;
    m.kind_case = KMS__V1__TO_NODE__KIND_FETCH;
    m.fetch = &f;
    memset(&fetched, 0, sizeof fetched);
    sim.nodes[0].node->config.io.link_send = on_fetched;
    sim_send(&sim, 0, &m);
}

TEST(keys, are_fetched_in_pages_and_one_by_one)
{
    char ids[5][KEY_ID_LEN + 1], after[KEY_ID_LEN + 1] = "";

    cluster_sim_init(&sim, 2);
    for (int i = 0; i < 5; i++) sim_make_key(&sim, 2, BOTH, ids[i]);
    unsigned seen = 0;
    do {
        fetch("", after, 2);
        assert_true(fetched.count >= 1 && fetched.count <= 2);
        for (unsigned i = 0; i < fetched.count; i++) {
            assert_true(strcmp(fetched.ids[i], after) > 0);
            memcpy(after, fetched.ids[i], sizeof after);
            assert_string_equal(fetched.states[i], "ACTIVE");
        }
        seen += fetched.count;
    } while (fetched.next[0] != '\0');
    assert_int_equal(seen, 5);
    fetch(ids[3], "", 0);
    assert_int_equal(fetched.count, 1);
    assert_string_equal(fetched.ids[0], ids[3]);
    assert_true(fetched.certificate_len > 500);
    fetch("nosuchkey", "", 0);
    assert_int_equal(fetched.count, 0);
    cluster_sim_clear(&sim);
}
