/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-2, the tags, and that the structured hash is what its header says: injective, and equal in both forms. */
#include "common/crypto/hash.h"
#include "common/wire/writer.h"
#include "tests/common/hex.h"

/* FIPS 180-4 examples (NIST, "SHA256.pdf", "SHA512.pdf": "abc"), and the empty string. */
TEST(hash, sha2_follows_fips_180_4)
{
    uint8_t out[64];

    sha256(out, bytes_str("abc"));
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256(out, BYTES_NONE);
    assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256(out, bytes_str("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
    assert_hex(out, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    sha512(out, bytes_str("abc"));
    assert_hex(out, 64,
               "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(hash, sha512_of_parts_is_that_of_the_whole)
{
    uint8_t            whole[64], split[64];
    const struct bytes parts[] = {bytes("ab", 2), BYTES_NONE, bytes("c", 1)};

    sha512(whole, bytes_str("abc"));
    sha512_parts(split, parts, ARRAY_LEN(parts));
    assert_memory_equal(whole, split, 64);
}

TEST(tags, differ_and_have_their_form)
{
    for (unsigned i = 0; i < TAG_COUNT; i++) {
        const char *tag = tag_string((enum tag_id)i);

        assert_true(strncmp(tag, "tss/v1/", 7) == 0);
        assert_in_range(strlen(tag), 9, 255);
        for (const char *c = tag; *c != '\0'; c++)
            assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '/' || *c == '-');
        for (unsigned j = 0; j < i; j++) assert_string_not_equal(tag, tag_string((enum tag_id)j));
    }
}

/* The definition, written out: hash.h, docs: sheet 0.1. */
static void reference(uint8_t out[32], const char *tag, const struct bytes *items, size_t count)
{
    uint8_t       encoded[1024];
    struct writer w = writer_of(encoded, sizeof encoded);

    writer_u8(&w, (uint8_t)strlen(tag));
    writer_raw(&w, bytes_str(tag));
    writer_u32(&w, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        writer_u64(&w, items[i].len);
        writer_raw(&w, items[i]);
    }
    assert_ok(writer_end(&w, "reference"));
    sha256(out, writer_bytes(&w));
}

TEST(hash, items_follow_the_definition)
{
    uint8_t            expected[32], got[32];
    const struct bytes items[] = {bytes("first", 5), BYTES_NONE, bytes("second", 6)};

    for (size_t count = 0; count <= ARRAY_LEN(items); count++) {
        reference(expected, "tss/v1/key/id", items, count);
        hash_items(got, TAG_KEY_ID, items, count);
        assert_memory_equal(got, expected, 32);
    }
}

TEST(hash, piecewise_is_equal_to_at_once)
{
    struct hash        h;
    uint8_t            expected[32], got[32];
    const struct bytes items[] = {bytes("ab", 2), bytes("\x01\x02", 2), bytes("\0\0\0\7", 4),
                                  bytes("\0\0\0\0\0\0\1\0", 8)};

    hash_items(expected, TAG_SSID, items, 4);
    hash_begin(&h, TAG_SSID, 4);
    hash_item(&h, items[0]);
    hash_item_u16(&h, 0x0102);
    hash_item_u32(&h, 7);
    hash_item_u64(&h, 256);
    hash_end(&h, got);
    assert_memory_equal(got, expected, 32);
}

TEST(hash, wide_is_two_hashes_with_a_counter)
{
    struct hash h;
    uint8_t     got[64], expected[32];

    hash_begin(&h, TAG_POK_SHARE, 2);
    hash_item(&h, bytes("x", 1));
    hash_item(&h, bytes("y", 1));
    hash_end_wide(&h, got);
    for (uint8_t counter = 0; counter < 2; counter++) {
        const struct bytes items[] = {bytes("x", 1), bytes("y", 1), bytes(&counter, 1)};
        reference(expected, "tss/v1/dkg/3/proof-of-share", items, 3);
        assert_memory_equal(got + 32 * counter, expected, 32);
    }
}

TEST(hash, expansion_is_hash_after_hash_with_a_counter_and_cut)
{
    static const size_t lens[] = {0, 1, 31, 32, 33, 64, 80, 98, 8192};
    uint8_t             expected[8192], got[8192 + 1];

    for (unsigned i = 0; i < sizeof expected / 32; i++) {
        uint8_t            number = (uint8_t)i;
        const struct bytes items[] = {bytes("x", 1), bytes(&number, 1)};
        reference(expected + 32 * (size_t)i, "tss/v1/dkg/3/proof-of-share", items, 2);
    }
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        struct hash h;
        memset(got, 0xaa, sizeof got);
        hash_begin(&h, TAG_POK_SHARE, 1);
        hash_item(&h, bytes("x", 1));
        hash_end_expand(&h, got, lens[i]);
        assert_memory_equal(got, expected, lens[i]);
        assert_int_equal(got[lens[i]], 0xaa);
    }
}

TEST(hash, moved_boundaries_and_tags_change_it)
{
    const struct bytes lists[][3] = {
        {bytes("ab", 2), bytes("c", 1), BYTES_NONE}, {bytes("a", 1), bytes("bc", 2), BYTES_NONE},
        {bytes("abc", 3), BYTES_NONE, BYTES_NONE},   {BYTES_NONE, bytes("abc", 3), BYTES_NONE},
        {BYTES_NONE, BYTES_NONE, bytes("abc", 3)},
    };
    uint8_t out[ARRAY_LEN(lists) + 2][32];

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) hash_items(out[i], TAG_ECHO, lists[i], 3);
    hash_items(out[ARRAY_LEN(lists)], TAG_ECHO, lists[0], 2);
    hash_items(out[ARRAY_LEN(lists) + 1], TAG_PAYLOAD, lists[0], 3);
    for (size_t i = 0; i < ARRAY_LEN(out); i++)
        for (size_t j = 0; j < i; j++) assert_memory_not_equal(out[i], out[j], 32);
}

TEST(hash, holds_nothing_after_its_end)
{
    struct hash        h;
    static struct hash zero;
    uint8_t            out[64];

    hash_begin(&h, TAG_SSID, 1);
    hash_item(&h, bytes("secret", 6));
    hash_end(&h, out);
    assert_memory_equal(&h, &zero, sizeof h);
    hash_begin(&h, TAG_SSID, 1);
    hash_item(&h, bytes("secret", 6));
    hash_end_wide(&h, out);
    assert_memory_equal(&h, &zero, sizeof h);
}
