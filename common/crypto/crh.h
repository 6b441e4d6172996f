/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tweakable circular correlation-robust hash of 128-bit inputs from a fixed-key permutation, pi = AES-128:
 *   TMMO(x, i) = pi(pi(x) ^ i) ^ pi(x)      (Guo, Katz, Wang, Yu, "Efficient and Secure Multiparty Computation from
 *                                            Fixed-Key Block Ciphers", S&P 2020, section 7.4)
 * It is the generator of the trees, the rows and the pads of the OT protocols. The key is public, and derived from the
 * session, so no two sessions share a permutation. AES runs in one EVP call per batch: a call costs more than ten
 * blocks.
 */
#ifndef KMS_COMMON_CRYPTO_CRH_H
#define KMS_COMMON_CRYPTO_CRH_H

#include "common/base/error.h"
#include <stdint.h>

#define CRH_BLOCK 16
#define CRH_BLOCKS_MAX 256

struct crh {
    void *cipher; /* owned: an EVP context that holds pi */
};
#define CRH_LOCAL CLEANUP(crh_clear) struct crh

/* The tweak of input n, output block k: domain || index + n * step || first + k, big-endian, 4, 4 and 8 bytes. */
struct crh_tweak {
    uint32_t domain; /* what for: no two uses under one key share it */
    uint32_t index;
    uint32_t step;  /* 0: the inputs of a call are independent secrets, whose order shall not matter */
    uint64_t first; /* output block of each input to begin with */
};

/* Replaces nothing: *crh is uninitialised or cleared. KMS_E_MEMORY. */
RESULT crh_init(struct crh *, const uint8_t key[16]);
void   crh_clear(struct crh *); /* accepts a zeroed one */
struct crh_shape {
    size_t count;  /* inputs */
    size_t blocks; /* of output for each: 1..CRH_BLOCKS_MAX */
};
/* out: [count][blocks][16]; in: [count][16]; they do not overlap. CT: leaks the shape. */
RESULT crh_expand(struct crh *, uint8_t *out, const uint8_t *in, struct crh_tweak, struct crh_shape);

#endif
