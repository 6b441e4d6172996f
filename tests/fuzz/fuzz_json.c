/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what is parsed prints to text that parses to the same; members are read by all readers without a fault. */
/* links: common_wire */
#include "common/wire/json.h"
#include "tests/fuzz/fuzz.h"

static void read_members(const cJSON *item)
{
    BUF_LOCAL          decoded = BUF_INIT(64);
    struct json_object o;
    const char        *text;
    const cJSON       *child;
    int64_t            number;
    bool               flag;

    if (json_object_begin(&o, item, "input") != KMS_OK) return;
    if (json_get_text(&o, "t", 16, "", &text) == KMS_OK) CHECK(strlen(text) <= 16);
    if (json_get_int(&o, "i", -5, 1000, 0, &number) == KMS_OK) CHECK(number >= -5 && number <= 1000);
    (void)!json_get_bool(&o, "b", true, &flag);
    (void)!json_get_object(&o, "o", &child);
    if (json_get_array(&o, "a", 3, &child) == KMS_OK && child != NULL) CHECK(cJSON_GetArraySize(child) <= 3);
    if (json_get_hex(&o, "h", 8, &decoded, &flag) == KMS_OK) CHECK(decoded.len <= 8);
    decoded.len = 0;
    if (json_get_base64(&o, "s", 8, &decoded, &flag) == KMS_OK) CHECK(decoded.len <= 8);
    (void)!json_object_end(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JSON_LOCAL *item = NULL;
    JSON_LOCAL *again = NULL;
    BUF_LOCAL   first = BUF_INIT(1 << 20);
    BUF_LOCAL   second = BUF_INIT(1 << 20);

    if (json_parse(&item, bytes(data, size)) != KMS_OK) {
        CHECK(item == NULL);
        return 0;
    }
    read_members(item);
    CHECK(json_print(&first, item) == KMS_OK);
    CHECK(json_parse(&again, buf_bytes(&first)) == KMS_OK);
    CHECK(json_print(&second, again) == KMS_OK);
    CHECK(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
    return 0;
}
