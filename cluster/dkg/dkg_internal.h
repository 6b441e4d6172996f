/* SPDX-License-Identifier: Apache-2.0 */
/* What the rounds of the DKG share: its memory, and the layout of its messages. */
#ifndef KMS_CLUSTER_DKG_DKG_INTERNAL_H
#define KMS_CLUSTER_DKG_DKG_INTERNAL_H

#include "cluster/mpc/commitment.h"
#include "cluster/mpc/dlog_proof.h"
#include "cluster/mpc/feldman.h"
#include "cluster/protocol/protocol.h"

#define CHAIN_CODE_LEN 32

/* u16 t | t points | chain code share: the value that is committed to. Then r, and the proof of the coefficients. */
#define DKG_VALUE_MAX (2 + PARTIES_MAX * POINT_LEN_MAX + CHAIN_CODE_LEN)
#define DKG_PROOF_MAX (PARTIES_MAX * (POINT_LEN_MAX + SCALAR_LEN_MAX))
#define DKG_OPENING_MAX (DKG_VALUE_MAX + COMMITMENT_OPENING_LEN + DKG_PROOF_MAX)
#define DKG_SHARE_PROOF_MAX (POINT_LEN_MAX + SCALAR_LEN_MAX)

enum { DKG_ROW_OPEN, DKG_ROW_COMMIT, DKG_ROW_SHARE, DKG_ROW_CHECK, DKG_ROWS };

struct dkg_memory {
    struct polynomial f; /* secret: this party's polynomial */
    uint8_t           value[DKG_VALUE_MAX];
    size_t            value_len;
    uint8_t           r[COMMITMENT_OPENING_LEN];
    uint8_t           commitments[PARTIES_MAX + 1][COMMITMENT_LEN];
    struct feldman    F[PARTIES_MAX + 1];
    uint8_t           chain_codes[PARTIES_MAX + 1][CHAIN_CODE_LEN];
    struct scalar     x; /* secret: sum of the shares dealt to this party, then x_self */
};

static inline size_t dkg_value_len(const struct session_params *p)
{
    return 2 + p->t * p->group->point_len + CHAIN_CODE_LEN;
}

/* sheet 1.1: the rounds, in order; complete() of a row sends the next row's messages. */
enum kms_err dkg_1_commit(struct session *);
enum kms_err dkg_1_on_commitment(struct session *, party from, struct reader *);
enum kms_err dkg_2_share(struct session *);
enum kms_err dkg_2_on_opening(struct session *, party from, struct reader *);
enum kms_err dkg_2_on_share(struct session *, party from, struct reader *);
enum kms_err dkg_3_prove(struct session *);
enum kms_err dkg_3_on_proof(struct session *, party from, struct reader *);
enum kms_err dkg_3_finish(struct session *);

#endif
