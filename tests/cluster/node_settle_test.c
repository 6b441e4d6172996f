/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a PENDING key: vouchers, queries, promises; and whose word discards a share (architecture.md 6). */
#include "cluster/node/settle.h"

#include <stdio.h>

#include "cluster/node/abandonment.h"
#include "cluster/node/key_table.h"
#include "cluster/node/state.h"
#include "cluster/node/tombstones.h"
#include "tests/support/cluster_sim.h"

#define ALL 0x7

static struct cluster_sim sim;

/* A node that has vouched and heard nothing from the others since. */
static void one_pending(char key_id[KEY_ID_LEN + 1], unsigned *who)
{
    cluster_sim_init(&sim, 3);
    sim_begin_key(&sim, 2, ALL);
    sim.on_relay = sim_cut_when_vouched;
    sim.arg = &sim;
    sim_run(&sim);
    sim.on_relay = NULL;
    sim_only_key(&sim, ALL, key_id);
    *who = 0;
    while (strcmp(sim_key_state(&sim, *who, key_id), "PENDING") != 0) ++*who;
}

static void say_abandoned(unsigned to, const struct abandonment *a)
{
    BUF_LOCAL encoded = BUF_INIT(ABANDONMENT_MAX);

    assert_ok(abandonment_encode(&encoded, a));
    settle_on_abandonment(sim.nodes[to].node, NULL, buf_bytes(&encoded));
}

TEST(settle, only_a_proper_abandonment_by_another_holder_counts)
{
    char               key_id[KEY_ID_LEN + 1];
    unsigned           who, other;
    struct credential  outsider;
    struct cluster_pki foreign;

    one_pending(key_id, &who);
    other = who == 0 ? 1 : 0;
    cluster_pki_init(&foreign, 1, "test");
    cluster_pki_issue(&sim.pki, &outsider, "node/tss9");
    struct abandonment good = {0}, a;
    const struct key  *key = keys_find(sim.nodes[who].node, key_id);
    memcpy(good.cluster, "test", 5);
    memcpy(good.key_id, key_id, sizeof good.key_id);
    memcpy(good.ssid, key->body.ssid, 32);
    assert_ok(abandonment_sign(&good, &sim.nodes[other].credential));

    a = good;
    a.ssid[0] ^= 1; /* of another session */
    say_abandoned(who, &a);
    assert_ok(abandonment_sign(&a, &sim.nodes[other].credential));
    say_abandoned(who, &a);
    a = good;
    a.signature[0] ^= 1;
    say_abandoned(who, &a);
    a = good; /* a node that is no holder, a client, the node itself, somebody of another CA */
    assert_ok(abandonment_sign(&a, &outsider));
    say_abandoned(who, &a);
    assert_ok(abandonment_sign(&a, &sim.owner));
    say_abandoned(who, &a);
    assert_ok(abandonment_sign(&a, &sim.nodes[who].credential));
    say_abandoned(who, &a);
    a = good; /* in another holder's name, properly signed with the wrong certificate */
    memcpy(outsider.identity.name, sim.nodes[other].name, sizeof outsider.identity.name);
    assert_ok(abandonment_sign(&a, &outsider));
    say_abandoned(who, &a);
    credential_clear(&outsider);
    cluster_pki_issue(&foreign, &outsider, other == 0 ? "node/tss1" : "node/tss2");
    assert_ok(abandonment_sign(&a, &outsider));
    say_abandoned(who, &a);
    assert_string_equal(sim_key_state(&sim, who, key_id), "PENDING");

    say_abandoned(who, &good);
    assert_string_equal(sim_key_state(&sim, who, key_id), "ABANDONED");
    credential_clear(&outsider);
    cluster_pki_clear(&foreign);
    cluster_sim_clear(&sim);
}

/* Whoever has vouched for a key cannot abandon it: the share stays. */
TEST(settle, an_abandonment_by_one_who_has_vouched_is_not_believed)
{
    char     key_id[KEY_ID_LEN + 1];
    unsigned who;

    one_pending(key_id, &who);
    unsigned           other = who == 0 ? 1 : 0;
    struct node       *node = sim.nodes[who].node;
    struct key        *key = keys_find(node, key_id);
    struct abandonment a = {0};
    memcpy(a.cluster, "test", 5);
    memcpy(a.key_id, key_id, sizeof a.key_id);
    memcpy(a.ssid, key->body.ssid, 32);
    assert_ok(abandonment_sign(&a, &sim.nodes[other].credential));
    struct birth_signature s = {.certificate_der = buf_bytes(&sim.nodes[other].credential.certificate_der)};
    memcpy(s.node, sim.nodes[other].name, sizeof s.node);
    assert_ok(birth_sign(s.signature, &key->body, &sim.nodes[other].credential));
    assert_ok(keys_vouch(node, key, &s));
    say_abandoned(who, &a);
    assert_string_equal(sim_key_state(&sim, who, key_id), "PENDING");
    cluster_sim_clear(&sim);
}

