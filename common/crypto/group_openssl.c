/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-256, P-384 and P-521 (SP 800-186 3.2.1) over OpenSSL's EC_POINT. A point is held as x || y, affine, big-endian, so
 * it is a plain value; what OpenSSL needs is made for each operation and freed after it. OpenSSL fails in here only for
 * want of memory, which is a CHECK, for points in a struct point are on the curve.
 *
 * Constant time: EC_POINT_mul() with one scalar is OpenSSL's constant-time path (nistz256, nistp521, and the Montgomery
 * ladder for P-384). But a BIGNUM drops its leading zeros, and that shows. So a scalar below q/2 is replaced by q - k
 * and the result is negated, both by masks: what OpenSSL sees always has its upper bits set and all of its words. What
 * valgrind says of the rest is in tests/ctime/ctime.supp. Our copies of a scalar are wiped, and so are OpenSSL's
 * numbers; but for mul() on P-256 and P-521 OpenSSL 3.0 frees a copy of its own that it has not wiped.
 */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <stdatomic.h>

#include "common/base/check.h"
#include "common/crypto/ct.h"
#include "common/crypto/group_table.h"
#include "common/crypto/modulus.h"
#include "common/secret/wipe.h"

struct curve {
    int     nid;
    uint8_t top_bit;           /* of q, in the first byte of a scalar */
    uint8_t p[SCALAR_LEN_MAX]; /* the field's prime, big-endian, scalar_len bytes */
    /* Written once by group_openssl_init(), only read after that, so it is safe in all threads. */
    _Atomic(EC_GROUP *) *made;
};

static _Atomic(EC_GROUP *) made_p256, made_p384, made_p521;

/* clang-format off */
static const struct curve curve_p256 = {NID_X9_62_prime256v1, 0x80,
    {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
     0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, &made_p256};
static const struct curve curve_p384 = {NID_secp384r1, 0x80,
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
     0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff}, &made_p384};
static const struct curve curve_p521 = {NID_secp521r1, 0x01,
    {0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, &made_p521};
/* clang-format on */

static const struct curve *curve_of(const struct prime_group *g)
{
    return g->curve;
}

static const EC_GROUP *openssl_of(const struct prime_group *g)
{
    const EC_GROUP *made = atomic_load_explicit(curve_of(g)->made, memory_order_acquire);

    CHECK(made != NULL);
    return made;
}

RESULT group_openssl_init(void)
{
    static const struct curve *const curves[] = {&curve_p256, &curve_p384, &curve_p521};

    for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
        EC_GROUP *none = NULL;
        if (atomic_load(curves[i]->made) != NULL) continue;
        EC_GROUP *made = EC_GROUP_new_by_curve_name(curves[i]->nid);
        if (made == NULL) return fail(KMS_E_UNSUPPORTED, "this OpenSSL does not offer %s", OBJ_nid2sn(curves[i]->nid));
        if (!atomic_compare_exchange_strong(curves[i]->made, &none, made)) EC_GROUP_free(made);
    }
    return KMS_OK;
}

/* What one operation takes from OpenSSL: numbers that are wiped when they are freed, and two points. */
struct work {
    const EC_GROUP *group;
    BN_CTX         *ctx;
    BIGNUM         *x, *y, *k; /* owned by ctx */
    EC_POINT       *a, *b;
};

static struct work work_begin(const struct prime_group *g)
{
    struct work w = {.group = openssl_of(g), .ctx = BN_CTX_secure_new()};

    CHECK(w.ctx != NULL);
    BN_CTX_start(w.ctx);
    w.x = BN_CTX_get(w.ctx);
    w.y = BN_CTX_get(w.ctx);
    w.k = BN_CTX_get(w.ctx);
    w.a = EC_POINT_new(w.group);
    w.b = EC_POINT_new(w.group);
    CHECK(w.k != NULL && w.a != NULL && w.b != NULL);
    return w;
}

static void work_end(struct work *w)
{
    EC_POINT_clear_free(w->a);
    EC_POINT_clear_free(w->b);
    BN_clear(w->k);
    BN_CTX_end(w->ctx);
    BN_CTX_free(w->ctx);
}

static void load(struct work *w, const struct prime_group *g, EC_POINT *to, const struct point *p)
{
    int len = (int)g->scalar_len;

    CHECK(BN_bin2bn(p->opaque, len, w->x) != NULL && BN_bin2bn(p->opaque + len, len, w->y) != NULL);
    CHECK(EC_POINT_set_affine_coordinates(w->group, to, w->x, w->y, w->ctx) == 1);
}

static void store(struct work *w, const struct prime_group *g, struct point *out, const EC_POINT *from)
{
    int len = (int)g->scalar_len;

    *out = (struct point){.identity = EC_POINT_is_at_infinity(w->group, from) == 1};
    if (out->identity) return;
    CHECK(EC_POINT_get_affine_coordinates(w->group, from, w->x, w->y, w->ctx) == 1);
    CHECK(BN_bn2binpad(w->x, out->opaque, len) == len && BN_bn2binpad(w->y, out->opaque + len, len) == len);
}

/* y = p - y where the mask is set; y is not 0, for the order is odd. CT: leaks nothing. */
static void negate_masked(const struct prime_group *g, struct point *p, uint64_t mask)
{
    uint8_t *y = p->opaque + g->scalar_len;
    unsigned borrow = 0;

    for (size_t i = g->scalar_len; i-- > 0;) {
        unsigned difference = (unsigned)curve_of(g)->p[i] - y[i] - borrow;
        borrow = difference >> 8 & 1;
        y[i] = (uint8_t)ct_select(mask, difference & 0xff, y[i]);
    }
}

