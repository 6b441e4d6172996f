/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key families: a curve with its PKCS#11 names. One slot per family, under a number that never changes: p256 1, p384 2,
 * p521 3, secp256k1 4, ed25519 5, bls12381 6; the table has those that the cluster can make.
 */
#ifndef KMS_PKCS11_OBJECT_FAMILY_H
#define KMS_PKCS11_OBJECT_FAMILY_H

#include "common/base/buf.h"
#include "common/crypto/group.h"
#include "pkcs11/object/cryptoki.h"

struct family {
    CK_SLOT_ID        slot;
    const char       *name;  /* in the configuration and in token labels */
    const char       *title; /* in slot descriptions */
    enum group_id     group;
    const char       *algorithm; /* of the REST interface */
    CK_KEY_TYPE       key_type;
    CK_MECHANISM_TYPE generate, sign;
    struct bytes      params[2]; /* accepted as CKA_EC_PARAMS; the first is the default */
};

const struct family *family_by_name(const char *name); /* NULL: not offered */
const struct family *family_by_group(enum group_id);
bool                 family_accepts_params(const struct family *, struct bytes params);
/* CKA_EC_POINT: the encoded point in a DER OCTET STRING; appends. */
RESULT family_point(struct buf *out, const struct family *, const uint8_t *public_key);
/* CKA_PUBLIC_KEY_INFO; appends. */
RESULT family_public_key_info(struct buf *out, const struct family *, const uint8_t *public_key);

#endif