/* ---- a node that never finished ---- */

struct deaf {
    uint64_t begin, at;
};

/* From relay `at` on, tss3 hears nothing. */
static enum sim_fate do_not_hear(void *arg, struct sim_relay *r)
{
    struct deaf *d = arg;

    return r->to == 2 && r->number >= d->begin + d->at ? SIM_DROP : SIM_PASS;
}

/* tss1 and tss2 have vouched; tss3 has missed the end of the DKG, and gives up. */
static void two_vouched(char key_id[KEY_ID_LEN + 1])
{
    for (uint64_t at = 0;; at++) {
        cluster_sim_init(&sim, 3);
        struct deaf d = {.begin = sim.relays, .at = at};
        sim.arg = &d;
        sim.on_relay = do_not_hear;
        sim_begin_key(&sim, 2, ALL);
        sim_run(&sim);
        sim_only_key(&sim, ALL, key_id);
        if (key_id[0] != '\0') break;
        cluster_sim_clear(&sim);
    }
    assert_string_equal(sim_key_state(&sim, 0, key_id), "PENDING");
    assert_string_equal(sim_key_state(&sim, 1, key_id), "PENDING");
    assert_string_equal(sim_key_state(&sim, 2, key_id), "NONE");
    sim.on_relay = NULL;
}

static enum tombstone_kind tombstone_at(unsigned node, const char *key_id)
{
    enum tombstone_kind kind;

    assert_ok(tombstones_get(sim.nodes[node].node, key_id, &kind, NULL));
    return kind;
}

/* tss1 and tss2 have given the key up; tss3 has promised never to vouch for it. */
static void assert_given_up(const char *key_id)
{
    assert_string_equal(sim_key_state(&sim, 0, key_id), "ABANDONED");
    assert_string_equal(sim_key_state(&sim, 1, key_id), "ABANDONED");
    assert_string_equal(sim_key_state(&sim, 2, key_id), "NONE");
    for (unsigned i = 0; i < 3; i++) assert_int_equal(tombstone_at(i, key_id), TOMBSTONE_ABANDONED);
}

static bool share_is_stored(unsigned node, const char *key_id)
{
    struct store_id id = {.table = STORE_SHARE};
    SECRET_LOCAL    value = SECRET_NONE;

    memcpy(id.key, key_id, KEY_ID_LEN + 1);
    enum kms_err err = store_get(&sim.nodes[node].disk, &id, &value);
    assert_true(err == KMS_OK || err == KMS_E_NOT_FOUND);
    return err == KMS_OK;
}

TEST(settle, a_node_that_never_vouched_abandons_and_the_others_give_up)
{
    char             key_id[KEY_ID_LEN + 1];
    struct node_info info;

    two_vouched(key_id);
    sim_heal(&sim);
    assert_given_up(key_id);
    node_info(sim.nodes[0].node, &info);
    assert_int_equal(info.keys, 0);
    assert_int_equal(info.pending, 0);
    sim_join_all(&sim);
    sim_run(&sim);
    sim_sign(&sim, key_id, 0x3);
    for (unsigned i = 0; i < 2; i++) assert_int_equal(sim.nodes[i].result.error, KMS_E_STATE);
    sim_make_key(&sim, 2, ALL, key_id);
    cluster_sim_clear(&sim);
}

/* The state lasts over restarts, and the share is wiped when nobody can want it any more. */
TEST(settle, what_is_abandoned_is_wiped_after_a_month)
{
    char key_id[KEY_ID_LEN + 1];

    two_vouched(key_id);
    sim_heal(&sim);
    sim_restart(&sim, 0);
    assert_given_up(key_id);
    sim.wall_ms += KEYS_ABANDONED_KEEP_S * 1000 - 600000;
    sim_advance(&sim, 61000);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "ABANDONED");
    assert_true(share_is_stored(0, key_id));
    sim.wall_ms += 600000;
    sim_advance(&sim, 61000);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "NONE");
    assert_false(share_is_stored(0, key_id));
    assert_int_equal(tombstone_at(0, key_id), TOMBSTONE_ABANDONED);
    assert_int_equal(sim.nodes[0].node->keys.abandoned, 0);
    cluster_sim_clear(&sim);
}

