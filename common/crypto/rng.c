/* SPDX-License-Identifier: Apache-2.0 */
/* The system's random numbers: OpenSSL's private generator, which reseeds itself in forked children. */
#include "common/crypto/rng.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/random.h>

#include "common/secret/wipe.h"

static enum kms_err fill_system(void *self, void *out, size_t len)
{
    (void)self;
    if (len > INT_MAX) return fail(KMS_E_RANDOM, "%zu random bytes at once", len);
    if (RAND_priv_bytes(out, (int)len) != 1)
        return fail(KMS_E_RANDOM, "OpenSSL's random generator failed; is getrandom(2) allowed?");
    return KMS_OK;
}

struct rng *rng_system(void)
{
    static struct rng system = {.fill = fill_system};
    return &system;
}

static enum kms_err fill_kernel(void *self, void *out, size_t len)
{
    (void)self;
    if (len > 256 || getrandom(out, len, 0) != (ssize_t)len) /* whole up to there: getrandom(2) */
        return fail(KMS_E_RANDOM, "getrandom(2) did not give %zu bytes; is it allowed?", len);
    return KMS_OK;
}

struct rng *rng_kernel(void)
{
    static struct rng kernel = {.fill = fill_kernel};
    return &kernel;
}

RESULT rng_fill(struct rng *rng, void *out, size_t len)
{
    enum kms_err err = rng->fill(rng->self, out, len);

    if (err != KMS_OK) wipe(out, len);
    return err;
}

/* The configuration of OpenSSL can put any generator in its place. */
static RESULT check_generator(void)
{
    EVP_RAND_CTX *generator = RAND_get0_private(NULL);
    char          cipher[32] = "";
    OSSL_PARAM    params[] = {OSSL_PARAM_utf8_string(OSSL_DRBG_PARAM_CIPHER, cipher, sizeof cipher), OSSL_PARAM_END};

    if (generator == NULL) return fail(KMS_E_RANDOM, "OpenSSL has no random generator; see openssl.cnf");
    const char *name = EVP_RAND_get0_name(EVP_RAND_CTX_get0_rand(generator));
    if (name == NULL || strcmp(name, "CTR-DRBG") != 0) /* public */
        return fail(KMS_E_RANDOM, "OpenSSL's random generator is %.32s, not CTR-DRBG; see [random] of openssl.cnf",
                    name == NULL ? "unknown" : name);
    if (EVP_RAND_CTX_get_params(generator, params) != 1 || strcmp(cipher, "AES-256-CTR") != 0) /* public */
        return fail(KMS_E_RANDOM, "OpenSSL's CTR-DRBG does not run on AES-256; see [random] of openssl.cnf");
    return KMS_OK;
}

RESULT rng_self_test(void)
{
    uint8_t draws[2][32], kernel[2][32];

    TRY(check_generator());
    for (int i = 0; i < 2; i++) {
        if (getrandom(kernel[i], sizeof kernel[i], GRND_NONBLOCK) != (ssize_t)sizeof kernel[i])
            return fail(KMS_E_RANDOM,
                        "getrandom(2) does not answer yet: start again when the kernel's generator is seeded");
        TRY(rng_fill(rng_system(), draws[i], sizeof draws[i]));
    }
    if (secret_equal(draws[0], draws[1], sizeof draws[0]) || secret_equal(kernel[0], kernel[1], sizeof kernel[0]))
        return fail(KMS_E_RANDOM, "two draws of 32 random bytes are equal");
    return KMS_OK;
}
