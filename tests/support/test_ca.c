/* SPDX-License-Identifier: Apache-2.0 */
/* A CA in memory, over OpenSSL alone: independent of the code that it helps to test. */
#include "tests/support/test_ca.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"

#define CAS 4

struct authority_in_memory {
    EVP_PKEY *key;
    X509     *certificate;
    EVP_PKEY *leaf_key; /* an end entity of it, for chains that are too long */
    X509     *leaf;
    char      pem[4096];
};

static struct authority_in_memory authorities[CAS];

static void add_extension(X509 *x, X509 *issuer, int nid, const char *text)
{
    X509V3_CTX context;

    if (text[0] == '\0') return;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, text);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *begin(EVP_PKEY *key, const char *name, int64_t from, int64_t to)
{
    X509   *x = X509_new();
    uint8_t serial[8];

    assert_non_null(x);
    assert_int_equal(RAND_bytes(serial, sizeof serial), 1);
    serial[0] = 1;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    assert_non_null(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)));
    BN_free(number);
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to));
    return x;
}

static EVP_PKEY *new_key(uint8_t seed[32])
{
    static const uint8_t none[32];

    if (memcmp(seed, none, sizeof none) == 0) assert_int_equal(RAND_bytes(seed, 32), 1);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    assert_non_null(key);
    return key;
}

static struct authority_in_memory *authority(unsigned number)
{
    struct authority_in_memory *a = &authorities[number];
    uint8_t                     seed[32] = {0}, leaf_seed[32] = {0};

    if (a->key != NULL) return a;
    a->key = new_key(seed);
    a->certificate = begin(a->key, "test CA", TEST_NOW - 2000LL * 86400, TEST_NOW + 2000LL * 86400);
    X509_set_issuer_name(a->certificate, X509_get_subject_name(a->certificate));
    add_extension(a->certificate, a->certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(a->certificate, a->certificate, NID_key_usage, "critical,keyCertSign");
    add_extension(a->certificate, a->certificate, NID_subject_key_identifier, "hash");
    if (number == 0) add_extension(a->certificate, a->certificate, NID_subject_alt_name, "URI:spiffe://test");
    assert_true(X509_sign(a->certificate, a->key, NULL) > 0);
    a->leaf_key = new_key(leaf_seed);
    a->leaf = begin(a->leaf_key, "leaf", TEST_NOW - 86400, TEST_NOW + 86400);
    X509_set_issuer_name(a->leaf, X509_get_subject_name(a->certificate));
    add_extension(a->leaf, a->leaf, NID_subject_key_identifier, "hash");
    assert_true(X509_sign(a->leaf, a->key, NULL) > 0);
    BUF_LOCAL      der = BUF_INIT(4096);
    BUF_LOCAL      pem = BUF_INIT(sizeof a->pem - 1);
    unsigned char *raw = NULL;
    int            len = i2d_X509(a->certificate, &raw);
    assert_ok(buf_append(&der, bytes(raw, (size_t)len)));
    OPENSSL_free(raw);
    test_ca_to_pem(&pem, buf_bytes(&der));
    memcpy(a->pem, pem.data, pem.len + 1);
    return a;
}

const char *test_ca_pem(unsigned ca)
{
    return authority(ca)->pem;
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

static int64_t time_or(int64_t time, int64_t otherwise)
{
    return time == 0 ? otherwise : time;
}

void test_ca_issue(struct buf *der, struct test_certificate *t)
{
    struct authority_in_memory *a = authority(t->ca);
    X509                       *issuer = t->under_leaf ? a->leaf : a->certificate;
    EVP_PKEY                   *key = t->p256 ? EVP_EC_gen("P-256") : new_key(t->seed);
    X509 *x = begin(key, "party", time_or(t->from, TEST_NOW - 86400), time_or(t->to, TEST_NOW + 365LL * 86400));
    unsigned char *raw = NULL;

    X509_set_issuer_name(x, X509_get_subject_name(issuer));
    add_extension(x, x, NID_subject_alt_name, or_else(t->san, "URI:spiffe://test/node/tss1"));
    add_extension(x, x, NID_basic_constraints, or_else(t->basic, "critical,CA:FALSE"));
    add_extension(x, x, NID_key_usage, or_else(t->key_usage, "critical,digitalSignature"));
    add_extension(x, x, NID_subject_key_identifier, "hash");
    add_extension(x, issuer, NID_authority_key_identifier, "keyid:always");
    assert_true(X509_sign(x, t->under_leaf ? a->leaf_key : a->key, NULL) > 0);
    int len = i2d_X509(x, &raw);
    assert_true(len > 0);
    assert_ok(buf_append(der, bytes(raw, (size_t)len)));
    OPENSSL_free(raw);
    X509_free(x);
    EVP_PKEY_free(key);
}

void test_ca_to_pem(struct buf *pem, struct bytes der)
{
    BIO  *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    assert_int_equal(PEM_write_bio(bio, PEM_STRING_X509, "", der.data, (long)der.len) > 0, 1);
    long len = BIO_get_mem_data(bio, &text);
    assert_ok(buf_append(pem, bytes(text, (size_t)len)));
    BIO_free(bio);
}

void test_ca_key_pem(struct buf *pem, const uint8_t seed[32], const char *cipher, const char *passphrase)
{
    EVP_PKEY         *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    const EVP_CIPHER *with = passphrase == NULL ? NULL : EVP_get_cipherbyname(cipher);
    BIO              *bio = BIO_new(BIO_s_mem());
    char             *text = NULL;
    int               passphrase_len = passphrase == NULL ? 0 : (int)strlen(passphrase);

    assert_true(passphrase == NULL || with != NULL);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, with, passphrase, passphrase_len, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &text);
    assert_ok(buf_append(pem, bytes(text, (size_t)len)));
    BIO_free(bio);
    EVP_PKEY_free(key);
}

void test_write_file(const char *path, struct bytes content, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.data, content.len), (ssize_t)content.len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}
