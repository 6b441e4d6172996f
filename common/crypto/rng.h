/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness comes in as a struct rng *. The system source is OpenSSL's private CTR_DRBG (SP 800-90A), seeded by
 * getrandom(2), fork-safe. The seeded one for repeatable tests lives in tests/support only.
 */
#ifndef KMS_COMMON_CRYPTO_RNG_H
#define KMS_COMMON_CRYPTO_RNG_H

#include "common/base/error.h"
#include <stdint.h>

struct rng {
    /* Fills out or fails; never partly. */
    enum kms_err (*fill)(void *self, void *out, size_t len);
    void *self;
};

struct rng *rng_system(void);
/*
 * getrandom(2) itself, at most 256 bytes at once. A virtual machine that is rewound or cloned repeats what a generator
 * in a process would have given; its kernel is told and seeds itself anew (Linux 5.18, vmgenid).
 */
struct rng *rng_kernel(void);
RESULT      rng_fill(struct rng *, void *out, size_t len);
/* At start: OpenSSL's generator is CTR_DRBG on AES-256, getrandom(2) answers, two draws differ; else KMS_E_RANDOM. */
RESULT rng_self_test(void);

#endif
