/* SPDX-License-Identifier: Apache-2.0 */
/* DKG round 2: open the commitment, prove every coefficient, deal the shares; and what is checked on receipt. */
#include "cluster/dkg/dkg_internal.h"
#include "common/crypto/ct.h"
#include "common/secret/wipe.h"

/*
 * Equal commitments are refused (sheet 0.3). Whoever sends ours back has copied it; of two others that are equal
 * this party cannot know which is the copy, but each of them can.
 */
static enum kms_err refuse_copies(struct session *s)
{
    const struct session_params *p = session_params(s);
    struct dkg_memory           *m = session_memory(s);
    bool                         equal = false;

    for (party i = 1; i <= p->n; i++) {
        for (party j = (party)(i + 1); j <= p->n; j++) {
            if (!bytes_equal(BYTES_OF(m->commitments[i]), BYTES_OF(m->commitments[j]))) continue; /* public */
            equal = true;
            if (i == p->self) session_blame(s, j);
            if (j == p->self) session_blame(s, i);
        }
    }
    return equal ? session_fault(s, KMS_E_PROOF, "two commitments are equal") : KMS_OK;
}

static enum kms_err broadcast_opening(struct session *s)
{
    const struct session_params *p = session_params(s);
    struct dkg_memory           *m = session_memory(s);
    struct dlog_context          context = {TAG_POK_COEFFICIENT, session_ssid(s), p->self, BYTES_NONE};
    struct dlog_statement        statement = {p->group, p->t, m->F[p->self].point};
    struct hedge                 hedge = hedge_of(s, session_ssid(s));
    size_t                       proof_len = dlog_proof_len(p->group, p->t);
    uint8_t                     *body = session_broadcast(s, m->value_len + sizeof m->r + proof_len);

    ct_declassify(m->chain_codes[p->self], CHAIN_CODE_LEN); /* part of the value, which is broadcast */
    memcpy(body, m->value, m->value_len);
    memcpy(body + m->value_len, m->r, sizeof m->r);
    return dlog_prove(body + m->value_len + sizeof m->r, &context, &statement, m->f.coefficient, &hedge);
}

/* sheet 1.1 R2: all commitments are in; broadcast (F_i, cc_i, r_i, proofs), send f_i(j) to each j. */
enum kms_err dkg_2_share(struct session *s)
{
    const struct session_params *p = session_params(s);
    struct dkg_memory           *m = session_memory(s);

    TRY(refuse_copies(s));
    TRY(broadcast_opening(s));
    for (party j = 1; j <= p->n; j++) {
        SECRET_SCALAR share;
        if (j == p->self) continue;
        polynomial_evaluate(p->group, &share, &m->f, j);
        scalar_encode(p->group, session_direct(s, j, p->group->scalar_len), &share);
    }
    polynomial_evaluate(p->group, &m->x, &m->f, p->self);
    polynomial_wipe(&m->f);
    return KMS_OK;
}

/* Exactly t points, each decoded with every check: a longer vector would raise the threshold (check 14 and 17).
 */
static enum kms_err read_points(struct session *s, struct reader *r, struct feldman *F)
{
    const struct session_params *p = session_params(s);

    F->count = reader_u16(r);
    if (F->count != p->t) return session_fault(s, KMS_E_PROTOCOL, "commitment vector is not of t points");
    for (unsigned k = 0; k < F->count; k++) {
        struct bytes encoded = reader_view(r, p->group->point_len);
        if (r->failed) return session_fault(s, KMS_E_FORMAT, "opening too short");
        if (group_decode(p->group, &F->point[k], encoded) != KMS_OK)
            return session_fault(s, KMS_E_FORMAT, "a committed point is not valid");
    }
    return KMS_OK;
}

static enum kms_err check_commitment(struct session *s, party from, struct bytes value, const uint8_t *r_j)
{
    struct dkg_memory        *m = session_memory(s);
    struct commitment_context context = {TAG_COMMIT, session_ssid(s), from};

    if (commitment_check(m->commitments[from], context, value, r_j) != KMS_OK)
        return session_fault(s, KMS_E_PROOF, "opening is not of the commitment");
    return KMS_OK;
}

static enum kms_err check_proof(struct session *s, party from, const struct feldman *F, struct bytes proof)
{
    const struct session_params *p = session_params(s);
    struct dlog_context          context = {TAG_POK_COEFFICIENT, session_ssid(s), from, BYTES_NONE};
    struct dlog_statement        statement = {p->group, p->t, F->point};

    if (dlog_verify(&context, &statement, proof) != KMS_OK)
        return session_fault(s, KMS_E_PROOF, "proof of the coefficients does not hold");
    return KMS_OK;
}

/* sheet 1.1 R3, on each opening: the commitment, t coefficients, none the identity (group_decode), the proofs. */
enum kms_err dkg_2_on_opening(struct session *s, party from, struct reader *r)
{
    const struct session_params *p = session_params(s);
    struct dkg_memory           *m = session_memory(s);
    struct reader                whole = *r;
    struct feldman               F;

    TRY(read_points(s, r, &F));
    struct bytes value = reader_view(&whole, dkg_value_len(p));
    struct bytes chain_code = reader_view(r, CHAIN_CODE_LEN);
    struct bytes r_j = reader_view(r, COMMITMENT_OPENING_LEN);
    struct bytes proof = reader_view(r, dlog_proof_len(p->group, p->t));
    if (r->failed) return session_fault(s, KMS_E_FORMAT, "opening too short");
    TRY(check_commitment(s, from, value, r_j.data));
    TRY(check_proof(s, from, &F, proof));

    m->F[from] = F;
    memcpy(m->chain_codes[from], chain_code.data, CHAIN_CODE_LEN);
    return KMS_OK;
}

/* sheet 1.1 R3: f_j(i) G = sum of i^k F_jk. */
enum kms_err dkg_2_on_share(struct session *s, party from, struct reader *r)
{
    const struct session_params *p = session_params(s);
    struct dkg_memory           *m = session_memory(s);
    struct bytes                 encoded = reader_view(r, p->group->scalar_len);
    SECRET_SCALAR                share;

    if (r->failed || scalar_decode(p->group, &share, encoded) != KMS_OK)
        return session_fault(s, KMS_E_FORMAT, "share is not a scalar");
    if (feldman_check(p->group, &m->F[from], p->self, &share) != KMS_OK)
        return session_fault(s, KMS_E_PROOF, "share does not lie on the committed polynomial");
    scalar_add(p->group, &m->x, &m->x, &share);
    return KMS_OK;
}