/* The upper of k and q - k; all ones if it is q - k. CT: leaks nothing. */
static uint64_t encode_upper(const struct prime_group *g, uint8_t out[SCALAR_LEN_MAX], const struct scalar *k)
{
    SECRET_SCALAR minus_k;
    uint8_t       other[SCALAR_LEN_MAX];

    scalar_negate(g, &minus_k, k);
    scalar_encode(g, out, k);
    scalar_encode(g, other, &minus_k);
    uint64_t mask = ct_is_zero(out[0] & curve_of(g)->top_bit);
    for (size_t i = 0; i < g->scalar_len; i++) out[i] = (uint8_t)ct_select(mask, other[i], out[i]);
    WIPE(other);
    return mask;
}

/* p NULL: the generator. CT: leaks whether k is 0. */
static void multiply(const struct prime_group *g, struct point *out, const struct point *p, const struct scalar *k)
{
    uint8_t upper[SCALAR_LEN_MAX];

    if (scalar_is_zero(k)) {
        group_set_identity(out);
        return;
    }
    struct work w = work_begin(g);
    uint64_t    negated = encode_upper(g, upper, k);
    CHECK(BN_bin2bn(upper, (int)g->scalar_len, w.k) != NULL);
    BN_set_flags(w.k, BN_FLG_CONSTTIME);
    WIPE(upper);
    if (p != NULL) load(&w, g, w.a, p);
    CHECK(EC_POINT_mul(w.group, w.b, p == NULL ? w.k : NULL, p == NULL ? NULL : w.a, p == NULL ? NULL : w.k, w.ctx) ==
          1);
    store(&w, g, out, w.b);
    work_end(&w);
    negate_masked(g, out, negated);
    ct_declassify(out, sizeof *out); /* points are public */
}

static void base_mul(const struct prime_group *g, struct point *out, const struct scalar *k)
{
    multiply(g, out, NULL, k);
}

/*
 * With a second scalar, though it is 0, OpenSSL takes its variable-time path. P-384 gains a quarter by it; the others
 * lose, for their constant-time paths are better code.
 */
static void mul_vartime(const struct prime_group *g, struct point *out, const struct point *p, const struct scalar *k)
{
    uint8_t     scalar[SCALAR_LEN_MAX];
    struct work w = work_begin(g);

    scalar_encode(g, scalar, k);
    CHECK(BN_bin2bn(scalar, (int)g->scalar_len, w.k) != NULL);
    load(&w, g, w.a, p);
    BN_zero(w.x);
    CHECK(EC_POINT_mul(w.group, w.b, w.x, w.a, w.k, w.ctx) == 1);
    store(&w, g, out, w.b);
    work_end(&w);
}

static void add(const struct prime_group *g, struct point *out, const struct point *a, const struct point *b)
{
    struct work w = work_begin(g);

    load(&w, g, w.a, a);
    load(&w, g, w.b, b);
    CHECK(EC_POINT_add(w.group, w.a, w.a, w.b, w.ctx) == 1);
    store(&w, g, out, w.a);
    work_end(&w);
}

static void negate(const struct prime_group *g, struct point *out, const struct point *a)
{
    *out = *a;
    negate_masked(g, out, UINT64_MAX);
}

static bool equal(const struct prime_group *g, const struct point *a, const struct point *b)
{
    return memcmp(a->opaque, b->opaque, 2 * g->scalar_len) == 0; /* public */
}

static void encode(const struct prime_group *g, uint8_t *out, const struct point *p)
{
    out[0] = 2 | (p->opaque[2 * g->scalar_len - 1] & 1);
    memcpy(out + 1, p->opaque, g->scalar_len);
}

static void encode_uncompressed(const struct prime_group *g, uint8_t *out, const struct point *p)
{
    out[0] = 4;
    memcpy(out + 1, p->opaque, 2 * g->scalar_len);
}

/* The cofactor is 1, and the identity has no encoding of this length: a point on the curve is all that is to check. */
static enum kms_err decode(const struct prime_group *g, struct point *out, struct bytes in)
{
    if (in.data[0] != 2 && in.data[0] != 3)
        return fail(KMS_E_FORMAT, "a point of %s is not in compressed form", g->name);
    struct work w = work_begin(g);
    (void)ERR_set_mark();
    bool valid = EC_POINT_oct2point(w.group, w.a, in.data, in.len, w.ctx) == 1;
    (void)ERR_pop_to_mark();
    if (valid) store(&w, g, out, w.a);
    work_end(&w);
    if (!valid) return fail(KMS_E_FORMAT, "a point of %s has no canonical x on the curve", g->name);
    return KMS_OK;
}

#define FUNCTIONS(vartime)                                                                                         \
    .base_mul = base_mul, .mul = multiply, .mul_vartime = (vartime), .add = add, .negate = negate, .equal = equal, \
    .encode = encode, .decode = decode, .encode_uncompressed = encode_uncompressed

/* clang-format off */
const struct prime_group group_p256 = {
    .id = GROUP_P256, .name = "P256", .scalar_len = 32, .point_len = 33, .order = &modulus_p256, .curve = &curve_p256,
    FUNCTIONS(multiply),
};
const struct prime_group group_p384 = {
    .id = GROUP_P384, .name = "P384", .scalar_len = 48, .point_len = 49, .order = &modulus_p384, .curve = &curve_p384,
    FUNCTIONS(mul_vartime),
};
const struct prime_group group_p521 = {
    .id = GROUP_P521, .name = "P521", .scalar_len = 66, .point_len = 67, .order = &modulus_p521, .curve = &curve_p521,
    FUNCTIONS(multiply),
};
/* clang-format on */
