/* SPDX-License-Identifier: Apache-2.0 */
/* Strict access over cJSON. */
#include "common/wire/json.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/text.h"

#define DEPTH_MAX 16

static RESULT check_item(const cJSON *item, unsigned depth)
{
    size_t count = 0;

    if (depth > DEPTH_MAX) return fail(KMS_E_FORMAT, "JSON nested deeper than %d", DEPTH_MAX);
    for (const cJSON *child = item->child; child != NULL; child = child->next, count++) {
        if (cJSON_IsObject(item)) {
            if (count >= JSON_MEMBERS_MAX)
                return fail(KMS_E_FORMAT, "JSON object with more than %d members", JSON_MEMBERS_MAX);
            for (const cJSON *other = item->child; other != child; other = other->next)
                if (strcmp(other->string, child->string) == 0) return fail(KMS_E_FORMAT, "JSON member given twice");
        }
        TRY(check_item(child, depth + 1));
    }
    return KMS_OK;
}

/* cJSON cuts strings at an encoded NUL and its own nesting limit is 1,000: both are looked for in the text. */
static RESULT check_text(struct bytes text)
{
    unsigned depth = 0;
    bool     in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == 0) return fail(KMS_E_FORMAT, "NUL in JSON");
        if (in_string) {
            if (c < ' ') return fail(KMS_E_FORMAT, "control character in a JSON string");
            if (c == '\\') {
                if (text.len - i > 5 && memcmp(text.data + i + 1, "u0000", 5) == 0)
                    return fail(KMS_E_FORMAT, "NUL in a JSON string");
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) return fail(KMS_E_FORMAT, "JSON nested deeper than %d", DEPTH_MAX);
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return KMS_OK;
}

RESULT json_parse(cJSON **out, struct bytes text)
{
    const char *end = NULL;

    *out = NULL;
    TRY(check_text(text));
    cJSON *item = cJSON_ParseWithLengthOpts((const char *)text.data, text.len, &end, false);
    if (item == NULL) return fail(KMS_E_FORMAT, "not JSON");
    enum kms_err err = check_item(item, 1);
    for (const char *c = end; err == KMS_OK && c < (const char *)text.data + text.len; c++)
        if (*c != ' ' && *c != '\n' && *c != '\r' && *c != '\t') err = fail(KMS_E_FORMAT, "text behind the JSON value");
    if (err != KMS_OK) {
        cJSON_Delete(item);
        return err;
    }
    *out = item;
    return KMS_OK;
}

void json_free(cJSON **item)
{
    cJSON_Delete(*item);
    *item = NULL;
}

RESULT json_object_begin(struct json_object *o, const cJSON *item, const char *name)
{
    *o = (struct json_object){.item = item, .name = name};
    if (!cJSON_IsObject(item)) return fail(KMS_E_FORMAT, "%s: not a JSON object", name);
    return KMS_OK;
}

RESULT json_object_end(const struct json_object *o)
{
    unsigned i = 0;

    for (const cJSON *child = o->item->child; child != NULL; child = child->next, i++)
        if ((o->seen >> i & 1) == 0) {
            if (text_is_name(child->string, 40))
                return fail(KMS_E_FORMAT, "%s.%s: unknown member", o->name, child->string);
            return fail(KMS_E_FORMAT, "%s: unknown member", o->name);
        }
    return KMS_OK;
}

static const cJSON *take(struct json_object *o, const char *key)
{
    unsigned i = 0;

    for (const cJSON *child = o->item->child; child != NULL; child = child->next, i++)
        if (strcmp(child->string, key) == 0) {
            o->seen |= UINT64_C(1) << i;
            return child;
        }
    return NULL;
}

static enum kms_err missing(const struct json_object *o, const char *key)
{
    return fail(KMS_E_FORMAT, "%s.%s: missing", o->name, key);
}

