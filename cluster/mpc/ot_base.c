/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endemic OT, [MR19] fig. 8 with the key agreement g^ab. For OT k with choice b the receiver sends R_0, R_1:
 *   R_{1-b} a random point, R_b = t G - Hp(k, b, R_{1-b}),
 * the sender answers T = s G and has pads H(k, c, s M_c), M_c = R_c + Hp(k, c, R_{1-c}); M_b = t G. Each OT has an s of
 * its own: one for all is cheaper and needs another construction and proof (McQuoid, Rosulek, Roy 2021).
 */
#include "cluster/mpc/ot_base.h"

#include "common/crypto/ct.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

void ot_base_receiver_wipe(struct ot_base_receiver *r)
{
    wipe(r, sizeof *r);
}

void ot_base_pads_wipe(struct ot_base_pads *p)
{
    wipe(p, sizeof *p);
}

void ot_base_chosen_wipe(struct ot_base_chosen *c)
{
    wipe(c, sizeof *c);
}

static uint8_t choice_of(const uint8_t *choices, unsigned k)
{
    return choices[k / 8] >> (k % 8) & 1;
}

/* out = mask ? a : b. CT: leaks len. */
static void select_bytes(uint8_t *out, uint8_t mask, const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)(b[i] ^ (mask & (a[i] ^ b[i])));
}

/* What Hp(k, c, P) maps to the group. CT: leaks nothing. */
static void hash_point(uint8_t wide[RISTRETTO_HASH_LEN], const uint8_t run[32], unsigned k, uint8_t c,
                       const uint8_t P[32])
{
    struct hash h;

    hash_begin(&h, TAG_OT_BASE_POINT, 4);
    hash_item(&h, bytes(run, 32));
    hash_item_u16(&h, (uint16_t)k);
    hash_item(&h, bytes(&c, 1));
    hash_item(&h, bytes(P, RISTRETTO_LEN));
    hash_end_wide(&h, wide);
}

/* What one pad is made of. */
struct pad_input {
    const uint8_t *run; /* [32] */
    unsigned       k;
    const uint8_t *R;      /* R_0 || R_1 */
    const uint8_t *T;      /* the answer */
    const uint8_t *shared; /* s M_c = t T */
};

/* CT: leaks nothing. */
static void make_pad(uint8_t out[OT_BLOCK], const struct pad_input *in, uint8_t c)
{
    uint8_t     digest[32];
    struct hash h;

    hash_begin(&h, TAG_OT_BASE_PAD, 6);
    hash_item(&h, bytes(in->run, 32));
    hash_item_u16(&h, (uint16_t)in->k);
    hash_item(&h, bytes(&c, 1));
    hash_item(&h, bytes(in->R, 2 * RISTRETTO_LEN));
    hash_item(&h, bytes(in->T, RISTRETTO_LEN));
    hash_item(&h, bytes(in->shared, RISTRETTO_LEN));
    hash_end(&h, digest);
    memcpy(out, digest, OT_BLOCK);
    WIPE(digest);
}

/* The message of OT k. Both hashes are computed, so that nothing tells which is used. CT: leaks nothing. */
static RESULT receive_one(uint8_t out[2 * RISTRETTO_LEN], struct ot_base_receiver *r, const uint8_t run[32], unsigned k,
                          struct rng *rng)
{
    uint8_t wide[RISTRETTO_HASH_LEN], wide_1[RISTRETTO_HASH_LEN], other[32], hashed[32], R_b[32];
    uint8_t is_one = (uint8_t)ct_mask(choice_of(r->choice, k));

    TRY(ristretto_scalar_random(r->t[k], rng));
    TRY(rng_fill(rng, wide, sizeof wide));
    ristretto_from_hash(other, wide);
    hash_point(wide, run, k, 0, other);
    hash_point(wide_1, run, k, 1, other);
    select_bytes(wide, is_one, wide_1, wide, sizeof wide);
    ristretto_from_hash(hashed, wide);
    ristretto_base_mul(R_b, r->t[k]);
    enum kms_err err = ristretto_sub(R_b, R_b, hashed);
    select_bytes(out, is_one, other, R_b, 32);
    select_bytes(out + RISTRETTO_LEN, is_one, R_b, other, 32);
    WIPE(wide);
    WIPE(wide_1);
    WIPE(other);
    WIPE(hashed);
    WIPE(R_b);
    return err;
}

