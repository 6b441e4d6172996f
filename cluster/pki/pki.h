/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making what a cluster needs before it runs: the CA, certificates, credentials, DEK files. Used by kmsctl and by
 * `kms-clusterd dev`. Files are written beside their name and renamed (mode 0600 for keys, 0644 for certificates), an
 * existing file is never overwritten (KMS_E_CONFLICT).
 */
#ifndef KMS_CLUSTER_PKI_PKI_H
#define KMS_CLUSTER_PKI_PKI_H

#include "common/identity/credential.h"

#define PKI_NAMES_MAX 16

/* <directory>/ca.cert and ca.key (PKCS#8; encrypted if passphrase is not empty). Ten years. */
RESULT pki_ca_init(const char *directory, const char *cluster, const struct secret *passphrase);

struct pki_issue {
    enum role   role;
    const char *name;
    const char *names[PKI_NAMES_MAX]; /* DNS names and IP addresses for the SAN; servers only */
    unsigned    name_count;
    unsigned    days; /* 365 */
};
/*
 * Signs a new key with the CA in ca_directory. Writes <out_prefix>.cert and <out_prefix>.key (unencrypted for servers;
 * for clients and operators see pki_client_create).
 */
RESULT pki_issue(const char *ca_directory, const struct secret *ca_passphrase, const struct pki_issue *,
                 const char *out_prefix, const struct secret *key_passphrase);
/* A credential folder: client.cert, client.key, access_key. role: CLIENT, OPERATOR, AUDITOR or STATUS. */
RESULT pki_client_create(const char *ca_directory, const struct secret *ca_passphrase, enum role role, const char *name,
                         const char *folder, const struct secret *passphrase);

/*
 * DEK files (<node>.dek): 32 random bytes under AES-256-GCM under PBKDF2-HMAC-SHA-256 of a password; self-describing
 * header, authenticated (docs/wire-format.md). Rewrites are atomic (write beside, fsync, rename, fsync of the folder).
 */
RESULT dek_create(const char *path, const char *node, const struct secret *password, uint32_t iterations);
/* KMS_E_PASSWORD: wrong password; KMS_E_CORRUPT: not such a file, another node's, or altered where the password cannot
 * tell; KMS_E_CONFIG: file mode & 077. */
RESULT dek_open(struct secret *dek, const char *path, const char *node, const struct secret *password);
RESULT dek_change_password(const char *path, const char *node, const struct secret *old_password,
                           const struct secret *new_password, uint32_t iterations);

/* First line of a descriptor, without its newline; 1..1024 bytes; no echo when it is a terminal (prompt on it). */
RESULT password_read_fd(struct secret *out, int fd);
RESULT password_prompt(struct secret *out, const char *prompt, bool twice);

#endif
