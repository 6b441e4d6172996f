/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking part in a signature: the authority is the client's request, the message follows from its body, and the row in
 * the log comes before the first word to the peers. A change of the key's state ends its sessions at once (keys.c), so
 * none completes after it.
 */
#include "cluster/node/sign.h"

#include "cluster/node/authority.h"
#include "cluster/node/results.h"
#include "cluster/node/schemes.h"
#include "cluster/node/state.h"

static enum kms_err start_session(struct node *node, struct link *link, const Kms__V1__Start *start, struct mandate *m)
{
    const struct birth_body *body = &m->key->body;
    const struct scheme     *scheme = schemes_by_id((enum algorithm)body->algorithm);
    const struct key_share  *share;

    if (scheme == NULL)
        return fail(KMS_E_UNSUPPORTED, "key %s: algorithm %u is not known here", body->key_id, body->algorithm);
    TRY(shares_get(node, m->key, &share));
    struct session_params params = {
        .protocol = scheme->sign,
        .group = share->group,
        .self = m->self,
        .quorum = m->quorum,
        .t = body->t,
        .n = body->n,
        .epoch = share->epoch,
        .message = buf_bytes(&m->data),
        .share = share,
        .rng = node->config.rng,
        .deadline_ms = authority_deadline_ms(node, m, node->config.sign_deadline_ms, start->budget_ms),
        .progress_ms = node->config.progress_ms,
    };
    TRY(runs_salt(node, m, params.salt));
    memcpy(params.tag, start->tag.data, sizeof params.tag);
    memcpy(params.key_id, body->key_id, sizeof body->key_id);
    memcpy(params.roster_hash, node->roster.hash, sizeof params.roster_hash);
    memcpy(params.request_hash, m->request_hash, sizeof params.request_hash);
    return runs_begin(node, link, m, &params, NULL);
}

static enum kms_err start_checked(struct node *node, struct link *link, const Kms__V1__Start *start)
{
    MANDATE_LOCAL m = MANDATE_NONE;

    TRY(authority_check_sign(node, link, start, &m));
    TRY(runs_admit(node, link, start->tag.data, m.client.access_key));
    TRY(authority_commit(node, "sign", &m));
    return start_session(node, link, start, &m);
}

void sign_start(struct node *node, struct link *link, const Kms__V1__Start *start)
{
    enum kms_err err = start_checked(node, link, start);

    if (err != KMS_OK) results_refuse(node, link, start, err);
}

void sign_finish(struct node *node, struct run *run, const struct outcome *outcome)
{
    struct result result = results_of_run(node, run, outcome);

    if (outcome->kind == OUTCOME_SIGNATURE) result.signature = bytes(outcome->signature, outcome->signature_len);
    results_send(node, run->link, &result);
}
