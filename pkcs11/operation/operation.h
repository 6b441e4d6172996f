/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One active operation of a session: signing, verifying or digesting, in one part or in several. A mechanism brings a
 * scheme (what it signs, how it verifies) or a digest; the rules of PKCS#11 about lengths, parts and endings are here,
 * once: a length query and CKR_BUFFER_TOO_SMALL leave the operation as it is and cost nothing, anything else ends it.
 */
#ifndef KMS_PKCS11_OPERATION_OPERATION_H
#define KMS_PKCS11_OPERATION_OPERATION_H

#include "common/crypto/digest.h"
#include "pkcs11/object/object.h"
#include "pkcs11/operation/mechanisms.h"

enum operation_kind { OPERATION_SIGN, OPERATION_VERIFY, OPERATION_DIGEST };
#define OPERATION_KINDS 3

struct operation {
    const struct mechanism *mechanism;
    struct backend_object  *key;     /* owned; NULL for digests */
    struct buf              message; /* owned; what has been given so far */
    struct digest          *digest;  /* owned */
    bool                    in_parts;
    bool                    needs_login; /* CKA_ALWAYS_AUTHENTICATE, and no context-specific login yet */
};

/* Where a result goes: the client's buffer and length, as in C_Sign; data NULL asks for the length. */
struct output {
    CK_BYTE  *data;
    CK_ULONG *len;
};

/* key: NULL for digests. CKR_MECHANISM_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED. */
CK_RV operation_new(struct operation **out, enum operation_kind, const CK_MECHANISM *, const struct object *key);
void  operation_free(struct operation **);

/* The operation is ended (freed, *operation NULL) as the rule says. */
CK_RV operation_update(struct operation **, struct bytes part);
CK_RV operation_sign(struct operation **, const struct backend *, struct bytes message, struct output);
CK_RV operation_sign_final(struct operation **, const struct backend *, struct output);
CK_RV operation_verify(struct operation **, struct bytes message, struct bytes signature);
CK_RV operation_verify_final(struct operation **, struct bytes signature);
CK_RV operation_digest(struct operation **, struct bytes message, struct output);
CK_RV operation_digest_final(struct operation **, struct output);

#endif
