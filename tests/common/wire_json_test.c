/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON: what is unknown, repeated, deep or ambiguous is refused, and the member is named. */
#include <stdio.h>

#include "common/wire/json.h"
#include "tests/support/test.h"

static RESULT parse_only(struct bytes text)
{
    JSON_LOCAL *item = NULL;

    return json_parse(&item, text);
}

TEST(json, refuses_what_is_not_exactly_one_value)
{
    static const char *const wrong[] = {"",         "{",        "{}x",   "{} {}",     "nul",
                                        "{\"a\":}", "{'a':1}",  "[1,]",  "{\"a\" 1}", "{\"a\":1,}",
                                        "\"\x01\"", "\"a\nb\"", "[1 2]", "\xff"};

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) assert_err(KMS_E_FORMAT, parse_only(bytes_str(wrong[i])));
    assert_ok(parse_only(bytes_str(" {\"a\":[1,2,{\"b\":null}]} \r\n\t")));
}

TEST(json, refuses_repeated_members_at_any_depth)
{
    assert_err(KMS_E_FORMAT, parse_only(bytes_str("{\"a\":1,\"a\":1}")));
    assert_err(KMS_E_FORMAT, parse_only(bytes_str("[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]")));
    assert_err(KMS_E_FORMAT, parse_only(bytes_str("{\"a\":1,\"\\u0061\":1}")));
    assert_ok(parse_only(bytes_str("{\"a\":1,\"A\":1}")));
}

TEST(json, refuses_nul_in_any_form)
{
    assert_err(KMS_E_FORMAT, parse_only(bytes("{}\0", 3)));
    assert_err(KMS_E_FORMAT, parse_only(bytes("\"a\0b\"", 5)));
    assert_err(KMS_E_FORMAT, parse_only(bytes_str("\"a\\u0000b\"")));
    assert_err(KMS_E_FORMAT, parse_only(bytes_str("{\"a\\u0000\":1}")));
    assert_ok(parse_only(bytes_str("\"a\\\\u0000b\""))); /* an escaped backslash, then text */
}

TEST(json, bounds_depth_and_members)
{
    BUF_LOCAL text = BUF_INIT(10000);

    assert_ok(parse_only(bytes_str("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]")));                  /* 16 */
    assert_err(KMS_E_FORMAT, parse_only(bytes_str("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"))); /* 17 */
    for (int count = JSON_MEMBERS_MAX; count <= JSON_MEMBERS_MAX + 1; count++) {
        text.len = 0;
        for (int i = 0; i < count; i++) assert_ok(buf_printf(&text, "%s\"m%d\":0", i == 0 ? "{" : ",", i));
        assert_ok(buf_append_str(&text, "}"));
        assert_int_equal(parse_only(buf_bytes(&text)), count <= JSON_MEMBERS_MAX ? KMS_OK : KMS_E_FORMAT);
    }
}

/* One reader for the tests below. */
struct values {
    const char *label;
    int64_t     count;
    bool        flag, has_hex, has_base64;
    struct buf  hex, base64;
};

static RESULT read_values(struct values *v, const char *text)
{
    JSON_LOCAL        *item = NULL;
    static char        label[300];
    struct json_object o;

    *v = (struct values){.hex = BUF_INIT(100), .base64 = BUF_INIT(100)};
    TRY(json_parse(&item, bytes_str(text)));
    TRY(json_object_begin(&o, item, "request"));
    TRY(json_get_text(&o, "label", 5, "none", &v->label));
    TRY(json_get_int(&o, "count", 1, 10, 0, &v->count));
    TRY(json_get_bool(&o, "flag", true, &v->flag));
    TRY(json_get_hex(&o, "hex", 4, &v->hex, &v->has_hex));
    TRY(json_get_base64(&o, "base64", 4, &v->base64, &v->has_base64));
    (void)snprintf(label, sizeof label, "%s", v->label); /* the document ends with this function */
    v->label = label;
    return json_object_end(&o);
}

static enum kms_err result_of(const char *text)
{
    struct values v;
    enum kms_err  err = read_values(&v, text);

    buf_clear(&v.hex);
    buf_clear(&v.base64);
    return err;
}

