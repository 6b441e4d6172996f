/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check 19, the commit of a key: whatever is lost, whoever dies, wherever a disk fails or a coordinator forks, in the
 * end all n nodes hold the key ACTIVE, or none holds anything of it.
 */
#include <stdio.h>

#include "cluster/node/abandonment.h"
#include "cluster/node/settle.h"
#include "cluster/node/state.h"
#include "cluster/node/tombstones.h"
#include "tests/support/cluster_sim.h"

#define GENERATE KMS__V1__OPERATION__OPERATION_GENERATE
#define ALL 0x7

static struct cluster_sim sim;

static void begin_generate(void)
{
    struct signed_request r;
    char                  body[256];

    sim_generate_body(body, 2, 3);
    sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate", body);
    sim_begin(&sim, GENERATE, &r, ALL);
}

/* The network is well again, everybody is up, and a few minutes go by. */
static void heal(void)
{
    sim.on_relay = NULL;
    sim.on_step = NULL;
    sim_run(&sim);
    for (unsigned i = 0; i < sim.count; i++) {
        if (sim.nodes[i].node == NULL) {
            assert_ok(sim_boot(&sim, i));
            sim_link(&sim, i);
        }
        sim.nodes[i].puts_left = -1;
    }
    sim_advance(&sim, 31000); /* what still runs times out */
    for (unsigned a = 0; a < sim.count; a++)
        for (unsigned b = a + 1; b < sim.count; b++) {
            if (sim_circuit_between(&sim, a, b) != 0) sim_close_circuit(&sim, a, b);
            sim_join(&sim, a, b);
        }
    sim_run(&sim);
    sim_advance(&sim, 125000);
}

/* All ACTIVE (true), or nothing anywhere (false). */
static bool assert_whole_or_nothing(const char *story, unsigned at)
{
    char     key_id[KEY_ID_LEN + 1];
    unsigned active = 0, none = 0;

    sim_only_key(&sim, ALL, key_id);
    for (unsigned i = 0; i < 3; i++) {
        const char *state = sim_key_state(&sim, i, key_id);
        active += strcmp(state, "ACTIVE") == 0;
        none += strcmp(state, "NONE") == 0;
    }
    if (active != 3 && none != 3)
        fail_msg("%s, at %u: tss1 %s, tss2 %s, tss3 %s", story, at, sim_key_state(&sim, 0, key_id),
                 sim_key_state(&sim, 1, key_id), sim_key_state(&sim, 2, key_id));
    if (active == 3) {
        sim_sign(&sim, key_id, 0x5);
        sim_assert_signed(&sim, key_id, 0x5);
    }
    return active == 3;
}

struct killer {
    unsigned node;
    uint64_t at, begin;    /* the relay from which on the node is silent; it dies at the next step */
    bool     armed, alone; /* alone: not killed, but cut off */
};

static enum sim_fate silence(void *arg, struct sim_relay *r)
{
    struct killer *k = arg;

    if (r->number >= k->begin + k->at) k->armed = true;
    if (!k->armed) return SIM_PASS;
    return r->from == k->node || (k->alone && r->to == k->node) ? SIM_DROP : SIM_PASS;
}

static void kill_silent(void *arg, struct cluster_sim *s)
{
    struct killer *k = arg;

    if (k->armed && !k->alone) sim_crash(s, k->node);
}

/* One key generation in which `node` dies, or is cut off, at relay `at`. False: the run was over before. */
static bool generate_with(struct killer k, bool *made, const char *story)
{
    cluster_sim_init(&sim, 3);
    k.begin = sim.relays;
    sim.arg = &k;
    sim.on_relay = silence;
    sim.on_step = kill_silent;
    begin_generate();
    sim_run(&sim);
    bool reached = k.armed;
    heal();
    *made = assert_whole_or_nothing(story, (unsigned)k.at);
    cluster_sim_clear(&sim);
    return reached;
}

static void at_every_step(bool alone, const char *story)
{
    unsigned whole = 0, nothing = 0;

    for (unsigned node = 0; node < 3; node++) {
        bool made, reached = true;
        for (uint64_t at = 0; reached; at++) {
            reached = generate_with((struct killer){.node = node, .at = at, .alone = alone}, &made, story);
            whole += made;
            nothing += !made;
        }
    }
    print_message("    %s: %u keys whole, %u given up\n", story, whole, nothing);
    assert_true(whole > 3 && nothing > 3);
}

