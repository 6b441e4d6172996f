/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies out, answers in. */
#include "pkcs11/backend/requests.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

#define EVIDENCE_MAX REQUEST_ENCODED_MAX

static RESULT add_text(cJSON *to, const char *key, const char *text)
{
    if (cJSON_AddStringToObject(to, key, text) == NULL) return fail(KMS_E_MEMORY, "JSON");
    return KMS_OK;
}

static RESULT add_number(cJSON *to, const char *key, unsigned number)
{
    if (cJSON_AddNumberToObject(to, key, number) == NULL) return fail(KMS_E_MEMORY, "JSON");
    return KMS_OK;
}

static RESULT add_hex(cJSON *to, const char *key, struct bytes data)
{
    char *text = malloc(2 * data.len + 1);

    if (text == NULL) return fail(KMS_E_MEMORY, "JSON");
    hex_encode(text, data);
    enum kms_err err = add_text(to, key, text);
    free(text);
    return err;
}

static RESULT add_words(cJSON *to, const struct words *w)
{
    cJSON *attributes = NULL;

    TRY(add_text(to, "label", w->label));
    TRY(add_hex(to, "id", w->id));
    TRY(json_parse(&attributes, bytes_str(w->attributes == NULL || w->attributes[0] == '\0' ? "{}" : w->attributes)));
    if (!cJSON_AddItemToObject(to, "attributes", attributes)) {
        cJSON_Delete(attributes);
        return fail(KMS_E_MEMORY, "JSON");
    }
    return KMS_OK;
}

static RESULT fill_generate(cJSON *root, const struct backend_generate *g)
{
    const struct prime_group *group = group_by_id(g->group);
    cJSON                    *format = cJSON_AddObjectToObject(root, "format");
    cJSON                    *shards = cJSON_AddObjectToObject(root, "shard_properties");

    if (group == NULL) return fail(KMS_E_UNSUPPORTED, "group %d", g->group);
    if (format == NULL || shards == NULL) return fail(KMS_E_MEMORY, "JSON");
    TRY(add_text(format, "type", "ECC"));
    TRY(add_text(format, "curve", group->name));
    TRY(add_text(format, "algo_type", g->algorithm));
    TRY(add_number(shards, "shard_count", g->shard_count));
    TRY(add_number(shards, "threshold", g->threshold));
    if (g->shard_count == g->threshold && cJSON_AddTrueToObject(shards, "all_of_n") == NULL)
        return fail(KMS_E_MEMORY, "JSON");
    return add_words(root, &(struct words){g->label, g->id, g->attributes});
}

RESULT request_generate(struct buf *out, const struct backend_generate *g)
{
    JSON_LOCAL *root = cJSON_CreateObject();

    if (root == NULL) return fail(KMS_E_MEMORY, "JSON");
    TRY(fill_generate(root, g));
    return json_print(out, root);
}

RESULT request_change(struct buf *out, const struct words *w, uint32_t revision)
{
    JSON_LOCAL *root = cJSON_CreateObject();

    if (root == NULL) return fail(KMS_E_MEMORY, "JSON");
    TRY(add_words(root, w));
    TRY(add_number(root, "revision", revision));
    return json_print(out, root);
}

RESULT request_create(struct buf *out, enum backend_class class, const struct words *w, struct bytes value)
{
    JSON_LOCAL *root = cJSON_CreateObject();

    if (root == NULL) return fail(KMS_E_MEMORY, "JSON");
    TRY(add_text(root, "class", class == BACKEND_CERTIFICATE ? "certificate" : "data"));
    TRY(add_words(root, w));
    TRY(add_hex(root, "value", value));
    return json_print(out, root);
}

RESULT request_sign(struct buf *out, struct bytes message)
{
    TRY(buf_append_str(out, "{\"data\":\""));
    uint8_t *hex = buf_reserve(out, 2 * message.len + 1);
    if (hex == NULL) return fail(KMS_E_TOO_LARGE, "a message of %zu bytes", message.len);
    hex_encode((char *)hex, message);
    out->len += 2 * message.len;
    return buf_append_str(out, "\",\"dataType\":\"RAW\"}");
}

