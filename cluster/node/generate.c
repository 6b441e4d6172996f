/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a key. The order is the point (architecture.md 6): the share lies PENDING on the disk before the birth
 * signature leaves this node, in whatever direction; from then on it is discarded only on a signed abandonment.
 */
#include "cluster/node/generate.h"

#include <stdio.h>
#include <stdlib.h>

#include "cluster/node/results.h"
#include "cluster/node/schemes.h"
#include "cluster/node/state.h"
#include "cluster/node/tombstones.h"
#include "common/base/log.h"

/* A round of sixteen parties is half a second of arithmetic, and several nodes may share a core. */
#define GENERATE_PATIENCE 4

void plan_free(struct plan **plan)
{
    if (*plan == NULL) return;
    for (int i = 0; i <= PARTIES_MAX; i++) buf_clear(&(*plan)->certificates[i]);
    free(*plan);
    *plan = NULL;
}

RESULT plan_keep(struct plan *plan, party from, const struct birth_signature *s)
{
    if (party_set_has(plan->early, from)) return KMS_OK;
    plan->certificates[from] = BUF_INIT(CERTIFICATE_MAX);
    TRY(buf_append(&plan->certificates[from], s->certificate_der));
    plan->signatures[from] = *s;
    plan->signatures[from].certificate_der = buf_bytes(&plan->certificates[from]);
    plan->early = party_set_with(plan->early, from);
    return KMS_OK;
}

static void plan_fill(struct birth_body *b, const struct node *node, const struct mandate *m)
{
    *b = (struct birth_body){.version = 1,
                             .epoch = 1,
                             .algorithm = (uint16_t)m->generate.algorithm,
                             .group = m->generate.group,
                             .t = (uint16_t)m->generate.t,
                             .n = (uint16_t)m->generate.n,
                             .authorization = 1,
                             .created = m->request.created};
    memcpy(b->cluster, node->config.cluster, sizeof b->cluster);
    memcpy(b->nodes, &m->names[1], sizeof b->nodes);
    memcpy(b->owner, m->client.uri, sizeof b->owner);
    memcpy(b->label, m->generate.label, sizeof b->label);
    memcpy(b->request_hash, m->request_hash, sizeof b->request_hash);
    memcpy(b->roster_hash, node->roster.hash, sizeof b->roster_hash);
    policy_builtin_hash(b->policy_hash);
}

static enum kms_err start_session(struct node *node, struct link *link, const Kms__V1__Start *start, struct mandate *m)
{
    struct session_params params = {
        .protocol = schemes_by_id(m->generate.algorithm)->dkg,
        .group = group_by_id(m->generate.group),
        .self = m->self,
        .quorum = m->quorum,
        .t = m->generate.t,
        .n = m->generate.n,
        .rng = node->config.rng,
        .deadline_ms = authority_deadline_ms(node, m, node->config.generate_deadline_ms, start->budget_ms),
        .progress_ms = GENERATE_PATIENCE * node->config.progress_ms,
    };

    TRY(runs_salt(node, m, params.salt));
    memcpy(params.tag, start->tag.data, sizeof params.tag);
    memcpy(params.roster_hash, node->roster.hash, sizeof params.roster_hash);
    memcpy(params.request_hash, m->request_hash, sizeof params.request_hash);
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) return fail(KMS_E_MEMORY, "no memory for a new key");
    plan_fill(&plan->body, node, m);
    enum kms_err err = runs_begin(node, link, m, &params, plan);
    if (err != KMS_OK) plan_free(&plan);
    return err;
}

/* One request makes one key at most on a node, also if that key is gone. */
static enum kms_err check_unspent(struct node *node, const uint8_t request_hash[32])
{
    const struct key *key = keys_find_by_request(node, request_hash);
    bool              spent;

    if (key != NULL)
        return fail(KMS_E_CONFLICT, "the request has made key %s, which is %s: sign a new one", key->body.key_id,
                    key_state_name(key->state));
    TRY(tombstones_has_request(node, request_hash, &spent));
    return spent ? fail(KMS_E_CONFLICT, "the request has made a key that is deleted: sign a new one") : KMS_OK;
}

/* The request has made a key here before: the answer is what this node holds of it, and no second key. */
static enum kms_err answer_again(struct node *node, struct link *link, const Kms__V1__Start *start,
                                 const struct key *key)
{
    BUF_LOCAL     certificate = BUF_INIT(BIRTH_ENCODED_MAX);
    struct result result = {.tag = start->tag.data};

    TRY(keys_certificate(node, key, &certificate));
    result.birth_certificate = buf_bytes(&certificate);
    results_send(node, link, &result);
    return KMS_OK;
}

