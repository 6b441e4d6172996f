/* SPDX-License-Identifier: Apache-2.0 */
/* Which backend the module runs on. Tests link a wiring of their own, over a cluster inside the process. */
#ifndef KMS_PKCS11_ENTRY_WIRING_H
#define KMS_PKCS11_ENTRY_WIRING_H

#include "pkcs11/backend/backend.h"
#include "pkcs11/backend/settings.h"

/* path: of the configuration, NULL to search for it. *backend: ops NULL where nothing is configured. */
RESULT wiring_open(struct settings *, struct backend *, bool *login_required, const char *path);

#endif
