/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schnorr proofs of knowledge of discrete logarithms, made non-interactive (sheet 0.4; Schnorr 1989, Fiat-Shamir
 * 1986). Several points are proved in one transcript: every challenge is derived from the context, all points and all
 * first messages. Encoded: for each point R || z.
 *
 * Assumption, as in FROST and the ECDSA libraries: the random oracle, and rewinding once per round.
 */
#ifndef KMS_CLUSTER_MPC_DLOG_PROOF_H
#define KMS_CLUSTER_MPC_DLOG_PROOF_H

#include "cluster/mpc/hedge.h"

#define DLOG_POINTS_MAX PARTIES_MAX

struct dlog_context {
    enum tag_id    tag;  /* the purpose: one per place in a protocol */
    const uint8_t *ssid; /* borrowed; SSID_LEN */
    party          pid;  /* the prover */
    struct bytes   more; /* borrowed: what else the proof is bound to */
};

/* The statement X_k = x_k G for k = 0..count-1. */
struct dlog_statement {
    const struct prime_group *group;
    unsigned                  count;  /* 1..DLOG_POINTS_MAX */
    const struct point       *points; /* borrowed; [count], none the identity */
};

static inline size_t dlog_proof_len(const struct prime_group *g, unsigned count)
{
    return count * (g->point_len + g->scalar_len);
}

/*
 * out: dlog_proof_len() bytes. secrets: [count]. Nonces are drawn from all that the challenge will depend on and the
 * secret itself: two challenges for one nonce would give it away. CT in the secrets.
 */
RESULT dlog_prove(uint8_t             *out, const struct dlog_context *, const struct dlog_statement *,
                  const struct scalar *secrets, const struct hedge *);
/* KMS_E_PROOF; KMS_E_FORMAT for a wrong length or a scalar that is not below q. */
RESULT dlog_verify(const struct dlog_context *, const struct dlog_statement *, struct bytes proof);

#endif
