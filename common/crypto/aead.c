/* SPDX-License-Identifier: Apache-2.0 */
/* AES-256-GCM over EVP. */
#include "common/crypto/aead.h"

#include <limits.h>
#include <openssl/evp.h>

#define AEAD_LEN_MAX (INT_MAX / 2) /* EVP counts in int */

static void free_context(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context); /* wipes the key schedule */
}

static RESULT check_key(const struct secret *key, size_t aad_len, size_t text_len)
{
    if (key->len != AEAD_KEY_LEN) return fail(KMS_E_ARGUMENT, "an AES-256 key of %zu bytes", key->len);
    if (aad_len > AEAD_LEN_MAX || text_len > AEAD_LEN_MAX)
        return fail(KMS_E_TOO_LARGE, "more than %d bytes for AES-GCM", AEAD_LEN_MAX);
    return KMS_OK;
}

/* One direction of EVP: associated data, then the text. */
static bool run(EVP_CIPHER_CTX *context, uint8_t *out, struct bytes aad, struct bytes text)
{
    int done;

    if (aad.len > 0 && EVP_CipherUpdate(context, NULL, &done, aad.data, (int)aad.len) != 1) return false;
    return text.len == 0 || EVP_CipherUpdate(context, out, &done, text.data, (int)text.len) == 1;
}

/* CT: leaks lengths only (AES instructions). */
RESULT aead_seal(struct buf *out, const struct secret *key, struct bytes aad, struct bytes plain, struct rng *rng)
{
    CLEANUP(free_context) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int                                   done;

    TRY(check_key(key, aad.len, plain.len));
    uint8_t *nonce = buf_reserve(out, plain.len + AEAD_OVERHEAD);
    if (nonce == NULL) return fail(KMS_E_TOO_LARGE, "sealing %zu bytes: no room", plain.len);
    TRY(rng_fill(rng, nonce, AEAD_NONCE_LEN));
    uint8_t *text = nonce + AEAD_NONCE_LEN, *tag = text + plain.len;
    if (context == NULL || EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key->data, nonce, NULL) != 1 ||
        !run(context, text, aad, plain) || EVP_EncryptFinal_ex(context, tag, &done) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, tag) != 1)
        return fail(KMS_E_INTERNAL, "OpenSSL refuses AES-256-GCM");
    out->len += plain.len + AEAD_OVERHEAD;
    out->data[out->len] = '\0';
    return KMS_OK;
}

/* CT: leaks lengths, and whether it authenticates. */
RESULT aead_open(struct secret *out, const struct secret *key, struct bytes aad, struct bytes sealed)
{
    CLEANUP(free_context) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t                               tag[AEAD_TAG_LEN], none[AEAD_TAG_LEN];
    int                                   done;

    if (sealed.len < AEAD_OVERHEAD) return fail(KMS_E_CORRUPT, "%zu sealed bytes are too few", sealed.len);
    size_t len = sealed.len - AEAD_OVERHEAD;
    TRY(check_key(key, aad.len, len));
    TRY(secret_alloc(out, len));
    memcpy(tag, sealed.data + AEAD_NONCE_LEN + len, sizeof tag);
    if (context == NULL || EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key->data, sealed.data, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, tag) != 1) {
        secret_clear(out);
        return fail(KMS_E_INTERNAL, "OpenSSL refuses AES-256-GCM");
    }
    if (!run(context, out->data, aad, bytes(sealed.data + AEAD_NONCE_LEN, len)) ||
        EVP_DecryptFinal_ex(context, none, &done) != 1) {
        secret_clear(out);
        return fail(KMS_E_CORRUPT, "sealed data does not authenticate: wrong key, wrong place or altered");
    }
    return KMS_OK;
}
