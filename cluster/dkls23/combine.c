/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a signature ([DKLS23] protocol 3.6, sheet 3.4 Out), at every signer: s = sum w_i / sum u_i, since sum
 * u_i = k phi and sum w_i = phi (m + r x). Nothing leaves that does not verify.
 */
#include "cluster/dkls23/internal.h"

enum kms_err dkls23_check_digest(const struct session *s)
{
    size_t len = session_params(s)->message.len;

    if (len < DKLS23_DIGEST_MIN || len > DKLS23_DIGEST_MAX)
        return fail(KMS_E_ARGUMENT, "a digest of %zu bytes; ECDSA signs %d to %d", len, DKLS23_DIGEST_MIN,
                    DKLS23_DIGEST_MAX);
    return KMS_OK;
}

void dkls23_w(const struct dkls23_task *task, struct scalar *w, const struct scalar *v, const struct scalar *phi)
{
    const struct session_params *p = session_params(task->session);
    const struct prime_group    *g = p->group;
    struct scalar                e, r; /* public */
    SECRET_SCALAR                product;

    ecdsa_digest_scalar(g, &e, p->message);
    (void)group_point_x_mod_order(g, &r, task->R);
    scalar_mul(g, w, &e, phi);
    scalar_mul(g, &product, &r, v);
    scalar_add(g, w, w, &product);
}

void dkls23_write_reveal(const struct prime_group *g, uint8_t *out, const struct dkls23_reveal *reveal)
{
    scalar_declassify(g, out, &reveal->w);
    scalar_declassify(g, out + g->scalar_len, &reveal->u);
}

enum kms_err dkls23_read_reveal(struct session *s, struct dkls23_reveal *out, struct reader *r)
{
    const struct prime_group *g = session_params(s)->group;
    struct bytes              w = reader_view(r, g->scalar_len), u = reader_view(r, g->scalar_len);

    if (r->failed || scalar_decode(g, &out->w, w) != KMS_OK || scalar_decode(g, &out->u, u) != KMS_OK)
        return session_fault(s, KMS_E_FORMAT, "w_j or u_j is not a scalar");
    return KMS_OK;
}

static enum kms_err sum_up(const struct dkls23_task *task, struct scalar *out, const struct dkls23_reveal *reveals)
{
    const struct session_params *p = session_params(task->session);
    struct scalar                w, u; /* public */

    scalar_zero(&w);
    scalar_zero(&u);
    for (party i = party_set_next(p->quorum, 0); i != 0; i = party_set_next(p->quorum, i)) {
        scalar_add(p->group, &w, &w, &reveals[i].w);
        scalar_add(p->group, &u, &u, &reveals[i].u);
    }
    if (scalar_is_zero(&u)) return fail(KMS_E_PROOF, "sum u_i is zero");
    scalar_invert(p->group, &u, &u);
    scalar_mul(p->group, out, &w, &u);
    return KMS_OK;
}

static enum kms_err make(const struct dkls23_task *task, struct ecdsa_signature *out,
                         const struct dkls23_reveal *reveals)
{
    const struct session_params *p = session_params(task->session);
    struct scalar                s; /* public */

    TRY(sum_up(task, &s, reveals));
    TRY(ecdsa_signature_of(p->group, out, task->R, &s));
    if (p->group->id == GROUP_SECP256K1) ecdsa_normalise(p->group, out);
    return ecdsa_verify_vartime(p->group, out, &p->share->public_key, p->message);
}

/* What each shows is masked by what only all of them know: whose is wrong cannot be told, but between two. */
enum kms_err dkls23_combine(const struct dkls23_task *task, const struct dkls23_reveal *reveals)
{
    struct session        *s = task->session;
    struct party_set       others = party_set_without(session_params(s)->quorum, session_params(s)->self);
    struct outcome        *out = session_result(s);
    struct ecdsa_signature signature;

    if (make(task, &signature, reveals) != KMS_OK) {
        if (party_set_count(others) == 1) session_blame(s, party_set_next(others, 0));
        return session_fault(s, KMS_E_PROOF, "the signature does not verify");
    }
    ecdsa_encode_rsv(session_params(s)->group, out->signature, &signature);
    out->signature_len = 2 * session_params(s)->group->scalar_len + 1;
    out->kind = OUTCOME_SIGNATURE;
    return KMS_OK;
}
