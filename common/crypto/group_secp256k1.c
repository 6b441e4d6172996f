/* SPDX-License-Identifier: Apache-2.0 */
/* secp256k1 (SEC 2) over libsecp256k1. A point is held as the library's own 64 bytes. */
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <stdatomic.h>

#include "common/base/check.h"
#include "common/crypto/ct.h"
#include "common/crypto/group_table.h"
#include "common/crypto/modulus.h"
#include "common/secret/wipe.h"

#define SCALAR_LEN 32
#define COMPRESSED_LEN 33
#define UNCOMPRESSED_LEN 65

_Static_assert(sizeof(secp256k1_pubkey) <= sizeof(((struct point *)NULL)->opaque), "a point holds the library's key");

/* Written once by group_secp256k1_init(), only read after that, so it is safe in all threads. */
static _Atomic(secp256k1_context *) shared_context;

static const secp256k1_context *context(void)
{
    const secp256k1_context *made = atomic_load_explicit(&shared_context, memory_order_acquire);

    CHECK(made != NULL);
    return made;
}

RESULT group_secp256k1_init(void)
{
    uint8_t            seed[32];
    secp256k1_context *none = NULL;

    if (atomic_load(&shared_context) != NULL) return KMS_OK;
    TRY(rng_fill(rng_system(), seed, sizeof seed));
    secp256k1_context *made = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    bool               blinded = secp256k1_context_randomize(made, seed) == 1;
    WIPE(seed);
    if (!blinded || !atomic_compare_exchange_strong(&shared_context, &none, made)) secp256k1_context_destroy(made);
    if (!blinded) return fail(KMS_E_INTERNAL, "libsecp256k1 cannot blind its context");
    return KMS_OK;
}

static const secp256k1_pubkey *key_of(const struct point *p)
{
    return (const secp256k1_pubkey *)(const void *)p->opaque;
}

static void set(struct point *out, const secp256k1_pubkey *key)
{
    *out = (struct point){.identity = key == NULL};
    if (key == NULL) return;
    memcpy(out->opaque, key, sizeof *key);
    ct_declassify(out->opaque, sizeof *key); /* points are public */
}

/* CT: leaks whether k is 0 (the library declassifies that itself). */
static void base_mul(const struct prime_group *g, struct point *out, const struct scalar *k)
{
    uint8_t          scalar[SCALAR_LEN];
    secp256k1_pubkey key;

    scalar_encode(g, scalar, k);
    int done = secp256k1_ec_pubkey_create(context(), &key, scalar);
    WIPE(scalar);
    ct_declassify(&done, sizeof done);
    set(out, done == 1 ? &key : NULL);
}

/* What the library would hash is the point that we want. */
static int take_coordinates(unsigned char *out, const unsigned char *x32, const unsigned char *y32, void *data)
{
    (void)data;
    out[0] = 4;
    memcpy(out + 1, x32, 32);
    memcpy(out + 33, y32, 32);
    return 1;
}

/* The only multiplication of a point in this library that is constant-time is ECDH. CT: leaks whether k is 0. */
static void mul(const struct prime_group *g, struct point *out, const struct point *p, const struct scalar *k)
{
    uint8_t          scalar[SCALAR_LEN], coordinates[UNCOMPRESSED_LEN];
    secp256k1_pubkey key;

    scalar_encode(g, scalar, k);
    int done = secp256k1_ecdh(context(), coordinates, key_of(p), scalar, take_coordinates, NULL);
    WIPE(scalar);
    ct_declassify(&done, sizeof done);
    ct_declassify(coordinates, sizeof coordinates); /* points are public */
    if (done == 1) CHECK(secp256k1_ec_pubkey_parse(context(), &key, coordinates, sizeof coordinates) == 1);
    set(out, done == 1 ? &key : NULL);
}

static void mul_vartime(const struct prime_group *g, struct point *out, const struct point *p, const struct scalar *k)
{
    uint8_t          scalar[SCALAR_LEN];
    secp256k1_pubkey key = *key_of(p);

    scalar_encode(g, scalar, k);
    int done = secp256k1_ec_pubkey_tweak_mul(context(), &key, scalar);
    WIPE(scalar);
    set(out, done == 1 ? &key : NULL);
}

static void add(const struct prime_group *g, struct point *out, const struct point *a, const struct point *b)
{
    const secp256k1_pubkey *both[] = {key_of(a), key_of(b)};
    secp256k1_pubkey        sum;
    int                     done = secp256k1_ec_pubkey_combine(context(), &sum, both, 2);

    set(out, done == 1 ? &sum : NULL);
}

static void negate(const struct prime_group *g, struct point *out, const struct point *a)
{
    secp256k1_pubkey key = *key_of(a);

    CHECK(secp256k1_ec_pubkey_negate(context(), &key) == 1);
    set(out, &key);
}

static bool equal(const struct prime_group *g, const struct point *a, const struct point *b)
{
    return secp256k1_ec_pubkey_cmp(context(), key_of(a), key_of(b)) == 0;
}

static void encode(const struct prime_group *g, uint8_t *out, const struct point *p)
{
    size_t len = COMPRESSED_LEN;

    CHECK(secp256k1_ec_pubkey_serialize(context(), out, &len, key_of(p), SECP256K1_EC_COMPRESSED) == 1);
}

static void encode_uncompressed(const struct prime_group *g, uint8_t *out, const struct point *p)
{
    size_t len = UNCOMPRESSED_LEN;

    CHECK(secp256k1_ec_pubkey_serialize(context(), out, &len, key_of(p), SECP256K1_EC_UNCOMPRESSED) == 1);
}

/* The cofactor is 1, and the identity has no encoding of this length: a point on the curve is all that is to check. */
static enum kms_err decode(const struct prime_group *g, struct point *out, struct bytes in)
{
    secp256k1_pubkey key;

    if (in.data[0] != 2 && in.data[0] != 3) return fail(KMS_E_FORMAT, "a point of SECP256K1 is not in compressed form");
    if (secp256k1_ec_pubkey_parse(context(), &key, in.data, in.len) != 1)
        return fail(KMS_E_FORMAT, "a point of SECP256K1 has no canonical x on the curve");
    set(out, &key);
    return KMS_OK;
}

bool group_secp256k1_verify(const struct point *key, const uint8_t signature[64], const uint8_t digest[32])
{
    secp256k1_ecdsa_signature parsed;

    return secp256k1_ecdsa_signature_parse_compact(context(), &parsed, signature) == 1 &&
           secp256k1_ecdsa_verify(context(), &parsed, digest, key_of(key)) == 1;
}

const struct prime_group group_secp256k1 = {
    .id = GROUP_SECP256K1,
    .name = "SECP256K1",
    .scalar_len = SCALAR_LEN,
    .point_len = COMPRESSED_LEN,
    .little_endian = false,
    .order = &modulus_secp256k1,
    .base_mul = base_mul,
    .mul = mul,
    .mul_vartime = mul_vartime,
    .add = add,
    .negate = negate,
    .equal = equal,
    .encode = encode,
    .decode = decode,
    .encode_uncompressed = encode_uncompressed,
};
