/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DKLS23 as a scheme. A signature takes an opening and three rounds:
 *
 *   open      nonce, transcripts of the set-ups             -> ssid, run
 *   commit    com(R_i) to all; OT choices to each           -> the check of the OT extension
 *   multiply  R_i, pk_i to all; Gamma, psi, products to each -> the checks of the products, R, u_i, v_i
 *   reveal    w_i, u_i to all                               -> (r, s), verified at every signer
 *
 * A presignature is the same up to multiply, and confirmed; online is one flight of its own.
 */
#include "cluster/dkls23/dkls23.h"

#include "cluster/dkg/dkg.h"
#include "cluster/dkls23/internal.h"

/* A product must fit into a message. */
static bool supports(enum group_id id)
{
    const struct prime_group *g = group_by_id(id);
    return g != NULL && group_is_weierstrass(g) && dkls23_product_len(g) <= MESSAGE_BODY_MAX;
}

/* v is checked too: the public key that it gives is ours. */
static enum kms_err verify(const struct prime_group *g, struct bytes signature, struct bytes public_key,
                           struct bytes message)
{
    struct ecdsa_signature sig;
    struct point           X, recovered;

    if (g == NULL || !supports(g->id)) return fail(KMS_E_UNSUPPORTED, "DKLS23 is over Weierstrass curves only");
    if (ecdsa_decode_rsv(g, &sig, signature) != KMS_OK || group_decode(g, &X, public_key) != KMS_OK)
        return fail(KMS_E_SIGNATURE, "DKLS23: a signature of %zu and a key of %zu bytes", signature.len,
                    public_key.len);
    TRY(ecdsa_verify_vartime(g, &sig, &X, message));
    TRY(ecdsa_recover_vartime(g, &recovered, &sig, message));
    if (!group_equal(g, &X, &recovered)) return fail(KMS_E_SIGNATURE, "the recovery id gives another public key");
    return KMS_OK;
}

/* The rows' maxima are dkls23_measure()'s. */
/* clang-format off */
#define ROW_OPEN   {"open", EXPECTS_BROADCAST, 0, 0, dkls23_0_on_opening, NULL, dkls23_1_commit}
#define ROW_COMMIT {"commit", EXPECTS_BROADCAST | EXPECTS_DIRECT, 0, 0, dkls23_1_on_commitment, dkls23_1_on_choices, dkls23_2_multiply}
#define ROW_MULTIPLY(complete) \
    {"multiply", EXPECTS_BROADCAST | EXPECTS_DIRECT, 0, 0, dkls23_2_on_opening, dkls23_2_on_product, complete}

const struct protocol dkls23_sign_protocol = {
    .name = "dkls23-sign", .wire_id = PROTOCOL_DKLS23_SIGN, .version = 1, .gives = OUTCOME_SIGNATURE,
    .supports = supports, .measure = dkls23_measure, .open = dkls23_0_open, .round_count = DKLS23_ROWS,
    .rounds = {
        [DKLS23_ROW_OPEN]     = ROW_OPEN,
        [DKLS23_ROW_COMMIT]   = ROW_COMMIT,
        [DKLS23_ROW_MULTIPLY] = ROW_MULTIPLY(dkls23_3_reveal),
        [DKLS23_ROW_REVEAL]   = {"reveal", EXPECTS_BROADCAST, 0, 0, dkls23_3_on_reveal, NULL, dkls23_4_combine},
    },
};

const struct protocol dkls23_presign_protocol = {
    .name = "dkls23-presign", .wire_id = PROTOCOL_DKLS23_PRESIGN, .version = 1, .gives = OUTCOME_PRESIGNATURE, .confirms = true,
    .supports = supports, .measure = dkls23_measure, .open = dkls23_0_open_presign, .round_count = DKLS23_ROW_MULTIPLY + 1,
    .rounds = {
        [DKLS23_ROW_OPEN]     = ROW_OPEN,
        [DKLS23_ROW_COMMIT]   = ROW_COMMIT,
        [DKLS23_ROW_MULTIPLY] = ROW_MULTIPLY(dkls23_3_presignature),
    },
};

const struct protocol dkls23_online_protocol = {
    .name = "dkls23-online", .wire_id = PROTOCOL_DKLS23_ONLINE, .version = 1, .gives = OUTCOME_SIGNATURE,
    .supports = supports, .measure = dkls23_online_measure, .open = dkls23_online_open, .round_count = 1,
    .rounds = {
        {"reveal", EXPECTS_BROADCAST, 0, 0, dkls23_online_on_reveal, NULL, dkls23_online_combine},
    },
};
/* clang-format on */

const struct scheme dkls23_scheme = {
    .id = ALGORITHM_DKLS23,
    .name = "DKLS23",
    .dkg = &dkg_protocol,
    .sign = &dkls23_sign_protocol,
    .supports = supports,
    .verify = verify,
};
