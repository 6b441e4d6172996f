/* SPDX-License-Identifier: Apache-2.0 */
/* SubjectPublicKeyInfo: what OpenSSL reads back is the same key. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/crypto/spki.h"
#include "tests/common/hex.h"

/* RFC 8410 10.1 */
TEST(spki, encodes_the_example_of_rfc_8410)
{
    struct hex key = hex_of("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
    BUF_LOCAL  out = BUF_INIT(200);

    assert_ok(spki_encode_pem(&out, group_by_id(GROUP_ED25519), hex_bytes(&key)));
    assert_string_equal(buf_str(&out), "-----BEGIN PUBLIC KEY-----\n"
                                       "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                                       "-----END PUBLIC KEY-----\n");
}

static void random_key(const struct prime_group *g, uint8_t *out)
{
    struct scalar k;
    struct point  p;

    assert_ok(scalar_random(g, &k, rng_system()));
    group_base_mul(g, &p, &k);
    group_encode(g, out, &p);
}

TEST(spki, ed25519_is_read_by_openssl)
{
    uint8_t   key[POINT_LEN_MAX], raw[32];
    size_t    len = sizeof raw;
    BUF_LOCAL out = BUF_INIT(200);

    random_key(group_by_id(GROUP_ED25519), key);
    assert_ok(spki_encode(&out, group_by_id(GROUP_ED25519), bytes(key, 32)));
    const unsigned char *at = out.data;
    EVP_PKEY            *pkey = d2i_PUBKEY(NULL, &at, (long)out.len);
    assert_non_null(pkey);
    assert_ptr_equal(at, out.data + out.len);
    assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, raw, &len), 1);
    assert_memory_equal(raw, key, 32);
    EVP_PKEY_free(pkey);
}

/* OpenSSL's names for the curves, and the length of the DER. */
static const struct {
    enum group_id group;
    const char   *name;
    size_t        len;
} curves[] = {{GROUP_SECP256K1, "secp256k1", 88},
              {GROUP_P256, "prime256v1", 91},
              {GROUP_P384, "secp384r1", 120},
              {GROUP_P521, "secp521r1", 158}};

TEST(spki, weierstrass_curves_are_read_by_openssl)
{
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        const struct prime_group *g = group_by_id(curves[i].group);
        uint8_t                   key[POINT_LEN_MAX], point[POINT_UNCOMPRESSED_LEN_MAX];
        size_t                    len;
        char                      name[40];
        BUF_LOCAL                 out = BUF_INIT(300);

        random_key(g, key);
        assert_ok(spki_encode_pem(&out, g, bytes(key, g->point_len)));
        BIO      *bio = BIO_new_mem_buf(out.data, (int)out.len);
        EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
        assert_non_null(pkey);
        assert_int_equal(EVP_PKEY_get_group_name(pkey, name, sizeof name, &len), 1);
        assert_string_equal(name, curves[i].name);
        assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, "pub", point, sizeof point, &len), 1);
        assert_memory_equal(point + 1, key + 1, g->scalar_len); /* x, in either form */
        EVP_PKEY_free(pkey);
        BIO_free(bio);
    }
}

/* Byte for byte what OpenSSL writes for its own keys. */
TEST(spki, is_what_openssl_writes)
{
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        const struct prime_group *g = group_by_id(curves[i].group);
        EVP_PKEY                 *pkey = EVP_EC_gen(curves[i].name);
        uint8_t                   key[POINT_UNCOMPRESSED_LEN_MAX], *expected = NULL;
        size_t                    len;
        BUF_LOCAL                 out = BUF_INIT(300);

        assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, "pub", key, sizeof key, &len), 1);
        key[0] = 2 | (key[len - 1] & 1);
        assert_ok(spki_encode(&out, g, bytes(key, g->point_len)));
        assert_int_equal(i2d_PUBKEY(pkey, &expected), curves[i].len);
        assert_int_equal(out.len, curves[i].len);
        assert_memory_equal(out.data, expected, out.len);
        OPENSSL_free(expected);
        EVP_PKEY_free(pkey);
    }
}

TEST(spki, refuses_what_is_no_key)
{
    uint8_t   zeros[POINT_LEN_MAX] = {0};
    BUF_LOCAL out = BUF_INIT(300);

    assert_err(KMS_E_FORMAT, spki_encode(&out, group_by_id(GROUP_ED25519), bytes(zeros, 32)));
    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        const struct prime_group *g = group_by_id(curves[i].group);
        assert_err(KMS_E_FORMAT, spki_encode(&out, g, bytes(zeros, g->point_len)));
    }
    assert_err(KMS_E_FORMAT, spki_encode_pem(&out, group_by_id(GROUP_ED25519), bytes(zeros, 31)));
    assert_int_equal(out.len, 0);
}

TEST(spki, stays_within_its_buffer)
{
    uint8_t   key[33];
    BUF_LOCAL out = BUF_INIT(40);

    random_key(group_by_id(GROUP_ED25519), key);
    assert_err(KMS_E_TOO_LARGE, spki_encode(&out, group_by_id(GROUP_ED25519), bytes(key, 32)));
}
