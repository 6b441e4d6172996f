/* SPDX-License-Identifier: Apache-2.0 */
/* Running sessions: fed from tunnels, ended by themselves, by time, or with what they stand on. */
#include "cluster/node/sessions.h"

#include <stdlib.h>

#include "cluster/node/authority.h"
#include "cluster/node/generate.h"
#include "cluster/node/sign.h"
#include "cluster/node/state.h"
#include "cluster/protocol/pool.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

/* No client may take all places, and no coordinator. */
#define SHARE_OF_GATEWAY(max) ((max) - (max) / 4)
#define SHARE_OF_CLIENT(max) ((max) - (max) / 2)

static unsigned bucket_of(const uint8_t tag[SESSION_TAG_LEN])
{
    return ((unsigned)tag[0] << 8 | tag[1]) & (RUN_BUCKETS - 1);
}

/* Tags are a coordinator's own: the same one on another link is another session. */
static struct run *find(const struct node *node, const struct link *link, const uint8_t tag[SESSION_TAG_LEN])
{
    for (struct run *r = node->runs.buckets[bucket_of(tag)]; r != NULL; r = r->next_in_bucket)
        if (r->link == link && memcmp(r->tag, tag, SESSION_TAG_LEN) == 0) return r;
    return NULL;
}

static unsigned count_of(const struct node *node, const char *access_key)
{
    unsigned count = 0;

    for (const struct run *r = node->runs.first; r != NULL; r = r->next)
        count += strcmp(r->access_key, access_key) == 0;
    return count;
}

static unsigned count_for(const struct node *node, const struct link *link)
{
    unsigned count = 0;

    for (const struct link *l = node->links; l != NULL; l = l->next)
        if (links_same_gateway(l, link)) count += l->run_count;
    return count;
}

RESULT runs_admit(const struct node *node, const struct link *link, const uint8_t tag[SESSION_TAG_LEN],
                  const char *access_key)
{
    unsigned max = node->config.sessions_max, for_client = SHARE_OF_CLIENT(max), for_gateway = SHARE_OF_GATEWAY(max);

    if (find(node, link, tag) != NULL) return fail(KMS_E_ARGUMENT, "the tag names a running session");
    if (node->runs.count >= max) return fail(KMS_E_BUSY, "%u sessions run on this node", node->runs.count);
    /* Counted only when it could matter. */
    if (node->runs.count >= for_gateway && count_for(node, link) >= for_gateway)
        return fail(KMS_E_BUSY, "%u sessions run for this coordinator", for_gateway);
    if (node->runs.count >= for_client && count_of(node, access_key) >= for_client)
        return fail(KMS_E_BUSY, "%u sessions run for access key %s", for_client, access_key);
    return KMS_OK;
}

static void enlist(struct node *node, struct run *run)
{
    struct run **bucket = &node->runs.buckets[bucket_of(run->tag)];

    run->next_in_bucket = *bucket;
    *bucket = run;
    run->next = node->runs.first;
    run->link_back = &node->runs.first;
    if (run->next != NULL) run->next->link_back = &run->next;
    node->runs.first = run;
    node->runs.count++;
    run->link->run_count++;
    for (party p = 1; p <= PARTIES_MAX; p++)
        if (run->circuits[p] != NULL) circuit_take(run->circuits[p]);
}

static void delist(struct node *node, struct run *run)
{
    struct run **at = &node->runs.buckets[bucket_of(run->tag)];

    while (*at != run) at = &(*at)->next_in_bucket;
    *at = run->next_in_bucket;
    *run->link_back = run->next;
    if (run->next != NULL) run->next->link_back = run->link_back;
    node->runs.count--;
    run->link->run_count--;
    for (party p = 1; p <= PARTIES_MAX; p++)
        if (run->circuits[p] != NULL) run->circuits[p]->run_count--;
}

static void run_free(struct run *run)
{
    session_free(&run->session);
    plan_free(&run->plan);
    free(run);
}

/* A message to one party or to all others, in their tunnels. It may hold a share, so the copy made here is wiped. */
static void send_message(struct node *node, struct run *run, const struct message *m)
{
    struct party_set to = party_set_without(run->quorum, run->self);

    if (m->to != 0) to = (struct party_set){to.mask & party_set_with(party_set_none(), m->to).mask};
    node->message.len = 0;
    if (message_encode(&node->message, m) != KMS_OK) {
        log_failure(LOG_ERROR, "session.message", KMS_E_INTERNAL);
        return;
    }
    for (party p = party_set_next(to, 0); p != 0; p = party_set_next(to, p))
        if (run->circuits[p] != NULL) circuit_send(node, run->circuits[p], TUNNEL_PROTOCOL, buf_bytes(&node->message));
    wipe(node->message.data, node->message.len);
}

/* After every event on a session: what it wants to say, and whether it has ended. It ends once. */
static void pump(struct node *node, struct run *run)
{
    struct message m;

    while (session_poll(run->session, &m)) send_message(node, run, &m);
    if (run->ended || session_state(run->session) == SESSION_RUNNING) return;
    run->ended = true;
    run->next_ended = node->runs.ended;
    node->runs.ended = run;
    node->dirty = true;
}

