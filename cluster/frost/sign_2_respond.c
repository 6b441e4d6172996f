/* SPDX-License-Identifier: Apache-2.0 */
/* FROST round two (RFC 9591 5.2): the group commitment, the challenge, this signer's share of the signature. */
#include "cluster/frost/sign_internal.h"
#include "cluster/frost/suites.h"
#include "cluster/protocol/lagrange.h"

/* R_i = D_i + rho_i E_i of a peer, from what it sent. Public. */
static void commitment_share(struct point *out, const struct frost_commitment *c, const struct scalar *rho)
{
    group_mul_vartime(frost_group(), out, &c->E, rho);
    group_add(frost_group(), out, out, &c->D);
}

/* RFC 9591 4.5 compute_group_commitment; this party's R_i is known already. */
static void group_commitment(struct frost_memory *m, const struct frost_task *task)
{
    group_set_identity(&m->R);
    for (party i = party_set_next(task->signers, 0); i != 0; i = party_set_next(task->signers, i)) {
        if (i != task->key->self) commitment_share(&m->R_share[i], &m->commitments[i], &m->rho[i]);
        group_add(frost_group(), &m->R, &m->R, &m->R_share[i]);
    }
}

/* RFC 9591 4.6 compute_challenge: c = H2(enc(R) || enc(X) || msg). */
static void compute_challenge(struct frost_memory *m, const struct frost_task *task)
{
    uint8_t      R[FROST_POINT_LEN], X[FROST_POINT_LEN];
    struct bytes input[] = {BYTES_OF(R), BYTES_OF(X), task->message};

    group_encode(frost_group(), R, &m->R);
    group_encode(frost_group(), X, &task->key->public_key);
    frost_h2(&m->challenge, input, ARRAY_LEN(input));
}

/*
 * z_i = d_i + e_i rho_i + lambda_i x_i c. k_i = d_i + e_i rho_i is computed first: k_i B is this party's R_i for one
 * fixed-base multiplication, which is constant-time and a fifth of the price of rho_i E_i. CT in nonces and share.
 */
enum kms_err frost_respond(struct frost_memory *m, const struct frost_task *task)
{
    const struct prime_group *g = frost_group();
    party                     self = task->key->self;
    SECRET_SCALAR             k_i, secret;
    SECRET_NONCE_PAIR         nonces;

    TRY(nonce_pair_take(&nonces, &m->nonces));
    frost_binding_factors(m->rho, task, m->commitments);
    scalar_mul(g, &k_i, &nonces.binding, &m->rho[self]);
    scalar_add(g, &k_i, &k_i, &nonces.hiding);
    nonce_pair_wipe(&nonces);
    group_base_mul(g, &m->R_share[self], &k_i);
    group_commitment(m, task);
    if (group_is_identity(&m->R)) return fail(KMS_E_ABORTED, "the group commitment is the identity");
    compute_challenge(m, task);

    lagrange_at_zero(g, &secret, task->signers, self);
    scalar_mul(g, &secret, &secret, &task->key->secret_share);
    scalar_mul(g, &secret, &secret, &m->challenge);
    scalar_add(g, &m->z_share[self], &k_i, &secret);
    return KMS_OK;
}

/* complete() of the opening: all commitments are in. The nonces are gone when z_i is put into the outgoing message. */
enum kms_err frost_2_respond(struct session *s)
{
    struct frost_memory *m = session_memory(s);
    struct frost_task    task = frost_task_of(s);

    TRY(frost_respond(m, &task));
    scalar_declassify(frost_group(), session_broadcast(s, FROST_SCALAR_LEN), &m->z_share[task.key->self]);
    return KMS_OK;
}

enum kms_err frost_2_on_response(struct session *s, party from, struct reader *r)
{
    struct frost_memory *m = session_memory(s);
    struct bytes         encoded = reader_view(r, FROST_SCALAR_LEN);

    if (r->failed || scalar_decode(frost_group(), &m->z_share[from], encoded) != KMS_OK)
        return session_fault(s, KMS_E_FORMAT, "signature share is not a scalar");
    return KMS_OK;
}