RESULT json_get_text(struct json_object *o, const char *key, size_t max_len, const char *otherwise, const char **out)
{
    const cJSON *item = take(o, key);

    *out = otherwise;
    if (item == NULL) return otherwise == NULL ? missing(o, key) : KMS_OK;
    if (!cJSON_IsString(item)) return fail(KMS_E_FORMAT, "%s.%s: not a string", o->name, key);
    if (strlen(item->valuestring) > max_len)
        return fail(KMS_E_RANGE, "%s.%s: longer than %zu bytes", o->name, key, max_len);
    *out = item->valuestring;
    return KMS_OK;
}

RESULT json_get_int(struct json_object *o, const char *key, int64_t min, int64_t max, int64_t otherwise, int64_t *out)
{
    const cJSON *item = take(o, key);

    *out = otherwise;
    if (item == NULL) return otherwise < min || otherwise > max ? missing(o, key) : KMS_OK;
    if (!cJSON_IsNumber(item) || floor(item->valuedouble) != item->valuedouble ||
        fabs(item->valuedouble) > 9007199254740992.0)
        return fail(KMS_E_FORMAT, "%s.%s: not a whole number", o->name, key);
    int64_t value = (int64_t)item->valuedouble;
    if (value < min || value > max)
        return fail(KMS_E_RANGE, "%s.%s: not in %lld..%lld", o->name, key, (long long)min, (long long)max);
    *out = value;
    return KMS_OK;
}

RESULT json_get_bool(struct json_object *o, const char *key, bool otherwise, bool *out)
{
    const cJSON *item = take(o, key);

    *out = otherwise;
    if (item == NULL) return KMS_OK;
    if (!cJSON_IsBool(item)) return fail(KMS_E_FORMAT, "%s.%s: not true or false", o->name, key);
    *out = cJSON_IsTrue(item);
    return KMS_OK;
}

RESULT json_get_object(struct json_object *o, const char *key, const cJSON **out)
{
    *out = take(o, key);
    if (*out != NULL && !cJSON_IsObject(*out)) return fail(KMS_E_FORMAT, "%s.%s: not an object", o->name, key);
    return KMS_OK;
}

RESULT json_get_array(struct json_object *o, const char *key, size_t max_items, const cJSON **out)
{
    *out = take(o, key);
    if (*out == NULL) return KMS_OK;
    if (!cJSON_IsArray(*out)) return fail(KMS_E_FORMAT, "%s.%s: not an array", o->name, key);
    if ((size_t)cJSON_GetArraySize(*out) > max_items)
        return fail(KMS_E_RANGE, "%s.%s: more than %zu items", o->name, key, max_items);
    return KMS_OK;
}

static RESULT get_encoded(struct json_object *o, const char *key, size_t max_bytes, struct buf *out, bool *present,
                          enum kms_err (*decode)(struct buf *, struct bytes))
{
    const char *text;
    size_t      before = out->len;

    TRY(json_get_text(o, key, 2 * max_bytes + 4, "", &text));
    *present = take(o, key) != NULL;
    TRY_AT(decode(out, bytes_str(text)), "%s.%s", o->name, key);
    if (out->len - before > max_bytes) return fail(KMS_E_RANGE, "%s.%s: more than %zu bytes", o->name, key, max_bytes);
    return KMS_OK;
}

RESULT json_get_hex(struct json_object *o, const char *key, size_t max_bytes, struct buf *out, bool *present)
{
    return get_encoded(o, key, max_bytes, out, present, hex_decode_buf);
}

RESULT json_get_base64(struct json_object *o, const char *key, size_t max_bytes, struct buf *out, bool *present)
{
    return get_encoded(o, key, max_bytes, out, present, base64_decode);
}

RESULT json_print(struct buf *out, const cJSON *item)
{
    char *text = cJSON_PrintUnformatted(item);

    if (text == NULL) return fail(KMS_E_MEMORY, "printing JSON");
    enum kms_err err = buf_append_str(out, text);
    cJSON_free(text);
    return err;
}
