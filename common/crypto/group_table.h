/* SPDX-License-Identifier: Apache-2.0 */
/* What the files group_*.c show each other: one table per curve. */
#ifndef KMS_COMMON_CRYPTO_GROUP_TABLE_H
#define KMS_COMMON_CRYPTO_GROUP_TABLE_H

#include "common/crypto/group.h"

extern const struct prime_group group_ed25519;
extern const struct prime_group group_secp256k1;
extern const struct prime_group group_p256;
extern const struct prime_group group_p384;
extern const struct prime_group group_p521;

/* Makes and blinds libsecp256k1's context. */
RESULT group_secp256k1_init(void);
/* libsecp256k1's own verification, of r || s with the lower s. */
bool group_secp256k1_verify(const struct point *key, const uint8_t signature[64], const uint8_t digest[32]);
/* Makes the EC_GROUPs of the NIST curves. */
RESULT group_openssl_init(void);

#endif
