/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares of zero without a message ([DKLS23] functionality F_Zero): every two parties have a common seed from their
 * set-up; the lower party adds PRF(seed, ssid || digest), the higher one subtracts it, and over a quorum all of it
 * cancels.
 */
#ifndef KMS_CLUSTER_MPC_ZERO_SHARE_H
#define KMS_CLUSTER_MPC_ZERO_SHARE_H

#include "cluster/protocol/message.h"
#include "common/crypto/group.h"

#define ZERO_SEED_LEN 32
#define ZERO_CONTRIBUTION_LEN 32

/* The common seed: H(seed, ssid, contribution of the first, contribution of the second), each committed to before. */
void zero_seed_make(uint8_t seed[ZERO_SEED_LEN], const uint8_t *ssid, const uint8_t first[ZERO_CONTRIBUTION_LEN],
                    const uint8_t second[ZERO_CONTRIBUTION_LEN]);

struct zero_share_context {
    const struct prime_group *group;
    const uint8_t            *ssid;   /* borrowed; SSID_LEN */
    const uint8_t            *digest; /* borrowed; 32: of the round's broadcasts, equal at all (check 30) */
    party                     self;
    unsigned                  item; /* of a batch; 0 */
};
/* share += what self has in common with peer, with self's sign. CT in the seed. */
void zero_share_add(struct scalar *share, const struct zero_share_context *, party peer,
                    const uint8_t seed[ZERO_SEED_LEN]);

#endif
