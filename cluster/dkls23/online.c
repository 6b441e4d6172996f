/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signature from a presignature: w_i and u_i travel in the opening, so it is one flight.
 *
 * R was known before the message, so it is always re-randomised (Groth, Shoup, "On the security of ECDSA with additive
 * key derivation and presignatures", EUROCRYPT 2022; sheet 2.7): R' = R + delta G with delta from R, the key, the
 * digest and the online ssid, which has the presignature's name and H of all inputs in it. k' = k + delta, therefore
 * u_i' = u_i + delta phi_i; v_i and phi_i stay. That all use the same presignature the engine has compared: its name is
 * one of the inputs.
 */
#include "cluster/dkls23/internal.h"
#include "common/crypto/hash.h"

struct online_memory {
    struct point         R; /* R' */
    struct dkls23_reveal reveals[PARTIES_MAX + 1];
};

size_t dkls23_online_measure(const struct session_params *p, struct row_limits *rows)
{
    rows[0].max_broadcast = (uint32_t)(2 * p->group->scalar_len);
    return sizeof(struct online_memory);
}

static enum kms_err check_binding(const struct session_params *p, const struct presignature *pre)
{
    if (pre->group != p->group || pre->epoch != p->epoch || pre->self != p->self ||
        pre->signers.mask != p->quorum.mask || strcmp(pre->key_id, p->key_id) != 0 ||
        !group_equal(p->group, &pre->public_key, &p->share->public_key))
        return fail(KMS_E_STATE, "the presignature is of another key, epoch or set of signers than the session");
    return KMS_OK;
}

static void derive_delta(const struct session *s, struct scalar *delta, const struct presignature *pre)
{
    const struct session_params *p = session_params(s);
    uint8_t                      ssid[32], R[POINT_LEN_MAX], X[POINT_LEN_MAX];
    struct bytes                 of[] = {BYTES_OF(pre->ssid), bytes(session_inputs(s), 32)};
    struct hash                  h;

    hash_items(ssid, TAG_DKLS23_ONLINE, of, ARRAY_LEN(of));
    group_encode(p->group, R, &pre->R);
    group_encode(p->group, X, &pre->public_key);
    hash_begin(&h, TAG_DKLS23_RERANDOMISE, 4);
    hash_item(&h, bytes(R, p->group->point_len));
    hash_item(&h, bytes(X, p->group->point_len));
    hash_item(&h, p->message);
    hash_item(&h, BYTES_OF(ssid));
    scalar_from_hash(p->group, delta, &h);
}

static enum kms_err rerandomise(struct session *s, struct presignature *pre)
{
    const struct prime_group *g = pre->group;
    struct online_memory     *m = session_memory(s);
    struct scalar             delta; /* public */
    SECRET_SCALAR             product;

    derive_delta(s, &delta, pre);
    group_base_mul(g, &m->R, &delta);
    group_add(g, &m->R, &m->R, &pre->R);
    if (group_is_identity(&m->R)) return fail(KMS_E_STATE, "R' is the identity: the presignature is spent");
    scalar_mul(g, &product, &delta, &pre->phi);
    scalar_add(g, &pre->u, &pre->u, &product);
    return KMS_OK;
}

/* Takes the presignature before anything else: whatever happens from here on, it is spent. */
enum kms_err dkls23_online_open(struct session *s, struct writer *w)
{
    const struct session_params *p = session_params(s);
    struct online_memory        *m = session_memory(s);
    struct dkls23_reveal        *own = &m->reveals[p->self];
    struct dkls23_task           task = {s, &m->R};
    SECRET_PRESIGNATURE          pre = {0};

    if (p->presignature == NULL) return fail(KMS_E_ARGUMENT, "%s needs a presignature", p->protocol->name);
    TRY(presignature_take(&pre, p->presignature));
    TRY(check_binding(p, &pre));
    TRY(dkls23_check_digest(s));
    TRY(rerandomise(s, &pre));
    own->u = pre.u;
    dkls23_w(&task, &own->w, &pre.v, &pre.phi);
    uint8_t *out = writer_space(w, 2 * p->group->scalar_len);
    if (out != NULL) dkls23_write_reveal(p->group, out, own);
    return KMS_OK;
}

enum kms_err dkls23_online_on_reveal(struct session *s, party from, struct reader *r)
{
    struct online_memory *m = session_memory(s);
    return dkls23_read_reveal(s, &m->reveals[from], r);
}

/* complete() of the only round. */
enum kms_err dkls23_online_combine(struct session *s)
{
    struct online_memory *m = session_memory(s);
    struct dkls23_task    task = {s, &m->R};

    return dkls23_combine(&task, m->reveals);
}
