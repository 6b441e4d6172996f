/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes: the maximum holds, and failure changes nothing. */
#include "tests/support/test.h"

TEST(buf, is_empty_text_at_first)
{
    BUF_LOCAL b = BUF_INIT(10);

    assert_string_equal(buf_str(&b), "");
    assert_int_equal(b.len, 0);
}

TEST(buf, appends_and_terminates)
{
    BUF_LOCAL b = BUF_INIT(100);

    assert_ok(buf_append_str(&b, "ab"));
    assert_ok(buf_append(&b, bytes("c", 1)));
    assert_ok(buf_append(&b, BYTES_NONE));
    assert_ok(buf_printf(&b, "-%d-%s", 12, "x"));

    assert_string_equal(buf_str(&b), "abc-12-x");
    assert_int_equal(b.len, 8);
}

TEST(buf, grows_to_its_maximum_and_not_beyond)
{
    BUF_LOCAL b = BUF_INIT(1000);

    for (int i = 0; i < 1000; i++) assert_ok(buf_append(&b, bytes("x", 1)));

    assert_err(KMS_E_TOO_LARGE, buf_append(&b, bytes("y", 1)));
    assert_err(KMS_E_TOO_LARGE, buf_printf(&b, "%d", 1));
    assert_null(buf_reserve(&b, 1));
    assert_int_equal(b.len, 1000);
    assert_int_equal(b.data[999], 'x');
    assert_int_equal(b.data[1000], '\0');
}

TEST(buf, refuses_a_length_that_would_wrap_around)
{
    BUF_LOCAL b = BUF_INIT(SIZE_MAX);

    assert_ok(buf_append_str(&b, "abc"));
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    assert_string_equal(buf_str(&b), "abc");
}

TEST(buf, consumes_from_the_front)
{
    BUF_LOCAL b = BUF_INIT(100);

    assert_ok(buf_append_str(&b, "hello world"));
    buf_consume(&b, 0);
    buf_consume(&b, 6);
    assert_string_equal(buf_str(&b), "world");
    buf_consume(&b, 5);
    assert_string_equal(buf_str(&b), "");
    assert_int_equal(b.len, 0);
}

TEST(buf, keeps_its_maximum_when_cleared)
{
    struct buf b = BUF_INIT(3);

    assert_ok(buf_append_str(&b, "abc"));
    buf_clear(&b);
    assert_null(b.data);
    assert_err(KMS_E_TOO_LARGE, buf_append_str(&b, "abcd"));
    assert_ok(buf_append_str(&b, "abc"));
    buf_clear(&b);
}
