/* SPDX-License-Identifier: Apache-2.0 */
/* The groups by id and name; and the identity, which is treated here, once for all curves. */
#include "common/crypto/group.h"

#include "common/base/check.h"
#include "common/crypto/group_table.h"

static const struct prime_group *const groups[] = {&group_ed25519, &group_secp256k1, &group_p256, &group_p384,
                                                   &group_p521};

/* What others call them (SP 800-186). */
static const struct {
    const char               *name;
    const struct prime_group *group;
} aliases[] = {{"P-256", &group_p256}, {"P-384", &group_p384}, {"P-521", &group_p521}};

const struct prime_group *group_by_id(enum group_id id)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (groups[i]->id == id) return groups[i];
    return NULL;
}

const struct prime_group *group_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (strcmp(groups[i]->name, name) == 0) return groups[i]; /* public */
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        if (strcmp(aliases[i].name, name) == 0) return aliases[i].group; /* public */
    return NULL;
}

/*
 * B + (0, -1), of order 2L. libsodium before its fix for CVE-2025-69277 takes it for a member of the prime-order
 * subgroup, under the version number of the mended package: so the library is asked, not its version.
 */
static RESULT check_subgroup_test(void)
{
    static const uint8_t mixed_order[32] = {0x95, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99,
                                            0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99,
                                            0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99};
    struct point         p;

    if (group_decode(&group_ed25519, &p, BYTES_OF(mixed_order)) == KMS_OK)
        return fail(KMS_E_SYSTEM, "this libsodium does not tell points of mixed order (CVE-2025-69277): update it");
    return KMS_OK;
}

RESULT group_init(void)
{
    TRY(check_subgroup_test());
    TRY(group_secp256k1_init());
    return group_openssl_init();
}

void group_set_identity(struct point *p)
{
    *p = (struct point){.identity = true};
}

bool group_is_identity(const struct point *p)
{
    return p->identity;
}

/* CT: leaks whether k is 0, as the result does. */
void group_base_mul(const struct prime_group *g, struct point *out, const struct scalar *k)
{
    g->base_mul(g, out, k);
}

/* CT: leaks whether k is 0, as the result does. */
void group_mul(const struct prime_group *g, struct point *out, const struct point *p, const struct scalar *k)
{
    if (p->identity)
        group_set_identity(out);
    else
        g->mul(g, out, p, k);
}

void group_mul_vartime(const struct prime_group *g, struct point *out, const struct point *p, const struct scalar *k)
{
    if (p->identity || scalar_is_zero(k))
        group_set_identity(out);
    else
        g->mul_vartime(g, out, p, k);
}

void group_add(const struct prime_group *g, struct point *out, const struct point *a, const struct point *b)
{
    if (a->identity)
        *out = *b;
    else if (b->identity)
        *out = *a;
    else
        g->add(g, out, a, b);
}

void group_negate(const struct prime_group *g, struct point *out, const struct point *a)
{
    if (a->identity)
        group_set_identity(out);
    else
        g->negate(g, out, a);
}

bool group_equal(const struct prime_group *g, const struct point *a, const struct point *b)
{
    if (a->identity || b->identity) return a->identity == b->identity;
    return g->equal(g, a, b);
}

void group_encode(const struct prime_group *g, uint8_t *out, const struct point *p)
{
    CHECK(!p->identity);
    g->encode(g, out, p);
}

RESULT group_decode(const struct prime_group *g, struct point *out, struct bytes in)
{
    enum kms_err err;

    if (in.len != g->point_len)
        err = fail(KMS_E_FORMAT, "a point of %s of %zu bytes where %zu belong", g->name, in.len, g->point_len);
    else
        err = g->decode(g, out, in);
    if (err != KMS_OK) group_set_identity(out);
    return err;
}

bool group_is_weierstrass(const struct prime_group *g)
{
    return g->encode_uncompressed != NULL;
}

void group_encode_uncompressed(const struct prime_group *g, uint8_t *out, const struct point *p)
{
    CHECK(group_is_weierstrass(g) && !p->identity);
    g->encode_uncompressed(g, out, p);
}

/* SEC 1 2.3.3, compressed: 02 or 03, by the last bit of y, then x. */
static void encode_compressed(const struct prime_group *g, uint8_t out[POINT_LEN_MAX], const struct point *p)
{
    CHECK(group_is_weierstrass(g));
    group_encode(g, out, p);
}

void group_point_x(const struct prime_group *g, uint8_t *out, const struct point *p)
{
    uint8_t encoded[POINT_LEN_MAX];

    encode_compressed(g, encoded, p);
    memcpy(out, encoded + 1, g->scalar_len);
}

bool group_point_x_mod_order(const struct prime_group *g, struct scalar *out, const struct point *p)
{
    uint8_t x[SCALAR_LEN_MAX], reduced[SCALAR_LEN_MAX];

    group_point_x(g, x, p);
    scalar_reduce_bytes(g, out, bytes(x, g->scalar_len));
    scalar_encode(g, reduced, out);
    return memcmp(x, reduced, g->scalar_len) != 0; /* public */
}

bool group_point_y_is_odd(const struct prime_group *g, const struct point *p)
{
    uint8_t encoded[POINT_LEN_MAX];

    encode_compressed(g, encoded, p);
    return encoded[0] == 3;
}
