/* SPDX-License-Identifier: Apache-2.0 */
/* Round 3 ([DKLS23] protocol 3.6, sheet 3.4 R3): R, shares of k phi and x phi; w_i and u_i, or a presignature. */
#include "cluster/dkls23/internal.h"

/* sum pk_j = X. Whose is wrong cannot be told, but between two. */
static enum kms_err check_public_key(struct session *s)
{
    const struct session_params *p = session_params(s);
    struct dkls23_memory        *m = session_memory(s);
    struct party_set             others = dkls23_others(s);
    struct point                 sum = m->pk_own;

    for (party j = party_set_next(others, 0); j != 0; j = party_set_next(others, j))
        group_add(p->group, &sum, &sum, &m->peers[j].pk);
    if (group_equal(p->group, &sum, &p->share->public_key)) return KMS_OK;
    if (party_set_count(others) == 1) session_blame(s, party_set_next(others, 0));
    return session_fault(s, KMS_E_PROOF, "the additive shares are not of the public key");
}

static enum kms_err sum_nonces(struct session *s)
{
    const struct prime_group *g = session_params(s)->group;
    struct dkls23_memory     *m = session_memory(s);
    struct party_set          others = dkls23_others(s);

    m->R = m->R_own;
    for (party j = party_set_next(others, 0); j != 0; j = party_set_next(others, j))
        group_add(g, &m->R, &m->R, &m->peers[j].R);
    if (group_is_identity(&m->R)) return session_fault(s, KMS_E_PROOF, "R is the identity");
    return KMS_OK;
}

/* secret * (phi + sum psi_j) + sum (c_j + d_j): a share of (sum of the secrets) * (sum of the phi). CT. */
static void share_of_product(struct session *s, struct scalar *out, const struct scalar *secret, unsigned which)
{
    const struct prime_group *g = session_params(s)->group;
    struct dkls23_memory     *m = session_memory(s);
    struct party_set          others = dkls23_others(s);

    *out = m->phi;
    for (party j = party_set_next(others, 0); j != 0; j = party_set_next(others, j))
        scalar_add(g, out, out, &m->peers[j].psi);
    scalar_mul(g, out, out, secret);
    for (party j = party_set_next(others, 0); j != 0; j = party_set_next(others, j)) {
        scalar_add(g, out, out, &m->peers[j].c[which]);
        scalar_add(g, out, out, &m->peers[j].d[which]);
    }
}

static enum kms_err multiply_out(struct session *s)
{
    struct dkls23_memory *m = session_memory(s);

    TRY(check_public_key(s));
    TRY(sum_nonces(s));
    share_of_product(s, &m->u, &m->a[DKLS23_R], 0);
    share_of_product(s, &m->v, &m->a[DKLS23_SK], 1);
    return KMS_OK;
}

/* complete() of the products. */
enum kms_err dkls23_3_reveal(struct session *s)
{
    const struct session_params *p = session_params(s);
    struct dkls23_memory        *m = session_memory(s);
    struct dkls23_reveal        *own = &m->reveals[p->self];
    struct dkls23_task           task = {s, &m->R};

    TRY(multiply_out(s));
    dkls23_w(&task, &own->w, &m->v, &m->phi);
    own->u = m->u;
    dkls23_write_reveal(p->group, session_broadcast(s, 2 * p->group->scalar_len), own);
    return KMS_OK;
}

/* The same for a presignature. It counts only after the confirming flight: all signers had the same broadcasts. */
enum kms_err dkls23_3_presignature(struct session *s)
{
    const struct session_params *p = session_params(s);
    struct dkls23_memory        *m = session_memory(s);
    struct presignature         *out = &session_result(s)->presignature;

    TRY(multiply_out(s));
    *out = (struct presignature){.full = true,
                                 .group = p->group,
                                 .epoch = p->epoch,
                                 .signers = p->quorum,
                                 .self = p->self,
                                 .public_key = p->share->public_key,
                                 .R = m->R,
                                 .u = m->u,
                                 .v = m->v,
                                 .phi = m->phi};
    memcpy(out->key_id, p->key_id, sizeof out->key_id);
    memcpy(out->ssid, session_ssid(s), SSID_LEN);
    session_result(s)->kind = OUTCOME_PRESIGNATURE;
    return KMS_OK;
}

enum kms_err dkls23_3_on_reveal(struct session *s, party from, struct reader *r)
{
    struct dkls23_memory *m = session_memory(s);
    return dkls23_read_reveal(s, &m->reveals[from], r);
}

/* complete() of the last round. */
enum kms_err dkls23_4_combine(struct session *s)
{
    struct dkls23_memory *m = session_memory(s);
    struct dkls23_task    task = {s, &m->R};

    return dkls23_combine(&task, m->reveals);
}
