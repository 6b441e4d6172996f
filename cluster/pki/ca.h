/* SPDX-License-Identifier: Apache-2.0 */
/* The opened CA: its certificate, its key, its log of what it has issued. */
#ifndef KMS_CLUSTER_PKI_CA_H
#define KMS_CLUSTER_PKI_CA_H

#include <limits.h>
#include <openssl/x509.h>

#include "cluster/pki/pki.h"

struct ca {
    char      directory[PATH_MAX];
    char      cluster[CLUSTER_NAME_MAX + 1];
    X509     *certificate; /* owned */
    EVP_PKEY *key;         /* owned */
    int64_t   not_after;   /* seconds since 1970 */
};

RESULT ca_open(struct ca *out, const char *directory, const struct secret *passphrase);
void   ca_close(struct ca *);
/* A line in <directory>/issued.log, on disk before this returns: no certificate exists that the log does not know. */
RESULT ca_log(const struct ca *, X509 *issued);

#endif
