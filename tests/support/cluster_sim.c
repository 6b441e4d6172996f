/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster in one process: nodes, links, circuits, time. */
#include "tests/support/cluster_sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "cluster/node/state.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/support/cluster_sim_internal.h"

static const uint8_t dek_bytes[32] = {1, 2, 3};

/* ---- the nodes' world ---- */

static uint64_t now_ms(void *self)
{
    return ((struct sim_node *)self)->sim->now_ms;
}

static int64_t wall_ms(void *self)
{
    return ((struct sim_node *)self)->sim->wall_ms;
}

static void link_send(void *self, uint32_t link, struct bytes from_node)
{
    struct sim_node *n = self;

    assert_int_equal(link, n->link);
    sim_on_frame(n, from_node);
}

static void link_close(void *self, uint32_t link)
{
    struct sim_node *n = self;

    if (link == n->link) n->link = 0;
}

/* ---- disks that can fail, and outlive their nodes ---- */

static struct store_ops disk_ops;
static enum kms_err (*disk_put)(void *self, const struct store_id *, struct bytes value);
static enum kms_err (*disk_erase)(void *self, const struct store_id *);
static struct cluster_sim *disks_of;

static enum kms_err failing_put(void *self, const struct store_id *id, struct bytes value)
{
    for (unsigned i = 0; disks_of != NULL && i < disks_of->count; i++) {
        struct sim_node *n = &disks_of->nodes[i];
        if (n->disk.self != self || n->puts_left < 0) continue;
        if (n->puts_left == 0) return fail(KMS_E_STORAGE, "the disk of %s has failed", n->name);
        n->puts_left--;
    }
    return disk_put(self, id, value);
}

static enum kms_err failing_erase(void *self, const struct store_id *id)
{
    for (unsigned i = 0; disks_of != NULL && i < disks_of->count; i++)
        if (disks_of->nodes[i].disk.self == self && disks_of->nodes[i].keeps_all)
            return fail(KMS_E_STORAGE, "the disk of %s has failed", disks_of->nodes[i].name);
    return disk_erase(self, id);
}

static void leave_open(void *self)
{
    (void)self;
}

static struct store borrow_disk(const struct sim_node *n)
{
    disk_put = n->disk.ops->put;
    disk_ops = *n->disk.ops;
    disk_ops.put = failing_put;
    disk_erase = n->disk.ops->erase;
    disk_ops.erase = failing_erase;
    disk_ops.close = leave_open;
    return (struct store){.ops = &disk_ops, .self = n->disk.self};
}

enum kms_err sim_boot(struct cluster_sim *s, unsigned i)
{
    struct sim_node *n = &s->nodes[i];
    struct store     disk = borrow_disk(n);
    SECRET_LOCAL     dek = SECRET_NONE;

    assert_null(n->node);
    assert_ok(secret_copy(&dek, BYTES_OF(dek_bytes)));
    assert_ok(store_open_sealed(&n->sealed, &disk, &dek, n->name));
    struct node_config config = {
        .credential = &n->credential,
        .authority = s->pki.authority,
        .store = &n->sealed,
        .io = {.self = n, .now_ms = now_ms, .wall_ms = wall_ms, .link_send = link_send, .link_close = link_close},
        .rng = &n->rng.rng,
        .sign_deadline_ms = 5000,
        .generate_deadline_ms = 30000,
        .progress_ms = 1000,
        .sessions_max = s->sessions_max,
        .deletion_wait_s = s->deletion_wait_s,
        .unclean_start = n->unclean_start,
        .version = "sim",
    };
    (void)snprintf(config.cluster, sizeof config.cluster, "%s", s->pki.cluster);
    return node_new(&n->node, &config);
}

void sim_crash(struct cluster_sim *s, unsigned i)
{
    struct sim_node *n = &s->nodes[i];

    if (n->node == NULL) return;
    node_free(&n->node);
    store_close(&n->sealed);
    n->link = 0;
    n->puts_left = -1;
    sim_close_circuits_of(s, i);
}

void sim_restart(struct cluster_sim *s, unsigned i)
{
    sim_crash(s, i);
    assert_ok(sim_boot(s, i));
    sim_link(s, i);
    for (unsigned j = 0; j < s->count; j++)
        if (j != i && s->nodes[j].node != NULL) sim_join(s, i, j);
    sim_run(s);
}

void sim_link(struct cluster_sim *s, unsigned i)
{
    s->nodes[i].link = ++s->next_link;
    node_on_link_up(s->nodes[i].node, s->nodes[i].link, &s->gateway.identity);
}

void sim_deliver_roster(struct cluster_sim *s, uint32_t mask)
{
    struct roster roster = {.sequence = ++s->roster_sequence, .count = s->count};
    BUF_LOCAL     payload = BUF_INIT(STATEMENT_PAYLOAD_MAX), encoded = BUF_INIT(STATEMENT_ENCODED_MAX);
    uint64_t      sequence;

    (void)snprintf(roster.cluster, sizeof roster.cluster, "%s", s->pki.cluster);
    for (unsigned i = 0; i < s->count; i++) {
        memcpy(roster.nodes[i].name, s->nodes[i].name, sizeof roster.nodes[i].name);
        memcpy(roster.nodes[i].host_label, s->hosts[i], sizeof roster.nodes[i].host_label);
        memcpy(roster.nodes[i].fingerprint, s->nodes[i].credential.identity.fingerprint, 32);
    }
    assert_ok(roster_seal(&roster));
    assert_ok(roster_encode(&payload, &roster));
    struct statement st = {.type = STATEMENT_ROSTER, .sequence = roster.sequence, .created = sim_wall_s(s)};
    (void)snprintf(st.subject, sizeof st.subject, "roster/%s", s->pki.cluster);
    st.payload = buf_bytes(&payload);
    assert_ok(statement_sign(&st, &s->operator));
    assert_ok(statement_encode(&encoded, &st));
    for (unsigned i = 0; i < s->count; i++)
        if ((mask >> i & 1) != 0 && s->nodes[i].node != NULL)
            assert_ok(node_deliver_statement(s->nodes[i].node, buf_bytes(&encoded), &sequence));
}

