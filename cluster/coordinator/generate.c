/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new key: n nodes run the DKG and vouch for it. It is written down, with its log row, once all n signatures over one
 * birth certificate have been verified; then all n nodes get the whole certificate, and the client its answer.
 */
#include <stdio.h>

#include "cluster/coordinator/detail.h"
#include "cluster/coordinator/hooks.h"
#include "cluster/coordinator/internal.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"

/* The holders of the birth that has been begun, if all of them can be asked. */
static bool holders_of_book(const struct coordinator *c, const struct request *r, uint64_t avoid, struct placement *out)
{
    const struct birth_body *body = &r->births.body;

    *out = (struct placement){0};
    for (unsigned i = 0; i < body->n; i++) {
        unsigned index = nodes_find(c, body->nodes[i]);
        if (index == COORDINATOR_NODES_MAX || !nodes_is_serving(c, index) || (avoid & node_bit(index)) != 0)
            return false;
        out->nodes[out->count++] = (uint8_t)index;
    }
    return true;
}

static uint64_t signers_of_book(const struct coordinator *c, const struct birth_book *b)
{
    uint64_t mask = 0;

    for (unsigned i = 0; b->have != 0 && i < b->body.n; i++) {
        unsigned index = nodes_find(c, b->body.nodes[i]);
        if ((b->have >> i & 1) != 0 && index != COORDINATOR_NODES_MAX) mask |= node_bit(index);
    }
    return mask;
}

/*
 * A node that has signed a birth for this request answers with that one for ever. So once one has, its holders are
 * asked again, which completes it if they all hold it; failing that, the key is made by nodes that have signed nothing.
 * Are there too few of those, the birth is kept until its holders are back: nobody else can complete it.
 */
static enum kms_err choose_holders(struct coordinator *c, struct request *r, uint64_t avoid, struct placement *out)
{
    bool     begun = r->births.have != 0;
    uint64_t engaged = r->engaged | signers_of_book(c, &r->births);

    if (begun && !holders_of_book(c, r, 0, out)) r->births_asked = false;
    if (begun && !r->births_asked && holders_of_book(c, r, avoid, out)) {
        r->births_asked = true;
        return KMS_OK;
    }
    TRY(placement_holders(c, r->request_hash, r->n, avoid | engaged, out));
    r->engaged = engaged;
    r->births_asked = false;
    birth_book_clear(&r->births);
    return KMS_OK;
}

static RESULT fill_record(struct key_record *out, const struct coordinator *c, const struct request *r)
{
    const struct birth_body *body = &r->births.body;

    memcpy(out->key_id, body->key_id, sizeof out->key_id);
    memcpy(out->owner, r->owner, sizeof out->owner);
    memcpy(out->label, r->label, sizeof out->label);
    memcpy(out->idempotency_key, r->idempotency_key, sizeof out->idempotency_key);
    memcpy(out->body_hash, r->body_hash, sizeof out->body_hash);
    (void)snprintf(out->state, sizeof out->state, "ENABLED");
    out->revision = 1;
    out->created_ms = body->created * 1000;
    out->changed_ms = c->config.io.wall_ms(c->config.io.self);
    TRY(buf_append(&out->id, buf_bytes(&r->id)));
    TRY(buf_append(&out->attributes, buf_bytes(&r->attributes)));
    TRY(buf_append(&out->request, buf_bytes(&r->encoded)));
    return birth_book_finish(&r->births, &out->birth, c->config.authority);
}

static void describe_order(struct log_record *row, const struct request *r)
{
    const struct prime_group *group = group_by_id(r->group);

    detail_text(row, "algo_type", coordinator_algorithm_name(r->algorithm));
    detail_text(row, "curve", group == NULL ? NULL : group->name);
    detail_number(row, "threshold", r->t);
    detail_number(row, "shard_count", r->n);
}

static void commit_row(struct log_record *row, const struct coordinator *c, const struct request *r)
{
    const struct prime_group *group = group_by_id(r->births.body.group);
    char                      hex[2 * POINT_LEN_MAX + 1];

    detail_request_row(row, c, r, KMS_OK);
    row->node_id[0] = '\0';
    for (unsigned i = 0; i < r->births.body.n; i++) detail_node(row, r->births.body.nodes[i]);
    hex_encode(hex, bytes(r->births.body.public_key, group->point_len));
    detail_text(row, "publicKey", hex);
    detail_text(row, "address", NULL);
    detail_text(row, "requester", r->owner);
    describe_order(row, r);
}

/* The key and its row in one transaction; then the nodes may know that all have signed. */
static RESULT commit(struct coordinator *c, struct request *r)
{
    struct metadata  *m = c->config.metadata;
    KEY_RECORD_LOCAL  record;
    struct log_record row;

    key_record_init(&record);
    TRY(fill_record(&record, c, r));
    memcpy(r->key_id, record.key_id, sizeof r->key_id);
    commit_row(&row, c, r);
    TRY_AT(m->ops->key_put(m->self, &record, &row), "key %s", record.key_id);
    for (unsigned i = 0; i < r->births.body.n; i++) {
        unsigned index = nodes_find(c, r->births.body.nodes[i]);
        if (HOOK_WITHHOLDS_COMMIT(i)) continue;
        if (index != COORDINATOR_NODES_MAX) to_node_commit(c, index, buf_bytes(&record.birth));
    }
    log_info("key.made", "key=%s nodes=%s request=%s", record.key_id, row.node_id, r->request_id);
    return KMS_OK;
}

