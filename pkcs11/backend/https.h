/* SPDX-License-Identifier: Apache-2.0 */
/* The backend that the module uses: a cluster behind its gateways, over HTTPS. */
#ifndef KMS_PKCS11_BACKEND_HTTPS_H
#define KMS_PKCS11_BACKEND_HTTPS_H

#include "pkcs11/backend/backend.h"
#include "pkcs11/backend/settings.h"

/* Prepares the OpenSSL inside the module; before anything else that uses it. Idempotent. */
RESULT https_start_openssl(void);

/* Reads the CA and the credential's certificate; connects to nobody. backend_close: ops->close. */
RESULT https_new(struct backend *out, const struct settings *);
/* Is a passphrase (the user PIN) needed? */
RESULT https_needs_pin(bool *out, const struct settings *);

#endif
