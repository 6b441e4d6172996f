/* SPDX-License-Identifier: Apache-2.0 */
/* Results of sessions. */
#include "cluster/node/results.h"

#include <inttypes.h>
#include <stdio.h>

#include "cluster/node/state.h"
#include "common/base/log.h"

static ProtobufCBinaryData binary(struct bytes b)
{
    return (ProtobufCBinaryData){.len = b.len, .data = (uint8_t *)(uintptr_t)b.data};
}

void results_send(struct node *node, struct link *link, const struct result *r)
{
    Kms__V1__FromNode message = KMS__V1__FROM_NODE__INIT;
    Kms__V1__Result   out = KMS__V1__RESULT__INIT;

    out.tag = binary(bytes(r->tag, SESSION_TAG_LEN));
    out.error = (int32_t)r->error;
    if (r->detail != NULL) out.detail = (char *)(uintptr_t)r->detail;
    out.signature = binary(r->signature);
    out.birth_certificate = binary(r->birth_certificate);
    out.missing = (char **)(uintptr_t)r->missing;
    out.n_missing = r->missing_count;
    out.duration_us = r->duration_us;
    out.log_seq = r->log_seq;
    message.kind_case = KMS__V1__FROM_NODE__KIND_RESULT;
    message.result = &out;
    links_send(node, link, &message);
}

void results_refuse(struct node *node, struct link *link, const Kms__V1__Start *start, enum kms_err err)
{
    struct result result = {.tag = start->tag.data, .error = err, .detail = error_text()};

    log_failure(LOG_INFO, "session.refused", err);
    if (start->tag.len == SESSION_TAG_LEN) results_send(node, link, &result);
}

static void write_names(const struct run *run, struct party_set set, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (party p = party_set_next(set, 0); p != 0; p = party_set_next(set, p)) {
        int n = snprintf(out + at, size - at, "%s%s", at > 0 ? "," : "", run->names[p]);
        if (n < 0 || (size_t)n >= size - at) return;
        at += (size_t)n;
    }
}

/* Culprits are this node's own finding: its log keeps them, a coordinator's list of suspects is made from several
 * nodes'. */
static void log_abort(struct node *node, const struct run *run, const struct outcome *o, enum kms_err err)
{
    char                 culprits[PARTIES_MAX * (PARTY_NAME_MAX + 1)], missing[PARTIES_MAX * (PARTY_NAME_MAX + 1)];
    struct store_log_row row = {.kind = "abort"};

    write_names(run, o->culprits, culprits, sizeof culprits);
    write_names(run, o->missing, missing, sizeof missing);
    log_warn("session.aborted", "key=%s reason=%s at=\"%s\" culprits=%s missing=%s", run->key_id,
             abort_reason_name(o->reason), o->text == NULL ? "" : o->text, culprits, missing);
    (void)snprintf(row.result, sizeof row.result, "%s", error_name(err));
    (void)snprintf(row.key_id, sizeof row.key_id, "%s", run->key_id);
    (void)snprintf(row.access_key, sizeof row.access_key, "%s", run->access_key);
    memcpy(row.request_hash, run->request_hash, sizeof row.request_hash);
    if (journal_append(node, &row) != KMS_OK) log_failure(LOG_ERROR, "journal.append", KMS_E_STORAGE);
}

struct result results_of_run(struct node *node, const struct run *run, const struct outcome *o)
{
    uint64_t      took_ms = node_now_ms(node) - run->started_ms;
    struct result r = {.tag = run->tag, .log_seq = run->log_seq, .duration_us = (uint32_t)(took_ms * 1000)};

    if (o->kind != OUTCOME_NONE) return r;
    r.error = abort_reason_error(o->reason);
    r.detail = abort_reason_name(o->reason);
    for (party p = party_set_next(o->missing, 0); p != 0; p = party_set_next(o->missing, p))
        r.missing[r.missing_count++] = run->names[p];
    log_abort(node, run, o, r.error);
    return r;
}
