/* SPDX-License-Identifier: Apache-2.0 */
/* Makes Ed25519 keys and writes them as PKCS#8. Read by common/identity/private_key.h. */
#ifndef KMS_CLUSTER_PKI_KEY_FILE_H
#define KMS_CLUSTER_PKI_KEY_FILE_H

#include <openssl/evp.h>

#include "common/secret/secret.h"

/* A new seed, and OpenSSL's form of it (caller: EVP_PKEY_free, which wipes). */
RESULT key_generate(EVP_PKEY **out);
RESULT key_from_seed(EVP_PKEY **out, const struct secret *seed);
/* Mode 0600; encrypted (PBES2, AES-256-CBC, PBKDF2-HMAC-SHA-256) if the passphrase is there and not empty. */
RESULT key_file_create(const char *path, EVP_PKEY *key, const struct secret *passphrase);

static inline void pkey_done(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

#endif
