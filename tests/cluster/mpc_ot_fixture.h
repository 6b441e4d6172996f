/* SPDX-License-Identifier: Apache-2.0 */
/* Seeds of a pair for tests of what is built on them: consistent by construction, without base OTs. */
#ifndef KMS_TESTS_CLUSTER_MPC_OT_FIXTURE_H
#define KMS_TESTS_CLUSTER_MPC_OT_FIXTURE_H

#include "cluster/mpc/pprf.h"
#include "tests/support/test.h"

static const uint8_t ot_fixture_ssid[SSID_LEN] = {0x55};

static inline struct ot_context ot_fixture_context(void)
{
    return (struct ot_context){.ssid = ot_fixture_ssid, .alice = 1, .bob = 2};
}

/* The four bits of Delta that tree t misses, the first the most significant. */
static inline unsigned ot_fixture_missing(const uint8_t *delta, unsigned t)
{
    unsigned leaf = 0;

    for (unsigned i = 0; i < PPRF_DEPTH; i++) {
        unsigned k = t * PPRF_DEPTH + i;
        leaf = leaf << 1 | ((unsigned)delta[k / 8] >> (k % 8) & 1);
    }
    return leaf;
}

static inline void ot_fixture_seeds(struct pprf_full *bob, struct pprf_punctured *alice, struct rng *rng)
{
    assert_ok(rng_fill(rng, bob, sizeof *bob));
    assert_ok(rng_fill(rng, alice->delta, sizeof alice->delta));
    for (unsigned t = 0; t < PPRF_TREES; t++)
        for (unsigned z = 0; z < PPRF_LEAVES; z++) {
            unsigned x = z ^ ot_fixture_missing(alice->delta, t);
            memcpy(alice->leaf[t][z], bob->leaf[t][x], OT_BLOCK);
            if (z == 0) memset(alice->leaf[t][z], 0, OT_BLOCK);
        }
}

static inline void ot_fixture_flip(uint8_t *bytes, size_t bit)
{
    bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
}

#endif
