/* SPDX-License-Identifier: Apache-2.0 */
/* ristretto255 over libsodium, whose functions decode and encode the points they take and give. */
#include "common/crypto/ristretto.h"

#include <sodium.h>

#include "common/base/check.h"
#include "common/crypto/ct.h"
#include "common/secret/wipe.h"

static RESULT no_point(void)
{
    return fail(KMS_E_FORMAT, "not a canonical point of ristretto255, or the identity where it may not be");
}

/* 512 random bits modulo the order. CT: leaks nothing. */
RESULT ristretto_scalar_random(uint8_t out[32], struct rng *rng)
{
    uint8_t wide[64];
    int     zero = 1;

    while (zero != 0) {
        enum kms_err err = rng_fill(rng, wide, sizeof wide);
        if (err != KMS_OK) {
            wipe(out, RISTRETTO_SCALAR_LEN);
            return err;
        }
        crypto_core_ristretto255_scalar_reduce(out, wide);
        zero = sodium_is_zero(out, RISTRETTO_SCALAR_LEN);
        ct_declassify(&zero, sizeof zero); /* says that another is drawn */
    }
    WIPE(wide);
    return KMS_OK;
}

/* CT: leaks nothing. */
void ristretto_from_hash(uint8_t out[32], const uint8_t in[64])
{
    CHECK(crypto_core_ristretto255_from_hash(out, in) == 0);
}

/* CT: leaks nothing. */
void ristretto_base_mul(uint8_t out[32], const uint8_t k[32])
{
    int bad = crypto_scalarmult_ristretto255_base(out, k);

    ct_declassify(&bad, sizeof bad); /* whether k is 0, which it is not */
    CHECK(bad == 0);
}

/*
 * What decoding takes and we do not: the identity, 32 zeros (RFC 9496 4.3.2), which nothing here has a use for; and an
 * encoding with its highest bit set, which libsodium 1.0.18 ignores.
 */
static int is_refused(const uint8_t p[32])
{
    return sodium_is_zero(p, RISTRETTO_LEN) | p[RISTRETTO_LEN - 1] >> 7;
}

/* CT: leaks whether p is a point and not the identity. */
RESULT ristretto_mul(uint8_t out[32], const uint8_t k[32], const uint8_t p[32])
{
    int bad = is_refused(p) | crypto_scalarmult_ristretto255(out, k, p);

    ct_declassify(&bad, sizeof bad);
    return bad == 0 ? KMS_OK : no_point();
}

/* CT: leaks whether both are points and not the identity. */
RESULT ristretto_add(uint8_t out[32], const uint8_t a[32], const uint8_t b[32])
{
    int bad = is_refused(a) | is_refused(b) | crypto_core_ristretto255_add(out, a, b);

    ct_declassify(&bad, sizeof bad);
    return bad == 0 ? KMS_OK : no_point();
}

/* CT: leaks whether both are points and not the identity. */
RESULT ristretto_sub(uint8_t out[32], const uint8_t a[32], const uint8_t b[32])
{
    int bad = is_refused(a) | is_refused(b) | crypto_core_ristretto255_sub(out, a, b);

    ct_declassify(&bad, sizeof bad);
    return bad == 0 ? KMS_OK : no_point();
}
