/* SPDX-License-Identifier: Apache-2.0 */
/* PBKDF2-HMAC-SHA-256 (RFC 8018 5.2) and HKDF-SHA-256 (RFC 5869). */
#ifndef KMS_COMMON_CRYPTO_KDF_H
#define KMS_COMMON_CRYPTO_KDF_H

#include "common/secret/secret.h"

#define PBKDF2_ITERATIONS_DEFAULT 600000u
#define PBKDF2_ITERATIONS_FLOOR 10000u
#define PBKDF2_ITERATIONS_MAX 100000000u

/* out: out_len bytes. KMS_E_RANGE below the floor or above the maximum. */
RESULT kdf_pbkdf2(struct secret *out, size_t out_len, const struct secret *password, struct bytes salt,
                  uint32_t iterations);
RESULT kdf_hkdf(struct secret *out, size_t out_len, const struct secret *key, struct bytes salt, struct bytes info);

#endif
