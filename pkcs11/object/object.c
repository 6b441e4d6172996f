/* SPDX-License-Identifier: Apache-2.0 */
/* Records and their objects. */
#include "pkcs11/object/object.h"

#include <stdlib.h>
#include <string.h>

#include "common/wire/json.h"

#define OBJECT_BYTES_MAX (1024 * 1024)

/* One object while it is built. */
struct building {
    struct object               *object;
    const struct record         *record;
    const struct backend_object *source;
    const cJSON                 *stored; /* the client's signed attributes */
};

static const char *stored_text(const struct building *b, const struct attribute_rule *rule)
{
    char         key[48];
    const char  *prefix = face_prefix(b->object->face);
    const cJSON *item;

    memcpy(key, prefix, strlen(prefix));
    memcpy(key + strlen(prefix), rule->name, strlen(rule->name) + 1);
    item = cJSON_GetObjectItemCaseSensitive(b->stored, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static RESULT append_number(struct buf *out, CK_ULONG number)
{
    return buf_append(out, bytes(&number, sizeof number));
}

static RESULT unique_id(struct buf *out, const struct building *b)
{
    TRY(buf_append_str(out, b->record->object_id));
    if (b->object->face == FACE_PRIVATE) return buf_append_str(out, "-private");
    return b->object->face == FACE_PUBLIC ? buf_append_str(out, "-public") : KMS_OK;
}

/* What follows from the thing itself. *done false: this attribute does not. */
static RESULT computed(struct buf *out, const struct building *b, CK_ATTRIBUTE_TYPE type, bool *done)
{
    const struct family *f = b->record->family;

    *done = true;
    switch (type) {
    case CKA_CLASS:
        return append_number(out, face_class(b->object->face));
    case CKA_LABEL:
        return buf_append_str(out, b->record->label);
    case CKA_ID:
        return buf_append(out, buf_bytes(&b->record->id));
    case CKA_UNIQUE_ID:
        return unique_id(out, b);
    case CKA_VALUE:
        return buf_append(out, buf_bytes(&b->source->value));
    default:
        break;
    }
    *done = b->source->class == BACKEND_KEY;
    if (!*done) return KMS_OK;
    switch (type) {
    case CKA_KEY_TYPE:
        return append_number(out, f->key_type);
    case CKA_KEY_GEN_MECHANISM:
        return append_number(out, f->generate);
    case CKA_ALLOWED_MECHANISMS:
        return append_number(out, f->sign);
    case CKA_EC_PARAMS:
        return buf_append(out, f->params[0]);
    case CKA_EC_POINT:
        return family_point(out, f, b->record->public_key);
    case CKA_PUBLIC_KEY_INFO:
        return family_public_key_info(out, f, b->record->public_key);
    default:
        *done = false;
        return KMS_OK;
    }
}

/* A cluster's other clients write attributes too; what is longer than this module would write, it could not send back.
 */
static bool is_in_bounds(const struct attribute_rule *rule, size_t len)
{
    if (rule->type == CKA_LABEL) return len <= LABEL_MAX;
    return rule->type != CKA_ID || len <= BACKEND_ID_MAX;
}

/* The client's word, where clients have one; else what is computed; else the default. */
static RESULT build_value(struct buf *out, const struct building *b, const struct attribute_rule *rule)
{
    const char *text = rule->right >= RIGHT_CREATE ? stored_text(b, rule) : NULL;
    bool        done;

    if (rule->is_secret) return KMS_OK;
    if (text != NULL) {
        size_t before = out->len;
        if (attribute_from_text(out, rule, text) == KMS_OK && is_in_bounds(rule, out->len - before)) return KMS_OK;
        out->len = before; /* not written by this module: as if it were not there */
    }
    TRY(computed(out, b, rule->type, &done));
    return done ? KMS_OK : attribute_default(out, rule);
}

static RESULT build_object(struct building *b)
{
    struct object *o = b->object;

    o->bytes = BUF_INIT(OBJECT_BYTES_MAX);
    o->values = calloc(attribute_rule_count, sizeof *o->values);
    if (o->values == NULL) return fail(KMS_E_MEMORY, "object");
    for (size_t i = 0; i < attribute_rule_count; i++) {
        const struct attribute_rule *rule = &attribute_rules[i];
        size_t                       before = o->bytes.len;
        if (attribute_rule_of(o->face, rule->type) != rule) continue;
        TRY(build_value(&o->bytes, b, rule));
        o->values[o->count++] = (struct object_value){rule, (uint32_t)before, (uint32_t)(o->bytes.len - before)};
    }
    return KMS_OK;
}

static RESULT add_object(struct record *r, const struct backend_object *source, const cJSON *stored, enum face face)
{
    struct object  *o = &r->objects[r->object_count++];
    struct building b = {.object = o, .record = r, .source = source, .stored = stored};

    *o = (struct object){.record = r, .face = face};
    return build_object(&b);
}

static bool has_public_object(const cJSON *stored)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(stored, "public.absent");

    return !(cJSON_IsString(item) && strcmp(item->valuestring, "true") == 0);
}

static RESULT add_objects(struct record *r, const struct backend_object *source, const cJSON *stored)
{
    if (r->class == BACKEND_CERTIFICATE) return add_object(r, source, stored, FACE_CERTIFICATE);
    if (r->class == BACKEND_DATA) return add_object(r, source, stored, FACE_DATA);
    TRY(add_object(r, source, stored, FACE_PRIVATE));
    return has_public_object(stored) ? add_object(r, source, stored, FACE_PUBLIC) : KMS_OK;
}

static const struct family *family_of(const struct backend_object *source, const cJSON *stored)
{
    if (source->class == BACKEND_KEY) return family_by_group(source->group);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(stored, "family");
    return cJSON_IsString(item) ? family_by_name(item->valuestring) : NULL;
}

static RESULT fill_record(struct record *r, const struct backend_object *source)
{
    JSON_LOCAL *stored = NULL;

    memcpy(r->object_id, source->object_id, sizeof r->object_id);
    memcpy(r->public_key, source->public_key, sizeof r->public_key);
    r->class = source->class;
    r->revision = source->revision;
    r->algorithm = source->algorithm;
    r->id = BUF_INIT(BACKEND_ID_MAX);
    r->label = strdup(source->label);
    r->attributes = strdup(source->attributes[0] == '\0' ? "{}" : source->attributes);
    if (r->label == NULL || r->attributes == NULL) return fail(KMS_E_MEMORY, "object");
    TRY(buf_append(&r->id, bytes(source->id, source->id_len)));
    TRY(json_parse(&stored, bytes_str(r->attributes)));
    r->family = family_of(source, stored);
    if (r->class == BACKEND_KEY && r->family == NULL) return KMS_OK;
    return add_objects(r, source, stored);
}

RESULT record_new(struct record **out, const struct backend_object *source)
{
    struct record *r = calloc(1, sizeof *r);

    *out = NULL;
    if (r == NULL) return fail(KMS_E_MEMORY, "object");
    enum kms_err err = fill_record(r, source);
    if (err != KMS_OK || r->object_count == 0) record_free(&r);
    *out = r;
    return err;
}

void record_free(struct record **record)
{
    struct record *r = *record;

    if (r == NULL) return;
    for (unsigned i = 0; i < r->object_count; i++) {
        free(r->objects[i].values);
        buf_clear(&r->objects[i].bytes);
    }
    free(r->label);
    free(r->attributes);
    buf_clear(&r->id);
    free(r);
    *record = NULL;
}

void record_reference(struct backend_object *out, const struct record *r)
{
    *out = (struct backend_object){.class = r->class, .revision = r->revision, .algorithm = r->algorithm};
    memcpy(out->object_id, r->object_id, sizeof out->object_id);
    memcpy(out->public_key, r->public_key, sizeof out->public_key);
    if (r->class == BACKEND_KEY) out->group = r->family->group;
}

const struct object_value *object_find_value(const struct object *o, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->values[i].rule->type == type) return &o->values[i];
    return NULL;
}

