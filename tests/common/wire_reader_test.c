/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: big-endian, sticky, never beyond the end. */
#include "common/wire/reader.h"
#include "common/wire/writer.h"
#include "tests/support/test.h"

static const uint8_t counting[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

TEST(reader, integers_are_big_endian)
{
    struct reader r = reader_of(bytes(counting + 1, 15));

    assert_int_equal(reader_u8(&r), 0x01);
    assert_int_equal(reader_u16(&r), 0x0203);
    assert_int_equal(reader_u32(&r), 0x04050607);
    assert_true(reader_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_ok(reader_end(&r, "test"));
}

TEST(reader, is_sticky_after_the_first_failure)
{
    struct reader r = reader_of(bytes(counting, 3));

    assert_int_equal(reader_u32(&r), 0);
    assert_int_equal(reader_u8(&r), 0); /* one byte is there, but the reader has failed */
    assert_int_equal(reader_view(&r, 1).len, 0);
    assert_err(KMS_E_FORMAT, reader_end(&r, "thing"));
    assert_non_null(strstr(error_text(), "thing"));
}

TEST(reader, refuses_bytes_that_are_left)
{
    struct reader r = reader_of(bytes(counting, 3));

    (void)reader_u16(&r);
    assert_err(KMS_E_FORMAT, reader_end(&r, "thing"));
    assert_string_equal(error_text(), "thing: 1 bytes too many");
}

TEST(reader, bool_is_zero_or_one)
{
    struct reader r = reader_of(bytes(counting, 3));

    assert_false(reader_bool(&r));
    assert_true(reader_bool(&r));
    (void)reader_bool(&r);
    assert_err(KMS_E_FORMAT, reader_end(&r, "test"));
}

TEST(reader, copy_gives_zeros_on_failure)
{
    struct reader r = reader_of(bytes(counting + 1, 4));
    uint8_t       out[5] = {9, 9, 9, 9, 9};

    reader_copy(&r, out, 0);
    reader_copy(&r, out, 5);
    assert_memory_equal(out, ((uint8_t[5]){0}), 5);
    assert_true(r.failed);
}

TEST(reader, block_is_bounded_before_it_is_looked_at)
{
    uint8_t       large[] = {0xff, 0xff, 0xff, 0xff, 1, 2}, fits[] = {0, 0, 0, 2, 1, 2};
    struct reader r = reader_of(BYTES_OF(large));

    assert_int_equal(reader_block(&r, SIZE_MAX).len, 0);
    assert_true(r.failed);
    r = reader_of(BYTES_OF(fits));
    assert_int_equal(reader_block(&r, 1).len, 0);
    assert_true(r.failed);
    r = reader_of(BYTES_OF(fits));
    assert_true(bytes_equal(reader_block(&r, 2), bytes(fits + 4, 2)));
    assert_ok(reader_end(&r, "test"));
}

TEST(reader, text_refuses_control_characters_and_nul)
{
    static const char *const blocks[] = {"a\0b", "a\nb",
                                         "a\x7f"
                                         "b"};
    char                     out[4];

    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        uint8_t       encoded[16];
        struct writer w = writer_of(encoded, sizeof encoded);
        writer_block(&w, bytes(blocks[i], 3));
        struct reader r = reader_of(writer_bytes(&w));
        reader_text(&r, out, 3);
        assert_string_equal(out, "");
        assert_true(r.failed);
    }
}

TEST(reader, text_is_terminated_and_bounded)
{
    static const uint8_t encoded[] = {0, 0, 0, 3, 'a', 'b', 'c'};
    char                 out[4];
    struct reader        r = reader_of(BYTES_OF(encoded));

    reader_text(&r, out, 3);
    assert_string_equal(out, "abc");
    assert_ok(reader_end(&r, "test"));
    r = reader_of(BYTES_OF(encoded));
    reader_text(&r, out, 2);
    assert_string_equal(out, "");
    assert_true(r.failed);
}

TEST(reader, refuse_marks_it_failed)
{
    struct reader r = reader_of(BYTES_NONE);

    assert_ok(reader_end(&r, "nothing"));
    reader_refuse(&r);
    assert_err(KMS_E_FORMAT, reader_end(&r, "nothing"));
}

TEST(reader, every_cut_of_a_message_is_refused)
{
    uint8_t       encoded[64];
    struct writer w = writer_of(encoded, sizeof encoded);

    writer_u16(&w, 7);
    writer_text(&w, "name");
    writer_bool(&w, true);
    writer_u64(&w, 99);
    assert_ok(writer_end(&w, "message"));
    for (size_t len = 0; len <= w.len; len++) {
        char          name[8];
        struct reader r = reader_of(bytes(encoded, len));
        (void)reader_u16(&r);
        reader_text(&r, name, 7);
        (void)reader_bool(&r);
        (void)reader_u64(&r);
        assert_int_equal(reader_end(&r, "message"), len == w.len ? KMS_OK : KMS_E_FORMAT);
    }
}
