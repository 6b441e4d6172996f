/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and the changes of their state, each durable before it is believed. */
#include "cluster/node/keys.h"

#include <stdlib.h>

#include "cluster/node/evidence.h"
#include "cluster/node/key_record.h"
#include "cluster/node/key_table.h"
#include "cluster/node/state.h"
#include "cluster/node/tombstones.h"
#include "common/base/log.h"

const char *key_state_name(enum key_state state)
{
    switch (state) {
    case KEY_PENDING:
        return "PENDING";
    case KEY_ACTIVE:
        return "ACTIVE";
    case KEY_PENDING_DELETION:
        return "PENDING_DELETION";
    case KEY_ABANDONED:
        return "ABANDONED";
    default:
        return "UNKNOWN";
    }
}

party key_party(const struct birth_body *body, const char *node)
{
    for (unsigned i = 0; i < body->n; i++)
        if (strcmp(body->nodes[i], node) == 0) return (party)(i + 1);
    return 0;
}

static void drop_signatures(struct key *key)
{
    if (key->vouchers == NULL) return;
    for (int i = 0; i <= PARTIES_MAX; i++) buf_clear(&key->vouchers->certificates[i]);
    free(key->vouchers);
    key->vouchers = NULL;
}

static void key_free(struct key *key)
{
    if (key == NULL) return;
    drop_signatures(key);
    free(key);
}

static enum kms_err new_key(const struct node *node, struct key **out, const struct birth_body *body)
{
    party self = key_party(body, node_name(node));

    *out = NULL;
    if (self == 0) return fail(KMS_E_CORRUPT, "key %s: this node is none of its holders", body->key_id);
    struct key      *key = calloc(1, sizeof *key);
    struct vouchers *vouchers = calloc(1, sizeof *vouchers);
    if (key == NULL || vouchers == NULL) {
        free(key);
        free(vouchers);
        return fail(KMS_E_MEMORY, "key %s: no memory", body->key_id);
    }
    for (int i = 0; i <= PARTIES_MAX; i++) vouchers->certificates[i] = BUF_INIT(CERTIFICATE_MAX);
    *key = (struct key){.body = *body, .self = self, .vouchers = vouchers, .slot = -1};
    *out = key;
    return KMS_OK;
}

/* Keeps a signature whose check its caller has made. */
static enum kms_err keep_signature(struct key *key, const struct birth_signature *s)
{
    party who = key_party(&key->body, s->node);

    if (who == 0) return fail(KMS_E_CORRUPT, "key %s: signed by a node that is no holder", key->body.key_id);
    struct buf *certificate = &key->vouchers->certificates[who];
    certificate->len = 0;
    TRY(buf_append(certificate, s->certificate_der));
    key->vouchers->signatures[who] = *s;
    key->vouchers->signatures[who].certificate_der = buf_bytes(certificate);
    key->vouched = party_set_with(key->vouched, who);
    return KMS_OK;
}

static struct birth_certificate held_certificate(const struct key *key)
{
    struct birth_certificate c = {.body = key->body};

    for (party p = party_set_next(key->vouched, 0); p != 0; p = party_set_next(key->vouched, p))
        c.signatures[c.count++] = key->vouchers->signatures[p];
    return c;
}

static bool is_complete(const struct key *key)
{
    return key->vouched.mask == party_set_first(key->body.n).mask;
}

RESULT keys_certificate(struct node *node, const struct key *key, struct buf *out)
{
    struct store_id   id = key_record_id(&key->body);
    struct key_record record;
    SECRET_LOCAL      value = SECRET_NONE;

    if (key->vouchers != NULL) {
        struct birth_certificate c = held_certificate(key);
        return birth_encode(out, &c);
    }
    TRY(store_get(node->config.store, &id, &value));
    TRY(key_record_decode(&record, secret_view(&value)));
    return buf_append(out, record.certificate);
}

