/* SPDX-License-Identifier: Apache-2.0 */
/* What the files group_*.c show each other: one table per curve. Their functions never see the identity as input. */
#ifndef KMS_COMMON_CRYPTO_GROUP_TABLE_H
#define KMS_COMMON_CRYPTO_GROUP_TABLE_H

#include "common/crypto/group.h"

extern const struct prime_group group_ed25519;
extern const struct prime_group group_secp256k1;

/* Makes and blinds libsecp256k1's context. */
RESULT group_secp256k1_init(void);
/* 04 || x || y, as SubjectPublicKeyInfo has it. p is not the identity. */
void group_secp256k1_uncompressed(uint8_t out[65], const struct point *p);

#endif
