/* SPDX-License-Identifier: Apache-2.0 */
/* Schnorr proofs. A verifier computes R' = z G - e X and compares encodings, so R itself needs no decoding. */
#include "cluster/mpc/dlog_proof.h"

#include "common/base/check.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

struct nonces {
    struct scalar k[DLOG_POINTS_MAX];
};

static void nonces_wipe(struct nonces *n)
{
    wipe(n, sizeof *n);
}

static uint8_t *response_of(uint8_t *proof, const struct prime_group *g, unsigned k)
{
    return proof + k * (g->point_len + g->scalar_len) + g->point_len;
}

static struct bytes first_message(struct bytes proof, const struct prime_group *g, unsigned k)
{
    return bytes(proof.data + k * (g->point_len + g->scalar_len), g->point_len);
}

/* H(tag, ssid, pid, more, group, count, G is implied by the group, X_1.., R_1..): bound by every challenge. */
static void hash_transcript(uint8_t out[32], const struct dlog_context *c, const struct dlog_statement *s,
                            struct bytes proof)
{
    struct hash h;

    hash_begin(&h, c->tag, 5 + 2 * s->count);
    hash_item(&h, bytes(c->ssid, SSID_LEN));
    hash_item_u16(&h, c->pid);
    hash_item(&h, c->more);
    hash_item_u16(&h, (uint16_t)s->group->id);
    hash_item_u16(&h, (uint16_t)s->count);
    for (unsigned k = 0; k < s->count; k++) {
        uint8_t X[POINT_LEN_MAX];
        group_encode(s->group, X, &s->points[k]);
        hash_item(&h, bytes(X, s->group->point_len));
        hash_item(&h, first_message(proof, s->group, k));
    }
    hash_end(&h, out);
}

/* e_k = H(tag, transcript, k), expanded and reduced: uniform but for 2^-250. (3 items; the transcript has at least 7.)
 */
static void challenge(struct scalar *e, const struct dlog_context *c, const struct dlog_statement *s,
                      const uint8_t transcript[32], unsigned k)
{
    struct hash h;

    hash_begin(&h, c->tag, 2);
    hash_item(&h, bytes(transcript, 32));
    hash_item_u16(&h, (uint16_t)k);
    scalar_from_hash(s->group, e, &h);
}

/* What the proof is of and bound to. (2 items; a draw has 7.) */
static void hash_purpose(uint8_t out[32], const struct dlog_context *c)
{
    struct bytes items[] = {bytes_str(tag_string(c->tag)), c->more};

    hash_items(out, TAG_POK_HEDGE, items, ARRAY_LEN(items));
}

/* CT: leaks nothing. */
static enum kms_err draw_nonces(struct nonces *n, const struct dlog_context *c, const struct dlog_statement *s,
                                const struct scalar *secrets, const struct hedge *h)
{
    uint8_t      purpose[32], secret[SCALAR_LEN_MAX];
    enum kms_err err = KMS_OK;

    hash_purpose(purpose, c);
    for (unsigned k = 0; k < s->count && err == KMS_OK; k++) {
        struct hedge_use use = {TAG_POK_HEDGE, BYTES_OF(purpose), bytes(secret, s->group->scalar_len), k};
        scalar_encode(s->group, secret, &secrets[k]);
        err = hedge_scalar(s->group, &n->k[k], h, &use);
    }
    WIPE(secret);
    return err;
}

/* CT: leaks the number of points only. */
enum kms_err dlog_prove(uint8_t *out, const struct dlog_context *c, const struct dlog_statement *s,
                        const struct scalar *secrets, const struct hedge *h)
{
    const struct prime_group          *g = s->group;
    size_t                             len = dlog_proof_len(g, s->count);
    CLEANUP(nonces_wipe) struct nonces n;
    uint8_t                            transcript[32];

    CHECK(s->count >= 1 && s->count <= DLOG_POINTS_MAX);
    TRY(draw_nonces(&n, c, s, secrets, h));
    for (unsigned k = 0; k < s->count; k++) {
        struct point R;
        group_base_mul(g, &R, &n.k[k]);
        group_encode(g, response_of(out, g, k) - g->point_len, &R);
    }
    hash_transcript(transcript, c, s, bytes(out, len));
    for (unsigned k = 0; k < s->count; k++) {
        SECRET_SCALAR z;
        challenge(&z, c, s, transcript, k);
        scalar_mul(g, &z, &z, &secrets[k]);
        scalar_add(g, &z, &z, &n.k[k]);
        scalar_declassify(g, response_of(out, g, k), &z);
    }
    return KMS_OK;
}

static enum kms_err verify_one(const struct dlog_statement *s, unsigned k, const struct scalar *e, struct bytes proof)
{
    const struct prime_group *g = s->group;
    struct bytes              R = first_message(proof, g, k);
    uint8_t                   encoded[POINT_LEN_MAX];
    struct point              zG, eX;
    SECRET_SCALAR             z;

    TRY(scalar_decode(g, &z, bytes(R.data + R.len, g->scalar_len)));
    group_base_mul(g, &zG, &z);
    group_mul_vartime(g, &eX, &s->points[k], e);
    group_negate(g, &eX, &eX);
    group_add(g, &zG, &zG, &eX);
    if (group_is_identity(&zG)) return fail(KMS_E_PROOF, "a proof of knowledge has the identity as first message");
    group_encode(g, encoded, &zG);
    bool holds = bytes_equal(bytes(encoded, g->point_len), R); /* public */
    return holds ? KMS_OK : fail(KMS_E_PROOF, "a proof of knowledge does not hold");
}

enum kms_err dlog_verify(const struct dlog_context *c, const struct dlog_statement *s, struct bytes proof)
{
    uint8_t transcript[32];

    CHECK(s->count >= 1 && s->count <= DLOG_POINTS_MAX);
    if (proof.len != dlog_proof_len(s->group, s->count))
        return fail(KMS_E_FORMAT, "a proof of %zu bytes for %u points", proof.len, s->count);
    hash_transcript(transcript, c, s, proof);
    for (unsigned k = 0; k < s->count; k++) {
        SECRET_SCALAR e;
        challenge(&e, c, s, transcript, k);
        TRY(verify_one(s, k, &e, proof));
    }
    return KMS_OK;
}