void evidence_clear(struct evidence *e)
{
    buf_clear(&e->birth);
    buf_clear(&e->request);
    buf_clear(&e->change);
    *e = (struct evidence){0};
}

bool is_object_id(const char *text)
{
    return strlen(text) == KEY_ID_LEN && strspn(text, "abcdefghijklmnopqrstuvwxyz234567") == KEY_ID_LEN;
}

static RESULT read_evidence(struct evidence *out, enum backend_class class, const cJSON *item)
{
    struct json_object o;
    const char        *id;
    bool               present;

    TRY(json_object_begin(&o, item, "object"));
    TRY(json_get_text(&o, class == BACKEND_KEY ? "keyId" : "objectId", KEY_ID_LEN, NULL, &id));
    if (!is_object_id(id)) return fail(KMS_E_FORMAT, "an id that is not 32 base32 characters");
    memcpy(out->object_id, id, sizeof out->object_id);
    TRY(json_get_base64(&o, "request", EVIDENCE_MAX, &out->request, &present));
    TRY(json_get_base64(&o, "change", EVIDENCE_MAX, &out->change, &present));
    if (class == BACKEND_KEY) TRY(json_get_base64(&o, "birthCertificate", BIRTH_ENCODED_MAX, &out->birth, &present));
    return KMS_OK;
}

RESULT answer_evidence(struct evidence *out, enum backend_class class, const cJSON *item)
{
    *out = (struct evidence){.birth = BUF_INIT(BIRTH_ENCODED_MAX + 3),
                             .request = BUF_INIT(EVIDENCE_MAX + 3),
                             .change = BUF_INIT(EVIDENCE_MAX + 3)};
    enum kms_err err = read_evidence(out, class, item);
    if (err != KMS_OK) evidence_clear(out);
    return err;
}

RESULT answer_page(struct page *out, const cJSON *item)
{
    struct json_object o;

    *out = (struct page){0};
    TRY(json_object_begin(&o, item, "list"));
    TRY(json_get_array(&o, "items", PAGE_ITEMS, &out->items));
    if (out->items == NULL) return fail(KMS_E_FORMAT, "list.items: missing");
    const cJSON *next = cJSON_GetObjectItemCaseSensitive(item, "next");
    if (next == NULL || cJSON_IsNull(next)) return KMS_OK;
    if (!cJSON_IsString(next) || !is_object_id(next->valuestring)) return fail(KMS_E_FORMAT, "list.next: not an id");
    memcpy(out->next, next->valuestring, sizeof out->next);
    return KMS_OK;
}

RESULT answer_signature(uint8_t signature[64], const cJSON *item, const char *key_id)
{
    struct json_object o;
    const char        *text;

    TRY(json_object_begin(&o, item, "signature"));
    TRY(json_get_text(&o, "keyId", KEY_ID_LEN, NULL, &text));
    if (strcmp(text, key_id) != 0) return fail(KMS_E_PROTOCOL, "the signature of another key");
    TRY(json_get_text(&o, "signature", 130, NULL, &text));
    if (strncmp(text, "0x", 2) == 0) text += 2;
    return hex_decode(signature, 64, bytes_str(text));
}

static RESULT read_words(struct backend_object *out, struct json_object *o)
{
    const char  *label;
    const cJSON *attributes;
    bool         present;
    BUF_LOCAL    id = BUF_INIT(BACKEND_ID_MAX), text = BUF_INIT(BACKEND_ATTRIBUTES_MAX);

    TRY(json_get_text(o, "label", LABEL_MAX, "", &label));
    TRY(json_get_hex(o, "id", BACKEND_ID_MAX, &id, &present));
    TRY(json_get_object(o, "attributes", &attributes));
    if (attributes == NULL)
        TRY(buf_append_str(&text, "{}"));
    else
        TRY(json_print(&text, attributes));
    memcpy(out->label, label, strlen(label) + 1);
    if (id.len > 0) memcpy(out->id, id.data, id.len);
    out->id_len = id.len;
    memcpy(out->attributes, text.data, text.len + 1);
    return KMS_OK;
}

