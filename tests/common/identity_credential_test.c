/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials in files: the right passphrase, the wrong one, damage, modes, and a key of somebody else. */
#include <openssl/err.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/identity/credential.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

struct folder {
    char    cert[600], key[600];
    uint8_t seed[32];
};

static struct folder make_folder(const char *cipher, const char *passphrase)
{
    struct folder           f;
    const char             *directory = test_directory();
    struct test_certificate t = {.san = "URI:spiffe://test/client/app"};
    BUF_LOCAL               der = BUF_INIT(CERTIFICATE_MAX);
    BUF_LOCAL               pem = BUF_INIT(8192);
    BUF_LOCAL               key = BUF_INIT(8192);

    (void)snprintf(f.cert, sizeof f.cert, "%s/client.cert", directory);
    (void)snprintf(f.key, sizeof f.key, "%s/client.key", directory);
    test_ca_issue(&der, &t);
    memcpy(f.seed, t.seed, sizeof f.seed);
    test_ca_to_pem(&pem, buf_bytes(&der));
    test_ca_key_pem(&key, t.seed, cipher, passphrase);
    test_write_file(f.cert, buf_bytes(&pem), 0644);
    test_write_file(f.key, buf_bytes(&key), 0600);
    return f;
}

static void assert_unlock(enum kms_err expected, const struct folder *f, const char *passphrase)
{
    struct credential c;
    SECRET_LOCAL      secret = SECRET_NONE;

    assert_ok(credential_load_public(&c, f->cert));
    assert_ok(secret_copy(&secret, bytes_str(passphrase)));
    assert_err(expected, credential_unlock(&c, f->key, &secret));
    assert_int_equal(c.seed.len, expected == KMS_OK ? 32 : 0);
    if (expected == KMS_OK) assert_memory_equal(c.seed.data, f->seed, 32);
    assert_int_equal(ERR_peek_error(), 0);
    credential_clear(&c);
}

TEST(credential, opens_an_encrypted_key_with_its_passphrase)
{
    struct folder f = make_folder("aes-256-cbc", "1234");
    bool          encrypted = false;

    assert_unlock(KMS_OK, &f, "1234");
    assert_ok(credential_key_is_encrypted(&encrypted, f.key));
    assert_true(encrypted);
}

TEST(credential, opens_a_plain_key_with_no_passphrase)
{
    struct folder f = make_folder(NULL, NULL);
    bool          encrypted = true;

    assert_unlock(KMS_OK, &f, "");
    assert_ok(credential_key_is_encrypted(&encrypted, f.key));
    assert_false(encrypted);
}

/* Bad padding nearly always; once in 256 a padding that fits by chance: then what is inside is no key. */
TEST(credential, refuses_wrong_passphrases)
{
    struct folder f = make_folder("aes-256-cbc", "1234");

    for (unsigned i = 0; i < 600; i++) {
        char wrong[16];
        (void)snprintf(wrong, sizeof wrong, "wrong%u", i);
        assert_unlock(KMS_E_PASSWORD, &f, wrong);
    }
    assert_unlock(KMS_E_PASSWORD, &f, "");
}

TEST(credential, refuses_des)
{
    struct folder f = make_folder("des-ede3-cbc", "1234");

    assert_unlock(KMS_E_UNSUPPORTED, &f, "1234");
}

TEST(credential, refuses_a_key_that_others_may_read)
{
    struct folder f = make_folder(NULL, NULL);

    for (unsigned mode = 0600; mode <= 0677; mode++) {
        assert_int_equal(chmod(f.key, mode), 0);
        assert_unlock((mode & 077) == 0 ? KMS_OK : KMS_E_CONFIG, &f, "");
    }
    assert_non_null(strstr(error_text(), "chmod 600"));
}

TEST(credential, refuses_a_certificate_that_others_may_write)
{
    struct folder     f = make_folder(NULL, NULL);
    struct credential c;

    assert_int_equal(chmod(f.cert, 0646), 0);
    assert_err(KMS_E_CONFIG, credential_load_public(&c, f.cert));
}

TEST(credential, refuses_the_key_of_another_certificate)
{
    struct folder mine = make_folder(NULL, NULL), other = make_folder(NULL, NULL);

    memcpy(mine.key, other.key, sizeof mine.key);
    assert_unlock(KMS_E_CORRUPT, &mine, "");
    assert_non_null(strstr(error_text(), "does not belong to the certificate of spiffe://test/client/app"));
}

TEST(credential, refuses_damaged_and_foreign_files)
{
    static const char *const contents[] = {
        "", "not PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        /* a P-256 key */
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\n"
        "OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n"
        "1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n"
        "-----END PRIVATE KEY-----\n"};
    static const enum kms_err expected[] = {KMS_E_FORMAT,  KMS_E_FORMAT, KMS_E_CORRUPT,
                                            KMS_E_CORRUPT, KMS_E_FORMAT, KMS_E_CORRUPT};
    struct folder             f = make_folder(NULL, NULL);

    for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
        test_write_file(f.key, bytes_str(contents[i]), 0600);
        assert_unlock(expected[i], &f, "1234");
    }
}

TEST(credential, refuses_a_folder_a_fifo_and_nothing_in_place_of_the_key)
{
    struct folder f = make_folder(NULL, NULL);

    assert_int_equal(remove(f.key), 0);
    assert_unlock(KMS_E_NOT_FOUND, &f, "");
    assert_int_equal(mkdir(f.key, 0700), 0);
    assert_unlock(KMS_E_CONFIG, &f, "");
    assert_int_equal(remove(f.key), 0);
    assert_int_equal(mkfifo(f.key, 0600), 0);
    assert_unlock(KMS_E_CONFIG, &f, "");
}

TEST(credential, refuses_a_file_that_is_too_large)
{
    struct folder f = make_folder(NULL, NULL);
    static char   large[16385];

    memset(large, 'x', sizeof large);
    test_write_file(f.key, BYTES_OF(large), 0600);
    assert_unlock(KMS_E_TOO_LARGE, &f, "");
}

TEST(credential, refuses_two_certificates_in_one_file)
{
    struct folder     f = make_folder(NULL, NULL);
    BUF_LOCAL         twice = BUF_INIT(16384);
    struct credential c;

    for (int i = 0; i < 2; i++) assert_ok(buf_append_str(&twice, test_ca_pem(0)));
    test_write_file(f.cert, buf_bytes(&twice), 0644);
    assert_err(KMS_E_FORMAT, credential_load_public(&c, f.cert));
}

TEST(credential, signs_only_while_unlocked)
{
    struct folder     f = make_folder(NULL, NULL);
    struct credential c;
    SECRET_LOCAL      none = SECRET_NONE;
    uint8_t           signature[64];

    assert_ok(credential_load_public(&c, f.cert));
    assert_err(KMS_E_STATE, credential_sign(signature, &c, bytes_str("message")));
    assert_ok(credential_unlock(&c, f.key, &none));
    assert_ok(credential_sign(signature, &c, bytes_str("message")));
    assert_ok(ed25519_verify_vartime(signature, c.identity.public_key, bytes_str("message")));
    credential_lock(&c);
    assert_err(KMS_E_STATE, credential_sign(signature, &c, bytes_str("message")));
    assert_string_equal(c.identity.name, "app");
    credential_clear(&c);
    assert_int_equal(c.identity.role, ROLE_NONE);
}
