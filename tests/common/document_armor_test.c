/* SPDX-License-Identifier: Apache-2.0 */
/* PEM of our documents. */
#include "common/document/armor.h"
#include "tests/support/test.h"

TEST(armor, gives_back_bytes_of_every_length)
{
    uint8_t data[200];

    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len <= sizeof data; len++) {
        BUF_LOCAL pem = BUF_INIT(1024);
        BUF_LOCAL out = BUF_INIT(1024);
        assert_ok(armor_encode(&pem, "KMS TEST", bytes(data, len)));
        assert_ok(armor_decode(&out, "KMS TEST", buf_bytes(&pem)));
        assert_true(bytes_equal(buf_bytes(&out), bytes(data, len)));
    }
}

TEST(armor, looks_like_pem)
{
    BUF_LOCAL pem = BUF_INIT(1024);

    assert_ok(armor_encode(&pem, "KMS TEST", bytes_str("hello")));
    assert_string_equal(buf_str(&pem), "-----BEGIN KMS TEST-----\naGVsbG8=\n-----END KMS TEST-----\n");
}

TEST(armor, accepts_other_line_breaks)
{
    BUF_LOCAL out = BUF_INIT(64);

    assert_ok(armor_decode(&out, "X", bytes_str("\r\n-----BEGIN X-----\r\naGVs\r\nbG8=\r\n-----END X-----\r\n  ")));
    assert_string_equal(buf_str(&out), "hello");
}

TEST(armor, refuses_what_is_not_one_block_of_the_label)
{
    static const char *const wrong[] = {
        "",
        "aGVsbG8=",
        "-----BEGIN Y-----\naGVsbG8=\n-----END Y-----\n",
        "-----BEGIN X-----\naGVsbG8=\n",
        "-----BEGIN X-----\naGVsbG8\n-----END X-----\n",
        "-----BEGIN X-----\naGVsbG8=\n-----END Y-----\n",
        "junk\n-----BEGIN X-----\naGVsbG8=\n-----END X-----\n",
        "-----BEGIN X----------END X----\n",
        "-----BEGIN X-----\naGVsbG8=\n-----END X-----\n-----BEGIN X-----\naGVsbG8=\n-----END X-----\n"};
    BUF_LOCAL out = BUF_INIT(64);

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_err(KMS_E_FORMAT, armor_decode(&out, "X", bytes_str(wrong[i])));
}

TEST(armor, respects_the_maximum_of_its_output)
{
    BUF_LOCAL out = BUF_INIT(4);

    assert_err(KMS_E_TOO_LARGE, armor_decode(&out, "X", bytes_str("-----BEGIN X-----\naGVsbG8=\n-----END X-----\n")));
}
