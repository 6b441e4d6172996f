/* SPDX-License-Identifier: Apache-2.0 */
/* The module's one global: the provider, from C_Initialize to C_Finalize, across forks. */
#ifndef KMS_PKCS11_ENTRY_LIFECYCLE_H
#define KMS_PKCS11_ENTRY_LIFECYCLE_H

#include "pkcs11/core/provider.h"

/* Enters the gate. *out: borrowed until lifecycle_leave(), which is called in any case. CKR_CRYPTOKI_NOT_INITIALIZED.
 */
CK_RV lifecycle_enter(struct provider **out);
void  lifecycle_leave(struct provider *);

/* From inside lifecycle_enter() that found nothing, or the other way round. pReserved: "kms-config=<path>", or NULL. */
CK_RV lifecycle_initialize(const CK_C_INITIALIZE_ARGS *);
CK_RV lifecycle_finalize(void);

#endif
