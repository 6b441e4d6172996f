/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes settle between themselves, in their tunnels, what became of a key (architecture.md 6). */
#include "cluster/node/settle.h"

#include <stdio.h>

#include "cluster/node/abandonment.h"
#include "cluster/node/generate.h"
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

/* Is the key PENDING because this peer's signature is missing? */
static bool waits_for(const struct key *key, const char *peer)
{
    party p = key_party(&key->body, peer);

    return key->state == KEY_PENDING && p != 0 && !party_set_has(key->vouched, p);
}

void settle_greet(struct node *node, struct circuit *c)
{
    if (node->keys.pending == 0) return;
    for (size_t i = 0; i < node->keys.count; i++)
        if (waits_for(node->keys.sorted[i], circuit_peer(c))) ask(node, c, node->keys.sorted[i]);
}

static void ask_all(struct node *node, const struct key *key)
{
    for (unsigned i = 0; i < key->body.n; i++) {
        struct circuit *c = waits_for(key, key->body.nodes[i]) ? circuits_to(node, key->body.nodes[i]) : NULL;
        if (c != NULL) ask(node, c, key);
    }
}

void settle_all(struct node *node)
{
    node->promises = SETTLE_PROMISES_MAX;
    if (node->keys.pending == 0) return;
    log_info("settle.pending", "keys=%zu", node->keys.pending);
    for (size_t i = 0; i < node->keys.count; i++) ask_all(node, node->keys.sorted[i]);
}

/* ---- answering ---- */

static enum kms_err send_vouchers(struct node *node, struct circuit *c, const struct key *key)
{
    BUF_LOCAL certificate = BUF_INIT(BIRTH_ENCODED_MAX);

    TRY(keys_certificate(node, key, &certificate));
    circuit_send(node, c, TUNNEL_VOUCHER, buf_bytes(&certificate));
    return KMS_OK;
}

/* Durable first, said afterwards: from now on this node never vouches for the key. */
static enum kms_err abandon(struct node *node, struct circuit *c, const struct query *q)
{
    struct abandonment a = {0};
    BUF_LOCAL          evidence = BUF_INIT(ABANDONMENT_MAX);

    if (node->promises == 0) return fail(KMS_E_BUSY, "too many keys are asked about this minute");
    node->promises--;
    memcpy(a.cluster, node->config.cluster, sizeof a.cluster);
    memcpy(a.key_id, q->key_id, sizeof a.key_id);
    memcpy(a.ssid, q->ssid, sizeof a.ssid);
    TRY(abandonment_sign(&a, node->config.credential));
    TRY(abandonment_encode(&evidence, &a));
    TRY(tombstones_put(node, q->key_id, TOMBSTONE_ABANDONED, buf_bytes(&evidence)));
    log_info("key.abandoned", "key=%s asked_by=%s", q->key_id, circuit_peer(c));
    circuit_send(node, c, TUNNEL_ABANDONMENT, buf_bytes(&evidence));
    return KMS_OK;
}

static enum kms_err answer(struct node *node, struct circuit *c, const struct query *q)
{
    const struct key   *key = keys_find(node, q->key_id);
    enum tombstone_kind kind;
    BUF_LOCAL           evidence = BUF_INIT(EVIDENCE_MAX);

    if (key != NULL) return memcmp(key->body.ssid, q->ssid, 32) == 0 ? send_vouchers(node, c, key) : KMS_OK;
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

static void log_discarded(struct node *node, const char *key_id, const char *by)
{
    struct store_log_row row = {.kind = "discard", .result = "ok"};

    (void)snprintf(row.key_id, sizeof row.key_id, "%s", key_id);
    log_info("key.discarded", "key=%s abandoned_by=%s", key_id, by);
    if (journal_append(node, &row) != KMS_OK) log_failure(LOG_ERROR, "journal.append", KMS_E_STORAGE);
}

/* The one way in which a share that was vouched for is given up without an operator. */
static enum kms_err discard(struct node *node, struct bytes body)
{
    struct abandonment a;

    TRY(abandonment_decode(&a, body));
    struct key *key = keys_find(node, a.key_id);
    if (key == NULL || key->state != KEY_PENDING) return KMS_OK;
    TRY(abandonment_verify(&a, node->identities, journal_wall_s(node)));
    party who = key_party(&key->body, a.node);
    if (strcmp(a.cluster, key->body.cluster) != 0 || memcmp(a.ssid, key->body.ssid, 32) != 0 || who == 0)
        return fail(KMS_E_DENIED, "key %s: node %s has no say in it", a.key_id, a.node);
    /* This node itself is among those who have vouched. */
    if (party_set_has(key->vouched, who))
        return fail(KMS_E_EQUIVOCATION, "key %s: node %s has both vouched for it and abandoned it", a.key_id, a.node);
    TRY(tombstones_put(node, a.key_id, TOMBSTONE_ABANDONED, body));
    TRY(keys_remove(node, &key));
    log_discarded(node, a.key_id, a.node);
    return KMS_OK;
}

void settle_on_abandonment(struct node *node, struct circuit *c, struct bytes body)
{
    enum kms_err err = discard(node, body);

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
