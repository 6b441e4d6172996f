/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CK_RV, the error type above the backend. refuse() records why, as fail() does for enum kms_err, so that the one log
 * line of a failed call (entry/call.c) can say it; ckr_of() is the one place where an enum kms_err becomes a CK_RV.
 */
#ifndef KMS_PKCS11_OBJECT_CKR_H
#define KMS_PKCS11_OBJECT_CKR_H

#include "common/base/error.h"
#include "pkcs11/object/cryptoki.h"

#define refuse(ckr, ...) ((void)error_fail(KMS_E_ARGUMENT, __FILE__, __LINE__, __VA_ARGS__), (CK_RV)(ckr))
#define TRY_CKR(expr)                            \
    do {                                         \
        CK_RV try_ckr_ = (expr);                 \
        if (try_ckr_ != CKR_OK) return try_ckr_; \
    } while (0)

CK_RV ckr_of(enum kms_err);
/* "CKR_PIN_INCORRECT"; "CKR_?" for numbers that the module never returns. */
const char *ckr_name(CK_RV);

#endif
