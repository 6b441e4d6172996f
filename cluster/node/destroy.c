/* SPDX-License-Identifier: Apache-2.0 */
/* Deletions: idempotent, durable at each step, tombstone before the share goes. */
#include "cluster/node/destroy.h"

#include <inttypes.h>
#include <stdio.h>

#include "cluster/node/authority.h"
#include "cluster/node/state.h"
#include "cluster/node/tombstones.h"
#include "common/base/log.h"

struct answer {
    const char *state;
    int64_t     due_s;
};

static enum kms_err write_row(struct node *node, const struct mandate *m)
{
    struct store_log_row row = journal_row("delete", &m->request, m->request_hash, m->key->body.key_id);

    (void)snprintf(row.result, sizeof row.result, "ok");
    return journal_append(node, &row);
}

/* A younger key's request is fresh still, and would make another. */
static bool is_young(const struct node *node, const struct birth_body *body)
{
    return body->created + REQUEST_LIFETIME_MAX_S + REQUEST_SKEW_S >= journal_wall_s(node);
}

/*
 * Of a key that is leaving, so that it signs nothing whatever fails here. After the tombstone a crash can only leave
 * work that is finished at the next start, and a failure what is tried again every minute.
 */
static enum kms_err wipe_key(struct node *node, struct key *key, struct bytes evidence)
{
    char key_id[KEY_ID_LEN + 1];

    memcpy(key_id, key->body.key_id, sizeof key_id);
    if (is_young(node, &key->body)) TRY(tombstones_put_request(node, key->body.request_hash, key_id));
    TRY(tombstones_put(node, key_id, TOMBSTONE_DELETED, evidence));
    TRY(keys_remove(node, &key));
    log_info("key.deleted", "key=%s", key_id);
    return KMS_OK;
}

static enum kms_err begin(struct node *node, const struct mandate *m, struct bytes evidence, struct answer *out)
{
    int64_t due_s = journal_wall_s(node) + (int64_t)node->config.deletion_wait_s;

    TRY(write_row(node, m));
    runs_cancel_key(node, m->key->body.key_id);
    TRY(keys_mark_leaving(node, m->key, due_s));
    if (node->config.deletion_wait_s == 0) {
        *out = (struct answer){.state = "DELETED", .due_s = due_s};
        return wipe_key(node, m->key, evidence);
    }
    log_info("key.pending_deletion", "key=%s due=%" PRId64 " by=%s", m->key->body.key_id, due_s, m->client.uri);
    *out = (struct answer){.state = key_state_name(KEY_PENDING_DELETION), .due_s = due_s};
    return KMS_OK;
}

/* The key is not here: was it once? */
static enum kms_err answer_for_absent(struct node *node, const char *key_id, struct answer *out)
{
    enum tombstone_kind kind;

    TRY(tombstones_get(node, key_id, &kind, NULL));
    if (kind == TOMBSTONE_NONE) return fail(KMS_E_NOT_FOUND, "node %s holds no share of this key", node_name(node));
    *out = (struct answer){.state = "DELETED"};
    return KMS_OK;
}

static enum kms_err destroy(struct node *node, const Kms__V1__Destroy *frame, struct answer *out)
{
    MANDATE_LOCAL m = MANDATE_NONE;
    struct bytes  request = bytes(frame->request.data, frame->request.len);

    TRY(authority_check_delete(node, frame->key_id, request, &m));
    m.key = keys_find(node, frame->key_id);
    if (m.key == NULL) return answer_for_absent(node, frame->key_id, out);
    TRY(authority_check_owner(&m, ACTION_DELETE, m.key));
    *out = (struct answer){.state = key_state_name(m.key->state), .due_s = m.key->due_s};
    if (m.key->state == KEY_PENDING_DELETION) return KMS_OK;
    return begin(node, &m, request, out);
}

void destroy_on_frame(struct node *node, struct link *link, const Kms__V1__Destroy *frame)
{
    Kms__V1__FromNode  message = KMS__V1__FROM_NODE__INIT;
    Kms__V1__Destroyed out = KMS__V1__DESTROYED__INIT;
    struct answer      answer = {.state = ""};

    enum kms_err err = destroy(node, frame, &answer);
    out.id = frame->id;
    out.error = (int32_t)err;
    if (err != KMS_OK) {
        log_failure(LOG_INFO, "key.deletion_refused", err);
        out.detail = (char *)(uintptr_t)error_text();
    }
    out.state = (char *)(uintptr_t)answer.state;
    out.due = answer.due_s;
    message.kind_case = KMS__V1__FROM_NODE__KIND_DESTROYED;
    message.destroyed = &out;
    links_send(node, link, &message);
}

void destroy_due(struct node *node)
{
    int64_t now_s = journal_wall_s(node);

    if (node->keys.leaving == 0) return;
    for (size_t i = 0; i < node->keys.count;) {
        struct key *key = node->keys.sorted[i];
        if (key->state != KEY_PENDING_DELETION || key->due_s > now_s) {
            i++;
            continue;
        }
        /* The request that asked for it stands in the log. */
        enum kms_err err = wipe_key(node, key, BYTES_NONE);
        if (err == KMS_OK) continue;
        log_failure(LOG_ERROR, "key.deletion_failed", err);
        return;
    }
}
