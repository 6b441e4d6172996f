/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope, sets of parties, and names of abort reasons. */
#include "cluster/protocol/outcome.h"
#include "tests/support/test.h"

static struct message sample(void)
{
    struct message m = {.round = 3, .kind = MESSAGE_DIRECT, .body = bytes_str("body")};

    memset(m.tag, 1, sizeof m.tag);
    memset(m.ssid, 2, sizeof m.ssid);
    memset(m.echo, 3, sizeof m.echo);
    return m;
}

TEST(message, decodes_to_what_was_encoded)
{
    BUF_LOCAL      encoded = BUF_INIT(4096);
    struct message m = sample(), back;

    assert_ok(message_encode(&encoded, &m));
    assert_int_equal(encoded.len, 1 + 16 + 1 + 1 + 32 + 32 + 4 + 4);
    assert_ok(message_decode(&back, buf_bytes(&encoded)));
    assert_int_equal(back.round, 3);
    assert_int_equal(back.kind, MESSAGE_DIRECT);
    assert_memory_equal(back.tag, m.tag, sizeof m.tag);
    assert_memory_equal(back.ssid, m.ssid, sizeof m.ssid);
    assert_memory_equal(back.echo, m.echo, sizeof m.echo);
    assert_true(bytes_equal_str(back.body, "body"));
}

TEST(message, refuses_every_truncation_and_any_byte_more)
{
    BUF_LOCAL      encoded = BUF_INIT(4096);
    struct message m = sample(), back;

    assert_ok(message_encode(&encoded, &m));
    for (size_t len = 0; len < encoded.len; len++)
        assert_err(KMS_E_FORMAT, message_decode(&back, bytes(encoded.data, len)));
    assert_ok(buf_append_str(&encoded, "x"));
    assert_err(KMS_E_FORMAT, message_decode(&back, buf_bytes(&encoded)));
}

TEST(message, refuses_an_unknown_version_or_kind_or_a_body_too_long)
{
    BUF_LOCAL      encoded = BUF_INIT(4096);
    struct message m = sample(), back;

    assert_ok(message_encode(&encoded, &m));
    encoded.data[0] = 2;
    assert_err(KMS_E_FORMAT, message_decode(&back, buf_bytes(&encoded)));
    encoded.data[0] = 1;
    for (unsigned kind = 0; kind < 256; kind++) {
        encoded.data[18] = (uint8_t)kind;
        bool good = kind == MESSAGE_BROADCAST || kind == MESSAGE_DIRECT;
        assert_err(good ? KMS_OK : KMS_E_FORMAT, message_decode(&back, buf_bytes(&encoded)));
    }
    encoded.data[18] = MESSAGE_DIRECT;
    encoded.data[83] = 0xff; /* the length's first byte */
    assert_err(KMS_E_FORMAT, message_decode(&back, buf_bytes(&encoded)));
}

TEST(parties, are_walked_in_order_and_counted)
{
    struct party_set s = party_set_none();
    const party      in[] = {16, 1, 7, 7, 0, 17};

    for (size_t i = 0; i < ARRAY_LEN(in); i++) s = party_set_with(s, in[i]);
    assert_int_equal(party_set_count(s), 3);
    assert_int_equal(party_set_next(s, 0), 1);
    assert_int_equal(party_set_next(s, 1), 7);
    assert_int_equal(party_set_next(s, 7), 16);
    assert_int_equal(party_set_next(s, 16), 0);
    assert_int_equal(party_set_first(3).mask, 0xe);
    assert_int_equal(party_set_first(16).mask, 0x1fffe);
    assert_true(party_set_is_empty(party_set_first(17)));
}

TEST(outcome, every_reason_has_its_name_and_error)
{
    for (int a = ABORT_NONE; a <= ABORT_CANCELLED; a++)
        for (int b = a + 1; b <= ABORT_CANCELLED; b++)
            assert_string_not_equal(abort_reason_name((enum abort_reason)a), abort_reason_name((enum abort_reason)b));
    assert_err(KMS_OK, abort_reason_error(ABORT_NONE));
    assert_err(KMS_E_TIMEOUT, abort_reason_error(ABORT_TIMEOUT));
    assert_err(KMS_E_MISMATCH, abort_reason_error(ABORT_CONFIGURATION));
    assert_err(KMS_E_PROOF, abort_reason_error(ABORT_CHEATING));
    assert_err(KMS_E_EQUIVOCATION, abort_reason_error(ABORT_EQUIVOCATION));
    assert_err(KMS_E_ABORTED, abort_reason_error(ABORT_PEER));
    assert_err(KMS_E_INTERNAL, abort_reason_error(ABORT_INTERNAL));
}