TEST(commit, a_node_killed_before_any_of_its_messages_leaves_a_whole_key_or_none)
{
    at_every_step(false, "killed");
}

TEST(commit, a_node_cut_off_at_any_message_leaves_a_whole_key_or_none)
{
    at_every_step(true, "cut off");
}

/* Killed after step k of the whole run, whoever is at work. */
struct step_killer {
    unsigned node;
    uint64_t at, begin;
    bool     done;
};

static void kill_at_step(void *arg, struct cluster_sim *s)
{
    struct step_killer *k = arg;

    if (k->done || s->steps < k->begin + k->at) return;
    k->done = true;
    sim_crash(s, k->node);
}

TEST(commit, a_node_killed_after_any_delivery_leaves_a_whole_key_or_none)
{
    for (unsigned node = 0; node < 3; node++) {
        bool reached = true;
        for (uint64_t at = 1; reached; at++) {
            cluster_sim_init(&sim, 3);
            struct step_killer k = {.node = node, .at = at, .begin = sim.steps};
            sim.arg = &k;
            sim.on_step = kill_at_step;
            begin_generate();
            sim_run(&sim);
            reached = k.done;
            heal();
            (void)assert_whole_or_nothing("killed after delivery", (unsigned)at);
            cluster_sim_clear(&sim);
        }
    }
}

/* The disk of a node refuses its k-th record; then the process dies of it and comes back. */
TEST(commit, a_failing_disk_leaves_a_whole_key_or_none)
{
    for (unsigned node = 0; node < 3; node++)
        for (int puts = 0; puts < 3; puts++) {
            cluster_sim_init(&sim, 3);
            sim.nodes[node].puts_left = puts;
            begin_generate();
            sim_run(&sim);
            if (puts == 0) assert_int_equal(sim.nodes[node].result.error, KMS_E_STORAGE);
            if (puts == 0) assert_int_equal(sim.nodes[node].result.birth_certificate.len, 0);
            sim_crash(&sim, node);
            heal();
            bool made = assert_whole_or_nothing("failing disk", (unsigned)puts);
            assert_int_equal(made, puts > 0);
            cluster_sim_clear(&sim);
        }
}

/* ---- a coordinator that withholds and forks ---- */

/* From the moment the nodes begin to vouch, nothing passes between them. */
static enum sim_fate nothing_passes(void *arg, struct sim_relay *r)
{
    (void)arg;
    for (unsigned i = 0; i < 3; i++)
        if (sim.nodes[i].node != NULL && sim.nodes[i].node->keys.count > 0) return SIM_DROP;
    (void)r;
    return SIM_PASS;
}

TEST(commit, a_commit_given_to_any_subset_reaches_all_in_the_end)
{
    for (uint32_t told = 0; told <= ALL; told++) {
        BUF_LOCAL certificate = BUF_INIT(BIRTH_ENCODED_MAX);
        cluster_sim_init(&sim, 3);
        begin_generate();
        sim.on_relay = nothing_passes;
        sim_run(&sim);
        if (sim_collect(&sim, ALL, &certificate)) sim_commit(&sim, told, buf_bytes(&certificate));
        heal();
        (void)assert_whole_or_nothing("forked commit", told);
        cluster_sim_clear(&sim);
    }
}

TEST(commit, a_pending_key_signs_nothing)
{
    char                  key_id[KEY_ID_LEN + 1] = "", target[128];
    struct signed_request r;

    cluster_sim_init(&sim, 3);
    begin_generate();
    sim.on_relay = nothing_passes;
    sim_run(&sim);
    sim.on_relay = NULL;
    sim_only_key(&sim, ALL, key_id);
    unsigned pending = 3;
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(sim_key_state(&sim, i, key_id), "PENDING") == 0) pending = i;
    assert_true(pending < 3);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &r, &sim.owner, target, "{\"data\":\"61\"}");
    sim_begin(&sim, KMS__V1__OPERATION__OPERATION_SIGN, &r, pending == 2 ? 0x6 : 0x3);
    assert_int_equal(sim.nodes[pending].result.error, KMS_E_UNAVAILABLE);
    cluster_sim_clear(&sim);
}

/* A node that has vouched and heard nothing from the others since. */
static void one_pending(char key_id[KEY_ID_LEN + 1], unsigned *who)
{
    cluster_sim_init(&sim, 3);
    begin_generate();
    sim.on_relay = nothing_passes;
    sim_run(&sim);
    sim.on_relay = NULL;
    sim_only_key(&sim, ALL, key_id);
    *who = 0;
    while (strcmp(sim_key_state(&sim, *who, key_id), "PENDING") != 0) ++*who;
}

