/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OT extension (Roy, "SoftSpokenOT", CRYPTO 2022, with k = 4 and the consistency check of fig. 12 made
 * non-interactive): any number of correlated OTs from the seeds of a pair, in one message. The receiver (Bob) has
 * choice bits beta and gets a row v_j for each; the sender (Alice) gets w_j with w_j = v_j ^ beta_j Delta, so that
 * TMMO(w_j) and TMMO(w_j ^ Delta) are the pads of choices 0 and 1 and Bob knows TMMO(v_j) alone.
 *
 * Rows are held in blocks of 128. Block 0 is the tail that hides the choices in the check, and no OTs: row j is row
 * j % 128 of block 1 + j / 128.
 */
#ifndef KMS_CLUSTER_MPC_OT_EXTENSION_H
#define KMS_CLUSTER_MPC_OT_EXTENSION_H

#include "cluster/mpc/pprf.h"

#define OT_EXTENSION_MAX 16384 /* OTs of one call */

struct ot_rows {
    uint8_t row[128][OT_BLOCK];
} __attribute__((aligned(16)));

/* Blocks for `count` OTs: a multiple of 8, at most OT_EXTENSION_MAX. */
#define OT_ROWS(count) (1 + ((size_t)(count) + 127) / 128)
/* u for every tree, x^, H(t^). */
#define OT_EXTENSION_MESSAGE_LEN(count) (PPRF_TREES * (OT_BLOCK + (size_t)(count) / 8) + OT_BLOCK + 32)

static inline const uint8_t *ot_row(const struct ot_rows *rows, size_t j)
{
    return rows[1 + j / 128].row[j % 128];
}

/* Bob. choices: [count / 8], bit j as everywhere. rows: [OT_ROWS(count)]. CT in choices and seeds. */
struct ot_extension_request {
    const struct ot_context *context;
    const uint8_t           *choices; /* borrowed */
    size_t                   count;
    struct rng              *rng; /* for the tail */
};
RESULT ot_extension_receive(struct ot_rows *rows, uint8_t *message, const struct pprf_full *,
                            const struct ot_extension_request *);
/*
 * Alice. message: OT_EXTENSION_MESSAGE_LEN(count) bytes. KMS_E_PROOF: the check failed (rows are zeroed): burn the
 * set-up. CT in Delta and seeds, but for the answer.
 */
RESULT ot_extension_send(struct ot_rows *rows, const struct pprf_punctured *, const struct ot_context *,
                         const uint8_t *message, size_t count);

#endif
