/* SPDX-License-Identifier: Apache-2.0 */
/* Making, changing and removing objects in the cluster, from templates. */
#ifndef KMS_PKCS11_OPERATION_MAKING_H
#define KMS_PKCS11_OPERATION_MAKING_H

#include "pkcs11/object/template.h"
#include "pkcs11/operation/mechanisms.h"

/* What C_GenerateKeyPair was given, and how the cluster is to make keys. */
struct key_order {
    const struct family *family;
    struct templ         public_key, private_key;
    unsigned             shard_count, threshold;
};

CK_RV making_generate(struct backend_object *out, const struct backend *, const struct key_order *);
/* C_CreateObject: certificates and data; family: of the slot. */
CK_RV making_create(struct backend_object *out, const struct backend *, const struct templ *, const struct family *);
/* C_SetAttributeValue. */
CK_RV making_change(struct backend_object *out, const struct backend *, const struct object *, const struct templ *);
/* C_DestroyObject of a public key: the key pair loses its public object, the key lives on. */
CK_RV making_hide_public(struct backend_object *out, const struct backend *, const struct object *);

#endif
