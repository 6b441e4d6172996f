/* SPDX-License-Identifier: Apache-2.0 */
/* A CA and its certificates made in memory, for tests: every party of a cluster in microseconds, no files. */
#ifndef KMS_TESTS_SUPPORT_CLUSTER_PKI_H
#define KMS_TESTS_SUPPORT_CLUSTER_PKI_H

#include "common/identity/credential.h"

#define CLUSTER_PKI_DAYS 365

struct cluster_pki {
    char              cluster[CLUSTER_NAME_MAX + 1];
    void             *key, *certificate; /* owned: EVP_PKEY, X509 of the CA */
    struct authority *authority;         /* owned */
};

void cluster_pki_init(struct cluster_pki *, const char *cluster);
void cluster_pki_clear(struct cluster_pki *);
/* A credential with a new key, valid from `from_s` for `days`. */
void cluster_pki_issue_dated(const struct cluster_pki *, struct credential *out, enum role, const char *name,
                             int64_t from_s, int days);
/* The same, valid from an hour ago for a year. */
void cluster_pki_issue(const struct cluster_pki *, struct credential *out, enum role, const char *name);

#endif
