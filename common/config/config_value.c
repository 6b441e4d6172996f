/* SPDX-License-Identifier: Apache-2.0 */
/* Values of options: texts, paths, numbers, booleans, lists. */
#include "common/config/config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

#define TEXT_MAX 4096

static bool parse_int(int64_t *out, const char *text)
{
    char *end = NULL;

    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool parse_bool(bool *out, const char *text)
{
    *out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "on") == 0;
    return *out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "off") == 0;
}

/* An empty path stays empty: it stands for the reader's default. */
static bool is_relative(const char *path)
{
    return path[0] != '\0' && path[0] != '/';
}

static size_t stored_len(const struct config_option *o, const char *folder, const char *text)
{
    return strlen(text) + (o->type == CONFIG_PATH && is_relative(text) ? strlen(folder) + 1 : 0);
}

RESULT config_value_check(const struct config_option *o, const char *folder, const char *text)
{
    int64_t number;
    bool    flag;

    switch (o->type) {
    case CONFIG_INT:
        if (!parse_int(&number, text) || number < o->min || number > o->max)
            return fail(KMS_E_CONFIG, "%s: \"%.32s\" is not a number from %" PRId64 " to %" PRId64, o->name, text,
                        o->min, o->max);
        return KMS_OK;
    case CONFIG_BOOL:
        if (!parse_bool(&flag, text))
            return fail(KMS_E_CONFIG, "%s: \"%.32s\" is neither true nor false", o->name, text);
        return KMS_OK;
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_LIST:
    default:
        if (stored_len(o, folder, text) >= o->size)
            return fail(KMS_E_CONFIG, "%s: longer than %zu characters", o->name, o->size - 1);
        return KMS_OK;
    }
}

static void store_text(char *to, const struct config_option *o, const char *folder, const char *text)
{
    CHECK(stored_len(o, folder, text) < o->size);
    if (o->type == CONFIG_PATH && is_relative(text))
        (void)snprintf(to, o->size, "%s/%s", folder, text);
    else
        (void)snprintf(to, o->size, "%s", text);
}

void config_value_store(void *base, const struct config_option *o, unsigned index, const char *folder, const char *text)
{
    char   *to = (char *)base + o->offset;
    int64_t number;
    bool    flag;

    switch (o->type) {
    case CONFIG_INT:
        CHECK(parse_int(&number, text));
        memcpy(to, &number, sizeof number);
        return;
    case CONFIG_BOOL:
        CHECK(parse_bool(&flag, text));
        memcpy(to, &flag, sizeof flag);
        return;
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_LIST:
    default:
        store_text(to + index * o->size, o, folder, text);
        return;
    }
}

void config_count_store(void *base, size_t offset, unsigned count)
{
    memcpy((char *)base + offset, &count, sizeof count);
}

/* "a,b": elements between commas; "" is the empty list. */
static void store_default_list(void *base, const struct config_option *o)
{
    unsigned    count = 0;
    const char *at = o->text;

    while (*at != '\0') {
        char   element[TEXT_MAX];
        size_t len = strcspn(at, ",");
        CHECK(len < sizeof element && count < (unsigned)o->max);
        memcpy(element, at, len);
        element[len] = '\0';
        config_value_store(base, o, count++, "", element);
        at += len + (at[len] == ',' ? 1 : 0);
    }
    config_count_store(base, o->count_offset, count);
}

RESULT config_value_default(void *base, const struct config_option *o, const char *folder)
{
    bool flag = o->number != 0;

    switch (o->type) {
    case CONFIG_INT:
        memcpy((char *)base + o->offset, &o->number, sizeof o->number);
        return KMS_OK;
    case CONFIG_BOOL:
        memcpy((char *)base + o->offset, &flag, sizeof flag);
        return KMS_OK;
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_LIST:
    default:
        break;
    }
    if (o->text == NULL)
        return fail(KMS_E_CONFIG, "%s is missing: %s", o->name, o->help == NULL ? "required" : o->help);
    if (o->type == CONFIG_LIST) {
        store_default_list(base, o);
        return KMS_OK;
    }
    TRY(config_value_check(o, folder, o->text));
    config_value_store(base, o, 0, folder, o->text);
    return KMS_OK;
}
