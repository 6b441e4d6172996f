/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a party signs with: its certificate and its Ed25519 private key. A client's credential is a folder with
 * client.cert, client.key (PKCS#8, encrypted unless it was made without a passphrase) and access_key; a node's is the
 * pair of files <node>.cert, <node>.key. Key files that others may read (mode & 077) are refused.
 */
#ifndef KMS_COMMON_IDENTITY_CREDENTIAL_H
#define KMS_COMMON_IDENTITY_CREDENTIAL_H

#include "common/base/buf.h"
#include "common/identity/identity.h"
#include "common/secret/secret.h"

struct credential {
    struct identity identity;
    struct buf      certificate_der; /* owned */
    struct secret   seed;            /* owned; 32 bytes; empty while locked */
};

/* Reads the certificate only: identity without the key. */
RESULT credential_load_public(struct credential *out, const char *certificate_path);
/* KMS_E_PASSWORD for a wrong passphrase (or none where one is needed). passphrase may be empty. */
RESULT credential_unlock(struct credential *, const char *key_path, const struct secret *passphrase);
/* Is the key file encrypted? */
RESULT credential_key_is_encrypted(bool *out, const char *key_path);
/* Wipes the seed; the certificate stays. */
void credential_lock(struct credential *);
void credential_clear(struct credential *);
/* Ed25519 over H-free bytes: the caller separates domains. KMS_E_STATE while locked. */
RESULT credential_sign(uint8_t signature[64], const struct credential *, struct bytes message);

#endif
