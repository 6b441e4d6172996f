/* SPDX-License-Identifier: Apache-2.0 */
/* New keys, and their files. The clear PKCS#8 of a key exists in locked memory only. */
#include "cluster/pki/key_file.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "cluster/pki/file_write.h"
#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/kdf.h"
#include "common/crypto/rng.h"
#include "common/secret/wipe.h"

#define SALT_LEN 16
#define PEM_MAX 4096
#define PASSPHRASE_MAX 1024

/* PrivateKeyInfo of Ed25519 up to the seed (RFC 8410 section 7). */
static const uint8_t pkcs8_head[16] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                       0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

RESULT key_from_seed(EVP_PKEY **out, const struct secret *seed)
{
    *out = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->data, seed->len);
    if (*out == NULL) return fail(KMS_E_INTERNAL, "OpenSSL does not take an Ed25519 key");
    return KMS_OK;
}

RESULT key_generate(EVP_PKEY **out)
{
    SECRET_LOCAL seed = SECRET_NONE;

    *out = NULL;
    TRY(secret_alloc(&seed, ED25519_SEED_LEN));
    TRY(rng_fill(rng_system(), seed.data, seed.len));
    return key_from_seed(out, &seed);
}

/* By hand, because OpenSSL's PEM writer leaves the key in buffers of its own. */
static enum kms_err write_plain(const char *path, EVP_PKEY *key)
{
    static const char begin[] = "-----BEGIN PRIVATE KEY-----\n", end[] = "\n-----END PRIVATE KEY-----\n";
    SECRET_LOCAL      der = SECRET_NONE;
    SECRET_LOCAL      pem = SECRET_NONE;
    size_t            seed_len = ED25519_SEED_LEN;

    TRY(secret_alloc(&der, sizeof pkcs8_head + ED25519_SEED_LEN));
    memcpy(der.data, pkcs8_head, sizeof pkcs8_head);
    if (EVP_PKEY_get_raw_private_key(key, der.data + sizeof pkcs8_head, &seed_len) != 1)
        return fail(KMS_E_INTERNAL, "OpenSSL does not give an Ed25519 key");
    /* 48 bytes are 64 base64 characters: one line, no padding. */
    TRY(secret_alloc(&pem, sizeof begin - 1 + 64 + sizeof end));
    memcpy(pem.data, begin, sizeof begin - 1);
    (void)EVP_EncodeBlock(pem.data + sizeof begin - 1, der.data, (int)der.len);
    memcpy(pem.data + sizeof begin - 1 + 64, end, sizeof end);
    return file_create(path, bytes(pem.data, pem.len - 1), 0600);
}

static enum kms_err encrypt(X509_SIG **out, EVP_PKEY *key, const struct secret *passphrase)
{
    uint8_t salt[SALT_LEN];

    TRY(rng_fill(rng_system(), salt, sizeof salt));
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    if (info == NULL) return fail(KMS_E_INTERNAL, "OpenSSL does not make PKCS#8 of the key");
    *out = PKCS8_encrypt(-1, EVP_aes_256_cbc(), (const char *)passphrase->data, (int)passphrase->len, salt, sizeof salt,
                         (int)PBKDF2_ITERATIONS_DEFAULT, info);
    PKCS8_PRIV_KEY_INFO_free(info);
    if (*out == NULL) return fail(KMS_E_INTERNAL, "OpenSSL does not encrypt the key");
    return KMS_OK;
}

static enum kms_err write_encrypted(const char *path, EVP_PKEY *key, const struct secret *passphrase)
{
    X509_SIG *sig = NULL;
    BIO      *pem = BIO_new(BIO_s_mem());

    if (pem == NULL) return fail(KMS_E_MEMORY, "no memory for a key file");
    enum kms_err err = encrypt(&sig, key, passphrase);
    char        *text = NULL;
    if (err == KMS_OK && PEM_write_bio_PKCS8(pem, sig) != 1)
        err = fail(KMS_E_INTERNAL, "OpenSSL does not write the key");
    long len = err == KMS_OK ? BIO_get_mem_data(pem, &text) : 0;
    if (err == KMS_OK) err = file_create(path, bytes(text, (size_t)len), 0600);
    X509_SIG_free(sig);
    BIO_free(pem);
    return err;
}

RESULT key_file_create(const char *path, EVP_PKEY *key, const struct secret *passphrase)
{
    if (passphrase == NULL || passphrase->len == 0) return write_plain(path, key);
    if (passphrase->len > PASSPHRASE_MAX)
        return fail(KMS_E_ARGUMENT, "a passphrase of more than %d bytes", PASSPHRASE_MAX);
    return write_encrypted(path, key, passphrase);
}
