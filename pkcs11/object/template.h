/* SPDX-License-Identifier: Apache-2.0 */
/* Templates that clients give: checked against the attribute table, and turned into what is stored. */
#ifndef KMS_PKCS11_OBJECT_TEMPLATE_H
#define KMS_PKCS11_OBJECT_TEMPLATE_H

#include <cjson/cJSON.h>

#include "pkcs11/backend/backend.h"
#include "pkcs11/object/object.h"

#define TEMPLATE_ATTRIBUTES_MAX 256

/* A client's template, borrowed for the call. */
struct templ {
    const CK_ATTRIBUTE *items;
    CK_ULONG            count;
};

/* Pointers and lengths alone: what can be read safely. */
CK_RV template_check_memory(const CK_ATTRIBUTE *items, CK_ULONG count);
/*
 * For an object of this face that is being made (family: of keys, else NULL) or changed. CKR_ATTRIBUTE_TYPE_INVALID,
 * _VALUE_INVALID, _READ_ONLY, CKR_TEMPLATE_INCONSISTENT, CKR_CURVE_NOT_SUPPORTED.
 */
CK_RV template_check_new(const struct templ *, enum face, const struct family *);
CK_RV template_check_change(const struct templ *, const struct object *);

/* NULL: not in the template. */
const CK_ATTRIBUTE *template_find(const struct templ *, CK_ATTRIBUTE_TYPE);
struct bytes        template_bytes(const struct templ *, CK_ATTRIBUTE_TYPE); /* empty when absent */
/* Absent or of another size: otherwise. */
CK_ULONG template_number(const struct templ *, CK_ATTRIBUTE_TYPE, CK_ULONG otherwise);
bool     template_flag(const struct templ *, CK_ATTRIBUTE_TYPE, bool otherwise);

/*
 * Puts what the template sets into the JSON object of signed attributes, except label, id, value and curve, which have
 * places of their own. What is as by default is left out (or taken out).
 */
CK_RV template_store(cJSON *stored, const struct templ *, enum face);
/* One of them; value NULL takes it out. */
CK_RV template_store_text(cJSON *stored, const char *prefix, const char *name, const char *text);
/* The JSON object as text; CKR_ATTRIBUTE_VALUE_INVALID when it is more than a key can keep. */
CK_RV template_print(char out[BACKEND_ATTRIBUTES_MAX + 1], const cJSON *stored);

/* CKA_LABEL as the REST interface takes it: UTF-8 without control characters, at most 255 bytes. */
CK_RV template_label(char out[LABEL_MAX + 1], struct bytes value);

#endif
