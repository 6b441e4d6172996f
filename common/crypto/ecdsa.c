/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA: verification by two libraries that have no part in making our signatures, and the arithmetic around it. */
#include "common/crypto/ecdsa.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/base/check.h"
#include "common/crypto/group_table.h"
#include "common/crypto/modulus.h"

/* Of the order of a Weierstrass curve: 8 * scalar_len, but for P-521. */
static size_t order_bits(const struct prime_group *g)
{
    uint64_t top = g->order->m[g->order->words - 1];
    size_t   bits = 64 * g->order->words;

    for (; top >> 63 == 0; top <<= 1) bits--;
    return bits;
}

void ecdsa_digest_scalar(const struct prime_group *g, struct scalar *e, struct bytes digest)
{
    uint8_t  left[SCALAR_LEN_MAX];
    size_t   len = digest.len < g->scalar_len ? digest.len : g->scalar_len, bits = order_bits(g);
    unsigned extra = 8 * len > bits ? (unsigned)(8 * len - bits) : 0, carry = 0;

    CHECK(group_is_weierstrass(g));
    for (size_t i = 0; i < len; i++) {
        unsigned two = carry << 8 | digest.data[i];
        left[i] = (uint8_t)(two >> extra);
        carry = digest.data[i];
    }
    scalar_reduce_bytes(g, e, bytes(left, len));
}

RESULT ecdsa_signature_of(const struct prime_group *g, struct ecdsa_signature *out, const struct point *R,
                          const struct scalar *s)
{
    bool beyond = group_point_x_mod_order(g, &out->r, R);

    out->s = *s;
    out->recovery_id = (uint8_t)((beyond ? 2 : 0) | (group_point_y_is_odd(g, R) ? 1 : 0));
    if (scalar_is_zero(&out->r) || scalar_is_zero(&out->s)) return fail(KMS_E_PROOF, "an ECDSA signature with a zero");
    return KMS_OK;
}

bool ecdsa_is_low(const struct prime_group *g, const struct ecdsa_signature *a)
{
    struct scalar other; /* public */
    uint8_t       s[SCALAR_LEN_MAX], negated[SCALAR_LEN_MAX];

    scalar_negate(g, &other, &a->s);
    scalar_encode(g, s, &a->s);
    scalar_encode(g, negated, &other);
    return memcmp(s, negated, g->scalar_len) < 0; /* public, big-endian; q is odd, so they differ */
}

void ecdsa_normalise(const struct prime_group *g, struct ecdsa_signature *a)
{
    if (ecdsa_is_low(g, a)) return;
    scalar_negate(g, &a->s, &a->s);
    if (a->recovery_id != ECDSA_NO_RECOVERY) a->recovery_id ^= 1; /* it is -R now */
}

static EVP_PKEY *openssl_key(const struct prime_group *g, const struct point *p)
{
    uint8_t       encoded[POINT_UNCOMPRESSED_LEN_MAX];
    char          name[8];
    OSSL_PARAM    params[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                              OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded, 1 + 2 * g->scalar_len),
                              OSSL_PARAM_END};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY     *key = NULL;

    group_encode_uncompressed(g, encoded, p);
    memcpy(name, "P-", 2);
    memcpy(name + 2, g->name + 1, strlen(g->name)); /* with its NUL */
    params[0].data_size = strlen(name);
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool openssl_holds(const struct prime_group *g, const struct ecdsa_signature *a, const struct point *p,
                          struct bytes digest)
{
    uint8_t der[ECDSA_DER_LEN_MAX];
    size_t  len = ecdsa_encode_der(g, der, a);

    (void)ERR_set_mark();
    EVP_PKEY     *key = openssl_key(g, p);
    EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool          ready = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1;
    bool          holds = ready && EVP_PKEY_verify(ctx, der, len, digest.data, digest.len) == 1;
    (void)ERR_pop_to_mark();
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return holds;
}

static bool secp256k1_holds(const struct prime_group *g, const struct ecdsa_signature *a, const struct point *p,
                            const struct scalar *e)
{
    uint8_t raw[64], digest[32];

    ecdsa_encode_raw(g, raw, a);
    scalar_encode(g, digest, e);
    return group_secp256k1_verify(p, raw, digest);
}

RESULT ecdsa_verify_vartime(const struct prime_group *g, const struct ecdsa_signature *a,
                            const struct point *public_key, struct bytes digest)
{
    struct scalar e;
    bool          holds;

    ecdsa_digest_scalar(g, &e, digest);
    if (digest.len == 0 || group_is_identity(public_key))
        holds = false;
    else if (g->id == GROUP_SECP256K1)
        holds = secp256k1_holds(g, a, public_key, &e);
    else
        holds = openssl_holds(g, a, public_key, digest);
    return holds ? KMS_OK : fail(KMS_E_SIGNATURE, "an ECDSA signature of %s does not verify", g->name);
}

/* R of a signature: its x is r or, where the recovery id says so, r + q, if that is below p (SEC 1 4.1.6, 1.1-1.3). */
static RESULT find_R(const struct prime_group *g, struct point *R, const struct ecdsa_signature *a)
{
    uint8_t  encoded[POINT_LEN_MAX], *x = encoded + 1;
    unsigned carry = 0;

    encoded[0] = 2 | (a->recovery_id & 1);
    scalar_encode(g, x, &a->r);
    for (size_t i = 0; (a->recovery_id & 2) != 0 && i < g->scalar_len; i++) {
        unsigned q_byte = g->order->m[i / 8] >> (8 * (i % 8)) & 0xff;
        unsigned sum = x[g->scalar_len - 1 - i] + q_byte + carry;
        x[g->scalar_len - 1 - i] = (uint8_t)sum;
        carry = sum >> 8;
    }
    if (carry != 0) return fail(KMS_E_FORMAT, "r + q has another byte");
    return group_decode(g, R, bytes(encoded, g->point_len));
}

/* Q = (s R - e G) / r (SEC 1 4.1.6, 1.6.1). */
RESULT ecdsa_recover_vartime(const struct prime_group *g, struct point *public_key, const struct ecdsa_signature *a,
                             struct bytes digest)
{
    struct scalar e, inverse, u;
    struct point  R, sum;

    group_set_identity(public_key);
    if (a->recovery_id > 3 || find_R(g, &R, a) != KMS_OK)
        return fail(KMS_E_SIGNATURE, "an ECDSA signature of %s has no point of recovery id %u", g->name,
                    a->recovery_id);
    ecdsa_digest_scalar(g, &e, digest);
    scalar_invert(g, &inverse, &a->r);
    scalar_mul(g, &u, &a->s, &inverse);
    group_mul_vartime(g, &sum, &R, &u);
    scalar_mul(g, &u, &e, &inverse);
    scalar_negate(g, &u, &u);
    group_base_mul(g, &R, &u);
    group_add(g, &sum, &sum, &R);
    if (group_is_identity(&sum)) return fail(KMS_E_SIGNATURE, "an ECDSA signature recovers no key");
    *public_key = sum;
    return KMS_OK;
}
