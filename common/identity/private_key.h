/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 private keys in files: PKCS#8, encrypted or not, readable by their owner only. */
#ifndef KMS_COMMON_IDENTITY_PRIVATE_KEY_H
#define KMS_COMMON_IDENTITY_PRIVATE_KEY_H

#include "common/secret/secret.h"

/*
 * The 32-byte seed. KMS_E_PASSWORD: wrong passphrase, or none where one is needed; KMS_E_CORRUPT and KMS_E_FORMAT: a
 * damaged file; KMS_E_UNSUPPORTED: another encryption; KMS_E_CONFIG: mode & 077. passphrase may be empty or NULL.
 */
RESULT private_key_load(struct secret *seed, const char *path, const struct secret *passphrase);
RESULT private_key_is_encrypted(bool *out, const char *path);

#endif
