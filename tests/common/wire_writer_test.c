/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: into an array or a buffer, never beyond it. */
#include "common/wire/writer.h"
#include "tests/common/hex.h"

TEST(writer, encodes_big_endian_into_an_array)
{
    uint8_t       out[32];
    struct writer w = writer_of(out, sizeof out);

    writer_u8(&w, 1);
    writer_u16(&w, 0x0203);
    writer_u32(&w, 0x04050607);
    writer_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    writer_bool(&w, true);
    writer_raw(&w, bytes("ab", 2));
    writer_block(&w, bytes("c", 1));

    assert_ok(writer_end(&w, "test"));
    assert_hex(out, w.len, "0102030405060708090a0b0c0d0e0f0161620000000163");
}

TEST(writer, writes_the_same_into_a_buffer)
{
    BUF_LOCAL     b = BUF_INIT(100);
    struct writer w = writer_to(&b);

    assert_ok(buf_append_str(&b, "x"));
    writer_u32(&w, 5);
    writer_text(&w, "hi");
    assert_ok(writer_end(&w, "test"));
    assert_hex(b.data, b.len, "7800000005000000026869");
    assert_int_equal(w.len, 10);
    assert_int_equal(b.data[b.len], '\0');
}

TEST(writer, never_overruns_and_stays_failed)
{
    uint8_t       out[5] = {9, 9, 9, 9, 9};
    struct writer w = writer_of(out, 4);

    writer_u16(&w, 0);
    writer_u32(&w, 0);
    writer_u8(&w, 1); /* would fit, but something is missing before it */
    assert_err(KMS_E_TOO_LARGE, writer_end(&w, "thing"));
    assert_int_equal(w.len, 2);
    assert_int_equal(out[2], 9);
    assert_int_equal(out[4], 9);
    assert_null(writer_space(&w, 1));
}

TEST(writer, fails_at_the_maximum_of_its_buffer)
{
    BUF_LOCAL     b = BUF_INIT(6);
    struct writer w = writer_to(&b);

    writer_text(&w, "abc");
    assert_err(KMS_E_TOO_LARGE, writer_end(&w, "thing"));
}

TEST(writer, fills_to_the_last_byte)
{
    uint8_t       out[4];
    struct writer w = writer_of(out, sizeof out);

    writer_u32(&w, 0xfffefdfc);
    writer_raw(&w, BYTES_NONE);
    assert_ok(writer_end(&w, "test"));
    assert_hex(out, 4, "fffefdfc");
}
