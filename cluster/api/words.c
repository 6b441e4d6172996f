/* SPDX-License-Identifier: Apache-2.0 */
/* The client's words: form and size; what they mean is its own affair. */
#include "cluster/api/words.h"

#define ATTRIBUTES_COUNT_MAX 32

void words_init(struct words *w)
{
    *w = (struct words){.label = "", .id = BUF_INIT(LABEL_MAX), .attributes = BUF_INIT(ATTRIBUTES_MAX)};
}

void words_clear(struct words *w)
{
    buf_clear(&w->id);
    buf_clear(&w->attributes);
}

/* The length of the character at c; 0: none. RFC 3629: shortest forms, no surrogates, at most U+10FFFF. */
static unsigned utf8_len(const unsigned char *c, size_t left)
{
    unsigned len = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;

    if (len == 0 || len > left) return 0;
    for (unsigned i = 1; i < len; i++)
        if ((c[i] & 0xc0) != 0x80) return 0;
    if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f)) return 0;
    if ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f)) return 0;
    return len;
}

RESULT words_check_utf8(struct bytes body)
{
    const unsigned char *c = body.data, *end = body.data + body.len;

    while (c < end) {
        unsigned len = utf8_len(c, (size_t)(end - c));
        if (len == 0) return fail(KMS_E_FORMAT, "the body is not UTF-8 at byte %zu", (size_t)(c - body.data));
        c += len;
    }
    return KMS_OK;
}

/* Labels are shown to people: neither C0 nor C1 controls. */
static RESULT check_label(const char *label)
{
    for (const unsigned char *c = (const unsigned char *)label; *c != '\0'; c++)
        if (*c < ' ' || *c == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0))
            return fail(KMS_E_FORMAT, "request.label: control characters are not allowed");
    return KMS_OK;
}

static RESULT take_attributes(struct words *w, struct json_object *o, bool required)
{
    const cJSON *attributes;
    unsigned     count = 0;

    TRY(json_get_object(o, "attributes", &attributes));
    if (attributes == NULL)
        return required ? fail(KMS_E_FORMAT, "%s.attributes: missing", o->name) : buf_append_str(&w->attributes, "{}");
    for (const cJSON *a = attributes->child; a != NULL; a = a->next, count++)
        if (!cJSON_IsString(a)) return fail(KMS_E_FORMAT, "%s.attributes: every value must be a string", o->name);
    if (count > ATTRIBUTES_COUNT_MAX)
        return fail(KMS_E_RANGE, "%s.attributes: %u of them, at most %d", o->name, count, ATTRIBUTES_COUNT_MAX);
    if (json_print(&w->attributes, attributes) != KMS_OK)
        return fail(KMS_E_RANGE, "%s.attributes: longer than %d bytes as text", o->name, ATTRIBUTES_MAX);
    return KMS_OK;
}

RESULT words_take(struct words *w, struct json_object *o, bool required)
{
    bool present;

    TRY(json_get_text(o, "label", LABEL_MAX, required ? NULL : "", &w->label));
    TRY(check_label(w->label));
    TRY(json_get_hex(o, "id", LABEL_MAX, &w->id, &present));
    if (required && !present) return fail(KMS_E_FORMAT, "%s.id: missing", o->name);
    return take_attributes(w, o, required);
}