/* Writes the key's record anew with this state; the share in it stays as it is. */
static enum kms_err rewrite(struct node *node, const struct key *key, enum key_state state, int64_t due_s)
{
    struct store_id   id = key_record_id(&key->body);
    struct key_record record;
    SECRET_LOCAL      old = SECRET_NONE, new = SECRET_NONE;
    BUF_LOCAL         certificate = BUF_INIT(BIRTH_ENCODED_MAX);

    TRY(keys_certificate(node, key, &certificate));
    TRY(store_get(node->config.store, &id, &old));
    TRY(key_record_decode(&record, secret_view(&old)));
    record.certificate = buf_bytes(&certificate);
    record.state = state;
    record.due_s = due_s;
    TRY(key_record_encode(&new, &record));
    return store_put(node->config.store, &id, secret_view(&new));
}

/* All n have vouched, and one of them has told this node that it never will. Its word counts no more. */
static enum kms_err keep_evidence(struct node *node, const struct key *key)
{
    enum tombstone_kind kind;
    BUF_LOCAL           abandonment = BUF_INIT(EVIDENCE_MAX);

    TRY(tombstones_get(node, key->body.key_id, &kind, &abandonment));
    return kind == TOMBSTONE_ABANDONED ? evidence_keep(node, key, buf_bytes(&abandonment)) : KMS_OK;
}

static enum kms_err activate(struct node *node, struct key *key)
{
    if (key->state == KEY_ABANDONED) TRY(keep_evidence(node, key));
    TRY_AT(rewrite(node, key, KEY_ACTIVE, 0), "key %s", key->body.key_id);
    key_table_set_state(&node->keys, key, KEY_ACTIVE);
    key->due_s = 0;
    drop_signatures(key);
    log_info("key.active", "key=%s t=%u n=%u", key->body.key_id, key->body.t, key->body.n);
    return KMS_OK;
}

RESULT keys_vouch(struct node *node, struct key *key, const struct birth_signature *s)
{
    party who = key_party(&key->body, s->node);

    if (!key_is_unsettled(key)) return KMS_OK;
    if (!party_set_has(key->vouched, who)) {
        TRY(birth_verify_signature(&key->body, s, node->config.authority));
        TRY(keep_signature(key, s));
    }
    return is_complete(key) ? activate(node, key) : KMS_OK;
}

static enum kms_err store_new(struct node *node, const struct key *key, const struct key_share *share)
{
    struct store_id          id = key_record_id(&key->body);
    struct birth_certificate c = held_certificate(key);
    SECRET_LOCAL             encoded = SECRET_NONE, value = SECRET_NONE;
    BUF_LOCAL                certificate = BUF_INIT(BIRTH_ENCODED_MAX);

    TRY(birth_encode(&certificate, &c));
    TRY(key_share_encode_sealed(&encoded, share));
    const struct key_record record = {
        .state = KEY_PENDING, .certificate = buf_bytes(&certificate), .share = secret_view(&encoded)};
    TRY(key_record_encode(&value, &record));
    return store_put(node->config.store, &id, secret_view(&value));
}

RESULT keys_add(struct node *node, const struct birth_body *body, const struct key_share *share,
                const struct birth_signature *own)
{
    struct key *key;

    if (keys_find(node, body->key_id) != NULL) return fail(KMS_E_CONFLICT, "key %s exists here", body->key_id);
    TRY(new_key(node, &key, body));
    key->state = KEY_PENDING;
    enum kms_err err = keep_signature(key, own);
    if (err == KMS_OK) err = store_new(node, key, share);
    if (err == KMS_OK) err = key_table_insert(&node->keys, key);
    if (err != KMS_OK) key_free(key);
    return err;
}

RESULT keys_mark_leaving(struct node *node, struct key *key, int64_t due_s)
{
    TRY(rewrite(node, key, KEY_PENDING_DELETION, due_s));
    key_table_set_state(&node->keys, key, KEY_PENDING_DELETION);
    drop_signatures(key);
    key->due_s = due_s;
    shares_forget(&node->shares, key);
    return KMS_OK;
}

