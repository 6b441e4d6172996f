/* SPDX-License-Identifier: Apache-2.0 */
/* What a command gives: one JSON document, and the same as text. */
#include <stdarg.h>

#include "cluster/ctl/command.h"

#define SAY_MAX 8192

void ctl_say(struct ctl *ctl, const char *format, ...)
{
    char    line[SAY_MAX];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof line || buf_append_str(&ctl->text, line) != KMS_OK ||
        buf_append_str(&ctl->text, "\n") != KMS_OK)
        ctl->result_failed = true;
}

void result_item(struct ctl *ctl, const char *name, cJSON *item)
{
    if (item == NULL || !cJSON_AddItemToObject(ctl->result, name, item)) {
        cJSON_Delete(item);
        ctl->result_failed = true;
    }
}

void result_text(struct ctl *ctl, const char *name, const char *value)
{
    result_item(ctl, name, cJSON_CreateString(value));
}

void result_number(struct ctl *ctl, const char *name, double value)
{
    result_item(ctl, name, cJSON_CreateNumber(value));
}

void result_bool(struct ctl *ctl, const char *name, bool value)
{
    result_item(ctl, name, cJSON_CreateBool(value));
}

void result_replace(struct ctl *ctl, cJSON *item)
{
    json_free(&ctl->result);
    ctl->result = item;
}
