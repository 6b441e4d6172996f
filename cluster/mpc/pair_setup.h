/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node keeps of its set-up with another node: seeds for both directions of the OT extension, and the common seed
 * of zero shares. One for all curves and keys; made when the nodes meet (base OTs, trees, seeds: ot_base.h, pprf.h,
 * zero_share.h), sealed at rest, never backed up. Lives in secmem: 16 kB.
 *
 * Once burned, always burned: a set-up whose check has failed once is never used again (sheet 3.6).
 */
#ifndef KMS_CLUSTER_MPC_PAIR_SETUP_H
#define KMS_CLUSTER_MPC_PAIR_SETUP_H

#include "cluster/mpc/pprf.h"
#include "cluster/mpc/zero_share.h"
#include "common/secret/secret.h"

struct pair_setup {
    uint64_t              generation;     /* 1.. : of this pair; 0 is none */
    uint8_t               transcript[32]; /* of the whole set-up with both certificates: equal at both, in every ssid */
    bool                  burned;
    struct pprf_punctured alice; /* where self sends (holds Delta) */
    struct pprf_full      bob;   /* where self receives */
    uint8_t               zero_seed[ZERO_SEED_LEN];
};

#define SECRET_PAIR_SETUP CLEANUP(pair_setup_wipe) struct pair_setup

void pair_setup_wipe(struct pair_setup *);
/* Versioned, of fixed length; holds the secrets: for sealing only. A burned one is written without them. */
RESULT pair_setup_encode_sealed(struct secret *out, const struct pair_setup *);
/* Total and injective. KMS_E_CORRUPT. */
RESULT pair_setup_decode_sealed(struct pair_setup *out, struct bytes in);
/* Wipes the seeds for good: what was burned can only be replaced. */
void pair_setup_burn(struct pair_setup *);

#endif