RESULT keys_abandon(struct node *node, struct key *key, struct bytes abandonment)
{
    int64_t due_s = journal_wall_s(node) + KEYS_ABANDONED_KEEP_S;

    TRY(tombstones_put(node, key->body.key_id, TOMBSTONE_ABANDONED, abandonment));
    TRY(rewrite(node, key, KEY_ABANDONED, due_s));
    key_table_set_state(&node->keys, key, KEY_ABANDONED);
    key->due_s = due_s;
    return KMS_OK;
}

static enum kms_err erase_share(struct node *node, const struct store_id *id)
{
    enum kms_err err = store_erase(node->config.store, id);

    return err == KMS_E_NOT_FOUND ? KMS_OK : err;
}

RESULT keys_remove(struct node *node, struct key **key)
{
    struct key     *gone = *key;
    struct store_id id = key_record_id(&gone->body);

    runs_cancel_key(node, gone->body.key_id);
    shares_forget(&node->shares, gone);
    TRY(erase_share(node, &id));
    key_table_remove(&node->keys, gone);
    key_free(gone);
    *key = NULL;
    return KMS_OK;
}

/* ---- at start ---- */

static enum kms_err fill_loaded(struct node *node, struct key *key, const struct key_record *record,
                                const struct birth_certificate *c)
{
    for (unsigned i = 0; i < c->count; i++) TRY(keep_signature(key, &c->signatures[i]));
    key->state = record->state;
    key->due_s = record->due_s;
    if (!party_set_has(key->vouched, key->self) || (key->state == KEY_ACTIVE && !is_complete(key)))
        return fail(KMS_E_CORRUPT, "key %s: its record lacks signatures", key->body.key_id);
    if (!key_is_unsettled(key)) drop_signatures(key);
    return key_table_insert(&node->keys, key);
}

static enum kms_err load_one(void *arg, const struct store_id *id, struct bytes value)
{
    struct node             *node = arg;
    struct key_record        record;
    struct birth_certificate c;
    struct key              *key;

    TRY_AT(key_record_decode(&record, value), "key %s", id->key);
    if (birth_decode(&c, record.certificate) != KMS_OK || strcmp(c.body.key_id, id->key) != 0 ||
        strcmp(c.body.cluster, node->config.cluster) != 0)
        return fail(KMS_E_CORRUPT, "key %s: its birth certificate is malformed or of another key", id->key);
    TRY(new_key(node, &key, &c.body));
    enum kms_err err = fill_loaded(node, key, &record, &c);
    if (err != KMS_OK) key_free(key);
    return err;
}

/* The tombstone is put first; a crash may have come between it and what follows. *removed: the key is no more. */
static enum kms_err finish_one(struct node *node, struct key *key, bool *removed)
{
    enum tombstone_kind kind;
    BUF_LOCAL           evidence = BUF_INIT(EVIDENCE_MAX);

    *removed = false;
    TRY(tombstones_get(node, key->body.key_id, &kind, &evidence));
    if (kind == TOMBSTONE_ABANDONED && key->state == KEY_PENDING) return keys_abandon(node, key, buf_bytes(&evidence));
    if (kind != TOMBSTONE_DELETED) return KMS_OK;
    log_info("key.deletion_finished", "key=%s", key->body.key_id);
    *removed = true;
    return keys_remove(node, &key);
}

static enum kms_err finish_interrupted(struct node *node)
{
    for (size_t i = 0; i < node->keys.count;) {
        bool removed;
        TRY(finish_one(node, node->keys.sorted[i], &removed));
        if (!removed) i++;
    }
    return KMS_OK;
}

RESULT keys_load(struct node *node)
{
    TRY(store_each(node->config.store, STORE_SHARE, load_one, node));
    return finish_interrupted(node);
}

void keys_clear(struct node *node)
{
    for (size_t i = 0; i < node->keys.count; i++) key_free(node->keys.sorted[i]);
    free(node->keys.sorted);
    free(node->keys.by_request);
    node->keys = (struct keys){0};
}
