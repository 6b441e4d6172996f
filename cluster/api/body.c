/* SPDX-License-Identifier: Apache-2.0 */
/* Words, queries, ETags and ownership. */
#include "cluster/api/body.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"

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

RESULT body_check_utf8(struct bytes body)
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

static struct query_pair *find_pair(struct query_pair *pairs, unsigned count, const char *name, size_t len)
{
    for (unsigned i = 0; i < count; i++)
        if (strlen(pairs[i].name) == len && memcmp(pairs[i].name, name, len) == 0) return &pairs[i];
    return NULL;
}

static RESULT take_pair(const char *at, size_t len, struct query_pair *pairs, unsigned count)
{
    const char        *equals = memchr(at, '=', len);
    size_t             name_len = equals == NULL ? len : (size_t)(equals - at);
    struct query_pair *pair = find_pair(pairs, count, at, name_len);

    if (pair == NULL || equals == NULL)
        return fail(KMS_E_ARGUMENT, "query: %s= and %s= are what this path takes", pairs[0].name, pairs[1].name);
    size_t value_len = len - name_len - 1;
    if (pair->value[0] != '\0') return fail(KMS_E_ARGUMENT, "query: %s was given twice", pair->name);
    if (value_len >= sizeof pair->value) return fail(KMS_E_ARGUMENT, "query: the value of %s is too long", pair->name);
    for (size_t i = 0; i < value_len; i++) {
        char c = equals[1 + i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z'))
            return fail(KMS_E_ARGUMENT, "query: %s takes digits and lower-case letters", pair->name);
    }
    memcpy(pair->value, equals + 1, value_len);
    pair->value[value_len] = '\0';
    return KMS_OK;
}

RESULT query_parse(const char *query, struct query_pair *pairs, unsigned count)
{
    while (*query != '\0') {
        size_t len = strcspn(query, "&");
        TRY(take_pair(query, len, pairs, count));
        query += len;
        if (*query == '&') query++;
    }
    return KMS_OK;
}

RESULT query_number(const struct query_pair *pair, int64_t min, int64_t max, int64_t otherwise, int64_t *out)
{
    size_t len = strlen(pair->value);

    *out = otherwise;
    if (len == 0) return KMS_OK;
    if (len > 15 || strspn(pair->value, "0123456789") != len)
        return fail(KMS_E_ARGUMENT, "query: %s is not a number", pair->name);
    int64_t value = 0;
    for (size_t i = 0; i < len; i++) value = 10 * value + (pair->value[i] - '0');
    if (value < min || value > max)
        return fail(KMS_E_RANGE, "query: %s must be %lld to %lld", pair->name, (long long)min, (long long)max);
    *out = value;
    return KMS_OK;
}

RESULT page_query_parse(struct page_query *out, const char *query)
{
    struct query_pair pairs[] = {{.name = "limit"}, {.name = "after"}};
    int64_t           limit;

    TRY(query_parse(query, pairs, ARRAY_LEN(pairs)));
    TRY(query_number(&pairs[0], 1, 1000, 100, &limit));
    size_t len = strlen(pairs[1].value);
    if (len != 0 && len != KEY_ID_LEN)
        return fail(KMS_E_ARGUMENT, "query: after must be the `next` of the page before");
    *out = (struct page_query){.limit = (unsigned)limit};
    memcpy(out->after, pairs[1].value, len);
    return KMS_OK;
}

void etag_make(char out[ETAG_LEN + 1], struct bytes what)
{
    uint8_t hash[32];
    char    hex[33];

    sha256(hash, what);
    hex_encode(hex, bytes(hash, 16));
    (void)snprintf(out, ETAG_LEN + 1, "\"%s\"", hex);
}

RESULT etag_of_list(char out[ETAG_LEN + 1], const struct call *call, const char *kind, const char *owner)
{
    struct metadata *m = call_metadata(call);
    uint64_t         generation;
    char             text[IDENTITY_URI_MAX + REQUEST_TARGET_MAX + 64];

    TRY(m->ops->generation(m->self, owner, &generation));
    int used = snprintf(text, sizeof text, "%s %s %llu %s", kind, owner == NULL ? "" : owner,
                        (unsigned long long)generation, call->query);
    if (used < 0 || (size_t)used >= sizeof text) return fail(KMS_E_TOO_LARGE, "the query is too long");
    etag_make(out, bytes(text, (size_t)used));
    return KMS_OK;
}
