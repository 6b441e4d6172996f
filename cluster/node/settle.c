/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes settle between themselves, in their tunnels, what became of a key (architecture.md 6). */
#include "cluster/node/settle.h"

#include <stdio.h>

#include "cluster/node/abandonment.h"
#include "cluster/node/evidence.h"
#include "cluster/node/generate.h"
#include "cluster/node/key_table.h"
#include "cluster/node/state.h"
#include "cluster/node/tombstones.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define QUERY_MAX (4 + KEY_ID_LEN + 32)

struct query {
    char    key_id[KEY_ID_LEN + 1];
    uint8_t ssid[32];
};

/* ---- asking ---- */

static void ask(struct node *node, struct circuit *c, const struct key *key)
{
    uint8_t       body[QUERY_MAX];
    struct writer w = writer_of(body, sizeof body);

    writer_text(&w, key->body.key_id);
    writer_raw(&w, BYTES_OF(key->body.ssid));
    if (writer_end(&w, "query") == KMS_OK) circuit_send(node, c, TUNNEL_QUERY, writer_bytes(&w));
}

/*
 * Every other holder may have the answer, not only the one whose signature is missing: that one may be the one who
 * lies. `only`: nobody but its peer. False: there was nobody to ask.
 */
static bool ask_holders(struct node *node, const struct key *key, struct circuit *only)
{
    bool asked = false;

    for (unsigned i = 0; i < key->body.n; i++) {
        const char     *holder = key->body.nodes[i];
        struct circuit *c = only == NULL ? circuits_to(node, holder) : only;
        if (c == NULL || strcmp(circuit_peer(c), holder) != 0) continue;
        ask(node, c, key);
        asked = true;
    }
    return asked;
}

/* About the next keys in this state, at most `max`, from where the last round has stopped. */
static void ask_next(struct node *node, enum key_state state, unsigned max, struct circuit *only)
{
    char  *last = node->asked[state == KEY_ABANDONED];
    size_t count = node->keys.count, start = key_table_position(&node->keys, last);

    for (size_t i = 1; i <= count && max > 0; i++) {
        const struct key *key = node->keys.sorted[(start + i) % count];
        if (key->state != state || !ask_holders(node, key, only)) continue;
        if (only == NULL) memcpy(last, key->body.key_id, KEY_ID_LEN + 1);
        max--;
    }
}

static void ask_round(struct node *node, struct circuit *only)
{
    if (node->keys.pending > 0) ask_next(node, KEY_PENDING, SETTLE_ASK_PENDING, only);
    if (node->keys.abandoned > 0) ask_next(node, KEY_ABANDONED, SETTLE_ASK_ABANDONED, only);
}

void settle_greet(struct node *node, struct circuit *c)
{
    ask_round(node, c);
}

static void write_row(struct node *node, const char *kind, const char *key_id)
{
    struct store_log_row row = {.result = "ok"};

    (void)snprintf(row.kind, sizeof row.kind, "%s", kind);
    (void)snprintf(row.key_id, sizeof row.key_id, "%s", key_id);
    if (journal_append(node, &row) != KMS_OK) log_failure(LOG_ERROR, "journal.append", KMS_E_STORAGE);
}

/* The one way in which a share that was vouched for goes without an operator. Its tombstone stands since it was set
 * aside. */
static enum kms_err discard(struct node *node, struct key *key)
{
    char key_id[KEY_ID_LEN + 1];

    memcpy(key_id, key->body.key_id, sizeof key_id);
    TRY(keys_remove(node, &key));
    log_info("key.discarded", "key=%s", key_id);
    write_row(node, "discard", key_id);
    return KMS_OK;
}

static void discard_due(struct node *node)
{
    int64_t now_s = journal_wall_s(node);

    for (size_t i = 0; node->keys.abandoned > 0 && i < node->keys.count;) {
        struct key *key = node->keys.sorted[i];
        bool        due = key->state == KEY_ABANDONED && key->due_s <= now_s;
        if (due && discard(node, key) == KMS_OK) continue;
        if (due) log_failure(LOG_ERROR, "key.discard_failed", KMS_E_STORAGE);
        i++;
    }
}

