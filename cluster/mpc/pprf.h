/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puncturable trees from base OTs (Roy, "SoftSpokenOT", CRYPTO 2022, fig. 13 and 14): 128 OTs make 32 trees of 16
 * leaves. Bob, who was the sender of the base OTs, knows every leaf; Alice, their receiver, all but leaf Delta_b of
 * tree b, where Delta_b are four bits of her Delta, the first the most significant.
 *
 * The check makes Bob commit to all leaves, so that a wrong message is found by Alice unless he guesses bits of Delta;
 * a failure tells him that he guessed wrong, and burns the set-up.
 */
#ifndef KMS_CLUSTER_MPC_PPRF_H
#define KMS_CLUSTER_MPC_PPRF_H

#include "cluster/mpc/ot_base.h"

#define PPRF_DEPTH 4 /* k */
#define PPRF_LEAVES 16
#define PPRF_TREES (OT_BASE_COUNT / PPRF_DEPTH)
#define PPRF_CHECK_LEN 32 /* 2 lambda_c bits */
/* Of each tree: both sums of every level but the first, the sum of the checked leaves, the hash of all of them. */
#define PPRF_TREE_LEN ((PPRF_DEPTH - 1) * 2 * OT_BLOCK + 2 * PPRF_CHECK_LEN)
#define PPRF_MESSAGE_LEN (PPRF_TREES * PPRF_TREE_LEN)

/* Bob's seeds: the receiver's in the OT extension. */
struct pprf_full {
    uint8_t leaf[PPRF_TREES][PPRF_LEAVES][OT_BLOCK];
};

/* Alice's: the sender's. Her leaves stand at x ^ Delta_b, so that the missing one is at 0 in every tree (zeros). */
struct pprf_punctured {
    uint8_t delta[OT_BLOCK]; /* bit i: delta >> (i % 8) of byte i / 8; bit i belongs to tree i / 4 */
    uint8_t leaf[PPRF_TREES][PPRF_LEAVES][OT_BLOCK];
};

void pprf_full_wipe(struct pprf_full *);
void pprf_punctured_wipe(struct pprf_punctured *);

/* Bob. */
RESULT pprf_build(struct pprf_full *, uint8_t message[PPRF_MESSAGE_LEN], const struct ot_context *,
                  const struct ot_base_pads *);
/* Alice. KMS_E_PROOF: Bob's message is not consistent; *out is zeroed. CT in her choices. */
RESULT pprf_puncture(struct pprf_punctured *out, const struct ot_context *, const struct ot_base_chosen *,
                     const uint8_t          message[PPRF_MESSAGE_LEN]);

#endif