static RESULT read_format(struct facts *facts, const cJSON *item)
{
    struct json_object        o;
    const char               *type, *curve, *algorithm;
    int64_t                   size;
    const struct prime_group *group;

    TRY(json_object_begin(&o, item, "format"));
    TRY(json_get_text(&o, "type", 8, NULL, &type));
    TRY(json_get_text(&o, "curve", 16, NULL, &curve));
    TRY(json_get_text(&o, "algo_type", 16, "", &algorithm));
    TRY(json_get_int(&o, "size", 1, 128, 32, &size));
    TRY(json_object_end(&o));
    group = group_by_name(curve);
    if (strcmp(type, "ECC") != 0 || group == NULL) return fail(KMS_E_UNSUPPORTED, "a key of an unknown curve");
    facts->group = group->id;
    return KMS_OK;
}

static RESULT read_shards(struct facts *facts, const cJSON *item)
{
    struct json_object o;
    int64_t            count = 3, threshold = 2;
    bool               all;

    if (item != NULL) {
        TRY(json_object_begin(&o, item, "shard_properties"));
        TRY(json_get_int(&o, "shard_count", 2, BIRTH_HOLDERS_MAX, 3, &count));
        TRY(json_get_int(&o, "threshold", 2, BIRTH_HOLDERS_MAX, 2, &threshold));
        TRY(json_get_bool(&o, "all_of_n", false, &all));
        TRY(json_object_end(&o));
    }
    facts->shard_count = (unsigned)count;
    facts->threshold = (unsigned)threshold;
    return KMS_OK;
}

RESULT body_read_generate(struct backend_object *out, struct facts *facts, struct bytes body)
{
    JSON_LOCAL        *root = NULL;
    struct json_object o;
    const cJSON       *format, *shards;

    *facts = (struct facts){.class = BACKEND_KEY, .revision = 1};
    TRY(json_parse(&root, body));
    TRY(json_object_begin(&o, root, "generate"));
    TRY(json_get_object(&o, "format", &format));
    TRY(json_get_object(&o, "shard_properties", &shards));
    TRY(read_format(facts, format));
    TRY(read_shards(facts, shards));
    TRY(read_words(out, &o));
    return json_object_end(&o);
}

RESULT body_read_create(struct backend_object *out, struct facts *facts, struct bytes body)
{
    JSON_LOCAL        *root = NULL;
    struct json_object o;
    const char *class;
    bool present;

    *facts = (struct facts){.revision = 1};
    TRY(json_parse(&root, body));
    TRY(json_object_begin(&o, root, "create"));
    TRY(json_get_text(&o, "class", 16, NULL, &class));
    facts->class = strcmp(class, "certificate") == 0 ? BACKEND_CERTIFICATE : BACKEND_DATA;
    if (facts->class == BACKEND_DATA && strcmp(class, "data") != 0)
        return fail(KMS_E_UNSUPPORTED, "an object of an unknown class");
    TRY(read_words(out, &o));
    out->value = BUF_INIT(VALUE_MAX);
    TRY(json_get_hex(&o, "value", VALUE_MAX, &out->value, &present));
    return json_object_end(&o);
}

RESULT body_read_change(struct backend_object *out, struct facts *facts, struct bytes body)
{
    JSON_LOCAL        *root = NULL;
    struct json_object o;
    int64_t            revision;

    *facts = (struct facts){0};
    TRY(json_parse(&root, body));
    TRY(json_object_begin(&o, root, "change"));
    TRY(read_words(out, &o));
    TRY(json_get_int(&o, "revision", 2, UINT32_MAX, 0, &revision));
    facts->revision = (uint32_t)revision;
    return json_object_end(&o);
}
