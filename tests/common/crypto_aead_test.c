/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM. Vectors: McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B, test cases 13, 14
 * and 16 (the ones with 96-bit nonces; NIST published them with SP 800-38D).
 */
#include <stdio.h>

#include "common/crypto/aead.h"
#include "tests/common/hex.h"

struct vector {
    const char *key, *nonce, *aad, *plain, *cipher, *tag;
};

static const struct vector vectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static enum kms_err fill_fixed(void *self, void *out, size_t len)
{
    const struct hex *fixed = self;

    assert_int_equal(len, fixed->len);
    memcpy(out, fixed->data, len);
    return KMS_OK;
}

TEST(aead, follows_the_vectors)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct hex   nonce = hex_of(v->nonce), aad = hex_of(v->aad), plain = hex_of(v->plain), key_hex = hex_of(v->key);
        struct rng   rng = {.fill = fill_fixed, .self = &nonce};
        SECRET_LOCAL key = SECRET_NONE;
        SECRET_LOCAL opened = SECRET_NONE;
        BUF_LOCAL    sealed = BUF_INIT(200);
        char         expected[400];

        assert_ok(secret_copy(&key, hex_bytes(&key_hex)));
        assert_ok(aead_seal(&sealed, &key, hex_bytes(&aad), hex_bytes(&plain), &rng));
        (void)snprintf(expected, sizeof expected, "%s%s%s", v->nonce, v->cipher, v->tag);
        assert_hex(sealed.data, sealed.len, expected);
        assert_ok(aead_open(&opened, &key, hex_bytes(&aad), buf_bytes(&sealed)));
        assert_true(bytes_equal(secret_view(&opened), hex_bytes(&plain)));
    }
}

static void make_key(struct secret *key, uint8_t fill)
{
    assert_ok(secret_alloc(key, AEAD_KEY_LEN));
    memset(key->data, fill, key->len);
}

TEST(aead, refuses_every_changed_bit)
{
    SECRET_LOCAL key = SECRET_NONE;
    SECRET_LOCAL out = SECRET_NONE;
    BUF_LOCAL    sealed = BUF_INIT(100);

    make_key(&key, 1);
    assert_ok(aead_seal(&sealed, &key, bytes("place", 5), bytes("text", 4), rng_system()));
    for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_err(KMS_E_CORRUPT, aead_open(&out, &key, bytes("place", 5), buf_bytes(&sealed)));
        assert_null(out.data);
        sealed.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_ok(aead_open(&out, &key, bytes("place", 5), buf_bytes(&sealed)));
}

TEST(aead, refuses_another_key_place_or_length)
{
    SECRET_LOCAL key = SECRET_NONE;
    SECRET_LOCAL other = SECRET_NONE;
    SECRET_LOCAL out = SECRET_NONE;
    BUF_LOCAL    sealed = BUF_INIT(100);

    make_key(&key, 1);
    make_key(&other, 2);
    assert_ok(aead_seal(&sealed, &key, bytes("place", 5), bytes("text", 4), rng_system()));
    assert_err(KMS_E_CORRUPT, aead_open(&out, &other, bytes("place", 5), buf_bytes(&sealed)));
    assert_err(KMS_E_CORRUPT, aead_open(&out, &key, bytes("plac", 4), buf_bytes(&sealed)));
    assert_err(KMS_E_CORRUPT, aead_open(&out, &key, BYTES_NONE, buf_bytes(&sealed)));
    for (size_t len = 0; len < sealed.len; len++)
        assert_err(KMS_E_CORRUPT, aead_open(&out, &key, bytes("place", 5), bytes(sealed.data, len)));
}

TEST(aead, refuses_keys_of_another_length)
{
    SECRET_LOCAL key = SECRET_NONE;
    SECRET_LOCAL out = SECRET_NONE;
    BUF_LOCAL    sealed = BUF_INIT(100);
    uint8_t      text[AEAD_OVERHEAD] = {0};

    assert_ok(secret_alloc(&key, 16));
    assert_err(KMS_E_ARGUMENT, aead_seal(&sealed, &key, BYTES_NONE, BYTES_NONE, rng_system()));
    assert_err(KMS_E_ARGUMENT, aead_open(&out, &key, BYTES_NONE, BYTES_OF(text)));
}

TEST(aead, appends_with_a_fresh_nonce_and_stays_within_the_buffer)
{
    SECRET_LOCAL key = SECRET_NONE;
    BUF_LOCAL    sealed = BUF_INIT(4 + 2 * (AEAD_OVERHEAD + 3));

    make_key(&key, 1);
    assert_ok(buf_append_str(&sealed, "kept"));
    assert_ok(aead_seal(&sealed, &key, BYTES_NONE, bytes("abc", 3), rng_system()));
    assert_ok(aead_seal(&sealed, &key, BYTES_NONE, bytes("abc", 3), rng_system()));
    assert_memory_equal(sealed.data, "kept", 4);
    assert_memory_not_equal(sealed.data + 4, sealed.data + 4 + AEAD_OVERHEAD + 3, AEAD_NONCE_LEN);
    size_t before = sealed.len;
    assert_err(KMS_E_TOO_LARGE, aead_seal(&sealed, &key, BYTES_NONE, bytes("abc", 3), rng_system()));
    assert_int_equal(sealed.len, before);
}

static enum kms_err fill_never(void *self, void *out, size_t len)
{
    (void)self, (void)out;
    return fail(KMS_E_RANDOM, "no randomness for %zu bytes", len);
}

TEST(aead, seals_nothing_without_randomness)
{
    SECRET_LOCAL key = SECRET_NONE;
    BUF_LOCAL    sealed = BUF_INIT(100);
    struct rng   broken = {.fill = fill_never};

    make_key(&key, 1);
    assert_err(KMS_E_RANDOM, aead_seal(&sealed, &key, BYTES_NONE, bytes("abc", 3), &broken));
    assert_int_equal(sealed.len, 0);
}
