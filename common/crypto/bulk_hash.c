/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 over EVP. */
#include "common/crypto/bulk_hash.h"

#include <openssl/evp.h>

static RESULT refused(void)
{
    return fail(KMS_E_MEMORY, "OpenSSL refuses SHA-256");
}

RESULT bulk_hash_begin(struct bulk_hash *h)
{
    EVP_MD_CTX *made = EVP_MD_CTX_new();

    h->context = made;
    return made != NULL && EVP_DigestInit_ex2(made, EVP_sha256(), NULL) == 1 ? KMS_OK : refused();
}

/* CT: leaks lengths only. */
RESULT bulk_hash_update(struct bulk_hash *h, struct bytes in)
{
    return EVP_DigestUpdate((EVP_MD_CTX *)h->context, in.data, in.len) == 1 ? KMS_OK : refused();
}

RESULT bulk_hash_end(struct bulk_hash *h, uint8_t out[32])
{
    return EVP_DigestFinal_ex((EVP_MD_CTX *)h->context, out, NULL) == 1 ? KMS_OK : refused();
}

void bulk_hash_clear(struct bulk_hash *h)
{
    EVP_MD_CTX_free((EVP_MD_CTX *)h->context);
    h->context = NULL;
}