void settle_all(struct node *node)
{
    memset(node->promises, 0, sizeof node->promises);
    discard_due(node);
    if (node->keys.pending > 0)
        log_info("settle.round", "pending=%zu abandoned=%zu", node->keys.pending, node->keys.abandoned);
    ask_round(node, NULL);
}

/* ---- answering ---- */

static enum kms_err send_vouchers(struct node *node, struct circuit *c, const struct key *key)
{
    BUF_LOCAL certificate = BUF_INIT(BIRTH_ENCODED_MAX);

    TRY(keys_certificate(node, key, &certificate));
    circuit_send(node, c, TUNNEL_VOUCHER, buf_bytes(&certificate));
    return KMS_OK;
}

/* Every peer has its own share of the minute, so that none can use up what the others need. */
static enum kms_err take_promise(struct node *node, const char *peer)
{
    const struct roster_node *listed = roster_find(&node->roster, peer);
    unsigned                  peers = node->roster.count > 1 ? node->roster.count - 1 : 1;

    if (listed == NULL) return fail(KMS_E_DENIED, "node %s is not in the roster", peer);
    unsigned *given = &node->promises[listed - node->roster.nodes];
    if (*given >= SETTLE_PROMISES_MAX / peers)
        return fail(KMS_E_BUSY, "node %s has asked about too many keys this minute", peer);
    ++*given;
    return KMS_OK;
}

/* Durable first, said afterwards: from now on this node never vouches for the key. */
static enum kms_err abandon(struct node *node, struct circuit *c, const struct query *q)
{
    struct abandonment a = {0};
    BUF_LOCAL          evidence = BUF_INIT(ABANDONMENT_MAX);

    TRY(take_promise(node, circuit_peer(c)));
    memcpy(a.cluster, node->config.cluster, sizeof a.cluster);
    memcpy(a.key_id, q->key_id, sizeof a.key_id);
    memcpy(a.ssid, q->ssid, sizeof a.ssid);
    TRY(abandonment_sign(&a, node->config.credential));
    TRY(abandonment_encode(&evidence, &a));
    TRY(tombstones_put(node, q->key_id, TOMBSTONE_ABANDONED, buf_bytes(&evidence)));
    log_info("key.promised_never", "key=%s asked_by=%s", q->key_id, circuit_peer(c));
    circuit_send(node, c, TUNNEL_ABANDONMENT, buf_bytes(&evidence));
    return KMS_OK;
}

/* What this node holds of the key, and after it the promise for which it has set its share aside. */
static enum kms_err answer(struct node *node, struct circuit *c, const struct query *q)
{
    const struct key   *key = keys_find(node, q->key_id);
    enum tombstone_kind kind;
    BUF_LOCAL           evidence = BUF_INIT(EVIDENCE_MAX);

    if (key != NULL && memcmp(key->body.ssid, q->ssid, 32) != 0) return KMS_OK;
    if (key != NULL) TRY(send_vouchers(node, c, key));
    if (key != NULL && key->state != KEY_ABANDONED) return KMS_OK;
    TRY(tombstones_get(node, q->key_id, &kind, &evidence));
    if (kind == TOMBSTONE_ABANDONED) circuit_send(node, c, TUNNEL_ABANDONMENT, buf_bytes(&evidence));
    /* A deletion has its own way to every holder, by its signed request. A session that runs may still vouch: silence.
     */
    if (kind != TOMBSTONE_NONE || runs_making(node, q->ssid) != NULL) return KMS_OK;
    return abandon(node, c, q);
}

