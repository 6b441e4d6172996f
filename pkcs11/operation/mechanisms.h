/* SPDX-License-Identifier: Apache-2.0 */
/* The table of mechanisms: what each does, with which keys, and the flags that C_GetMechanismInfo answers. */
#ifndef KMS_PKCS11_OPERATION_MECHANISMS_H
#define KMS_PKCS11_OPERATION_MECHANISMS_H

#include "common/crypto/digest.h"
#include "pkcs11/backend/backend.h"
#include "pkcs11/object/ckr.h"
#include "pkcs11/object/family.h"

#define SIGNATURE_LEN_MAX 96

/* How a family of mechanisms signs: one constant per file sign_<family>.c. */
struct sign_scheme {
    CK_RV (*check_parameter)(const CK_MECHANISM *);
    size_t signature_len;
    size_t message_max;
    /* Local; KMS_E_SIGNATURE. */
    enum kms_err (*verify)(const struct backend_object *key, struct bytes message, struct bytes signature);
};

struct mechanism {
    CK_MECHANISM_TYPE         type;
    CK_MECHANISM_INFO         info;
    enum group_id             group;  /* of its keys; GROUP_NONE: needs none */
    const struct sign_scheme *scheme; /* NULL: does not sign */
    enum digest_id            digest; /* DIGEST_NONE: does not digest */
};

/* NULL: not offered in the slot of this family. */
const struct mechanism *mechanism_find(const struct family *, CK_MECHANISM_TYPE);
/* The slot's mechanisms; out NULL: only counts. */
CK_ULONG mechanism_list(CK_MECHANISM_TYPE *out, CK_ULONG room, const struct family *);
/* By type alone, for an operation whose key says the family. */
const struct mechanism *mechanism_by_type(CK_MECHANISM_TYPE);

#endif
