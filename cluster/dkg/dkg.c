/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DKG's table of rounds (sheet 1.1; Pedersen 1991 with the commitment of Gennaro et al. 1999 and FROST's
 * proofs).
 *
 *   open     nonces                                          -> ssid
 *   commit   C_i = Com(F_i, cc_i)                            broadcast
 *   share    F_i, cc_i, r_i, proof of every coefficient      broadcast;  f_i(j)  direct
 *   check    proof of x_i under transcript and chain code    broadcast
 *   confirm  the echo of the last row (quorum > 2)
 *
 * Commit first, or the last to speak chooses X. Prove as well, or a coefficient may be somebody else's.
 */
#include "cluster/dkg/dkg.h"

#include "cluster/dkg/dkg_internal.h"

static bool supports(enum group_id id)
{
    return group_by_id(id) != NULL;
}

/* clang-format off */
const struct protocol dkg_protocol = {
    .name = "dkg", .wire_id = PROTOCOL_DKG, .version = 1, .gives = OUTCOME_KEY, .confirms = true,
    .state_size = sizeof(struct dkg_memory), .supports = supports, .round_count = DKG_ROWS,
    .rounds = {
        [DKG_ROW_OPEN]   = {"open",   EXPECTS_BROADCAST, 0, 0, NULL, NULL, dkg_1_commit},
        [DKG_ROW_COMMIT] = {"commit", EXPECTS_BROADCAST, COMMITMENT_LEN, 0, dkg_1_on_commitment, NULL, dkg_2_share},
        [DKG_ROW_SHARE]  = {"share",  EXPECTS_BROADCAST | EXPECTS_DIRECT, DKG_OPENING_MAX, SCALAR_LEN_MAX,
                            dkg_2_on_opening, dkg_2_on_share, dkg_3_prove},
        [DKG_ROW_CHECK]  = {"check",  EXPECTS_BROADCAST, DKG_SHARE_PROOF_MAX, 0, dkg_3_on_proof, NULL, dkg_3_finish},
    },
};
/* clang-format on */