TEST(commit, forged_or_partial_certificates_commit_nothing)
{
    BUF_LOCAL                bad = BUF_INIT(BIRTH_ENCODED_MAX);
    struct birth_certificate c;
    const char              *says;
    char                     key_id[KEY_ID_LEN + 1];
    unsigned                 who;

    one_pending(key_id, &who);
    struct node *node = sim.nodes[who].node;
    assert_ok(birth_decode(&c, buf_bytes(&sim.nodes[who].result.birth_certificate)));
    /* Its own signature under the two other names. */
    struct birth_signature own = c.signatures[0];
    for (unsigned i = 0; i < 3; i++) {
        c.signatures[i] = own;
        (void)snprintf(c.signatures[i].node, sizeof c.signatures[i].node, "%s", sim.nodes[i].name);
    }
    c.count = 3;
    assert_ok(birth_encode(&bad, &c));
    assert_err(KMS_E_CERTIFICATE, node_commit(node, buf_bytes(&bad), &says));
    assert_string_equal(says, "PENDING");
    /* The right names and certificates, with signatures of something else. */
    for (unsigned i = 0; i < 3; i++) {
        c.signatures[i].certificate_der = buf_bytes(&sim.nodes[i].credential.certificate_der);
        if (i != who) c.signatures[i].signature[0] ^= 1;
    }
    bad.len = 0;
    assert_ok(birth_encode(&bad, &c));
    assert_err(KMS_E_SIGNATURE, node_commit(node, buf_bytes(&bad), &says));
    assert_string_equal(says, "PENDING");
    bad.len -= 1;
    assert_err(KMS_E_FORMAT, node_commit(node, buf_bytes(&bad), &says));
    assert_string_equal(says, "UNKNOWN");
    cluster_sim_clear(&sim);
}

TEST(commit, a_key_that_is_unknown_is_unknown)
{
    BUF_LOCAL   certificate = BUF_INIT(BIRTH_ENCODED_MAX);
    const char *says;

    cluster_sim_init(&sim, 4);
    begin_generate();
    sim_run(&sim);
    assert_true(sim_collect(&sim, ALL, &certificate));
    assert_ok(node_commit(sim.nodes[3].node, buf_bytes(&certificate), &says));
    assert_string_equal(says, "UNKNOWN");
    cluster_sim_clear(&sim);
}

TEST(commit, time_alone_discards_nothing)
{
    char key_id[KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 3);
    begin_generate();
    sim.on_relay = nothing_passes;
    sim_run(&sim);
    sim_only_key(&sim, ALL, key_id);
    unsigned who = 0;
    while (strcmp(sim_key_state(&sim, who, key_id), "PENDING") != 0) who++;
    for (unsigned i = 0; i < 3; i++)
        if (i != who) sim_crash(&sim, i);
    sim_advance(&sim, 600000);
    assert_string_equal(sim_key_state(&sim, who, key_id), "PENDING");
    sim_crash(&sim, who);
    assert_ok(sim_boot(&sim, who));
    sim_advance(&sim, 600000);
    assert_string_equal(sim_key_state(&sim, who, key_id), "PENDING");
    cluster_sim_clear(&sim);
}

/* ---- abandonments ---- */

static void say_abandoned(unsigned to, const struct abandonment *a)
{
    BUF_LOCAL encoded = BUF_INIT(ABANDONMENT_MAX);

    assert_ok(abandonment_encode(&encoded, a));
    settle_on_abandonment(sim.nodes[to].node, NULL, buf_bytes(&encoded));
}

TEST(commit, only_a_proper_abandonment_by_another_holder_discards)
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
    assert_string_equal(sim_key_state(&sim, who, key_id), "NONE");
    credential_clear(&outsider);
    cluster_pki_clear(&foreign);
    cluster_sim_clear(&sim);
}

/* Whoever has vouched for a key cannot abandon it: the share stays. */
TEST(commit, an_abandonment_by_one_who_has_vouched_is_not_believed)
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
        begin_generate();
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

