/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check 19, the commit of a key: whatever is lost, whoever dies, wherever a disk fails or a coordinator forks, in the
 * end all n nodes hold the key ACTIVE, or none holds anything of it but what it has set aside as ABANDONED.
 */
#include <stdio.h>

#include "cluster/node/state.h"
#include "tests/support/cluster_sim.h"

#define GENERATE KMS__V1__OPERATION__OPERATION_GENERATE
#define ALL 0x7

static struct cluster_sim sim;

/* All ACTIVE (true), or nothing that could be used anywhere (false). */
static bool assert_whole_or_nothing(const char *story, unsigned at)
{
    char     key_id[KEY_ID_LEN + 1];
    unsigned active = 0, none = 0;

    sim_only_key(&sim, ALL, key_id);
    for (unsigned i = 0; i < 3; i++) {
        const char *state = sim_key_state(&sim, i, key_id);
        active += strcmp(state, "ACTIVE") == 0;
        none += strcmp(state, "NONE") == 0 || strcmp(state, "ABANDONED") == 0;
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
    sim_begin_key(&sim, 2, ALL);
    sim_run(&sim);
    bool reached = k.armed;
    sim_heal(&sim);
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
            sim_begin_key(&sim, 2, ALL);
            sim_run(&sim);
            reached = k.done;
            sim_heal(&sim);
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
            sim_begin_key(&sim, 2, ALL);
            sim_run(&sim);
            if (puts == 0) assert_int_equal(sim.nodes[node].result.error, KMS_E_STORAGE);
            if (puts == 0) assert_int_equal(sim.nodes[node].result.birth_certificate.len, 0);
            sim_crash(&sim, node);
            sim_heal(&sim);
            bool made = assert_whole_or_nothing("failing disk", (unsigned)puts);
            assert_int_equal(made, puts > 0);
            cluster_sim_clear(&sim);
        }
}

/* ---- a coordinator that withholds and forks ---- */

TEST(commit, a_commit_given_to_any_subset_reaches_all_in_the_end)
{
    for (uint32_t told = 0; told <= ALL; told++) {
        BUF_LOCAL certificate = BUF_INIT(BIRTH_ENCODED_MAX);
        cluster_sim_init(&sim, 3);
        sim_begin_key(&sim, 2, ALL);
        sim.on_relay = sim_cut_when_vouched;
        sim.arg = &sim;
        sim_run(&sim);
        if (sim_collect(&sim, ALL, &certificate)) sim_commit(&sim, told, buf_bytes(&certificate));
        sim_heal(&sim);
        (void)assert_whole_or_nothing("forked commit", told);
        cluster_sim_clear(&sim);
    }
}

TEST(commit, a_pending_key_signs_nothing)
{
    char                  key_id[KEY_ID_LEN + 1] = "", target[128];
    struct signed_request r;

    cluster_sim_init(&sim, 3);
    sim_begin_key(&sim, 2, ALL);
    sim.on_relay = sim_cut_when_vouched;
    sim.arg = &sim;
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
    sim_begin_key(&sim, 2, ALL);
    sim.on_relay = sim_cut_when_vouched;
    sim.arg = &sim;
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
    sim_begin_key(&sim, 2, ALL);
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
    sim_begin_key(&sim, 2, ALL);
    sim.on_relay = sim_cut_when_vouched;
    sim.arg = &sim;
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
    sim_heal(&sim);
    sim_only_key(&sim, ALL, key_id); /* asserts that there is only one */
    (void)assert_whole_or_nothing("two sessions", 0);
    cluster_sim_clear(&sim);
}