RESULT ot_base_receive(struct ot_base_receiver *r, uint8_t message_1[OT_BASE_MESSAGE_1_LEN],
                       const struct ot_context *context, struct rng *rng)
{
    uint8_t run[32];

    ot_context_run(run, context);
    TRY(rng_fill(rng, r->choice, sizeof r->choice));
    for (unsigned k = 0; k < OT_BASE_COUNT; k++) TRY(receive_one(r->message + k * 2 * RISTRETTO_LEN, r, run, k, rng));
    ct_declassify(r->message, sizeof r->message); /* two points, each uniform whatever the choice */
    memcpy(message_1, r->message, sizeof r->message);
    return KMS_OK;
}

/* R_0 || R_1 -> T and both pads. M_c and T are public, s is not. */
static RESULT send_one(uint8_t pads[2][OT_BLOCK], uint8_t T[32], const struct pad_input *shape, struct rng *rng)
{
    uint8_t          s[RISTRETTO_SCALAR_LEN], wide[RISTRETTO_HASH_LEN], M[32], shared[32];
    struct pad_input in = *shape;
    enum kms_err     err = ristretto_scalar_random(s, rng);

    if (err != KMS_OK) return err;
    ristretto_base_mul(T, s);
    ct_declassify(T, RISTRETTO_LEN); /* the answer */
    in.T = T;
    in.shared = shared;
    for (uint8_t c = 0; c < 2 && err == KMS_OK; c++) {
        const uint8_t *R_c = in.R + c * RISTRETTO_LEN, *other = in.R + (1 - c) * RISTRETTO_LEN;
        hash_point(wide, in.run, in.k, c, other);
        ristretto_from_hash(M, wide);
        err = ristretto_add(M, M, R_c);
        if (err == KMS_OK) err = ristretto_mul(shared, s, M);
        if (err == KMS_OK) make_pad(pads[c], &in, c);
    }
    WIPE(s);
    WIPE(shared);
    return err;
}

RESULT ot_base_send(struct ot_base_pads *pads, uint8_t message_2[OT_BASE_MESSAGE_2_LEN],
                    const struct ot_context *context, const uint8_t message_1[OT_BASE_MESSAGE_1_LEN], struct rng *rng)
{
    uint8_t run[32];

    ot_context_run(run, context);
    for (unsigned k = 0; k < OT_BASE_COUNT; k++) {
        struct pad_input in = {.run = run, .k = k, .R = message_1 + k * 2 * RISTRETTO_LEN};
        enum kms_err     err = send_one(pads->pad[k], message_2 + k * RISTRETTO_LEN, &in, rng);
        if (err == KMS_OK) continue;
        ot_base_pads_wipe(pads);
        error_context("base OT %u", k);
        return err;
    }
    return KMS_OK;
}

RESULT ot_base_finish(struct ot_base_chosen *out, struct ot_base_receiver *receiver, const struct ot_context *context,
                      const uint8_t message_2[OT_BASE_MESSAGE_2_LEN])
{
    CLEANUP(ot_base_receiver_wipe) struct ot_base_receiver r = *receiver;
    uint8_t                                                run[32], shared[32];
    enum kms_err                                           err = KMS_OK;

    ot_base_receiver_wipe(receiver);
    ot_context_run(run, context);
    memcpy(out->choice, r.choice, sizeof out->choice);
    for (unsigned k = 0; k < OT_BASE_COUNT && err == KMS_OK; k++) {
        const uint8_t   *T = message_2 + k * RISTRETTO_LEN;
        struct pad_input in = {run, k, r.message + k * 2 * RISTRETTO_LEN, T, shared};
        err = ristretto_mul(shared, r.t[k], T);
        if (err == KMS_OK) make_pad(out->pad[k], &in, choice_of(r.choice, k));
        if (err != KMS_OK) error_context("base OT %u", k);
    }
    WIPE(shared);
    if (err != KMS_OK) ot_base_chosen_wipe(out);
    return err;
}