TEST(commit, a_node_that_never_vouched_abandons_and_the_others_discard)
{
    char key_id[KEY_ID_LEN + 1];

    two_vouched(key_id);
    heal();
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(sim_key_state(&sim, i, key_id), "NONE");
        assert_int_equal(tombstone_at(i, key_id), TOMBSTONE_ABANDONED);
    }
    /* Nothing of the share is left, and the cluster makes the next key. */
    struct store_id id = {.table = STORE_SHARE};
    SECRET_LOCAL    value = SECRET_NONE;
    memcpy(id.key, key_id, sizeof key_id);
    assert_err(KMS_E_NOT_FOUND, store_get(&sim.nodes[0].disk, &id, &value));
    sim_make_key(&sim, 2, ALL, key_id);
    cluster_sim_clear(&sim);
}

/* Asked while its session still runs, a node says nothing: it may vouch yet. */
TEST(commit, a_node_whose_session_runs_abandons_nothing)
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
TEST(commit, a_node_keeps_its_promise)
{
    char key_id[KEY_ID_LEN + 1];

    two_vouched(key_id);
    sim_crash(&sim, 1);
    heal();
    sim_restart(&sim, 2);
    assert_int_equal(tombstone_at(2, key_id), TOMBSTONE_ABANDONED);
    sim_restart(&sim, 1);
    sim_advance(&sim, 61000);
    assert_string_equal(sim_key_state(&sim, 1, key_id), "NONE");
    cluster_sim_clear(&sim);
}

static enum sim_fate hold_for_third(void *arg, struct sim_relay *r)
{
    return do_not_hear(arg, r) == SIM_DROP ? SIM_HOLD : SIM_PASS;
}

/* The session was only slow: when it ends well after all, the promise stands. */
TEST(commit, a_late_session_does_not_break_a_promise)
{
    char key_id[KEY_ID_LEN + 1] = "";

    for (uint64_t at = 0; key_id[0] == '\0'; at++) {
        if (at > 0) cluster_sim_clear(&sim);
        cluster_sim_init(&sim, 3);
        struct deaf d = {.begin = sim.relays, .at = at};
        sim.arg = &d;
        sim.on_relay = hold_for_third;
        begin_generate();
        sim_run(&sim);
        sim_only_key(&sim, ALL, key_id);
    }
    sim.on_relay = NULL;
    assert_int_equal(sim.nodes[2].node->runs.count, 1);
    assert_ok(tombstones_put(sim.nodes[2].node, key_id, TOMBSTONE_ABANDONED, bytes_str("a promise")));
    sim_release(&sim);
    sim_run(&sim);
    assert_int_equal(sim.nodes[2].result.error, KMS_E_STATE);
    assert_int_equal(sim.nodes[2].result.birth_certificate.len, 0);
    assert_string_equal(sim_key_state(&sim, 2, key_id), "NONE");
    cluster_sim_clear(&sim);
}

TEST(commit, only_so_many_keys_are_abandoned_per_minute)
{
    cluster_sim_init(&sim, 3);
    struct node    *node = sim.nodes[2].node;
    struct circuit *from = circuits_to(node, "tss1");
    unsigned        made = 0;
    for (unsigned i = 0; i < SETTLE_PROMISES_MAX + 50; i++) {
        char    key_id[KEY_ID_LEN + 1];
        uint8_t query[4 + KEY_ID_LEN + 32] = {0, 0, 0, KEY_ID_LEN};
        (void)snprintf(key_id, sizeof key_id, "k%031u", i);
        memcpy(query + 4, key_id, KEY_ID_LEN);
        settle_on_query(node, from, BYTES_OF(query));
        made += tombstone_at(2, key_id) == TOMBSTONE_ABANDONED;
    }
    assert_int_equal(made, SETTLE_PROMISES_MAX);
    sim_advance(&sim, 61000);
    assert_int_equal(node->promises, SETTLE_PROMISES_MAX);
    cluster_sim_clear(&sim);
}

/* Two sessions for one request, at once: the nodes vouch for one key at most. */
TEST(commit, one_request_makes_one_key)
{
    struct signed_request r;
    char                  body[256], key_id[KEY_ID_LEN + 1];

    cluster_sim_init(&sim, 3);
    sim_generate_body(body, 2, 3);
    sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate", body);
    sim_begin(&sim, GENERATE, &r, ALL);
    sim_begin(&sim, GENERATE, &r, ALL);
    sim_run(&sim);
    heal();
    sim_only_key(&sim, ALL, key_id); /* asserts that there is only one */
    (void)assert_whole_or_nothing("two sessions", 0);
    cluster_sim_clear(&sim);
}
