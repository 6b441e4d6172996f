/* SPDX-License-Identifier: Apache-2.0 */
/* A sticky face over cJSON's builders. */
#include "cluster/api/json_out.h"

#include "common/base/clock.h"
#include "common/base/text.h"

#define ENCODED_MAX (4 * 1024 * 1024)

struct json_out json_out_object(void)
{
    struct json_out o = {.item = cJSON_CreateObject()};

    o.failed = o.item == NULL;
    return o;
}

void json_out_clear(struct json_out *o)
{
    cJSON_Delete(o->item);
    o->item = NULL;
}

void json_out_item(struct json_out *o, const char *name, cJSON *value)
{
    if (value != NULL && !o->failed && cJSON_AddItemToObject(o->item, name, value)) return;
    cJSON_Delete(value);
    json_out_clear(o);
    o->failed = true;
}

void json_out_text(struct json_out *o, const char *name, const char *text)
{
    json_out_item(o, name, text == NULL ? cJSON_CreateNull() : cJSON_CreateString(text));
}

void json_out_number(struct json_out *o, const char *name, double number)
{
    json_out_item(o, name, cJSON_CreateNumber(number));
}

void json_out_bool(struct json_out *o, const char *name, bool value)
{
    json_out_item(o, name, cJSON_CreateBool(value));
}

void json_out_raw(struct json_out *o, const char *name, const char *json)
{
    json_out_item(o, name, cJSON_CreateRaw(json));
}

void json_out_hex(struct json_out *o, const char *name, struct bytes value)
{
    BUF_LOCAL text = BUF_INIT(ENCODED_MAX);
    uint8_t  *at = buf_reserve(&text, 2 * value.len);

    if (at != NULL) hex_encode((char *)at, value);
    json_out_item(o, name, at == NULL ? NULL : cJSON_CreateString((const char *)at));
}

void json_out_base64(struct json_out *o, const char *name, struct bytes value)
{
    BUF_LOCAL text = BUF_INIT(ENCODED_MAX);

    json_out_item(o, name, base64_encode(&text, value) == KMS_OK ? cJSON_CreateString(buf_str(&text)) : NULL);
}

void json_out_time(struct json_out *o, const char *name, int64_t wall_s)
{
    char text[21];

    clock_format(text, wall_s);
    json_out_text(o, name, text);
}

void json_out_texts(struct json_out *o, const char *name, const char *const *texts, unsigned count)
{
    cJSON *array = cJSON_CreateArray();

    for (unsigned i = 0; i < count && array != NULL; i++) {
        cJSON *text = cJSON_CreateString(texts[i]);
        if (text != NULL && cJSON_AddItemToArray(array, text)) continue;
        cJSON_Delete(text);
        cJSON_Delete(array);
        array = NULL;
    }
    json_out_item(o, name, array);
}