/* Does the book hold the birth that this attempt is about, or an earlier one of some of its nodes? */
static bool book_is_of_attempt(const struct coordinator *c, const struct request *r)
{
    struct placement holders;
    return holders_of_book(c, r, 0, &holders) && holders.count == r->attempt.placement.count &&
           memcmp(holders.nodes, r->attempt.placement.nodes, holders.count) == 0;
}

static void on_birth(struct coordinator *c, struct request *r, unsigned node, const Kms__V1__Result *result)
{
    const struct birth_expected expected = {
        .cluster = c->config.cluster,
        .owner = r->owner,
        .label = r->label,
        .group = r->group,
        .algorithm = r->algorithm,
        .t = r->t,
        .n = r->n,
        .request_hash = r->request_hash,
    };
    struct bytes certificate = bytes(result->birth_certificate.data, result->birth_certificate.len);
    enum kms_err err = birth_book_add(&r->births, certificate, &expected, c->config.authority);

    HOOK_BIRTH(c, r);
    if (err == KMS_E_CONFLICT) {
        r->engaged |= node_bit(node);
        request_hasten(c, r, err);
    } else if (err != KMS_OK) {
        request_fail_node(c, r, node, err);
    } else if (birth_book_is_complete(&r->births)) {
        for (unsigned i = 0; i < r->attempt.placement.count; i++) nodes_praise(c, r->attempt.placement.nodes[i]);
        request_finish(c, r, commit(c, r));
    } else if (r->attempt.waiting == 0 || !book_is_of_attempt(c, r)) {
        request_hasten(c, r, fail(KMS_E_UNAVAILABLE, "not all holders have signed the birth certificate: try again"));
    }
}

static void finish_generate(struct coordinator *c, struct request *r, enum kms_err err)
{
    struct metadata  *m = c->config.metadata;
    struct log_record row;
    KEY_RECORD_LOCAL  record;

    key_record_init(&record);
    if (err == KMS_OK) err = m->ops->key_get(m->self, r->key_id, &record);
    if (err != KMS_OK) {
        detail_request_row(&row, c, r, err);
        describe_order(&row, r);
        (void)fail(err, "%s", r->last_text);
        enum kms_err logged = coordinator_log(c, &row);
        if (logged != KMS_OK) err = logged;
    }
    r->on_generated(r->arg, err, err == KMS_OK ? &record : NULL);
}

static const struct request_kind generate_kind = {
    .log_name = "KEY_GENERATE",
    .operation = KMS__V1__OPERATION__OPERATION_GENERATE,
    .choose = choose_holders,
    .on_result = on_birth,
    .finish = finish_generate,
    .patience = 16,
    .late = KMS_E_TIMEOUT,
};

/* An idempotency key names one generation of its owner for good. KMS_E_NOT_FOUND: a new one. */
static RESULT find_earlier(struct coordinator *c, const struct operation *op, const uint8_t body_hash[32],
                           struct key_record *out)
{
    struct metadata *m = c->config.metadata;
    const char      *name = op->request->idempotency_key;

    for (const struct request *r = c->requests.running; r != NULL; r = r->next) {
        if (r->kind != &generate_kind || strcmp(r->owner, op->who->uri) != 0 || strcmp(r->idempotency_key, name) != 0)
            continue;
        if (memcmp(r->body_hash, body_hash, 32) != 0)
            return fail(KMS_E_CONFLICT, "Idempotency-Key %s is in use with another body", name);
        return fail(KMS_E_BUSY, "the generation with Idempotency-Key %s is under way: ask again in a moment", name);
    }
    TRY(m->ops->key_find(m->self, op->who->uri, name, out));
    if (memcmp(out->body_hash, body_hash, 32) != 0)
        return fail(KMS_E_CONFLICT, "Idempotency-Key %s was used with another body, for key %s", name, out->key_id);
    if (strcmp(out->state, "ENABLED") != 0)
        return fail(KMS_E_CONFLICT, "Idempotency-Key %s made key %s, which is deleted: use a new one", name,
                    out->key_id);
    return KMS_OK;
}

static RESULT fill_request(struct request *r, const struct generate_order *order)
{
    r->group = order->group;
    r->algorithm = order->algorithm;
    r->t = order->t;
    r->n = order->n;
    r->needed = order->t;
    (void)snprintf(r->label, sizeof r->label, "%s", order->label);
    TRY(buf_append(&r->id, order->id));
    return buf_append(&r->attributes, order->attributes);
}

void coordinator_generate(struct coordinator *c, const struct operation *op, const struct generate_order *order,
                          generate_done *done, void *arg)
{
    struct request  *r = NULL;
    uint8_t          body_hash[32];
    KEY_RECORD_LOCAL earlier;

    key_record_init(&earlier);
    sha256(body_hash, op->request->body);
    enum kms_err err = find_earlier(c, op, body_hash, &earlier);
    if (err == KMS_E_NOT_FOUND) err = request_new(c, &r, &generate_kind, op);
    if (r == NULL) {
        err = detail_log(c, op, err == KMS_OK ? "KEY_GENERATE_REPEAT" : "KEY_GENERATE", earlier.key_id, err);
        done(arg, err, err == KMS_OK ? &earlier : NULL);
        return;
    }
    r->on_generated = done;
    r->arg = arg;
    memcpy(r->body_hash, body_hash, sizeof body_hash);
    err = fill_request(r, order);
    if (err != KMS_OK)
        request_finish(c, r, err);
    else
        request_start(c, r, coordinator_now_ms(c) + c->config.generate_deadline_ms);
}
