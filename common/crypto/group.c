/* SPDX-License-Identifier: Apache-2.0 */
/* The groups by id and name; and the identity, which is treated here, once for all curves. */
#include "common/crypto/group.h"

#include "common/base/check.h"
#include "common/crypto/group_table.h"

static const struct prime_group *const groups[] = {&group_ed25519, &group_secp256k1};

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
    return group_secp256k1_init();
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
    g->base_mul(out, k);
}

/* CT: leaks whether k is 0, as the result does. */
void group_mul(const struct prime_group *g, struct point *out, const struct point *p, const struct scalar *k)
{
    if (p->identity)
        group_set_identity(out);
    else
        g->mul(out, p, k);
}

void group_mul_vartime(const struct prime_group *g, struct point *out, const struct point *p, const struct scalar *k)
{
    if (p->identity || scalar_is_zero(k))
        group_set_identity(out);
    else
        g->mul_vartime(out, p, k);
}

void group_add(const struct prime_group *g, struct point *out, const struct point *a, const struct point *b)
{
    if (a->identity)
        *out = *b;
    else if (b->identity)
        *out = *a;
    else
        g->add(out, a, b);
}

void group_negate(const struct prime_group *g, struct point *out, const struct point *a)
{
    if (a->identity)
        group_set_identity(out);
    else
        g->negate(out, a);
}

bool group_equal(const struct prime_group *g, const struct point *a, const struct point *b)
{
    if (a->identity || b->identity) return a->identity == b->identity;
    return g->equal(a, b);
}

void group_encode(const struct prime_group *g, uint8_t *out, const struct point *p)
{
    CHECK(!p->identity);
    g->encode(out, p);
}

RESULT group_decode(const struct prime_group *g, struct point *out, struct bytes in)
{
    enum kms_err err;

    if (in.len != g->point_len)
        err = fail(KMS_E_FORMAT, "a point of %s of %zu bytes where %zu belong", g->name, in.len, g->point_len);
    else
        err = g->decode(out, in);
    if (err != KMS_OK) group_set_identity(out);
    return err;
}
