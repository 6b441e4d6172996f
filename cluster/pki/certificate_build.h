/* SPDX-License-Identifier: Apache-2.0 */
/* Builds and signs X.509 certificates (RFC 5280) in the one shape that the system has. */
#ifndef KMS_CLUSTER_PKI_CERTIFICATE_BUILD_H
#define KMS_CLUSTER_PKI_CERTIFICATE_BUILD_H

#include <openssl/x509.h>

#include "cluster/pki/pki.h"

struct certificate_plan {
    const char             *cluster;
    const struct pki_issue *leaf;         /* NULL: a CA certificate */
    X509                   *issuer;       /* NULL: signed by itself */
    EVP_PKEY               *issuer_key;   /* borrowed */
    EVP_PKEY               *key;          /* borrowed: what is certified */
    int64_t                 not_before_s; /* seconds since 1970 */
    int64_t                 not_after_s;
};

/* Caller: X509_free. */
RESULT certificate_build(X509 **out, const struct certificate_plan *);
RESULT certificate_pem(struct buf *out, X509 *);
RESULT certificate_der(struct buf *out, X509 *);

static inline void certificate_done(X509 **certificate)
{
    X509_free(*certificate);
}

#endif