static struct run *new_run(struct node *node, struct link *link, const struct mandate *m,
                           const struct session_params *p)
{
    struct run *run = calloc(1, sizeof *run);

    if (run == NULL) return NULL;
    run->link = link;
    run->quorum = m->quorum;
    run->self = m->self;
    run->started_ms = node_now_ms(node);
    run->log_seq = m->log_seq;
    memcpy(run->tag, p->tag, sizeof run->tag);
    memcpy(run->circuits, m->circuits, sizeof run->circuits);
    memcpy(run->names, m->names, sizeof run->names);
    memcpy(run->access_key, m->client.access_key, sizeof run->access_key);
    memcpy(run->request_hash, m->request_hash, sizeof run->request_hash);
    if (m->key != NULL) memcpy(run->key_id, m->key->body.key_id, sizeof run->key_id);
    return run;
}

/* The clocks go on, the log is on a disk that may not have been set back too, and the kernel may have been told. */
RESULT runs_salt(const struct node *node, const struct mandate *m, uint8_t salt[SESSION_SALT_LEN])
{
    uint8_t     kernel[32];
    struct hash h;

    TRY(rng_fill(rng_kernel(), kernel, sizeof kernel));
    hash_begin(&h, TAG_SESSION_SALT, 4);
    hash_item_u64(&h, (uint64_t)node->config.io.wall_ms(node->config.io.self));
    hash_item_u64(&h, node_now_ms(node));
    hash_item_u64(&h, m->log_seq);
    hash_item(&h, BYTES_OF(kernel));
    hash_end(&h, salt);
    WIPE(kernel);
    return KMS_OK;
}

RESULT runs_begin(struct node *node, struct link *link, const struct mandate *m, const struct session_params *params,
                  struct plan *plan)
{
    struct run *run = new_run(node, link, m, params);

    if (run == NULL) return fail(KMS_E_MEMORY, "no memory for a session");
    enum kms_err err = session_init(&run->session, params, run->started_ms);
    if (err != KMS_OK) {
        run_free(run);
        return err;
    }
    run->plan = plan;
    enlist(node, run);
    uint64_t wakeup = session_wakeup_ms(run->session);
    if (wakeup < node->runs.wakeup_ms) node->runs.wakeup_ms = wakeup;
    pump(node, run);
    return KMS_OK;
}

static party party_behind(const struct run *run, const struct circuit *c)
{
    for (party p = 1; p <= PARTIES_MAX; p++)
        if (run->circuits[p] == c) return p;
    return 0;
}

void runs_on_message(struct node *node, struct circuit *c, struct bytes body)
{
    struct message m;

    if (message_decode(&m, body) != KMS_OK) {
        complaints_add(node, COMPLAINT_MESSAGE, KMS_E_FORMAT);
        return;
    }
    struct run *run = find(node, c->link, m.tag);
    /* Of a session that has ended, or was never started here: dropped. */
    if (run == NULL || run->ended) return;
    /* The sender is who is at the other end of this tunnel, if the session has such a party at all. */
    m.from = party_behind(run, c);
    m.to = run->self;
    if (m.from == 0) return;
    if (session_on_message(run->session, &m, node_now_ms(node)) != KMS_OK) return;
    pump(node, run);
}

static void cancel(struct node *node, struct run *run)
{
    if (run->ended) return;
    session_cancel(run->session, ABORT_CANCELLED);
    pump(node, run);
}

void runs_cancel_tag(struct node *node, const struct link *link, const uint8_t tag[SESSION_TAG_LEN])
{
    struct run *run = find(node, link, tag);

    if (run != NULL) cancel(node, run);
}

/* Leaves the doomed circuits; does the run still stand on all that it began on? */
static bool still_stands(struct run *run)
{
    bool stands = run->link->doomed == NULL;

    for (party p = 1; p <= PARTIES_MAX; p++) {
        if (run->circuits[p] == NULL || run->circuits[p]->doomed == NULL) continue;
        run->circuits[p]->run_count--;
        run->circuits[p] = NULL;
        stands = false;
    }
    return stands;
}

void runs_cancel_doomed(struct node *node)
{
    for (struct run *r = node->runs.first; r != NULL; r = r->next)
        if (!still_stands(r)) cancel(node, r);
}

void runs_cancel_key(struct node *node, const char *key_id)
{
    for (struct run *r = node->runs.first; r != NULL; r = r->next)
        if (strcmp(r->key_id, key_id) == 0) cancel(node, r);
}

struct run *runs_making(const struct node *node, const uint8_t ssid[SSID_LEN])
{
    for (struct run *r = node->runs.first; r != NULL; r = r->next)
        if (r->plan != NULL && memcmp(session_ssid(r->session), ssid, SSID_LEN) == 0) return r;
    return NULL;
}

void runs_tick(struct node *node, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;

    if (now_ms < node->runs.wakeup_ms) return;
    for (struct run *r = node->runs.first; r != NULL; r = r->next) {
        if (r->ended) continue;
        session_on_tick(r->session, now_ms);
        pump(node, r);
        if (!r->ended && session_wakeup_ms(r->session) < next) next = session_wakeup_ms(r->session);
    }
    node->runs.wakeup_ms = next;
}

static void finish(struct node *node, struct run *run)
{
    SECRET_OUTCOME outcome = {0};

    session_finish(&run->session, &outcome);
    if (run->plan != NULL)
        generate_finish(node, run, &outcome);
    else
        sign_finish(node, run, &outcome);
    run_free(run);
}

bool runs_reap(struct node *node)
{
    struct run *run = node->runs.ended;

    if (run == NULL) return false;
    node->runs.ended = run->next_ended;
    delist(node, run);
    finish(node, run);
    return true;
}

void runs_clear(struct node *node)
{
    while (node->runs.first != NULL) {
        struct run *run = node->runs.first;
        delist(node, run);
        run_free(run);
    }
    node->runs.ended = NULL;
    pool_drain();
}
