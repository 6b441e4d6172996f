/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors written as hex in the tests of common/. */
#ifndef KMS_TESTS_COMMON_HEX_H
#define KMS_TESTS_COMMON_HEX_H

#include "common/base/text.h"
#include "tests/support/test.h"

struct hex {
    uint8_t data[512];
    size_t  len;
};

static inline struct hex hex_of(const char *text)
{
    struct hex out = {.len = strlen(text) / 2};

    assert_true(out.len <= sizeof out.data);
    assert_ok(hex_decode(out.data, out.len, bytes_str(text)));
    return out;
}

static inline struct bytes hex_bytes(const struct hex *h)
{
    return bytes(h->data, h->len);
}

/* Fails with both texts printed. */
static inline void assert_hex(const void *data, size_t len, const char *expected)
{
    char text[1025];

    assert_true(len <= 512);
    hex_encode(text, bytes(data, len));
    assert_string_equal(text, expected);
}

#endif
