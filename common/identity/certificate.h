/* SPDX-License-Identifier: Apache-2.0 */
/* Inside common/identity: OpenSSL's certificates, and what the system reads from them. */
#ifndef KMS_COMMON_IDENTITY_CERTIFICATE_H
#define KMS_COMMON_IDENTITY_CERTIFICATE_H

#include <openssl/x509.h>

#include "common/base/buf.h"
#include "common/identity/identity.h"

#define PEM_CERTIFICATES_MAX 4

/* The one DER certificate that `der` holds, with nothing after it and in the encoding that DER prescribes. */
RESULT certificate_decode(X509 **out /* caller: X509_free */, struct bytes der);
RESULT certificate_identity(struct identity *out, X509 *certificate, struct bytes der);
/* The text of the only URI in the SAN. KMS_E_CERTIFICATE for none or more than one. */
RESULT certificate_uri(char out[IDENTITY_URI_MAX + 1], X509 *certificate);
/* Does its key belong to Ed25519? Then its raw 32 bytes. */
RESULT certificate_public_key(uint8_t out[32], X509 *certificate);
/* DER of each CERTIFICATE block of a PEM text, 1..max of them; each out[i] is cleared by the caller. */
RESULT certificate_from_pem(struct buf *out, unsigned *count, unsigned max, struct bytes pem);

static inline void certificate_done(X509 **certificate)
{
    X509_free(*certificate);
}

#endif
