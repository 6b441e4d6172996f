/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of generate and sign requests. The node reads them itself: the coordinator's reading is no authority. */
#include "cluster/node/requests.h"

#include <stdio.h>

#include "cluster/node/schemes.h"
#include "common/wire/json.h"

#define ID_MAX 255
#define ATTRIBUTES_MAX 32
#define ATTRIBUTES_TEXT_MAX 4096

/* RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF; and no control character, as labels are shown to
 * people. */
static bool is_plain_utf8(const char *text)
{
    const uint8_t *p = (const uint8_t *)text;

    while (*p != 0) {
        unsigned more = *p < 0x80 ? 0 : *p < 0xc2 ? 9 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : 9;
        uint32_t code = more == 0 ? *p : *p & (0x3fu >> more);
        if (more == 9) return false;
        for (unsigned i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80) return false;
            code = code << 6 | (p[i] & 0x3f);
        }
        bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
        if (overlong || surrogate || control || code > 0x10ffff) return false;
        p += more + 1;
    }
    return true;
}

static enum kms_err parse_format(struct generate_body *out, const cJSON *item)
{
    struct json_object o;
    const char        *type, *curve, *algorithm;
    int64_t            size;

    if (item == NULL) return fail(KMS_E_FORMAT, "request.format: missing");
    TRY(json_object_begin(&o, item, "request.format"));
    TRY(json_get_text(&o, "type", 16, NULL, &type));
    TRY(json_get_text(&o, "curve", 16, NULL, &curve));
    TRY(json_get_text(&o, "algo_type", 16, "", &algorithm));
    const struct prime_group *group = group_by_name(curve);
    if (group == NULL) return fail(KMS_E_UNSUPPORTED, "request.format.curve: not known here");
    TRY(json_get_int(&o, "size", 1, 1024, (int64_t)group->scalar_len, &size));
    TRY(json_object_end(&o));
    if (strcmp(type, "ECC") != 0) return fail(KMS_E_UNSUPPORTED, "request.format.type: only ECC is known");
    const struct scheme *scheme = *algorithm == '\0' ? schemes_default(group->id) : schemes_by_name(algorithm);
    if (scheme == NULL || !scheme->supports(group->id))
        return fail(KMS_E_UNSUPPORTED, "request.format: no such algorithm over %s", group->name);
    if (size != (int64_t)group->scalar_len)
        return fail(KMS_E_RANGE, "request.format.size: %s has %zu bytes", group->name, group->scalar_len);
    out->group = group->id;
    out->algorithm = scheme->id;
    return KMS_OK;
}

static enum kms_err parse_shards(struct generate_body *out, const cJSON *item)
{
    struct json_object o;
    int64_t            n = 3, t = 2;
    bool               all_of_n = false;

    if (item != NULL) {
        TRY(json_object_begin(&o, item, "request.shard_properties"));
        TRY(json_get_int(&o, "shard_count", 2, PARTIES_MAX, 3, &n));
        TRY(json_get_int(&o, "threshold", 2, PARTIES_MAX, 2, &t));
        TRY(json_get_bool(&o, "all_of_n", false, &all_of_n));
        TRY(json_object_end(&o));
    }
    if (t > n) return fail(KMS_E_RANGE, "request.shard_properties: threshold %d of %d shards", (int)t, (int)n);
    if (t == n && !all_of_n)
        return fail(KMS_E_RANGE,
                    "request.shard_properties: threshold = shard_count needs all_of_n: true (one lost node "
                    "would lose the key)");
    out->t = (unsigned)t;
    out->n = (unsigned)n;
    return KMS_OK;
}

/* Opaque here; only their form is checked. */
static enum kms_err check_attributes(const cJSON *item)
{
    BUF_LOCAL text = BUF_INIT(ATTRIBUTES_TEXT_MAX);
    unsigned  count = 0;

    if (item == NULL) return KMS_OK;
    for (const cJSON *a = item->child; a != NULL; a = a->next) {
        if (!cJSON_IsString(a)) return fail(KMS_E_FORMAT, "request.attributes: every attribute is a string");
        if (++count > ATTRIBUTES_MAX) return fail(KMS_E_RANGE, "request.attributes: more than %d", ATTRIBUTES_MAX);
    }
    if (json_print(&text, item) != KMS_OK)
        return fail(KMS_E_RANGE, "request.attributes: longer than %d bytes", ATTRIBUTES_TEXT_MAX);
    return KMS_OK;
}

static enum kms_err parse_label(struct generate_body *out, struct json_object *o)
{
    const char *label;

    TRY(json_get_text(o, "label", LABEL_MAX, "", &label));
    if (!is_plain_utf8(label)) return fail(KMS_E_FORMAT, "request.label: not UTF-8 text without control characters");
    (void)snprintf(out->label, sizeof out->label, "%s", label);
    return KMS_OK;
}

static enum kms_err parse_generate(struct generate_body *out, const cJSON *root)
{
    struct json_object o;
    const cJSON       *format, *shards, *attributes;
    BUF_LOCAL          id = BUF_INIT(ID_MAX);
    bool               has_id;

    TRY(json_object_begin(&o, root, "request"));
    TRY(json_get_object(&o, "format", &format));
    TRY(json_get_object(&o, "shard_properties", &shards));
    TRY(json_get_object(&o, "attributes", &attributes));
    TRY(json_get_hex(&o, "id", ID_MAX, &id, &has_id));
    TRY(parse_label(out, &o));
    TRY(json_object_end(&o));
    TRY(parse_format(out, format));
    TRY(parse_shards(out, shards));
    return check_attributes(attributes);
}

RESULT requests_parse_generate(struct generate_body *out, struct bytes body)
{
    JSON_LOCAL *root = NULL;

    *out = (struct generate_body){0};
    TRY(json_parse(&root, body));
    enum kms_err err = parse_generate(out, root);
    if (err != KMS_OK) *out = (struct generate_body){0};
    return err;
}

/* PureEdDSA: the data is the message; with HASH it must look like a digest and is signed as it is. */
static enum kms_err check_type(const char *type, size_t len)
{
    if (strcmp(type, "RAW") == 0) return KMS_OK;
    if (strcmp(type, "HASH") != 0) return fail(KMS_E_RANGE, "request.dataType: RAW or HASH");
    if (len == 32 || len == 48 || len == 64) return KMS_OK;
    return fail(KMS_E_RANGE, "request.data: a HASH has 32, 48 or 64 bytes, this one %zu", len);
}

RESULT requests_parse_sign(struct buf *data, struct bytes body, enum algorithm algorithm)
{
    JSON_LOCAL        *root = NULL;
    struct json_object o;
    const char        *type;
    bool               present;
    size_t             before = data->len;

    if (algorithm != ALGORITHM_EDDSA)
        return fail(KMS_E_UNSUPPORTED, "this node does not sign with algorithm %d", (int)algorithm);
    TRY(json_parse(&root, body));
    TRY(json_object_begin(&o, root, "request"));
    TRY(json_get_hex(&o, "data", SIGN_DATA_MAX, data, &present));
    TRY(json_get_text(&o, "dataType", 8, "RAW", &type));
    TRY(json_object_end(&o));
    if (!present) return fail(KMS_E_FORMAT, "request.data: missing");
    return check_type(type, data->len - before);
}
