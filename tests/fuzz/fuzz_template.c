/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of clients: whatever is accepted can be stored, shown again with the same values, and found by them. */
/* links: pkcs11_operation */
#include <stdlib.h>

#include "common/wire/json.h"
#include "pkcs11/object/template.h"
#include "tests/fuzz/fuzz.h"

#define ATTRIBUTES_MAX 24

static const CK_ATTRIBUTE_TYPE types[] = {
    CKA_CLASS,
    CKA_TOKEN,
    CKA_PRIVATE,
    CKA_LABEL,
    CKA_ID,
    CKA_KEY_TYPE,
    CKA_EC_PARAMS,
    CKA_SIGN,
    CKA_VERIFY,
    CKA_DERIVE,
    CKA_SUBJECT,
    CKA_VALUE,
    CKA_URL,
    CKA_SENSITIVE,
    CKA_EXTRACTABLE,
    CKA_START_DATE,
    CKA_END_DATE,
    CKA_MODIFIABLE,
    CKA_ISSUER,
    CKA_TRUSTED,
    CKA_MODULUS,
    CKA_UNWRAP,
    CKA_OBJECT_ID,
    CKA_CERTIFICATE_TYPE,
    CKA_ALLOWED_MECHANISMS,
    CKA_UNIQUE_ID,
    CKA_APPLICATION,
};

/* Attributes from the input: type, length, value. */
static CK_ULONG read_template(CK_ATTRIBUTE *out, struct bytes *in)
{
    CK_ULONG count = 0;

    while (count < ATTRIBUTES_MAX && in->len >= 2) {
        CK_ATTRIBUTE_TYPE type = types[fuzz_take(in) % ARRAY_LEN(types)];
        size_t            len = fuzz_take(in);
        if (len > in->len) len = in->len;
        out[count++] = (CK_ATTRIBUTE){type, len == 0 ? NULL : (void *)(uintptr_t)in->data, len};
        *in = bytes(in->data + len, in->len - len);
    }
    return count;
}

static const struct object *object_of(const struct record *r, enum face face)
{
    for (unsigned i = 0; i < r->object_count; i++)
        if (r->objects[i].face == face) return &r->objects[i];
    return NULL;
}

/* What has no place of its own (label, id, value, curve) reads back from what was stored. */
static void check_stored(const struct templ *t, const struct object *o)
{
    for (CK_ULONG i = 0; i < t->count; i++) {
        const struct object_value *v = object_find_value(o, t->items[i].type);
        CK_ATTRIBUTE_TYPE          type = t->items[i].type;
        CHECK(v != NULL);
        if (type == CKA_LABEL || type == CKA_ID || type == CKA_VALUE || type == CKA_EC_PARAMS || type == CKA_TOKEN)
            continue;
        CHECK(bytes_equal(object_value_bytes(o, v), bytes(t->items[i].pValue, t->items[i].ulValueLen)));
        CHECK(object_matches(o, &t->items[i], 1));
    }
}

static void store_and_show(const struct templ *t, enum face face)
{
    JSON_LOCAL           *stored = cJSON_CreateObject();
    struct backend_object source = {.class = face == FACE_CERTIFICATE ? BACKEND_CERTIFICATE
                                             : face == FACE_DATA      ? BACKEND_DATA
                                                                      : BACKEND_KEY};
    struct record        *record = NULL;

    source.group = GROUP_ED25519;
    memset(source.public_key, 0x66, 32); /* the base point, RFC 8032 5.1 */
    source.public_key[0] = 0x58;
    CHECK(stored != NULL);
    if (template_store(stored, t, face) != CKR_OK || template_print(source.attributes, stored) != CKR_OK) return;
    CHECK(record_new(&record, &source) == KMS_OK && record != NULL);
    check_stored(t, object_of(record, face));
    record_free(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum face faces[] = {FACE_PRIVATE, FACE_PUBLIC, FACE_CERTIFICATE, FACE_DATA};
    struct bytes           in = bytes(data, size);
    CK_ATTRIBUTE           items[ATTRIBUTES_MAX];
    enum face              face = faces[fuzz_take(&in) % ARRAY_LEN(faces)];
    const struct templ     t = {items, read_template(items, &in)};
    bool                   is_key = face == FACE_PRIVATE || face == FACE_PUBLIC;

    fuzz_start();
    if (template_check_new(&t, face, is_key ? family_by_group(GROUP_ED25519) : NULL) == CKR_OK)
        store_and_show(&t, face);
    return 0;
}
