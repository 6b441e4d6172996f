/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes take part: n holders for a new key, t signers of its holders. */
#ifndef KMS_CLUSTER_COORDINATOR_PLACEMENT_H
#define KMS_CLUSTER_COORDINATOR_PLACEMENT_H

#include "cluster/coordinator/coordinator.h"

struct placement {
    unsigned count;
    uint8_t  nodes[BIRTH_HOLDERS_MAX]; /* indices, in the order of their names */
};

/*
 * n serving nodes, not in `avoid` (a mask of indices), whose host labels differ, by weighted rendezvous hashing of
 * `seed`: the same seed and the same healthy nodes give the same holders. KMS_E_QUORUM says how many there are.
 */
RESULT placement_holders(const struct coordinator *, const uint8_t seed[32], unsigned n, uint64_t avoid,
                         struct placement *out);
/* t serving holders, not in `avoid`: the best standing, then the least load, then the nearest; ties turn with `turn`.
 */
RESULT placement_signers(const struct coordinator *, const struct birth_body *, uint64_t avoid, unsigned turn,
                         struct placement *out);

#endif
