/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Round 2 ([DKLS23] protocol 3.6, sheet 3.4 R2): R_i opened and pk_i, to all; the products of (r_i, sk_i) with the
 * other's chi, committed to in Gamma, to each. Received: what ties those products to R_j and pk_j.
 */
#include "cluster/dkls23/internal.h"
#include "cluster/mpc/zero_share.h"
#include "cluster/protocol/lagrange.h"
#include "common/crypto/hash.h"

#define STEP 2

/* Equal ones are refused (sheet 0.3); whoever sends ours back has copied it. */
static enum kms_err refuse_copies(struct session *s)
{
    const struct session_params *p = session_params(s);
    bool                         equal = false;

    for (party i = party_set_next(p->quorum, 0); i != 0; i = party_set_next(p->quorum, i)) {
        for (party j = party_set_next(p->quorum, i); j != 0; j = party_set_next(p->quorum, j)) {
            if (!bytes_equal(session_payload(s, DKLS23_ROW_COMMIT, i), session_payload(s, DKLS23_ROW_COMMIT, j)))
                continue;
            equal = true;
            if (i == p->self) session_blame(s, j);
            if (j == p->self) session_blame(s, i);
        }
    }
    return equal ? session_fault(s, KMS_E_PROOF, "two commitments are equal") : KMS_OK;
}

/* check 30: the zero shares are of this run and of exactly these commitments. */
static void digest_commitments(struct session *s)
{
    struct dkls23_memory *m = session_memory(s);
    struct party_set      all = session_params(s)->quorum;
    struct hash           h;

    hash_begin(&h, TAG_DKLS23_DIGEST, 1 + party_set_count(all));
    hash_item(&h, BYTES_OF(m->run));
    for (party i = party_set_next(all, 0); i != 0; i = party_set_next(all, i))
        hash_item(&h, session_payload(s, DKLS23_ROW_COMMIT, i));
    hash_end(&h, m->digest);
}

/* sk_i = lambda_i(S) x_i + zeta_i: additive shares of x that are fresh in every run. */
static enum kms_err derive_sk(struct session *s)
{
    const struct session_params *p = session_params(s);
    struct dkls23_memory        *m = session_memory(s);
    struct party_set             others = dkls23_others(s);
    struct zero_share_context    zero = {.group = p->group, .ssid = m->run, .digest = m->digest, .self = p->self};

    lagrange_at_zero(p->group, &m->a[DKLS23_SK], p->quorum, p->self);
    scalar_mul(p->group, &m->a[DKLS23_SK], &m->a[DKLS23_SK], &p->share->secret_share);
    for (party j = party_set_next(others, 0); j != 0; j = party_set_next(others, j)) {
        const struct pair_setup *setup;
        TRY(dkls23_setup_still(&setup, s, j));
        zero_share_add(&m->a[DKLS23_SK], &zero, j, setup->zero_seed);
    }
    group_base_mul(p->group, &m->pk_own, &m->a[DKLS23_SK]);
    if (group_is_identity(&m->pk_own)) return session_fault(s, KMS_E_INTERNAL, "the additive share is zero");
    return KMS_OK;
}

static void open_commitment(struct session *s)
{
    const struct prime_group *g = session_params(s)->group;
    struct dkls23_memory     *m = session_memory(s);
    uint8_t                  *out = session_broadcast(s, dkls23_opening_len(g));

    group_encode(g, out, &m->R_own);
    memcpy(out + g->point_len, m->opening, sizeof m->opening);
    group_encode(g, out + g->point_len + sizeof m->opening, &m->pk_own);
}

/* Gamma^u, Gamma^v: Alice's shares of the products, in the exponent. */
static enum kms_err write_gammas(struct session *s, uint8_t *out, const struct scalar c[VOLE_INPUTS])
{
    const struct prime_group *g = session_params(s)->group;

    for (unsigned i = 0; i < VOLE_INPUTS; i++) {
        struct point gamma;
        group_base_mul(g, &gamma, &c[i]);
        if (group_is_identity(&gamma)) return session_fault(s, KMS_E_INTERNAL, "a share of a product is zero");
        group_encode(g, out + i * g->point_len, &gamma);
    }
    return KMS_OK;
}

static enum kms_err multiply_with(struct session *s, party j, struct rng *rng)
{
    struct dkls23_memory     *m = session_memory(s);
    struct dkls23_peer       *peer = &m->peers[j];
    struct vole               vole = dkls23_vole(s, session_params(s)->self, j);
    const struct prime_group *g = vole.group;
    uint8_t                  *out = session_direct(s, j, dkls23_product_len(g)), *psi = out + 2 * g->point_len;
    SECRET_SCALAR             difference;
    const struct pair_setup  *setup;