/* Whoever has set the key aside says so, with the promise that it was given, also when the one who promised is gone. */
TEST(settle, a_promise_is_passed_on)
{
    char               key_id[KEY_ID_LEN + 1];
    BUF_LOCAL          promise = BUF_INIT(EVIDENCE_MAX);
    struct abandonment a = {0};

    two_vouched(key_id);
    sim_crash(&sim, 2);
    const struct key *key = keys_find(sim.nodes[1].node, key_id);
    memcpy(a.cluster, "test", 5);
    memcpy(a.key_id, key_id, sizeof a.key_id);
    memcpy(a.ssid, key->body.ssid, 32);
    assert_ok(abandonment_sign(&a, &sim.nodes[2].credential));
    say_abandoned(1, &a);
    assert_string_equal(sim_key_state(&sim, 1, key_id), "ABANDONED");
    assert_string_equal(sim_key_state(&sim, 0, key_id), "PENDING");
    sim_advance(&sim, 61000);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "ABANDONED");
    cluster_sim_clear(&sim);
}

static size_t last_asked(const struct node *node)
{
    return key_table_position(&node->keys, node->asked[1]);
}

/* More keys than are asked about at once: a round goes on where the last one has stopped. */
TEST(settle, every_key_has_its_turn)
{
    char key_id[KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 3);
    for (int i = 0; i < SETTLE_ASK_ABANDONED + 4; i++) sim_make_key(&sim, 2, ALL, key_id);
    struct node *node = sim.nodes[0].node;
    size_t       count = node->keys.count;
    for (size_t i = 0; i < count; i++) {
        key_table_set_state(&node->keys, node->keys.sorted[i], KEY_ABANDONED);
        node->keys.sorted[i]->due_s = INT64_MAX;
    }
    settle_all(node);
    size_t first = last_asked(node);
    settle_all(node);
    assert_int_equal(last_asked(node), (first + SETTLE_ASK_ABANDONED) % count);
    cluster_sim_clear(&sim);
}

/* The promise is on the disk, the key still PENDING: the process died between them. */
TEST(settle, an_interrupted_abandonment_is_finished_at_the_next_start)
{
    char key_id[KEY_ID_LEN + 1];

    two_vouched(key_id);
    assert_ok(tombstones_put(sim.nodes[0].node, key_id, TOMBSTONE_ABANDONED, bytes_str("a promise")));
    sim.on_relay = sim_cut_when_vouched;
    sim.arg = &sim;
    sim_restart(&sim, 0);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "ABANDONED");
    cluster_sim_clear(&sim);
}

/* Asked while its session still runs, a node says nothing: it may vouch yet. */
TEST(settle, a_node_whose_session_runs_abandons_nothing)
{
    char key_id[KEY_ID_LEN + 1];

    two_vouched(key_id);
    assert_int_equal(sim.nodes[2].node->runs.count, 1);
    const struct key *key = keys_find(sim.nodes[0].node, key_id);
    uint8_t           query[4 + KEY_ID_LEN + 32] = {0, 0, 0, KEY_ID_LEN};
    memcpy(query + 4, key_id, KEY_ID_LEN);
    memcpy(query + 4 + KEY_ID_LEN, key->body.ssid, 32);
    struct circuit *to_first = circuits_to(sim.nodes[2].node, "tss1");
    settle_on_query(sim.nodes[2].node, to_first, BYTES_OF(query));
    assert_int_equal(tombstone_at(2, key_id), TOMBSTONE_NONE);
    cluster_sim_clear(&sim);
}

/* The promise is on the disk before it is said, and holds for whoever asks later, also for a session that ends well. */
TEST(settle, a_node_keeps_its_promise)
{
    char key_id[KEY_ID_LEN + 1];

    two_vouched(key_id);
    sim_crash(&sim, 1);
    sim_heal(&sim);
    sim_restart(&sim, 2);
    assert_int_equal(tombstone_at(2, key_id), TOMBSTONE_ABANDONED);
    sim_restart(&sim, 1);
    sim_advance(&sim, 61000);
    assert_string_equal(sim_key_state(&sim, 1, key_id), "ABANDONED");
    cluster_sim_clear(&sim);
}

static enum sim_fate hold_for_third(void *arg, struct sim_relay *r)
{
    return do_not_hear(arg, r) == SIM_DROP ? SIM_HOLD : SIM_PASS;
}

static enum sim_fate hold_second_for_third(void *arg, struct sim_relay *r)
{
    return r->from == 1 ? hold_for_third(arg, r) : SIM_PASS;
}

