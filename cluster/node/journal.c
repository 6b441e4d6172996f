/* SPDX-License-Identifier: Apache-2.0 */
/* The node's log: what a restarted process remembers of the requests it has acted on (architecture.md 5). */
#include "cluster/node/journal.h"

#include <inttypes.h>
#include <stdio.h>

#include "cluster/node/state.h"
#include "common/base/log.h"

/* The longest that a request can be fresh after the row that names it was written. */
#define HORIZON_S (REQUEST_LIFETIME_MAX_S + REQUEST_SKEW_S)
#define UNCLEAN_S 30
#define STEP_ROWS 4096

int64_t journal_wall_ms(const struct node *node)
{
    int64_t now = node->config.io.wall_ms(node->config.io.self);

    return now > node->journal.floor_ms ? now : node->journal.floor_ms;
}

int64_t journal_wall_s(const struct node *node)
{
    return journal_wall_ms(node) / 1000;
}

int64_t journal_pass(struct node *node)
{
    node->journal.floor_ms = journal_wall_ms(node);
    return node->journal.floor_ms / 1000;
}

RESULT journal_append(struct node *node, struct store_log_row *row)
{
    row->time_ms = journal_wall_ms(node);
    TRY(store_log_append(node->config.store, row));
    node->journal.floor_ms = row->time_ms;
    return KMS_OK;
}

struct store_log_row journal_row(const char *kind, const struct signed_request *request, const uint8_t request_hash[32],
                                 const char *key_id)
{
    struct store_log_row row = {.expires_s = request->expires};

    (void)snprintf(row.kind, sizeof row.kind, "%s", kind);
    (void)snprintf(row.access_key, sizeof row.access_key, "%s", request->keyid);
    (void)snprintf(row.nonce, sizeof row.nonce, "%s", request->nonce);
    (void)snprintf(row.key_id, sizeof row.key_id, "%s", key_id);
    (void)snprintf(row.result, sizeof row.result, "begun");
    memcpy(row.request_hash, request_hash, sizeof row.request_hash);
    return row;
}

/* The first row that is read stops the walk: only its time is wanted. */
static enum kms_err take_time(void *arg, const struct store_log_row *row)
{
    *(int64_t *)arg = row->time_ms;
    return KMS_E_ABORTED;
}

static enum kms_err time_of(struct node *node, uint64_t seq, int64_t *time_ms)
{
    *time_ms = 0;
    enum kms_err err = store_log_each(node->config.store, seq, take_time, time_ms);
    return err == KMS_E_ABORTED ? KMS_OK : err;
}

static enum kms_err remember(void *arg, const struct store_log_row *row)
{
    struct node *node = arg;

    if (strcmp(row->kind, "sign") != 0 && strcmp(row->kind, "generate") != 0) return KMS_OK;
    if (row->expires_s < journal_wall_s(node)) return KMS_OK;
    struct replay_item item = {.access_key = row->access_key,
                               .nonce = row->nonce,
                               .request_hash = row->request_hash,
                               .expires_s = row->expires_s};
    /* More attempts than are allowed, or another request under the nonce, cannot be in a log of ours; refused either
     * way. */
    enum kms_err err = replay_use(node->replay, &item, journal_wall_s(node));
    if (err != KMS_OK) log_failure(LOG_WARN, "node.replay_row", err);
    return KMS_OK;
}

/* Where to begin reading: the newest row from which backwards nothing can still be fresh. Times never fall in a log. */
static enum kms_err first_relevant(struct node *node, uint64_t last, uint64_t *seq)
{
    int64_t horizon_ms = journal_wall_ms(node) - (int64_t)HORIZON_S * 1000, time_ms;

    for (uint64_t back = STEP_ROWS; back < last; back *= 2) {
        TRY(time_of(node, last - back, &time_ms));
        *seq = last - back;
        if (time_ms < horizon_ms) return KMS_OK;
    }
    *seq = 1;
    return KMS_OK;
}

static enum kms_err rebuild(struct node *node, uint64_t last)
{
    uint64_t first;

    TRY(time_of(node, last, &node->journal.floor_ms));
    TRY(first_relevant(node, last, &first));
    return store_log_each(node->config.store, first, remember, node);
}

RESULT journal_open(struct node *node)
{
    uint64_t             last = store_log_last(node->config.store);
    struct store_log_row start = {.kind = "start", .result = "ok"};

    if (last > 0) TRY_AT(rebuild(node, last), "reading the log");
    if (last > 0 && node->config.unclean_start) {
        /* Rows of the last moments before the machine stopped may be lost, and with them the nonces they held. */
        node->journal.refuse_to_s = journal_wall_s(node) + UNCLEAN_S;
        log_warn("node.unclean_start", "requests_created_before=%" PRId64 " are refused", node->journal.refuse_to_s);
        (void)snprintf(start.result, sizeof start.result, "unclean");
    }
    return journal_append(node, &start);
}
