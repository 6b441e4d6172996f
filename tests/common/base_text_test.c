/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, base64, base32, names: RFC 4648 section 10 and every refusal. */
#include "common/base/text.h"
#include "tests/support/test.h"

struct vector {
    const char *plain, *base64, *base32;
};

/* RFC 4648 section 10; base32 in lower case and without padding, as keyIds are. */
static const struct vector vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "my"},
    {"fo", "Zm8=", "mzxq"},
    {"foo", "Zm9v", "mzxw6"},
    {"foob", "Zm9vYg==", "mzxw6yq"},
    {"fooba", "Zm9vYmE=", "mzxw6ytb"},
    {"foobar", "Zm9vYmFy", "mzxw6ytboi"},
};

TEST(text, base64_follows_rfc_4648)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        BUF_LOCAL text = BUF_INIT(100);
        BUF_LOCAL back = BUF_INIT(100);

        assert_ok(base64_encode(&text, bytes_str(vectors[i].plain)));
        assert_string_equal(buf_str(&text), vectors[i].base64);
        assert_ok(base64_decode(&back, buf_bytes(&text)));
        assert_string_equal(buf_str(&back), vectors[i].plain);
    }
}

TEST(text, base32_follows_rfc_4648)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        char out[32];

        base32_encode(out, bytes_str(vectors[i].plain));
        assert_string_equal(out, vectors[i].base32);
    }
}

TEST(text, base64_refuses_what_is_not_canonical)
{
    static const char *const wrong[] = {
        "Z",    "Zg",     "Zg=",  "Zg==Zg==", "Zh==", "Zm9=",     "=m9v",     "Z=9v",
        "Zm 9", "Zm9v\n", "Zm-_", "Zg=A",     "====", "Zm9vZ===", "Zm9v=Zm9", "Zm8\xc3"};

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        BUF_LOCAL out = BUF_INIT(100);

        assert_ok(buf_append_str(&out, "kept"));
        assert_err(KMS_E_FORMAT, base64_decode(&out, bytes_str(wrong[i])));
        assert_int_equal(out.len, 4);
        assert_string_equal(buf_str(&out), "kept");
    }
    BUF_LOCAL out = BUF_INIT(100);
    assert_err(KMS_E_FORMAT, base64_decode(&out, bytes("Zm\0v", 4)));
}

TEST(text, base64_appends_all_byte_values)
{
    BUF_LOCAL text = BUF_INIT(1000);
    BUF_LOCAL back = BUF_INIT(1000);
    uint8_t   all[256];

    for (size_t i = 0; i < sizeof all; i++) all[i] = (uint8_t)i;
    for (size_t len = 0; len <= sizeof all; len++) {
        text.len = back.len = 0;
        assert_ok(base64_encode(&text, bytes(all, len)));
        assert_ok(base64_decode(&back, buf_bytes(&text)));
        assert_true(bytes_equal(buf_bytes(&back), bytes(all, len)));
    }
}

TEST(text, base64_respects_the_maximum_of_its_buffer)
{
    BUF_LOCAL out = BUF_INIT(2);

    assert_err(KMS_E_TOO_LARGE, base64_decode(&out, bytes_str("Zm9v")));
    assert_err(KMS_E_TOO_LARGE, base64_encode(&out, bytes_str("foo")));
}

TEST(text, hex_goes_both_ways)
{
    char    text[9];
    uint8_t back[4];

    hex_encode(text, bytes("\x00\x9f\xa0\xff", 4));
    assert_string_equal(text, "009fa0ff");
    assert_ok(hex_decode(back, 4, bytes_str("009FA0fF")));
    assert_memory_equal(back, "\x00\x9f\xa0\xff", 4);
}

TEST(text, hex_refuses_lengths_and_digits)
{
    uint8_t out[2];

    assert_err(KMS_E_FORMAT, hex_decode(out, 2, bytes_str("0011223")));
    assert_err(KMS_E_FORMAT, hex_decode(out, 2, bytes_str("001122")));
    assert_err(KMS_E_FORMAT, hex_decode(out, 2, bytes_str("00g1")));
    assert_err(KMS_E_FORMAT, hex_decode(out, 2, bytes_str("0x11")));
    assert_err(KMS_E_FORMAT, hex_decode(out, 2,
                                        bytes("00\0"
                                              "1",
                                              4)));
}

TEST(text, hex_of_any_length_takes_a_prefix_and_appends)
{
    BUF_LOCAL out = BUF_INIT(4);

    assert_ok(hex_decode_buf(&out, bytes_str("0x6162")));
    assert_ok(hex_decode_buf(&out, bytes_str("63")));
    assert_ok(hex_decode_buf(&out, bytes_str("0X")));
    assert_string_equal(buf_str(&out), "abc");
    assert_err(KMS_E_FORMAT, hex_decode_buf(&out, bytes_str("123")));
    assert_err(KMS_E_FORMAT, hex_decode_buf(&out, bytes_str("6g")));
    assert_string_equal(buf_str(&out), "abc");
    assert_err(KMS_E_TOO_LARGE, hex_decode_buf(&out, bytes_str("64656667")));
    assert_string_equal(buf_str(&out), "abc");
}

TEST(text, a_failed_decoding_leaves_the_buffer_as_it_was)
{
    BUF_LOCAL out = BUF_INIT(100);

    assert_ok(buf_append_str(&out, "kept"));
    assert_err(KMS_E_FORMAT, hex_decode_buf(&out, bytes_str("6162636g")));
    assert_string_equal(buf_str(&out), "kept");
    assert_err(KMS_E_FORMAT, base64_decode(&out, bytes_str("Zm9vZm9vZm9*")));
    assert_string_equal(buf_str(&out), "kept");
}

TEST(text, names_are_short_and_plain)
{
    static const char *const good[] = {"a", "7", "tss1", "gw-1.example_2", "A.b-C"};
    static const char *const wrong[] = {"", "-a", ".a", "_a", "a b", "a/b", "a\nb", "\xc3\xa4", "a:b"};

    for (size_t i = 0; i < ARRAY_LEN(good); i++) assert_true(text_is_name(good[i], 32));
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) assert_false(text_is_name(wrong[i], 32));
    assert_true(text_is_name("abc", 3));
    assert_false(text_is_name("abcd", 3));
}

TEST(base64, decodes_into_a_buffer_of_exactly_its_length)
{
    BUF_LOCAL out = BUF_INIT(4);

    assert_ok(base64_decode(&out, bytes_str("a21zIQ==")));

    assert_string_equal(buf_str(&out), "kms!");
    assert_err(KMS_E_TOO_LARGE, base64_decode(&out, bytes_str("IQ==")));
}
