/* SPDX-License-Identifier: Apache-2.0 */
/* Queries of "a=b&c=d", read strictly. */
#include "cluster/api/query.h"

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

RESULT query_parse_page(struct query_page *out, const char *query)
{
    struct query_pair pairs[] = {{.name = "limit"}, {.name = "after"}};
    int64_t           limit;

    TRY(query_parse(query, pairs, ARRAY_LEN(pairs)));
    TRY(query_number(&pairs[0], 1, 1000, 100, &limit));
    size_t len = strlen(pairs[1].value);
    if (len != 0 && len != KEY_ID_LEN)
        return fail(KMS_E_ARGUMENT, "query: after must be the `next` of the page before");
    *out = (struct query_page){.limit = (unsigned)limit};
    memcpy(out->after, pairs[1].value, len);
    return KMS_OK;
}
