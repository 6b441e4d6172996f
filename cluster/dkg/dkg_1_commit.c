/* SPDX-License-Identifier: Apache-2.0 */
/* DKG round 1: a random polynomial, Feldman's commitments to it, and a hash commitment to those. */
#include "cluster/dkg/dkg_internal.h"
#include "common/crypto/ct.h"
#include "common/secret/wipe.h"

/* What will be opened: written once, so that the commitment and the opening are of the same bytes. */
static enum kms_err write_value(struct dkg_memory *m, const struct session_params *p)
{
    struct writer w = writer_of(m->value, sizeof m->value);

    writer_u16(&w, (uint16_t)p->t);
    for (unsigned k = 0; k < p->t; k++) {
        uint8_t *at = writer_space(&w, p->group->point_len);
        if (at != NULL) group_encode(p->group, at, &m->F[p->self].point[k]);
    }
    writer_raw(&w, BYTES_OF(m->chain_codes[p->self]));
    m->value_len = w.len;
    return writer_end(&w, "dkg opening");
}

/* CT: leaks nothing. */
static enum kms_err draw(uint8_t out[32], const struct hedge *h, enum tag_id tag)
{
    struct hedge_use use = {tag, BYTES_NONE, BYTES_NONE, 0};
    uint8_t          wide[64];

    TRY(hedge_bytes(wide, h, &use));
    memcpy(out, wide, 32);
    WIPE(wide);
    return KMS_OK;
}

/* sheet 1.1 R1: f_i, F_i, cc_i, C_i. Broadcast C_i. */
enum kms_err dkg_1_commit(struct session *s)
{
    const struct session_params *p = session_params(s);
    struct dkg_memory           *m = session_memory(s);
    struct commitment_context    context = {TAG_COMMIT, session_ssid(s), p->self};
    struct hedge                 hedge = hedge_of(s, session_ssid(s));

    TRY(polynomial_random(p->group, &m->f, p->t, &hedge, TAG_COEFFICIENT_HEDGE));
    feldman_commit(p->group, &m->F[p->self], &m->f);
    TRY(draw(m->chain_codes[p->self], &hedge, TAG_CHAIN_CODE_HEDGE));
    TRY(draw(m->r, &hedge, TAG_COMMIT_HEDGE));
    TRY(write_value(m, p));

    uint8_t *C_i = m->commitments[p->self];
    commitment_make(C_i, context, bytes(m->value, m->value_len), m->r);
    ct_declassify(C_i, COMMITMENT_LEN); /* broadcast */
    memcpy(session_broadcast(s, COMMITMENT_LEN), C_i, COMMITMENT_LEN);
    return KMS_OK;
}

enum kms_err dkg_1_on_commitment(struct session *s, party from, struct reader *r)
{
    struct dkg_memory *m = session_memory(s);
    struct bytes       C_j = reader_view(r, COMMITMENT_LEN);

    if (r->failed) return session_fault(s, KMS_E_FORMAT, "commitment of the wrong length");
    memcpy(m->commitments[from], C_j.data, COMMITMENT_LEN);
    return KMS_OK;
}
