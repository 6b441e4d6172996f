/* SPDX-License-Identifier: Apache-2.0 */
/* FROST aggregation (RFC 9591 5.3), at every signer: the signature verified, and on failure the signer at fault named.
 */
#include "cluster/frost/sign_internal.h"
#include "cluster/frost/suites.h"
#include "cluster/protocol/lagrange.h"
#include "common/crypto/ed25519.h"

/* RFC 9591 5.4 verify_signature_share: z_i B = R_i + c lambda_i X_i. Public inputs. */
static bool share_holds(const struct frost_memory *m, const struct frost_task *task, party i)
{
    const struct prime_group *g = frost_group();
    struct point              left, right;
    SECRET_SCALAR             factor;

    group_base_mul(g, &left, &m->z_share[i]);
    lagrange_at_zero(g, &factor, task->signers, i);
    scalar_mul(g, &factor, &factor, &m->challenge);
    group_mul_vartime(g, &right, &task->key->public_shares[i], &factor);
    group_add(g, &right, &right, &m->R_share[i]);
    return group_equal(g, &left, &right);
}

static struct party_set find_culprits(const struct frost_memory *m, const struct frost_task *task)
{
    struct party_set culprits = party_set_none();

    for (party i = party_set_next(task->signers, 0); i != 0; i = party_set_next(task->signers, i))
        if (!share_holds(m, task, i)) culprits = party_set_with(culprits, i);
    return culprits;
}

enum kms_err frost_aggregate(uint8_t signature[FROST_SIGNATURE_LEN], struct party_set *culprits,
                             const struct frost_memory *m, const struct frost_task *task)
{
    const struct prime_group *g = frost_group();
    uint8_t                   X[FROST_POINT_LEN];
    SECRET_SCALAR             z;

    *culprits = party_set_none();
    scalar_zero(&z);
    for (party i = party_set_next(task->signers, 0); i != 0; i = party_set_next(task->signers, i))
        scalar_add(g, &z, &z, &m->z_share[i]);
    group_encode(g, signature, &m->R);
    scalar_declassify(g, signature + FROST_POINT_LEN, &z);
    group_encode(g, X, &task->key->public_key);
    if (ed25519_verify_vartime(signature, X, task->message) == KMS_OK) return KMS_OK;
    *culprits = find_culprits(m, task);
    return fail(KMS_E_PROOF, "the signature does not verify; shares of parties %#x do not hold",
                (unsigned)culprits->mask);
}

/* complete() of the responses. Its echo of the commitments has been compared, so all computed the same challenge. */
enum kms_err frost_3_aggregate(struct session *s)
{
    struct outcome   *out = session_result(s);
    struct frost_task task = frost_task_of(s);
    struct party_set  culprits;

    if (frost_aggregate(out->signature, &culprits, session_memory(s), &task) == KMS_OK) {
        out->kind = OUTCOME_SIGNATURE;
        out->signature_len = FROST_SIGNATURE_LEN;
        return KMS_OK;
    }
    if (party_set_has(culprits, task.key->self) || party_set_is_empty(culprits))
        return session_fault(s, KMS_E_INTERNAL,
                             "own signature share does not hold: a fault of this machine or its store");
    for (party i = party_set_next(culprits, 0); i != 0; i = party_set_next(culprits, i)) session_blame(s, i);
    return session_fault(s, KMS_E_PROOF, "signature share does not hold");
}