static enum kms_err start_checked(struct node *node, struct link *link, const Kms__V1__Start *start)
{
    MANDATE_LOCAL m = MANDATE_NONE;

    TRY(authority_check_generate(node, link, start, &m));
    const struct key *made = keys_find_by_request(node, m.request_hash);
    if (made != NULL && (made->state == KEY_ACTIVE || made->state == KEY_PENDING))
        return answer_again(node, link, start, made);
    TRY(check_unspent(node, m.request_hash));
    TRY(runs_admit(node, link, start->tag.data, m.client.access_key));
    TRY(authority_commit(node, "generate", &m));
    return start_session(node, link, start, &m);
}

void generate_start(struct node *node, struct link *link, const Kms__V1__Start *start)
{
    enum kms_err err = start_checked(node, link, start);

    if (err != KMS_OK) results_refuse(node, link, start, err);
}

/* ---- the end ---- */

static void fill_made(struct birth_body *b, const struct outcome *outcome)
{
    const struct key_share *k = &outcome->key;

    group_encode(k->group, b->public_key, &k->public_key);
    memcpy(b->transcript, k->transcript, sizeof b->transcript);
    memcpy(b->ssid, outcome->ssid, sizeof b->ssid);
    birth_key_id(b->key_id, b->cluster, b->request_hash, b->ssid, bytes(b->public_key, k->group->point_len));
}

static enum kms_err sign_birth(const struct node *node, const struct birth_body *b, struct birth_signature *own)
{
    const struct credential *self = node->config.credential;

    *own = (struct birth_signature){.certificate_der = buf_bytes(&self->certificate_der)};
    (void)snprintf(own->node, sizeof own->node, "%s", node_name(node));
    return birth_sign(own->signature, b, self);
}

/*
 * A promise never to vouch for this key may have been given while its session seemed lost; and of two sessions for one
 * request only the first may make a key.
 */
static enum kms_err check_may_vouch(struct node *node, const struct birth_body *b)
{
    bool buried;

    TRY(tombstones_has(node, b->key_id, &buried));
    if (buried) return fail(KMS_E_STATE, "key %s was abandoned on this node", b->key_id);
    return check_unspent(node, b->request_hash);
}

static void tell_peers(struct node *node, const struct run *run, struct bytes certificate)
{
    for (party p = 1; p <= PARTIES_MAX; p++)
        if (run->circuits[p] != NULL) circuit_send(node, run->circuits[p], TUNNEL_VOUCHER, certificate);
}

static void use_early(struct node *node, const struct plan *plan, struct key *key)
{
    for (party p = party_set_next(plan->early, 0); p != 0; p = party_set_next(plan->early, p)) {
        enum kms_err err = keys_vouch(node, key, &plan->signatures[p]);
        if (err != KMS_OK) log_failure(LOG_WARN, "key.bad_voucher", err);
    }
}

/* The birth signature: durable with the share, then out. */
static enum kms_err vouch(struct node *node, struct run *run, const struct outcome *outcome, struct buf *certificate)
{
    struct birth_certificate c = {.body = run->plan->body, .count = 1};

    fill_made(&c.body, outcome);
    TRY(check_may_vouch(node, &c.body));
    TRY(sign_birth(node, &c.body, &c.signatures[0]));
    TRY(birth_encode(certificate, &c));
    TRY_AT(keys_add(node, &c.body, &outcome->key, &c.signatures[0]), "storing key %s", c.body.key_id);
    log_info("key.pending", "key=%s t=%u n=%u owner=%s", c.body.key_id, c.body.t, c.body.n, c.body.owner);
    tell_peers(node, run, buf_bytes(certificate));
    use_early(node, run->plan, keys_find(node, c.body.key_id));
    return KMS_OK;
}

void generate_finish(struct node *node, struct run *run, const struct outcome *outcome)
{
    BUF_LOCAL     certificate = BUF_INIT(BIRTH_ENCODED_MAX);
    struct result result = results_of_run(node, run, outcome);

    if (outcome->kind == OUTCOME_KEY) {
        result.error = vouch(node, run, outcome, &certificate);
        if (result.error == KMS_OK) result.birth_certificate = buf_bytes(&certificate);
        if (result.error != KMS_OK) {
            result.detail = error_text();
            log_failure(LOG_ERROR, "key.not_made", result.error);
        }
    }
    results_send(node, run->link, &result);
}