void settle_on_query(struct node *node, struct circuit *c, struct bytes body)
{
    struct reader r = reader_of(body);
    struct query  q = {0};

    reader_text(&r, q.key_id, KEY_ID_LEN);
    reader_copy(&r, q.ssid, sizeof q.ssid);
    enum kms_err err = reader_end(&r, "query");
    if (err == KMS_OK && !text_is_name(q.key_id, KEY_ID_LEN)) err = fail(KMS_E_FORMAT, "a query about no key");
    if (err == KMS_OK) err = answer(node, c, &q);
    if (err != KMS_OK) complaints_add(node, COMPLAINT_QUERY, err);
}

/* ---- learning ---- */

/* Signatures for a key that is still being made here: its peer was faster. Only the peer's own is kept. */
static void keep_early(const struct run *run, const struct circuit *c, const struct birth_certificate *certificate)
{
    for (unsigned i = 0; i < certificate->count; i++) {
        const struct birth_signature *s = &certificate->signatures[i];
        for (party p = 1; p <= PARTIES_MAX; p++)
            if (run->circuits[p] == c && strcmp(s->node, circuit_peer(c)) == 0 && plan_keep(run->plan, p, s) != KMS_OK)
                log_failure(LOG_WARN, "settle.early", KMS_E_MEMORY);
    }
}

/* Every signature on its own: a bad one beside good ones does no harm. The last error is the answer. */
static enum kms_err vouch_each(struct node *node, struct key *key, const struct birth_certificate *certificate)
{
    enum kms_err err = KMS_OK;

    for (unsigned i = 0; i < certificate->count; i++) {
        enum kms_err one = keys_vouch(node, key, &certificate->signatures[i]);
        if (one != KMS_OK) err = one;
    }
    return err;
}

static enum kms_err learn(struct node *node, const struct circuit *c, struct bytes body)
{
    struct birth_certificate certificate;

    TRY(birth_decode(&certificate, body));
    struct key *key = keys_find(node, certificate.body.key_id);
    if (key != NULL) return vouch_each(node, key, &certificate);
    const struct run *run = runs_making(node, certificate.body.ssid);
    if (run != NULL) keep_early(run, c, &certificate);
    return KMS_OK;
}

void settle_on_voucher(struct node *node, struct circuit *c, struct bytes body)
{
    enum kms_err err = learn(node, c, body);

    if (err != KMS_OK) complaints_add(node, COMPLAINT_VOUCHER, err);
}

/* Of one that has vouched it counts for nothing, but as evidence against it. */
static enum kms_err take_abandonment(struct node *node, struct bytes body)
{
    struct abandonment a;

    TRY(abandonment_decode(&a, body));
    struct key *key = keys_find(node, a.key_id);
    if (key == NULL || key->state == KEY_PENDING_DELETION) return KMS_OK;
    TRY(abandonment_verify(&a, node->identities, journal_wall_s(node)));
    party who = key_party(&key->body, a.node);
    if (strcmp(a.cluster, key->body.cluster) != 0 || memcmp(a.ssid, key->body.ssid, 32) != 0 || who == 0)
        return fail(KMS_E_DENIED, "key %s: node %s has no say in it", a.key_id, a.node);
    /* This node itself is among those who have vouched. */
    if (party_set_has(key->vouched, who)) return evidence_keep(node, key, body);
    if (key->state == KEY_ABANDONED) return KMS_OK;
    TRY(keys_abandon(node, key, body));
    log_info("key.abandoned", "key=%s by=%s", a.key_id, a.node);
    write_row(node, "abandon", a.key_id);
    return KMS_OK;
}

void settle_on_abandonment(struct node *node, struct circuit *c, struct bytes body)
{
    enum kms_err err = take_abandonment(node, body);

    (void)c;
    if (err != KMS_OK) complaints_add(node, COMPLAINT_ABANDONMENT, err);
}

RESULT settle_commit(struct node *node, struct bytes encoded, const char **state)
{
    struct birth_certificate certificate;

    *state = "UNKNOWN";
    TRY(birth_decode(&certificate, encoded));
    struct key *key = keys_find(node, certificate.body.key_id);
    if (key == NULL) return KMS_OK;
    enum kms_err err = vouch_each(node, key, &certificate);
    *state = key_state_name(key->state);
    return err;
}