TEST(json, reads_members_and_defaults)
{
    struct values v;

    assert_ok(
        read_values(&v, "{\"count\":3,\"label\":\"abcde\",\"flag\":false,\"hex\":\"0x0102\",\"base64\":\"YWI=\"}"));
    assert_string_equal(v.label, "abcde");
    assert_int_equal(v.count, 3);
    assert_false(v.flag);
    assert_true(v.has_hex && bytes_equal(buf_bytes(&v.hex), bytes("\1\2", 2)));
    assert_true(v.has_base64 && bytes_equal_str(buf_bytes(&v.base64), "ab"));
    buf_clear(&v.hex);
    buf_clear(&v.base64);

    assert_ok(read_values(&v, "{\"count\":10}"));
    assert_string_equal(v.label, "none");
    assert_true(v.flag);
    assert_false(v.has_hex || v.has_base64);
    buf_clear(&v.hex);
    buf_clear(&v.base64);
}

struct refusal {
    const char  *text;
    enum kms_err err;
    const char  *names;
};

TEST(json, refuses_and_names_the_member)
{
    static const struct refusal refusals[] = {
        {"{}", KMS_E_FORMAT, "request.count: missing"},
        {"[]", KMS_E_FORMAT, "request: not a JSON object"},
        {"{\"count\":0}", KMS_E_RANGE, "request.count"},
        {"{\"count\":11}", KMS_E_RANGE, "request.count"},
        {"{\"count\":1.5}", KMS_E_FORMAT, "request.count"},
        {"{\"count\":1e99}", KMS_E_FORMAT, "request.count"},
        {"{\"count\":1e999}", KMS_E_FORMAT, "request.count"},
        {"{\"count\":\"1\"}", KMS_E_FORMAT, "request.count"},
        {"{\"count\":1,\"label\":\"abcdef\"}", KMS_E_RANGE, "request.label"},
        {"{\"count\":1,\"label\":7}", KMS_E_FORMAT, "request.label"},
        {"{\"count\":1,\"label\":null}", KMS_E_FORMAT, "request.label"},
        {"{\"count\":1,\"flag\":1}", KMS_E_FORMAT, "request.flag"},
        {"{\"count\":1,\"hex\":\"abc\"}", KMS_E_FORMAT, "request.hex"},
        {"{\"count\":1,\"hex\":\"0102030405\"}", KMS_E_RANGE, "request.hex"},
        {"{\"count\":1,\"base64\":\"YWI\"}", KMS_E_FORMAT, "request.base64"},
        {"{\"count\":1,\"base64\":\"YWJjZGU=\"}", KMS_E_RANGE, "request.base64"},
        {"{\"count\":1,\"other\":1}", KMS_E_FORMAT, "request.other: unknown member"},
        {"{\"count\":1,\"\\u0007\":1}", KMS_E_FORMAT, "request: unknown member"},
    };

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        assert_err(refusals[i].err, result_of(refusals[i].text));
        if (strncmp(error_text(), refusals[i].names, strlen(refusals[i].names)) != 0)
            fail_msg("%s: %s", refusals[i].text, error_text());
    }
}

TEST(json, objects_and_arrays_are_optional_and_typed)
{
    JSON_LOCAL        *item = NULL;
    const cJSON       *at;
    struct json_object o;

    assert_ok(json_parse(&item, bytes_str("{\"o\":{},\"a\":[1,2,3]}")));
    assert_ok(json_object_begin(&o, item, "x"));
    assert_ok(json_get_object(&o, "o", &at));
    assert_non_null(at);
    assert_ok(json_get_array(&o, "a", 3, &at));
    assert_non_null(at);
    assert_err(KMS_E_RANGE, json_get_array(&o, "a", 2, &at));
    assert_err(KMS_E_FORMAT, json_get_array(&o, "o", 2, &at));
    assert_err(KMS_E_FORMAT, json_get_object(&o, "a", &at));
    assert_ok(json_get_object(&o, "missing", &at));
    assert_null(at);
    assert_ok(json_get_array(&o, "missing", 1, &at));
    assert_null(at);
    assert_ok(json_object_end(&o));
}

TEST(json, prints_what_it_parsed)
{
    JSON_LOCAL *item = NULL;
    BUF_LOCAL   out = BUF_INIT(100);

    assert_ok(json_parse(&item, bytes_str("{ \"a\" : [ 1, true, \"x\\ny\" ] }")));
    assert_ok(json_print(&out, item));
    assert_string_equal(buf_str(&out), "{\"a\":[1,true,\"x\\ny\"]}");
}
