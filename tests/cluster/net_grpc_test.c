/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC framing, deadlines and messages, without HTTP. */
#include "cluster/net/grpc.h"

#include <stdlib.h>

#include "tests/support/test.h"

static void add_frame(struct buf *out, struct bytes message)
{
    uint8_t prefix[GRPC_PREFIX_LEN];

    assert_ok(grpc_prefix(prefix, message.len));
    assert_ok(buf_append(out, BYTES_OF(prefix)));
    assert_ok(buf_append(out, message));
}

TEST(grpc, puts_messages_together_however_they_are_cut)
{
    BUF_LOCAL          wire = BUF_INIT(4096);
    struct grpc_frames frames;
    struct bytes       message = BYTES_NONE;

    add_frame(&wire, bytes_str("one"));
    add_frame(&wire, BYTES_NONE);
    add_frame(&wire, bytes_str("three"));
    for (size_t step = 1; step <= wire.len; step++) {
        BUF_LOCAL got = BUF_INIT(64);
        grpc_frames_init(&frames);
        for (size_t at = 0; at < wire.len; at += step) {
            size_t len = wire.len - at < step ? wire.len - at : step;
            assert_ok(grpc_frames_receive(&frames, bytes(wire.data + at, len)));
            while (grpc_frames_next(&frames, &message)) {
                assert_ok(buf_append(&got, message));
                assert_ok(buf_append_str(&got, "|"));
            }
        }
        assert_true(grpc_frames_is_empty(&frames));
        assert_string_equal(buf_str(&got), "one||three|");
        grpc_frames_clear(&frames);
    }
}

TEST(grpc, knows_when_a_message_is_cut_off)
{
    struct grpc_frames frames;
    struct bytes       message = BYTES_NONE;

    grpc_frames_init(&frames);
    assert_ok(grpc_frames_receive(&frames, bytes("\0\0\0\0\2x", 6)));

    assert_false(grpc_frames_next(&frames, &message));
    assert_false(grpc_frames_is_empty(&frames));
    grpc_frames_clear(&frames);
}

static enum kms_err receive_prefix(const char prefix[5])
{
    struct grpc_frames frames;

    grpc_frames_init(&frames);
    enum kms_err err = grpc_frames_receive(&frames, bytes(prefix, 5));
    assert_true(frames.in.cap < 4096); /* what a prefix promises is not allocated */
    grpc_frames_clear(&frames);
    return err;
}

TEST(grpc, refuses_bad_prefixes_before_the_message)
{
    assert_ok(receive_prefix("\0\0\x20\0\0"));
    assert_err(KMS_E_TOO_LARGE, receive_prefix("\0\0\x20\0\1"));
    assert_err(KMS_E_TOO_LARGE, receive_prefix("\0\xff\xff\xff\xff"));
    assert_err(KMS_E_UNSUPPORTED, receive_prefix("\1\0\0\0\1"));
    assert_err(KMS_E_FORMAT, receive_prefix("\2\0\0\0\1"));
}

TEST(grpc, sends_no_message_that_it_would_not_take)
{
    uint8_t prefix[GRPC_PREFIX_LEN];

    assert_ok(grpc_prefix(prefix, GRPC_MESSAGE_MAX));
    assert_memory_equal(prefix, "\0\0\x20\0\0", 5);
    assert_err(KMS_E_TOO_LARGE, grpc_prefix(prefix, GRPC_MESSAGE_MAX + 1));
}

TEST(grpc, reads_timeouts)
{
    static const struct {
        const char *text;
        uint64_t    ms;
    } rows[] = {{"1H", 3600000}, {"2M", 120000},          {"3S", 3000}, {"4m", 4},       {"5u", 1},
                {"6n", 1},       {"99999999H", 86400000}, {"0m", 0},    {"1000000n", 1}, {"1000001n", 2}};
    uint64_t ms;

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        assert_ok(grpc_timeout_parse(&ms, rows[i].text));
        assert_int_equal(ms, rows[i].ms);
    }
}

TEST(grpc, refuses_malformed_timeouts)
{
    static const char *const wrong[] = {"", "m", "5", "5x", "-5m", "5 m", "5mm", "123456789m", "0x5m", "5.0S"};
    uint64_t                 ms;

    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) assert_err(KMS_E_FORMAT, grpc_timeout_parse(&ms, wrong[i]));
}

TEST(grpc, encodes_messages_for_a_header)
{
    char out[32], small[8];

    grpc_message_encode(out, sizeof out, "50% of\r\n\xc3\xa9");
    assert_string_equal(out, "50%25 of%0D%0A%C3%A9");
    grpc_message_encode(small, sizeof small, "%%%%%%%%%%%%");
    assert_string_equal(small, "%25%25");
}

TEST(grpc, knows_its_content_type)
{
    assert_true(grpc_is_content_type("application/grpc"));
    assert_true(grpc_is_content_type("application/grpc+proto"));
    assert_true(grpc_is_content_type("application/grpc; charset=x"));
    assert_false(grpc_is_content_type("application/grpc+json"));
    assert_false(grpc_is_content_type("application/grpc-web"));
    assert_false(grpc_is_content_type("application/json"));
    assert_false(grpc_is_content_type(""));
}

TEST(grpc, gives_errors_their_codes)
{
    assert_int_equal(grpc_status_of(KMS_OK), GRPC_OK);
    assert_int_equal(grpc_status_of(KMS_E_NOT_FOUND), GRPC_NOT_FOUND);
    assert_int_equal(grpc_status_of(KMS_E_SIGNATURE), GRPC_PERMISSION_DENIED);
    assert_int_equal(grpc_status_of(KMS_E_CORRUPT), GRPC_INTERNAL);
}
