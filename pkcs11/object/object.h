/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record is one thing in the cluster; its objects are how PKCS#11 shows it: a key as a private and a public object, a
 * certificate or data as one. All attribute values are computed when the record is built, from what the backend has
 * verified.
 */
#ifndef KMS_PKCS11_OBJECT_OBJECT_H
#define KMS_PKCS11_OBJECT_OBJECT_H

#include "pkcs11/backend/backend.h"
#include "pkcs11/object/attributes.h"
#include "pkcs11/object/ckr.h"
#include "pkcs11/object/family.h"

struct object_value {
    const struct attribute_rule *rule;
    uint32_t                     at, len; /* in the object's bytes */
};

struct record;

struct object {
    struct record       *record; /* borrowed: the one that holds it */
    enum face            face;
    CK_OBJECT_HANDLE     handle;
    struct object_value *values; /* owned */
    size_t               count;
    struct buf           bytes; /* owned */
};

struct record {
    char object_id[KEY_ID_LEN + 1];
    enum backend_class class;
    uint32_t             revision;
    uint16_t             algorithm;
    const struct family *family; /* of keys; of other objects the one they were made in, or NULL: shown everywhere */
    uint8_t              public_key[POINT_LEN_MAX];
    char                *label;      /* owned */
    struct buf           id;         /* owned */
    char                *attributes; /* owned; JSON object text */
    unsigned             object_count;
    struct object        objects[2];
    unsigned             users;   /* core/inventory.c: who holds it for the time of a call */
    bool                 dropped; /* core/inventory.c: freed by its last user */
};

/* NULL in *out: of a family that this module does not know. */
RESULT record_new(struct record **out, const struct backend_object *);
void   record_free(struct record **);
/* What a backend needs to name it: object_id, class, revision, algorithm, group, public key. */
void record_reference(struct backend_object *out, const struct record *);

/* NULL: the object does not have it. */
const struct object_value *object_find_value(const struct object *, CK_ATTRIBUTE_TYPE);
struct bytes               object_value_bytes(const struct object *, const struct object_value *);
bool                       object_flag(const struct object *, CK_ATTRIBUTE_TYPE); /* false also when it has none */
/* C_GetAttributeValue: fills the whole template, and returns the first failure of any attribute. */
CK_RV object_get(const struct object *, CK_ATTRIBUTE *templ, CK_ULONG count);
/* C_FindObjects: has every attribute of the template with exactly its value. */
bool object_matches(const struct object *, const CK_ATTRIBUTE *templ, CK_ULONG count);

#endif
