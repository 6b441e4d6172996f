/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prime-order subgroup of edwards25519 (RFC 8032 5.1) over libsodium. A point is held as its canonical encoding.
 * libsodium's functions answer -1 for a result that is the identity; with inputs from decode() there is no other cause.
 */
#include <sodium.h>

#include "common/base/check.h"
#include "common/crypto/ct.h"
#include "common/crypto/group_table.h"
#include "common/crypto/modulus.h"
#include "common/secret/wipe.h"

#define LEN crypto_core_ed25519_BYTES

static const uint8_t identity_encoded[LEN] = {1};

static void set(struct point *out, const uint8_t encoded[LEN])
{
    ct_declassify(encoded, LEN);                                                    /* points are public */
    *out = (struct point){.identity = memcmp(encoded, identity_encoded, LEN) == 0}; /* public */
    if (!out->identity) memcpy(out->opaque, encoded, LEN);
}

/* CT: leaks whether k is 0. */
static void base_mul(const struct prime_group *g, struct point *out, const struct scalar *k)
{
    uint8_t encoded[LEN], scalar[crypto_core_ed25519_SCALARBYTES];

    scalar_encode(g, scalar, k);
    bool done = crypto_scalarmult_ed25519_base_noclamp(encoded, scalar) == 0;
    WIPE(scalar);
    ct_declassify(&done, sizeof done);
    set(out, done ? encoded : identity_encoded);
}

/* CT: leaks whether k is 0. */
static void mul(const struct prime_group *g, struct point *out, const struct point *p, const struct scalar *k)
{
    uint8_t encoded[LEN], scalar[crypto_core_ed25519_SCALARBYTES];

    scalar_encode(g, scalar, k);
    bool done = crypto_scalarmult_ed25519_noclamp(encoded, scalar, p->opaque) == 0;
    WIPE(scalar);
    ct_declassify(&done, sizeof done);
    CHECK(done || scalar_is_zero(k));
    set(out, done ? encoded : identity_encoded);
}

static void add(const struct prime_group *g, struct point *out, const struct point *a, const struct point *b)
{
    uint8_t encoded[LEN];

    CHECK(crypto_core_ed25519_add(encoded, a->opaque, b->opaque) == 0);
    set(out, encoded);
}

/* The sign of x is the last bit; x is 0 only in points of order 1 and 2, which are never here. */
static void negate(const struct prime_group *g, struct point *out, const struct point *a)
{
    *out = *a;
    out->opaque[LEN - 1] ^= 0x80;
}

static bool equal(const struct prime_group *g, const struct point *a, const struct point *b)
{
    return memcmp(a->opaque, b->opaque, LEN) == 0; /* public */
}

static void encode(const struct prime_group *g, uint8_t *out, const struct point *p)
{
    memcpy(out, p->opaque, LEN);
}

/* RFC 8032 5.1.3 step 1, strictly: y below p = 2^255 - 19. */
static bool is_canonical(const uint8_t encoded[LEN])
{
    if ((encoded[LEN - 1] & 0x7f) != 0x7f || encoded[0] < 0xed) return true;
    for (size_t i = 1; i < LEN - 1; i++)
        if (encoded[i] != 0xff) return true;
    return false;
}

static enum kms_err decode(const struct prime_group *g, struct point *out, struct bytes in)
{
    if (bytes_equal(in, BYTES_OF(identity_encoded))) /* public */
        return fail(KMS_E_FORMAT, "a point of ED25519 is the identity");
    if (!is_canonical(in.data)) return fail(KMS_E_FORMAT, "a point of ED25519 is not encoded canonically");
    if (crypto_core_ed25519_is_valid_point(in.data) != 1)
        return fail(KMS_E_FORMAT, "a point of ED25519 is not on the curve or not in the prime-order subgroup");
    set(out, in.data);
    return KMS_OK;
}

const struct prime_group group_ed25519 = {
    .id = GROUP_ED25519,
    .name = "ED25519",
    .scalar_len = crypto_core_ed25519_SCALARBYTES,
    .point_len = LEN,
    .little_endian = true,
    .order = &modulus_ed25519,
    .base_mul = base_mul,
    .mul = mul,
    .mul_vartime = mul,
    .add = add,
    .negate = negate,
    .equal = equal,
    .encode = encode,
    .decode = decode,
};
