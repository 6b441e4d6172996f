/* SPDX-License-Identifier: Apache-2.0 */
/* C_GenerateRandom: from the module's own generator (AES-256-CTR-DRBG, seeded by the kernel, fork-safe); no request. */
#ifndef KMS_PKCS11_OPERATION_RANDOM_H
#define KMS_PKCS11_OPERATION_RANDOM_H

#include "pkcs11/object/ckr.h"

CK_RV random_generate(CK_BYTE *out, CK_ULONG len);

#endif