/* The others have vouched while tss3 still waits for messages, which lie with the relay: sim_release(). */
static void third_is_slow(enum sim_fate (*hold)(void *, struct sim_relay *), char key_id[KEY_ID_LEN + 1])
{
    key_id[0] = '\0';
    for (uint64_t at = 0; key_id[0] == '\0'; at++) {
        if (at > 0) cluster_sim_clear(&sim);
        cluster_sim_init(&sim, 3);
        struct deaf d = {.begin = sim.relays, .at = at};
        sim.arg = &d;
        sim.on_relay = hold;
        sim_begin_key(&sim, 2, ALL);
        sim_run(&sim);
        sim_only_key(&sim, 0x3, key_id);
    }
    sim.on_relay = NULL;
    assert_string_equal(sim_key_state(&sim, 2, key_id), "NONE");
}

/* A voucher that comes before this node has made its own key is kept, not lost. */
TEST(settle, an_early_voucher_counts)
{
    char key_id[KEY_ID_LEN + 1];

    third_is_slow(hold_second_for_third, key_id);
    sim_release(&sim);
    sim_run(&sim);
    assert_string_equal(sim_key_state(&sim, 2, key_id), "ACTIVE");
    cluster_sim_clear(&sim);
}

/* No tunnel is opened anew, no coordinator says a word: the minute is enough. */
TEST(settle, what_is_pending_is_settled_every_minute)
{
    char key_id[KEY_ID_LEN + 1];

    third_is_slow(hold_for_third, key_id);
    sim_advance(&sim, 31000); /* tss3 gives its session up */
    assert_int_equal(sim.nodes[2].node->runs.count, 0);
    sim_release(&sim);
    sim_run(&sim);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "PENDING");
    sim_advance(&sim, 61000);
    assert_given_up(key_id);
    cluster_sim_clear(&sim);
}

/* No time passes: a tunnel that opens is enough. */
TEST(settle, what_is_pending_is_settled_when_a_tunnel_opens)
{
    char key_id[KEY_ID_LEN + 1];

    two_vouched(key_id);
    sim_restart(&sim, 2);
    assert_given_up(key_id);
    cluster_sim_clear(&sim);
}

/* The session was only slow: when it ends well after all, the promise stands. */
TEST(settle, a_late_session_does_not_break_a_promise)
{
    char key_id[KEY_ID_LEN + 1];

    third_is_slow(hold_for_third, key_id);
    assert_int_equal(sim.nodes[2].node->runs.count, 1);
    assert_ok(tombstones_put(sim.nodes[2].node, key_id, TOMBSTONE_ABANDONED, bytes_str("a promise")));
    sim_release(&sim);
    sim_run(&sim);
    assert_int_equal(sim.nodes[2].result.error, KMS_E_STATE);
    assert_int_equal(sim.nodes[2].result.birth_certificate.len, 0);
    assert_string_equal(sim_key_state(&sim, 2, key_id), "NONE");
    cluster_sim_clear(&sim);
}

/* How many of 300 made-up keys tss3 abandons when `peer` asks. */
static unsigned promises_to(const char *peer, const char *prefix)
{
    struct node    *node = sim.nodes[2].node;
    struct circuit *from = circuits_to(node, peer);
    unsigned        made = 0;

    for (unsigned i = 0; i < 300; i++) {
        char    key_id[KEY_ID_LEN + 1];
        uint8_t query[4 + KEY_ID_LEN + 32] = {0, 0, 0, KEY_ID_LEN};
        (void)snprintf(key_id, sizeof key_id, "%s%031u", prefix, i);
        memcpy(query + 4, key_id, KEY_ID_LEN);
        settle_on_query(node, from, BYTES_OF(query));
        made += tombstone_at(2, key_id) == TOMBSTONE_ABANDONED;
    }
    return made;
}

/* And whoever asks for too much takes nothing from the others. */
TEST(settle, only_so_many_keys_are_abandoned_per_minute_and_peer)
{
    cluster_sim_init(&sim, 3);
    assert_int_equal(promises_to("tss1", "a"), SETTLE_PROMISES_MAX / 2);
    assert_int_equal(promises_to("tss1", "b"), 0);
    assert_int_equal(promises_to("tss2", "c"), SETTLE_PROMISES_MAX / 2);
    sim_advance(&sim, 61000);
    assert_int_equal(promises_to("tss1", "d"), SETTLE_PROMISES_MAX / 2);
    cluster_sim_clear(&sim);
}
