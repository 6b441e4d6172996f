/* SPDX-License-Identifier: Apache-2.0 */
/* Whole credentials, in memory, from the CAs of test_ca.h: every party of a cluster without a file. */
#ifndef KMS_TESTS_SUPPORT_CLUSTER_PKI_H
#define KMS_TESTS_SUPPORT_CLUSTER_PKI_H

#include "common/identity/credential.h"

#define CLUSTER_PKI_DAYS 365

struct cluster_pki {
    unsigned          ca; /* which of test_ca.h */
    char              cluster[CLUSTER_NAME_MAX + 1];
    struct authority *authority; /* owned */
};

void cluster_pki_init(struct cluster_pki *, unsigned ca, const char *cluster);
void cluster_pki_clear(struct cluster_pki *);
/* A credential with a new key, valid from `from_s` for `days`. */
void cluster_pki_issue_dated(const struct cluster_pki *, struct credential *out, const char *role_and_name,
                             int64_t from_s, int days);
/* The same, valid from an hour ago for a year. role_and_name: "node/tss1". */
void cluster_pki_issue(const struct cluster_pki *, struct credential *out, const char *role_and_name);

#endif
