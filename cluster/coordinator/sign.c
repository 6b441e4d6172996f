/* SPDX-License-Identifier: Apache-2.0 */
/* A signature: t holders work on it, the first valid Result answers, and what does not verify never leaves. */
#include "cluster/coordinator/detail.h"
#include "cluster/coordinator/hooks.h"
#include "cluster/coordinator/internal.h"
#include "cluster/frost/frost.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"

static enum kms_err choose_signers(struct coordinator *c, struct request *r, uint64_t avoid, struct placement *out)
{
    return placement_signers(c, &r->birth, avoid, (unsigned)c->count_requests + r->attempts, out);
}

RESULT coordinator_verify(const struct birth_body *birth, struct bytes signature, struct bytes data)
{
    const struct prime_group *group = group_by_id(birth->group);

    if (group == NULL || birth->algorithm != frost_scheme.id)
        return fail(KMS_E_UNSUPPORTED, "algorithm %u is not known here", birth->algorithm);
    return frost_scheme.verify(group, signature, bytes(birth->public_key, group->point_len), data);
}

const char *coordinator_algorithm_name(uint16_t algorithm)
{
    return algorithm == frost_scheme.id ? frost_scheme.name : "UNKNOWN";
}

static void on_signed(struct coordinator *c, struct request *r, unsigned node, const Kms__V1__Result *result)
{
    struct bytes signature = bytes(result->signature.data, result->signature.len);

    if (coordinator_verify(&r->birth, signature, buf_bytes(&r->data)) != KMS_OK) {
        request_fail_node(c, r, node, fail(KMS_E_PROOF, "%s: its signature does not verify", c->config.nodes[node]));
        return;
    }
    r->signature.signature = signature;
    r->signature.signer_count = r->attempt.placement.count;
    for (unsigned i = 0; i < r->attempt.placement.count; i++) {
        unsigned signer = r->attempt.placement.nodes[i];
        r->signature.signers[i] = c->config.nodes[signer];
        nodes_praise(c, signer);
    }
    HOOK_SIGNATURE(&r->signature);
    request_finish(c, r, KMS_OK);
}

/* It may have missed the commit of the key: the certificate is its own authority, and makes the share there active. */
static void bring_commit(struct coordinator *c, struct request *r, unsigned node)
{
    struct metadata *m = c->config.metadata;
    KEY_RECORD_LOCAL record;

    key_record_init(&record);
    if (m->ops->key_get(m->self, r->key_id, &record) == KMS_OK) to_node_commit(c, node, buf_bytes(&record.birth));
}

static void describe_signature(struct log_record *row, const struct request *r, enum kms_err err)
{
    uint8_t hash[32];
    char    hex[2 * SIGNATURE_LEN_MAX + 1] = "";

    sha256(hash, buf_bytes(&r->data));
    hex_encode(row->data_hash, BYTES_OF(hash));
    detail_text(row, "algo_type", coordinator_algorithm_name(r->birth.algorithm));
    if (err == KMS_OK && r->signature.signature.len <= SIGNATURE_LEN_MAX) hex_encode(hex, r->signature.signature);
    if (err == KMS_OK) detail_text(row, "signature", hex);
}

static void finish_sign(struct coordinator *c, struct request *r, enum kms_err err)
{
    struct log_record row;

    detail_request_row(&row, c, r, err);
    describe_signature(&row, r, err);
    if (err != KMS_OK) (void)fail(err, "%s", r->last_text);
    /* A signature without its row never leaves. */
    enum kms_err logged = coordinator_log(c, &row);
    if (logged != KMS_OK) err = logged;
    if (err == KMS_OK) c->count_signatures++;
    r->on_signed(r->arg, err, err == KMS_OK ? &r->signature : NULL);
}

static const struct request_kind sign_kind = {
    .log_name = "KEY_SIGN",
    .operation = KMS__V1__OPERATION__OPERATION_SIGN,
    .choose = choose_signers,
    .on_result = on_signed,
    .on_absent = bring_commit,
    .finish = finish_sign,
    .patience = 5,
    .late = KMS_E_TIMEOUT,
};

void coordinator_sign(struct coordinator *c, const struct operation *op, const struct sign_order *order,
                      sign_done *done, void *arg)
{
    struct request *r;
    enum kms_err    err = request_new(c, &r, &sign_kind, op);

    if (err != KMS_OK) {
        done(arg, detail_log(c, op, "KEY_SIGN", order->key->key_id, err), NULL);
        return;
    }
    r->on_signed = done;
    r->arg = arg;
    r->birth = *order->birth;
    r->needed = order->birth->t;
    memcpy(r->key_id, order->key->key_id, sizeof r->key_id);
    err = buf_append(&r->data, order->data);
    if (err != KMS_OK)
        request_finish(c, r, err);
    else
        request_start(c, r, coordinator_now_ms(c) + c->config.sign_deadline_ms);
}