    TRY(dkls23_setup_still(&setup, s, j));
    struct vole_multiply how = {&vole, 0, setup->alice.delta, dkls23_rows_alice(s, j), rng};
    TRY(vole_alice_multiply(peer->c, psi + g->scalar_len, &how, m->a));
    scalar_sub(g, &difference, &m->phi, &peer->chi);
    scalar_declassify(g, psi, &difference);
    return write_gammas(s, out, peer->c);
}

/* complete() of the commitments: the choices of all have been checked. */
enum kms_err dkls23_2_multiply(struct session *s)
{
    struct party_set  others = dkls23_others(s);
    struct dkls23_rng hedged;
    struct rng       *rng = dkls23_rng_init(&hedged, s, STEP);

    TRY(refuse_copies(s));
    digest_commitments(s);
    TRY(derive_sk(s));
    open_commitment(s);
    for (party j = party_set_next(others, 0); j != 0; j = party_set_next(others, j)) TRY(multiply_with(s, j, rng));
    return KMS_OK;
}

enum kms_err dkls23_2_on_opening(struct session *s, party from, struct reader *r)
{
    const struct prime_group *g = session_params(s)->group;
    struct dkls23_memory     *m = session_memory(s);
    struct bytes              R = reader_view(r, g->point_len), opening = reader_view(r, COMMITMENT_OPENING_LEN);
    struct bytes              pk = reader_view(r, g->point_len);

    if (r->failed) return session_fault(s, KMS_E_FORMAT, "opening of a commitment of a wrong length");
    if (commitment_check(session_payload(s, DKLS23_ROW_COMMIT, from).data,
                         (struct commitment_context){TAG_DKLS23_COMMIT, m->run, from}, R, opening.data) != KMS_OK)
        return session_fault(s, KMS_E_PROOF, "a commitment is not opened as it was made");
    if (group_decode(g, &m->peers[from].R, R) != KMS_OK || group_decode(g, &m->peers[from].pk, pk) != KMS_OK)
        return session_fault(s, KMS_E_FORMAT, "R_j or pk_j is not a valid point");
    return KMS_OK;
}

/* chi P - Gamma = d G (sheet 3.4 R3): the product was with the discrete logarithm of P. CT in chi and d. */
static bool product_holds(const struct prime_group *g, const struct dkls23_peer *peer, unsigned which,
                          const struct point *gamma)
{
    struct point left, right;

    group_mul(g, &left, which == 0 ? &peer->R : &peer->pk, &peer->chi);
    group_base_mul(g, &right, &peer->d[which]);
    group_add(g, &right, &right, gamma);
    return group_equal(g, &left, &right);
}

/* Self as Bob. All three checks are computed; what failed of them is not told, neither here nor to the peer. */
static enum kms_err finish_product(struct session *s, party from, const uint8_t *message_2,
                                   const struct point gammas[VOLE_INPUTS])
{
    struct dkls23_memory    *m = session_memory(s);
    struct dkls23_peer      *peer = &m->peers[from];
    struct vole              vole = dkls23_vole(s, from, session_params(s)->self);
    struct vole_bob          bob = {peer->choices, dkls23_rows_bob(s, from)};
    const struct pair_setup *setup;

    TRY(dkls23_setup_still(&setup, s, from));
    enum kms_err err = vole_bob_finish(peer->d, &bob, &vole, 0, message_2);
    if (err != KMS_OK && err != KMS_E_PROOF) return err;
    bool good = product_holds(vole.group, peer, 0, &gammas[0]) & product_holds(vole.group, peer, 1, &gammas[1]);
    if (err == KMS_OK && good) return KMS_OK;
    session_burn(s, from);
    return session_fault(s, KMS_E_PROOF, "a check of the multiplication failed");
}

enum kms_err dkls23_2_on_product(struct session *s, party from, struct reader *r)
{
    const struct prime_group *g = session_params(s)->group;
    struct dkls23_memory     *m = session_memory(s);
    struct bytes              encoded[VOLE_INPUTS] = {reader_view(r, g->point_len), reader_view(r, g->point_len)};
    struct bytes              psi = reader_view(r, g->scalar_len);
    struct bytes              message_2 = reader_view(r, VOLE_MESSAGE_2_LEN(g->scalar_len));
    struct point              gammas[VOLE_INPUTS];

    if (r->failed) return session_fault(s, KMS_E_FORMAT, "product of a wrong length");
    for (unsigned i = 0; i < VOLE_INPUTS; i++)
        if (group_decode(g, &gammas[i], encoded[i]) != KMS_OK)
            return session_fault(s, KMS_E_FORMAT, "Gamma is not a valid point");
    if (scalar_decode(g, &m->peers[from].psi, psi) != KMS_OK)
        return session_fault(s, KMS_E_FORMAT, "psi is not a scalar");
    return finish_product(s, from, message_2.data, gammas);
}
