/* SPDX-License-Identifier: Apache-2.0 */
/* C_CreateObject, C_SetAttributeValue, and the public object that goes. */
#include "common/wire/json.h"
#include "pkcs11/operation/making.h"
#include "pkcs11/operation/naming.h"

static CK_RV result(enum kms_err err)
{
    return err == KMS_OK ? CKR_OK : ckr_of(err);
}

static CK_RV check_new_object(const struct templ *t, enum face *face)
{
    CK_ULONG class = template_number(t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);

    if (template_find(t, CKA_CLASS) == NULL) return refuse(CKR_TEMPLATE_INCOMPLETE, "CKA_CLASS is missing");
    if (class == CKO_PRIVATE_KEY)
        return refuse(CKR_TEMPLATE_INCONSISTENT, "private keys are made in the cluster; none is imported");
    if (class != CKO_CERTIFICATE && class != CKO_DATA)
        return refuse(CKR_TEMPLATE_INCONSISTENT, "objects of class %lu: this token takes certificates and data", class);
    *face = class == CKO_CERTIFICATE ? FACE_CERTIFICATE : FACE_DATA;
    TRY_CKR(template_check_new(t, *face, NULL));
    if (!template_flag(t, CKA_TOKEN, false))
        return refuse(CKR_TEMPLATE_INCONSISTENT, "CKA_TOKEN must be true: this token has no session objects");
    if (*face == FACE_CERTIFICATE && template_bytes(t, CKA_VALUE).len == 0)
        return refuse(CKR_TEMPLATE_INCOMPLETE, "CKA_VALUE is missing");
    if (*face == FACE_CERTIFICATE && template_find(t, CKA_CERTIFICATE_TYPE) == NULL)
        return refuse(CKR_TEMPLATE_INCOMPLETE, "CKA_CERTIFICATE_TYPE is missing");
    return CKR_OK;
}

CK_RV making_create(struct backend_object *out, const struct backend *backend, const struct templ *t,
                    const struct family *family)
{
    JSON_LOCAL *stored = cJSON_CreateObject();
    char        label[LABEL_MAX + 1], attributes[BACKEND_ATTRIBUTES_MAX + 1];
    enum face   face;

    if (stored == NULL) return refuse(CKR_HOST_MEMORY, "attributes");
    TRY_CKR(template_check_memory(t->items, t->count));
    TRY_CKR(check_new_object(t, &face));
    TRY_CKR(template_label(label, template_bytes(t, CKA_LABEL)));
    TRY_CKR(template_store(stored, t, face));
    TRY_CKR(template_store_text(stored, "", "family", family->name));
    TRY_CKR(template_print(attributes, stored));
    enum backend_class class = face == FACE_CERTIFICATE ? BACKEND_CERTIFICATE : BACKEND_DATA;
    return result(backend->ops->create(backend->self, class, label, template_bytes(t, CKA_ID),
                                       template_bytes(t, CKA_VALUE), attributes, out));
}

/* What this template makes of an attribute of an object that has it now. */
static struct bytes changed_value(const struct object *o, const struct object *target, const struct templ *t,
                                  CK_ATTRIBUTE_TYPE type)
{
    if (o == target && template_find(t, type) != NULL) return template_bytes(t, type);
    const struct object_value *now = object_find_value(o, type);
    return now == NULL ? BYTES_NONE : object_value_bytes(o, now);
}

static const struct object *object_with_face(const struct record *r, enum face face)
{
    for (unsigned i = 0; i < r->object_count; i++)
        if (r->objects[i].face == face) return &r->objects[i];
    return NULL;
}

/* A certificate, data, or a key whose public object is gone: one object, whose names are the thing's. */
static struct names names_after(const struct object *target, const struct templ *t)
{
    const struct object *public_object = object_with_face(target->record, FACE_PUBLIC);
    const struct object *first = &target->record->objects[0];
    struct names         n = {.private_label = changed_value(first, target, t, CKA_LABEL),
                              .private_id = changed_value(first, target, t, CKA_ID)};

    n.public_label = public_object == NULL ? n.private_label : changed_value(public_object, target, t, CKA_LABEL);
    n.public_id = public_object == NULL ? n.private_id : changed_value(public_object, target, t, CKA_ID);
    return n;
}

static CK_RV send_change(struct backend_object *out, const struct backend *backend, const struct object *target,
                         cJSON *stored, const struct templ *t)
{
    struct backend_object reference;
    struct naming         naming;
    const struct names    names = names_after(target, t);
    char                  attributes[BACKEND_ATTRIBUTES_MAX + 1];

    TRY_CKR(naming_choose(&naming, stored, &names));
    TRY_CKR(template_print(attributes, stored));
    record_reference(&reference, target->record);
    return result(backend->ops->change(backend->self, &reference, naming.label, naming.id, attributes, out));
}

static CK_RV parse_stored(cJSON **out, const struct object *o)
{
    enum kms_err err = json_parse(out, bytes_str(o->record->attributes));

    return result(err);
}

CK_RV making_change(struct backend_object *out, const struct backend *backend, const struct object *o,
                    const struct templ *t)
{
    JSON_LOCAL *stored = NULL;

    TRY_CKR(template_check_change(t, o));
    if (!object_flag(o, CKA_MODIFIABLE)) return refuse(CKR_ACTION_PROHIBITED, "CKA_MODIFIABLE is false");
    TRY_CKR(parse_stored(&stored, o));
    TRY_CKR(template_store(stored, t, o->face));
    return send_change(out, backend, o, stored, t);
}

CK_RV making_hide_public(struct backend_object *out, const struct backend *backend, const struct object *o)
{
    JSON_LOCAL        *stored = NULL;
    const struct templ nothing = {NULL, 0};

    TRY_CKR(parse_stored(&stored, o));
    TRY_CKR(template_store_text(stored, face_prefix(FACE_PUBLIC), "absent", "true"));
    return send_change(out, backend, o, stored, &nothing);
}
