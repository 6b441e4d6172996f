/* SPDX-License-Identifier: Apache-2.0 */
/* AES-256-GCM (SP 800-38D) with 96-bit random nonces and 128-bit tags. */
#ifndef KMS_COMMON_CRYPTO_AEAD_H
#define KMS_COMMON_CRYPTO_AEAD_H

#include "common/base/buf.h"
#include "common/crypto/rng.h"
#include "common/secret/secret.h"

#define AEAD_KEY_LEN 32
#define AEAD_NONCE_LEN 12
#define AEAD_TAG_LEN 16
#define AEAD_OVERHEAD (AEAD_NONCE_LEN + AEAD_TAG_LEN)

/* Appends nonce || ciphertext || tag to out. key: 32 bytes. */
RESULT aead_seal(struct buf *out, const struct secret *key, struct bytes aad, struct bytes plain, struct rng *);
/* out: the plaintext. KMS_E_CORRUPT if it does not authenticate (wrong key, wrong aad or altered). */
RESULT aead_open(struct secret *out, const struct secret *key, struct bytes aad, struct bytes sealed);

#endif
