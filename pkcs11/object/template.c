/* SPDX-License-Identifier: Apache-2.0 */
/* Templates. */
#include "pkcs11/object/template.h"

#include <string.h>

#include "common/wire/json.h"

#define STORED_MAX 32 /* members, docs/rest-api.md */
#define VALUE_LEN_MAX 65536

CK_RV template_check_memory(const CK_ATTRIBUTE *items, CK_ULONG count)
{
    if (items == NULL && count > 0) return refuse(CKR_ARGUMENTS_BAD, "a template of %lu attributes at NULL", count);
    if (count > TEMPLATE_ATTRIBUTES_MAX) return refuse(CKR_ARGUMENTS_BAD, "a template of %lu attributes", count);
    for (CK_ULONG i = 0; i < count; i++)
        if (items[i].ulValueLen > VALUE_LEN_MAX || (items[i].pValue == NULL && items[i].ulValueLen > 0))
            return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "attribute 0x%lx: no value, or one of %lu bytes", items[i].type,
                          items[i].ulValueLen);
    return CKR_OK;
}

const CK_ATTRIBUTE *template_find(const struct templ *t, CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; i < t->count; i++)
        if (t->items[i].type == type) return &t->items[i];
    return NULL;
}

struct bytes template_bytes(const struct templ *t, CK_ATTRIBUTE_TYPE type)
{
    const CK_ATTRIBUTE *a = template_find(t, type);

    return a == NULL ? BYTES_NONE : bytes(a->pValue, a->ulValueLen);
}

CK_ULONG template_number(const struct templ *t, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise)
{
    struct bytes value = template_bytes(t, type);

    if (value.len == sizeof otherwise) memcpy(&otherwise, value.data, sizeof otherwise);
    return otherwise;
}

bool template_flag(const struct templ *t, CK_ATTRIBUTE_TYPE type, bool otherwise)
{
    struct bytes value = template_bytes(t, type);

    return value.len == sizeof(CK_BBOOL) ? value.data[0] != CK_FALSE : otherwise;
}

static bool has_form(const struct attribute_rule *rule, const CK_ATTRIBUTE *a)
{
    const CK_BYTE *value = a->pValue;

    switch (rule->form) {
    case FORM_FLAG:
        return a->ulValueLen == sizeof(CK_BBOOL) && value[0] <= CK_TRUE;
    case FORM_NUMBER:
        return a->ulValueLen == sizeof(CK_ULONG);
    case FORM_DATE:
        return a->ulValueLen == 0 || a->ulValueLen == sizeof(CK_DATE);
    case FORM_BYTES:
        break;
    }
    return rule->type != CKA_ID || a->ulValueLen <= BACKEND_ID_MAX;
}

static CK_RV check_form(const struct attribute_rule *rule, const CK_ATTRIBUTE *a)
{
    char label[LABEL_MAX + 1];

    if (!has_form(rule, a))
        return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "%s: %lu bytes are not a value of it", rule->name, a->ulValueLen);
    return rule->type == CKA_LABEL ? template_label(label, bytes(a->pValue, a->ulValueLen)) : CKR_OK;
}

/* What a template may repeat: the attributes that are so for every object of this face. */
static bool repeats(const struct attribute_rule *rule, const CK_ATTRIBUTE *a, enum face face, const struct family *f)
{
    CK_ULONG number = 0;

    if (rule->form == FORM_FLAG) {
        bool given = *(const CK_BBOOL *)a->pValue != CK_FALSE;
        /* A public object stands and falls with its key; clients that ask for one in the session only get it none the
         * less. */
        return given == (rule->otherwise != CK_FALSE) || (rule->type == CKA_TOKEN && face == FACE_PUBLIC);
    }
    if (a->ulValueLen != sizeof number) return false;
    memcpy(&number, a->pValue, sizeof number);
    switch (rule->type) {
    case CKA_CLASS:
        return number == face_class(face);
    case CKA_KEY_TYPE:
        return f != NULL && number == f->key_type;
    case CKA_ALLOWED_MECHANISMS:
        return f != NULL && number == f->sign;
    default:
        return number == rule->otherwise;
    }
}

static CK_RV check_new_one(const CK_ATTRIBUTE *a, enum face face, const struct family *f)
{
    const struct attribute_rule *rule = attribute_rule_of(face, a->type);

    if (rule == NULL) return refuse(CKR_ATTRIBUTE_TYPE_INVALID, "attribute 0x%lx: no such object has it", a->type);
    TRY_CKR(check_form(rule, a));
    if (rule->right == RIGHT_NONE) return refuse(CKR_ATTRIBUTE_READ_ONLY, "%s: the token says it", rule->name);
    if (rule->right == RIGHT_REPEAT && !repeats(rule, a, face, f))
        return refuse(CKR_TEMPLATE_INCONSISTENT, "%s: this token makes no such object", rule->name);
    if (rule->type == CKA_EC_PARAMS && f != NULL && !family_accepts_params(f, bytes(a->pValue, a->ulValueLen)))
        return refuse(CKR_CURVE_NOT_SUPPORTED, "CKA_EC_PARAMS: another curve than %s; each curve has its own slot",
                      f->name);
    return CKR_OK;
}

