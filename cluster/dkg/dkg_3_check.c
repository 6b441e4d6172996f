/* SPDX-License-Identifier: Apache-2.0 */
/* DKG round 3: the key from the sum of all polynomials, a proof of this party's share of it, and the last checks. */
#include "cluster/dkg/dkg_internal.h"
#include "common/crypto/hash.h"

/* H over every opening (F_j, cc_j, r_j and proofs), in order of party. */
static void hash_transcript(uint8_t out[32], struct session *s)
{
    unsigned    n = session_params(s)->n;
    struct hash h;

    hash_begin(&h, TAG_DKG_TRANSCRIPT, 1 + n);
    hash_item(&h, bytes(session_ssid(s), SSID_LEN));
    for (party j = 1; j <= n; j++) hash_item(&h, session_payload(s, DKG_ROW_SHARE, j));
    hash_end(&h, out);
}

static void hash_chain_code(uint8_t out[32], struct session *s)
{
    unsigned           n = session_params(s)->n;
    struct dkg_memory *m = session_memory(s);
    struct hash        h;

    hash_begin(&h, TAG_CHAIN_CODE, 1 + n);
    hash_item(&h, bytes(session_ssid(s), SSID_LEN));
    for (party j = 1; j <= n; j++) hash_item(&h, BYTES_OF(m->chain_codes[j]));
    hash_end(&h, out);
}

/* X = sum of F_j0 and X_k = sum over j, m of k^m F_jm: the sum of the polynomials, evaluated. */
static enum kms_err derive_public(struct session *s, struct key_share *key)
{
    struct dkg_memory *m = session_memory(s);
    struct feldman     sum = m->F[1];

    for (party j = 2; j <= key->n; j++) feldman_add(key->group, &sum, &m->F[j]);
    key->public_key = sum.point[0];
    bool identity = group_is_identity(&key->public_key);
    for (party k = 1; k <= key->n; k++) {
        feldman_evaluate(key->group, &key->public_shares[k], &sum, k);
        identity = identity || group_is_identity(&key->public_shares[k]);
    }
    return identity ? session_fault(s, KMS_E_INTERNAL, "the identity as a public key or share: try again") : KMS_OK;
}

/* TOB-SILA-7: the proof of x_i is bound to transcript and chain code, so all parties prove that they hold the same. */
static void bind(uint8_t out[64], const struct key_share *key)
{
    memcpy(out, key->transcript, 32);
    memcpy(out + 32, key->chain_code, 32);
}

/* sheet 1.1 R3: x_i, X, X_k; reject X = identity and x_i = 0; broadcast a proof of x_i. */
enum kms_err dkg_3_prove(struct session *s)
{
    const struct session_params *p = session_params(s);
    struct dkg_memory           *m = session_memory(s);
    struct key_share            *key = &session_result(s)->key;
    uint8_t                      bound[64];

    *key = (struct key_share){.group = p->group, .t = p->t, .n = p->n, .self = p->self, .epoch = 1};
    key->secret_share = m->x;
    TRY(derive_public(s, key));
    hash_transcript(key->transcript, s);
    hash_chain_code(key->chain_code, s);
    bind(bound, key);

    struct dlog_context   context = {TAG_POK_SHARE, session_ssid(s), p->self, BYTES_OF(bound)};
    struct dlog_statement statement = {p->group, 1, &key->public_shares[p->self]};
    struct hedge          hedge = hedge_of(s, session_ssid(s));
    uint8_t              *body = session_broadcast(s, dlog_proof_len(p->group, 1));
    return dlog_prove(body, &context, &statement, &key->secret_share, &hedge);
}

/* sheet 1.1 R4. The echo of the openings has been compared, so whoever fails here holds the same transcript. */
enum kms_err dkg_3_on_proof(struct session *s, party from, struct reader *r)
{
    const struct key_share *key = &session_result(s)->key;
    uint8_t                 bound[64];
    struct bytes            proof = reader_view(r, dlog_proof_len(key->group, 1));

    bind(bound, key);
    struct dlog_context   context = {TAG_POK_SHARE, session_ssid(s), from, BYTES_OF(bound)};
    struct dlog_statement statement = {key->group, 1, &key->public_shares[from]};
    if (r->failed || dlog_verify(&context, &statement, proof) != KMS_OK)
        return session_fault(s, KMS_E_PROOF, "proof of the share does not hold");
    return KMS_OK;
}

/* sheet 1.1 R4: every window of X_k gives X, and x_i G = X_i: a fault of this machine if not. */
enum kms_err dkg_3_finish(struct session *s)
{
    struct outcome *out = session_result(s);

    if (key_share_check(&out->key) != KMS_OK)
        return session_fault(s, KMS_E_INTERNAL, "the key does not fit together: a fault of this machine");
    out->kind = OUTCOME_KEY;
    return KMS_OK;
}
