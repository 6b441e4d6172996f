/* SPDX-License-Identifier: Apache-2.0 */
/* Key derivation: RFC 5869 appendix A; RFC 7914 section 11 for PBKDF2-HMAC-SHA-256. */
#include "common/crypto/kdf.h"
#include "tests/common/hex.h"

TEST(kdf, pbkdf2_follows_rfc_7914)
{
    SECRET_LOCAL password = SECRET_NONE;
    SECRET_LOCAL out = SECRET_NONE;

    assert_ok(secret_copy(&password, bytes_str("Password")));
    assert_ok(kdf_pbkdf2(&out, 64, &password, bytes_str("NaCl"), 80000));
    assert_hex(out.data, out.len,
               "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
               "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
}

TEST(kdf, pbkdf2_bounds_its_iterations)
{
    SECRET_LOCAL password = SECRET_NONE;
    SECRET_LOCAL out = SECRET_NONE;

    assert_ok(secret_copy(&password, bytes_str("p")));
    assert_err(KMS_E_RANGE, kdf_pbkdf2(&out, 32, &password, bytes_str("salt"), 0));
    assert_err(KMS_E_RANGE, kdf_pbkdf2(&out, 32, &password, bytes_str("salt"), PBKDF2_ITERATIONS_FLOOR - 1));
    assert_err(KMS_E_RANGE, kdf_pbkdf2(&out, 32, &password, bytes_str("salt"), PBKDF2_ITERATIONS_MAX + 1));
    assert_null(out.data);
    assert_ok(kdf_pbkdf2(&out, 32, &password, bytes_str("salt"), PBKDF2_ITERATIONS_FLOOR));
}

TEST(kdf, pbkdf2_depends_on_each_input)
{
    static const char *const passwords[] = {"p", "q", "", "p"};
    static const char *const salts[] = {"salt", "salt", "salt", "salu"};
    uint8_t                  results[5][32];

    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        SECRET_LOCAL password = SECRET_NONE;
        SECRET_LOCAL out = SECRET_NONE;
        bool         last = i + 1 == ARRAY_LEN(results);

        if (last || passwords[i][0] != '\0') assert_ok(secret_copy(&password, bytes_str(last ? "p" : passwords[i])));
        assert_ok(kdf_pbkdf2(&out, 32, &password, bytes_str(last ? "salt" : salts[i]), PBKDF2_ITERATIONS_FLOOR + last));
        memcpy(results[i], out.data, 32);
        for (size_t j = 0; j < i; j++) assert_memory_not_equal(results[i], results[j], 32);
    }
}

struct vector {
    const char *key, *salt, *info, *out;
};

/* RFC 5869 A.1, A.2, A.3 */
static const struct vector hkdf_vectors[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
     "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
     "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
     "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
     "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

TEST(kdf, hkdf_follows_rfc_5869)
{
    for (size_t i = 0; i < ARRAY_LEN(hkdf_vectors); i++) {
        const struct vector *v = &hkdf_vectors[i];
        struct hex           key_hex = hex_of(v->key), salt = hex_of(v->salt), info = hex_of(v->info);
        SECRET_LOCAL         key = SECRET_NONE;
        SECRET_LOCAL         out = SECRET_NONE;

        assert_ok(secret_copy(&key, hex_bytes(&key_hex)));
        assert_ok(kdf_hkdf(&out, strlen(v->out) / 2, &key, hex_bytes(&salt), hex_bytes(&info)));
        assert_hex(out.data, out.len, v->out);
    }
}

TEST(kdf, hkdf_bounds_its_output)
{
    SECRET_LOCAL key = SECRET_NONE;
    SECRET_LOCAL out = SECRET_NONE;

    assert_ok(secret_copy(&key, bytes_str("key")));
    assert_err(KMS_E_RANGE, kdf_hkdf(&out, 0, &key, BYTES_NONE, BYTES_NONE));
    assert_err(KMS_E_RANGE, kdf_hkdf(&out, 255 * 32 + 1, &key, BYTES_NONE, BYTES_NONE));
    assert_ok(kdf_hkdf(&out, 255 * 32, &key, BYTES_NONE, BYTES_NONE));
}