struct bytes object_value_bytes(const struct object *o, const struct object_value *v)
{
    return v->len == 0 ? BYTES_NONE : bytes(o->bytes.data + v->at, v->len);
}

bool object_flag(const struct object *o, CK_ATTRIBUTE_TYPE type)
{
    const struct object_value *v = object_find_value(o, type);

    return v != NULL && v->rule->form == FORM_FLAG && v->len == 1 && o->bytes.data[v->at] != CK_FALSE;
}

/* PKCS#11 2.40, 5.7.5: one of five cases for each attribute. */
static CK_RV get_one(const struct object *o, CK_ATTRIBUTE *wanted)
{
    const struct object_value *v = object_find_value(o, wanted->type);
    CK_ULONG                   room = wanted->ulValueLen;

    wanted->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    if (v == NULL) return refuse(CKR_ATTRIBUTE_TYPE_INVALID, "the object has no attribute 0x%lx", wanted->type);
    if (v->rule->is_secret) return refuse(CKR_ATTRIBUTE_SENSITIVE, "CKA_VALUE of a private key exists nowhere whole");
    if (wanted->pValue != NULL && room < v->len)
        return refuse(CKR_BUFFER_TOO_SMALL, "attribute 0x%lx has %u bytes", wanted->type, v->len);
    wanted->ulValueLen = v->len;
    if (wanted->pValue != NULL && v->len > 0) memcpy(wanted->pValue, o->bytes.data + v->at, v->len);
    return CKR_OK;
}

CK_RV object_get(const struct object *o, CK_ATTRIBUTE *templ, CK_ULONG count)
{
    CK_RV first = CKR_OK;

    for (CK_ULONG i = 0; i < count; i++) {
        CK_RV rv = get_one(o, &templ[i]);
        if (first == CKR_OK) first = rv;
    }
    return first;
}

bool object_matches(const struct object *o, const CK_ATTRIBUTE *templ, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        const struct object_value *v = object_find_value(o, templ[i].type);
        if (v == NULL || v->rule->is_secret) return false;
        if (!bytes_equal(object_value_bytes(o, v), bytes(templ[i].pValue, templ[i].ulValueLen))) return false;
    }
    return true;
}