static void init_node(struct cluster_sim *s, unsigned i)
{
    struct sim_node *n = &s->nodes[i];
    char             who[64];

    *n = (struct sim_node){.sim = s, .index = i, .puts_left = -1};
    n->result.birth_certificate = BUF_INIT(BIRTH_ENCODED_MAX);
    (void)snprintf(n->name, sizeof n->name, s->count < 10 ? "tss%u" : "tss%02u", i + 1);
    (void)snprintf(who, sizeof who, "node/%s", n->name);
    cluster_pki_issue(&s->pki, &n->credential, who);
    (void)rng_seeded_init(&n->rng, s->seed, i);
    assert_ok(s->sqlite ? store_open_sqlite(&n->disk, test_directory()) : store_open_memory(&n->disk));
    assert_ok(sim_boot(s, i));
    sim_link(s, i);
}

static void init(struct cluster_sim *s, unsigned nodes, bool sqlite)
{
    *s =
        (struct cluster_sim){.count = nodes, .sqlite = sqlite, .now_ms = 1000, .seed = test_seed(), .sessions_max = 64};
    s->deletion_wait_s = 3600;
    s->wall_ms = clock_wall_ms();
    s->last = &s->first;
    s->seen = BUF_INIT(SIM_SEEN_MAX);
    disks_of = s;
    log_setup(getenv("KMS_TEST_LOG") == NULL ? LOG_OFF : LOG_DEBUG, 2, "sim");
    cluster_pki_init(&s->pki, SIM_CA, "test");
    cluster_pki_issue(&s->pki, &s->gateway, "gateway/gw1");
    cluster_pki_issue(&s->pki, &s->owner, "client/app");
    cluster_pki_issue(&s->pki, &s->other, "client/other");
    cluster_pki_issue(&s->pki, &s->operator, "operator/admin");
    for (unsigned i = 0; i < nodes; i++) init_node(s, i);
}

void cluster_sim_init_bare(struct cluster_sim *s, unsigned nodes)
{
    init(s, nodes, false);
}

static void meet(struct cluster_sim *s)
{
    sim_deliver_roster(s, UINT32_MAX);
    sim_join_all(s);
    sim_run(s);
}

void cluster_sim_init(struct cluster_sim *s, unsigned nodes)
{
    init(s, nodes, false);
    meet(s);
}

void cluster_sim_init_sqlite(struct cluster_sim *s, unsigned nodes)
{
    init(s, nodes, true);
    meet(s);
}

void cluster_sim_clear(struct cluster_sim *s)
{
    s->on_relay = NULL;
    s->on_step = NULL;
    sim_drop_queue(s);
    for (unsigned i = 0; i < s->count; i++) {
        sim_crash(s, i);
        store_close(&s->nodes[i].disk);
        credential_clear(&s->nodes[i].credential);
        buf_clear(&s->nodes[i].result.birth_certificate);
    }
    sim_drop_queue(s); /* what the nodes said in parting */
    credential_clear(&s->gateway);
    credential_clear(&s->owner);
    credential_clear(&s->other);
    credential_clear(&s->operator);
    cluster_pki_clear(&s->pki);
    buf_clear(&s->seen);
    disks_of = NULL;
}

void sim_advance(struct cluster_sim *s, uint64_t ms)
{
    while (ms > 0) {
        uint64_t step = ms < 1000 ? ms : 1000;
        s->now_ms += step;
        s->wall_ms += (int64_t)step;
        ms -= step;
        for (unsigned i = 0; i < s->count; i++)
            if (s->nodes[i].node != NULL && s->now_ms >= node_wakeup_ms(s->nodes[i].node))
                node_on_tick(s->nodes[i].node);
        sim_run(s);
    }
}

int64_t sim_wall_s(const struct cluster_sim *s)
{
    return s->wall_ms / 1000;
}

const char *sim_key_state(const struct cluster_sim *s, unsigned i, const char *key_id)
{
    const struct key *key = s->nodes[i].node == NULL ? NULL : keys_find(s->nodes[i].node, key_id);

    return key == NULL ? "NONE" : key_state_name(key->state);
}

void sim_only_key(const struct cluster_sim *s, uint32_t mask, char key_id[KEY_ID_LEN + 1])
{
    key_id[0] = '\0';
    for (unsigned i = 0; i < s->count; i++) {
        if ((mask >> i & 1) == 0 || s->nodes[i].node == NULL) continue;
        for (const struct key *k = keys_after(s->nodes[i].node, ""); k != NULL;
             k = keys_after(s->nodes[i].node, k->body.key_id)) {
            if (key_id[0] != '\0') assert_string_equal(key_id, k->body.key_id);
            memcpy(key_id, k->body.key_id, KEY_ID_LEN + 1);
        }
    }
}
