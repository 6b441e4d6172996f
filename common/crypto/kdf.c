/* SPDX-License-Identifier: Apache-2.0 */
/* Key derivation over OpenSSL. */
#include "common/crypto/kdf.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#define HKDF_LEN_MAX (255 * 32) /* RFC 5869 2.3 */

/* CT: leaks lengths and the iterations. */
RESULT kdf_pbkdf2(struct secret *out, size_t out_len, const struct secret *password, struct bytes salt,
                  uint32_t iterations)
{
    if (iterations < PBKDF2_ITERATIONS_FLOOR || iterations > PBKDF2_ITERATIONS_MAX)
        return fail(KMS_E_RANGE, "%u PBKDF2 iterations: from %u to %u are accepted", iterations,
                    PBKDF2_ITERATIONS_FLOOR, PBKDF2_ITERATIONS_MAX);
    if (password->len > INT_MAX || salt.len > INT_MAX || out_len > INT_MAX)
        return fail(KMS_E_TOO_LARGE, "PBKDF2 input");
    TRY(secret_alloc(out, out_len));
    const char *text = password->data == NULL ? "" : (const char *)password->data;
    if (PKCS5_PBKDF2_HMAC(text, (int)password->len, salt.data, (int)salt.len, (int)iterations, EVP_sha256(),
                          (int)out_len, out->data) != 1) {
        secret_clear(out);
        return fail(KMS_E_INTERNAL, "OpenSSL refuses PBKDF2-HMAC-SHA-256");
    }
    return KMS_OK;
}

static bool derive(EVP_KDF *kdf, struct secret *out, OSSL_PARAM *params)
{
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    bool         done = context != NULL && EVP_KDF_derive(context, out->data, out->len, params) == 1;

    EVP_KDF_CTX_free(context);
    return done;
}

/* OSSL_PARAM takes no const: OpenSSL reads these and does not write. An absent input is given as an empty one. */
static OSSL_PARAM octets(const char *name, struct bytes value)
{
    static uint8_t empty[1];
    return OSSL_PARAM_construct_octet_string(name, value.len == 0 ? empty : (void *)(uintptr_t)value.data, value.len);
}

/* CT: leaks lengths only. */
RESULT kdf_hkdf(struct secret *out, size_t out_len, const struct secret *key, struct bytes salt, struct bytes info)
{
    char digest[] = "SHA256";

    if (out_len == 0 || out_len > HKDF_LEN_MAX)
        return fail(KMS_E_RANGE, "%zu bytes of HKDF: 1 to %d are possible", out_len, HKDF_LEN_MAX);
    TRY(secret_alloc(out, out_len));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        octets(OSSL_KDF_PARAM_KEY, secret_view(key)),
        octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    bool     done = kdf != NULL && derive(kdf, out, params);
    EVP_KDF_free(kdf);
    if (!done) {
        secret_clear(out);
        return fail(KMS_E_INTERNAL, "OpenSSL refuses HKDF-SHA-256");
    }
    return KMS_OK;
}