static CK_RV check_unique(const struct templ *t, CK_ULONG at)
{
    for (CK_ULONG i = 0; i < at; i++)
        if (t->items[i].type == t->items[at].type)
            return refuse(CKR_TEMPLATE_INCONSISTENT, "attribute 0x%lx is given twice", t->items[at].type);
    return CKR_OK;
}

CK_RV template_check_new(const struct templ *t, enum face face, const struct family *f)
{
    TRY_CKR(template_check_memory(t->items, t->count));
    for (CK_ULONG i = 0; i < t->count; i++) {
        TRY_CKR(check_unique(t, i));
        TRY_CKR(check_new_one(&t->items[i], face, f));
    }
    return CKR_OK;
}

static CK_RV check_change_one(const CK_ATTRIBUTE *a, const struct object *o)
{
    const struct attribute_rule *rule = attribute_rule_of(o->face, a->type);

    if (rule == NULL)
        return refuse(CKR_ATTRIBUTE_TYPE_INVALID, "attribute 0x%lx: the object does not have it", a->type);
    if (rule->right != RIGHT_CHANGE) return refuse(CKR_ATTRIBUTE_READ_ONLY, "%s: cannot be changed", rule->name);
    return check_form(rule, a);
}

CK_RV template_check_change(const struct templ *t, const struct object *o)
{
    TRY_CKR(template_check_memory(t->items, t->count));
    for (CK_ULONG i = 0; i < t->count; i++) {
        TRY_CKR(check_unique(t, i));
        TRY_CKR(check_change_one(&t->items[i], o));
    }
    return CKR_OK;
}

static bool is_default(const struct attribute_rule *rule, struct bytes value)
{
    BUF_LOCAL otherwise = BUF_INIT(sizeof(CK_ULONG));

    return attribute_default(&otherwise, rule) == KMS_OK && bytes_equal(buf_bytes(&otherwise), value);
}

CK_RV template_store_text(cJSON *stored, const char *prefix, const char *name, const char *text)
{
    char   key[48];
    size_t used = strlen(prefix);

    memcpy(key, prefix, used);
    memcpy(key + used, name, strlen(name) + 1);
    cJSON_DeleteItemFromObjectCaseSensitive(stored, key);
    if (text == NULL) return CKR_OK;
    if (cJSON_AddStringToObject(stored, key, text) == NULL) return refuse(CKR_HOST_MEMORY, "attributes");
    if (cJSON_GetArraySize(stored) > STORED_MAX)
        return refuse(CKR_TEMPLATE_INCONSISTENT, "more than %d attributes differ from their defaults", STORED_MAX);
    return CKR_OK;
}

static bool has_own_place(CK_ATTRIBUTE_TYPE type)
{
    return type == CKA_LABEL || type == CKA_ID || type == CKA_VALUE || type == CKA_EC_PARAMS;
}

CK_RV template_store(cJSON *stored, const struct templ *t, enum face face)
{
    for (CK_ULONG i = 0; i < t->count; i++) {
        const CK_ATTRIBUTE          *a = &t->items[i];
        const struct attribute_rule *rule = attribute_rule_of(face, a->type);
        BUF_LOCAL                    text = BUF_INIT(BACKEND_ATTRIBUTES_MAX);
        if (rule->right < RIGHT_CREATE || has_own_place(a->type)) continue;
        struct bytes value = bytes(a->pValue, a->ulValueLen);
        if (attribute_to_text(&text, rule, value) != KMS_OK)
            return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "%s: longer than a key can keep", rule->name);
        TRY_CKR(template_store_text(stored, face_prefix(face), rule->name,
                                    is_default(rule, value) ? NULL : buf_str(&text)));
    }
    return CKR_OK;
}

CK_RV template_print(char out[BACKEND_ATTRIBUTES_MAX + 1], const cJSON *stored)
{
    BUF_LOCAL text = BUF_INIT(BACKEND_ATTRIBUTES_MAX);

    if (json_print(&text, stored) != KMS_OK)
        return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "the attributes are longer than the %d bytes that a key can keep",
                      BACKEND_ATTRIBUTES_MAX);
    memcpy(out, text.data, text.len + 1);
    return CKR_OK;
}

/* RFC 3629: the length of the sequence that starts here, or 0. */
static size_t utf8_length(const uint8_t *at, size_t left)
{
    size_t   len = at[0] < 0x80             ? 1
                   : (at[0] & 0xe0) == 0xc0 ? 2
                   : (at[0] & 0xf0) == 0xe0 ? 3
                   : (at[0] & 0xf8) == 0xf0 ? 4
                                            : 0;
    uint32_t code = len <= 1 ? at[0] : at[0] & (0x7fu >> len);

    if (len == 0 || len > left) return 0;
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : len;
}

CK_RV template_label(char out[LABEL_MAX + 1], struct bytes value)
{
    if (value.len > LABEL_MAX)
        return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "label: %zu bytes; at most %d", value.len, LABEL_MAX);
    for (size_t at = 0, len; at < value.len; at += len) {
        len = utf8_length(value.data + at, value.len - at);
        if (len == 0 || value.data[at] < ' ' || value.data[at] == 0x7f)
            return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "label: not UTF-8, or a control character at byte %zu", at);
    }
    if (value.len > 0) memcpy(out, value.data, value.len);
    out[value.len] = '\0';
    return CKR_OK;
}
