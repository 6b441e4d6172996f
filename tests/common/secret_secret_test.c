/* SPDX-License-Identifier: Apache-2.0 */
/* Owned secrets: copying, shortening, clearing, comparing. */
#include "common/secret/secret.h"
#include "common/secret/wipe.h"
#include "tests/support/test.h"

TEST(secret, starts_empty_and_may_be_cleared_twice)
{
    struct secret s = SECRET_NONE;

    secret_clear(&s);
    secret_clear(&s);
    assert_null(s.data);
    assert_int_equal(secret_view(&s).len, 0);
}

TEST(secret, copies_and_replaces)
{
    SECRET_LOCAL s = SECRET_NONE;

    assert_ok(secret_copy(&s, bytes("first", 5)));
    assert_ok(secret_copy(&s, bytes("2nd", 3)));
    assert_true(bytes_equal_str(secret_view(&s), "2nd"));
    assert_ok(secret_copy(&s, BYTES_NONE));
    assert_int_equal(s.len, 0);
}

TEST(secret, allocates_zeros)
{
    SECRET_LOCAL         s = SECRET_NONE;
    static const uint8_t zeros[100];

    assert_ok(secret_alloc(&s, 100));
    assert_memory_equal(s.data, zeros, 100);
}

TEST(secret, is_empty_after_clearing)
{
    struct secret s = SECRET_NONE;

    assert_ok(secret_copy(&s, bytes("text", 4)));
    secret_clear(&s);
    assert_null(s.data);
    assert_int_equal(s.len, 0);
}

TEST(secret, truncation_wipes_what_is_cut)
{
    SECRET_LOCAL s = SECRET_NONE;

    assert_ok(secret_copy(&s, bytes("password\n", 9)));
    secret_truncate(&s, 8);
    assert_true(bytes_equal_str(secret_view(&s), "password"));
    assert_int_equal(s.data[8], 0);
}

TEST(secret, refuses_an_impossible_size)
{
    struct secret s = SECRET_NONE;

    assert_err(KMS_E_MEMORY, secret_alloc(&s, SIZE_MAX - 100));
    assert_null(s.data);
    assert_int_equal(s.len, 0);
}

TEST(wipe, zeroes_exactly_the_range)
{
    uint8_t data[16];

    memset(data, 0xff, sizeof data);
    wipe(data + 4, 8);
    wipe(data, 0);
    for (size_t i = 0; i < sizeof data; i++) assert_int_equal(data[i], i >= 4 && i < 12 ? 0 : 0xff);
    WIPE(data);
    for (size_t i = 0; i < sizeof data; i++) assert_int_equal(data[i], 0);
}

TEST(wipe, secret_equal_sees_every_bit)
{
    uint8_t a[33] = {0}, b[33] = {0};

    assert_true(secret_equal(a, b, 0));
    assert_true(secret_equal(a, b, sizeof a));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(secret_equal(a, b, sizeof a));
        b[bit / 8] = 0;
    }
}
