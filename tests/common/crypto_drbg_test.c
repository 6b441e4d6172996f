/* SPDX-License-Identifier: Apache-2.0 */
/* The generator that OpenSSL gives rng_system() is the CTR_DRBG of SP 800-90A: a known answer of NIST. */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "common/base/text.h"
#include "tests/support/test.h"

#define STRENGTH 256

/* NIST CAVP, drbgtestvectors.zip, drbgvectors_no_reseed/CTR_DRBG.rsp: [AES-256 use df], no prediction resistance, no
 * personalization, no additional input, COUNT = 0. ReturnedBits is what the second call gives. */
static const char entropy_hex[] = "36401940fa8b1fba91a1661f211d78a0b9389a74e5bccfece8d766af1a6d3b14";
static const char nonce_hex[] = "496f25b0f1301b4f501be30380a137eb";
static const char returned_hex[] = "5862eb38bd558dd978a696e6df164782ddd887e7e9a6c9f3f1fbafb78941b535"
                                   "a64912dfd224c6dc7454e5250b3d97165e16260c2faf1cc7735cb75fb4f07e1d";

static EVP_RAND_CTX *make(const char *name, EVP_RAND_CTX *parent)
{
    EVP_RAND     *rand = EVP_RAND_fetch(NULL, name, NULL);
    EVP_RAND_CTX *made = EVP_RAND_CTX_new(rand, parent);

    assert_non_null(made);
    EVP_RAND_free(rand);
    return made;
}

/* OpenSSL's own stand-in for a source of entropy. */
static EVP_RAND_CTX *make_source(uint8_t entropy[32], uint8_t nonce[16])
{
    EVP_RAND_CTX *source = make("TEST-RAND", NULL);
    unsigned      strength = STRENGTH;
    OSSL_PARAM    params[] = {OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, &strength),
                              OSSL_PARAM_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, entropy, 32),
                              OSSL_PARAM_octet_string(OSSL_RAND_PARAM_TEST_NONCE, nonce, 16), OSSL_PARAM_END};

    assert_int_equal(EVP_RAND_CTX_set_params(source, params), 1);
    assert_int_equal(EVP_RAND_instantiate(source, STRENGTH, 0, NULL, 0, NULL), 1);
    return source;
}

TEST(drbg, gives_the_answer_of_the_nist_vector)
{
    uint8_t    entropy[32], nonce[16], expected[64], got[64];
    char       cipher[] = "AES-256-CTR";
    int        use_df = 1;
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_DRBG_PARAM_CIPHER, cipher, sizeof cipher - 1),
                           OSSL_PARAM_int(OSSL_DRBG_PARAM_USE_DF, &use_df), OSSL_PARAM_END};

    assert_ok(hex_decode(entropy, sizeof entropy, bytes_str(entropy_hex)));
    assert_ok(hex_decode(nonce, sizeof nonce, bytes_str(nonce_hex)));
    assert_ok(hex_decode(expected, sizeof expected, bytes_str(returned_hex)));
    EVP_RAND_CTX *source = make_source(entropy, nonce);
    EVP_RAND_CTX *drbg = make("CTR-DRBG", source);
    assert_int_equal(EVP_RAND_CTX_set_params(drbg, params), 1);
    /* Empty, not NULL: that would be OpenSSL's own personalization. */
    assert_int_equal(EVP_RAND_instantiate(drbg, STRENGTH, 0, (const uint8_t *)"", 0, NULL), 1);
    for (int i = 0; i < 2; i++) assert_int_equal(EVP_RAND_generate(drbg, got, sizeof got, STRENGTH, 0, NULL, 0), 1);

    assert_memory_equal(got, expected, sizeof got);
    EVP_RAND_CTX_free(drbg);
    EVP_RAND_CTX_free(source);
}
