/* SPDX-License-Identifier: Apache-2.0 */
/* Digests over EVP. */
#include "common/crypto/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
    EVP_MD_CTX *context; /* owned */
};

static const EVP_MD *algorithm_of(enum digest_id id)
{
    switch (id) {
    case DIGEST_SHA1:
        return EVP_sha1();
    case DIGEST_SHA224:
        return EVP_sha224();
    case DIGEST_SHA256:
        return EVP_sha256();
    case DIGEST_SHA384:
        return EVP_sha384();
    case DIGEST_SHA512:
        return EVP_sha512();
    case DIGEST_NONE:
        break;
    }
    return NULL;
}

RESULT digest_new(struct digest **out, enum digest_id id)
{
    const EVP_MD  *algorithm = algorithm_of(id);
    struct digest *d = calloc(1, sizeof *d);

    *out = NULL;
    if (d != NULL) d->context = EVP_MD_CTX_new();
    if (d == NULL || d->context == NULL) {
        digest_free(&d);
        return fail(KMS_E_MEMORY, "no memory for a digest");
    }
    if (algorithm == NULL || EVP_DigestInit_ex(d->context, algorithm, NULL) != 1) {
        digest_free(&d);
        return fail(KMS_E_UNSUPPORTED, "digest %d is not offered by this OpenSSL", (int)id);
    }
    *out = d;
    return KMS_OK;
}

RESULT digest_update(struct digest *d, struct bytes data)
{
    if (data.len > 0 && EVP_DigestUpdate(d->context, data.data, data.len) != 1)
        return fail(KMS_E_INTERNAL, "EVP_DigestUpdate");
    return KMS_OK;
}

RESULT digest_final(struct digest *d, uint8_t *out)
{
    if (EVP_DigestFinal_ex(d->context, out, NULL) != 1) return fail(KMS_E_INTERNAL, "EVP_DigestFinal");
    return KMS_OK;
}

size_t digest_len(enum digest_id id)
{
    const EVP_MD *algorithm = algorithm_of(id);

    return algorithm == NULL ? 0 : (size_t)EVP_MD_get_size(algorithm);
}

void digest_free(struct digest **d)
{
    if (*d == NULL) return;
    EVP_MD_CTX_free((*d)->context);
    free(*d);
    *d = NULL;
}
