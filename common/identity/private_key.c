/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#8 with Ed25519 keys: "PRIVATE KEY" (RFC 8410), or "ENCRYPTED PRIVATE KEY" under PBES2 with PBKDF2 and
 * AES-256-CBC (RFC 8018); older schemes (DES, RC2, MD5) are refused. CBC has no tag, so a wrong passphrase shows as bad
 * padding or as a key that is not there. OpenSSL's error queue is left as it was found.
 */
#include "common/identity/private_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "common/crypto/ed25519.h"
#include "common/secret/file.h"

#define ITERATIONS_MAX 10000000L /* some seconds; a file that asks for more is no key of ours */

/* One PEM block, decoded, and whether its content is encrypted. */
struct key_file {
    unsigned char *der; /* owned; a key in the clear unless encrypted */
    long           len;
    bool           encrypted;
};

static void key_file_clear(struct key_file *file)
{
    OPENSSL_secure_clear_free(file->der, (size_t)file->len);
    *file = (struct key_file){0};
}

static void bio_done(BIO **bio)
{
    BIO_free(*bio);
}

static void pkey_done(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void pkcs8_done(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info); /* wipes */
}

static void sig_done(X509_SIG **sig)
{
    X509_SIG_free(*sig);
}

static enum kms_err read_block(struct key_file *out, BIO *pem)
{
    char *label = NULL, *header = NULL;

    /* PEM_FLAG_SECURE: the buffers in between are wiped too. */
    int found = PEM_read_bio_ex(pem, &label, &header, &out->der, &out->len, PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE);
    enum kms_err err = KMS_OK;
    out->encrypted = found == 1 && strcmp(label, PEM_STRING_PKCS8) == 0;
    if (found != 1)
        err = fail(KMS_E_FORMAT, "no PEM block in it");
    else if (!out->encrypted && strcmp(label, PEM_STRING_PKCS8INF) != 0)
        err = fail(KMS_E_FORMAT, "neither PRIVATE KEY nor ENCRYPTED PRIVATE KEY (PKCS#8)");
    OPENSSL_secure_free(label);
    OPENSSL_secure_free(header);
    return err;
}

static enum kms_err key_file_read(struct key_file *out, const char *path)
{
    SECRET_LOCAL           text = SECRET_NONE;
    CLEANUP(bio_done) BIO *pem = NULL;

    *out = (struct key_file){0};
    TRY(file_read_secret(&text, path));
    pem = BIO_new_mem_buf(text.data, (int)text.len);
    if (pem == NULL) return fail(KMS_E_MEMORY, "%s: no memory", path);
    (void)ERR_set_mark();
    enum kms_err err = read_block(out, pem);
    (void)ERR_pop_to_mark();
    if (err != KMS_OK) {
        error_context("%s", path);
        key_file_clear(out);
    }
    return err;
}

/* RFC 8018 A.4: is it PBES2 with PBKDF2 and AES-256-CBC, at a cost that can be paid? */
static bool is_supported(const X509_SIG *sig)
{
    const X509_ALGOR  *algorithm = NULL;
    const ASN1_OBJECT *id = NULL;
    const void        *parameter = NULL;
    int                type = 0;

    X509_SIG_get0(sig, &algorithm, NULL);
    X509_ALGOR_get0(&id, &type, &parameter, algorithm);
    if (OBJ_obj2nid(id) != NID_pbes2 || type != V_ASN1_SEQUENCE) return false;
    PBE2PARAM   *pbes2 = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(PBE2PARAM));
    PBKDF2PARAM *pbkdf2 = NULL;
    bool         right = pbes2 != NULL && OBJ_obj2nid(pbes2->keyfunc->algorithm) == NID_id_pbkdf2 &&
                 OBJ_obj2nid(pbes2->encryption->algorithm) == NID_aes_256_cbc;
    if (right) pbkdf2 = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), pbes2->keyfunc->parameter);
    long iterations = pbkdf2 == NULL ? 0 : ASN1_INTEGER_get(pbkdf2->iter);
    PBKDF2PARAM_free(pbkdf2);
    PBE2PARAM_free(pbes2);
    return iterations >= 1 && iterations <= ITERATIONS_MAX;
}

static enum kms_err decrypt(PKCS8_PRIV_KEY_INFO **out, const struct key_file *file, const struct secret *passphrase)
{
    const unsigned char        *at = file->der;
    CLEANUP(sig_done) X509_SIG *sig = d2i_X509_SIG(NULL, &at, file->len);

    if (sig == NULL || at != file->der + file->len) return fail(KMS_E_CORRUPT, "the encrypted key is damaged");
    if (!is_supported(sig))
        return fail(KMS_E_UNSUPPORTED, "encrypted by something else than PBES2 with PBKDF2 and AES-256-CBC; "
                                       "openssl pkcs8 -topk8 -v2 aes-256-cbc converts it");
    if (passphrase == NULL || passphrase->len == 0)
        return fail(KMS_E_PASSWORD, "the key is encrypted; give its passphrase");
    *out = PKCS8_decrypt(sig, (const char *)passphrase->data, (int)passphrase->len);
    if (*out == NULL) return fail(KMS_E_PASSWORD, "wrong passphrase (or a damaged key)");
    return KMS_OK;
}

static enum kms_err open_key_file(PKCS8_PRIV_KEY_INFO **out, const struct key_file *file,
                                  const struct secret *passphrase)
{
    const unsigned char *at = file->der;

    if (file->encrypted) return decrypt(out, file, passphrase);
    *out = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, file->len);
    if (*out == NULL || at != file->der + file->len) return fail(KMS_E_CORRUPT, "the key is damaged");
    return KMS_OK;
}

static enum kms_err read_seed(struct secret *seed, const struct key_file *file, const struct secret *passphrase)
{
    CLEANUP(pkcs8_done) PKCS8_PRIV_KEY_INFO *info = NULL;
    CLEANUP(pkey_done) EVP_PKEY             *key = NULL;
    size_t                                   len = ED25519_SEED_LEN;

    TRY(open_key_file(&info, file, passphrase));
    key = EVP_PKCS82PKEY(info);
    if (key == NULL || !EVP_PKEY_is_a(key, "ED25519"))
        return fail(KMS_E_CORRUPT, "not an Ed25519 key%s", file->encrypted ? " (or a wrong passphrase)" : "");
    TRY(secret_alloc(seed, ED25519_SEED_LEN));
    if (EVP_PKEY_get_raw_private_key(key, seed->data, &len) != 1 || len != ED25519_SEED_LEN)
        return fail(KMS_E_CORRUPT, "not an Ed25519 private key");
    return KMS_OK;
}

RESULT private_key_load(struct secret *seed, const char *path, const struct secret *passphrase)
{
    CLEANUP(key_file_clear) struct key_file file = {0};

    secret_clear(seed);
    TRY(key_file_read(&file, path));
    (void)ERR_set_mark();
    enum kms_err err = read_seed(seed, &file, passphrase);
    (void)ERR_pop_to_mark();
    if (err != KMS_OK) {
        secret_clear(seed);
        error_context("%s", path);
    }
    return err;
}

RESULT private_key_is_encrypted(bool *out, const char *path)
{
    CLEANUP(key_file_clear) struct key_file file = {0};

    *out = true;
    TRY(key_file_read(&file, path));
    *out = file.encrypted;
    return KMS_OK;
}
