/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FROST(Ed25519, SHA-512) as a scheme: two flights.
 *
 *   open     nonce, D_i, E_i   -> ssid, rho_i, R, c     RFC 9591 round one, in the session's opening
 *   respond  z_i               -> (R, z), verified      RFC 9591 round two and aggregation, at every signer
 */
#include "cluster/frost/frost.h"

#include "cluster/dkg/dkg.h"
#include "cluster/frost/sign_internal.h"
#include "common/crypto/ed25519.h"

static bool supports(enum group_id id)
{
    return id == GROUP_ED25519;
}

static enum kms_err verify(const struct prime_group *g, struct bytes signature, struct bytes public_key,
                           struct bytes message)
{
    if (g == NULL || !supports(g->id)) return fail(KMS_E_UNSUPPORTED, "EDDSA is over ED25519 only");
    if (signature.len != FROST_SIGNATURE_LEN || public_key.len != FROST_POINT_LEN)
        return fail(KMS_E_SIGNATURE, "EDDSA: a signature of %zu and a key of %zu bytes", signature.len, public_key.len);
    return ed25519_verify_vartime(signature.data, public_key.data, message);
}

/* clang-format off */
const struct protocol frost_sign_protocol = {
    .name = "frost-sign", .wire_id = PROTOCOL_FROST_SIGN, .version = 1, .gives = OUTCOME_SIGNATURE,
    .state_size = sizeof(struct frost_memory), .supports = supports, .open = frost_1_open, .round_count = FROST_ROWS,
    .rounds = {
        [FROST_ROW_OPEN]    = {"open",    EXPECTS_BROADCAST, FROST_COMMITMENT_LEN, 0, frost_1_on_commitment, NULL, frost_2_respond},
        [FROST_ROW_RESPOND] = {"respond", EXPECTS_BROADCAST, FROST_SCALAR_LEN, 0, frost_2_on_response, NULL, frost_3_aggregate},
    },
};
/* clang-format on */

const struct scheme frost_scheme = {
    .id = ALGORITHM_EDDSA,
    .name = "EDDSA",
    .dkg = &dkg_protocol,
    .sign = &frost_sign_protocol,
    .supports = supports,
    .verify = verify,
};
