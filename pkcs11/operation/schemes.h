/* SPDX-License-Identifier: Apache-2.0 */
/* The signature schemes: one per file. */
#ifndef KMS_PKCS11_OPERATION_SCHEMES_H
#define KMS_PKCS11_OPERATION_SCHEMES_H

#include "pkcs11/operation/mechanisms.h"

extern const struct sign_scheme scheme_eddsa; /* sign_eddsa.c */

#endif
