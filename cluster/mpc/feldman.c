/* SPDX-License-Identifier: Apache-2.0 */
/* Feldman commitments: Horner's rule in the exponent. */
#include "cluster/mpc/feldman.h"

#include "common/base/check.h"

void feldman_commit(const struct prime_group *g, struct feldman *out, const struct polynomial *f)
{
    out->count = f->count;
    for (unsigned k = 0; k < f->count; k++) group_base_mul(g, &out->point[k], &f->coefficient[k]);
}

void feldman_evaluate(const struct prime_group *g, struct point *out, const struct feldman *F, party x)
{
    struct point  sum = F->point[F->count - 1];
    SECRET_SCALAR at;

    scalar_set_u64(g, &at, x);
    for (unsigned k = F->count - 1; k-- > 0;) {
        group_mul_vartime(g, &sum, &sum, &at);
        group_add(g, &sum, &sum, &F->point[k]);
    }
    *out = sum;
}

enum kms_err feldman_check(const struct prime_group *g, const struct feldman *F, party x, const struct scalar *share)
{
    struct point claimed, expected;

    group_base_mul(g, &claimed, share);
    feldman_evaluate(g, &expected, F, x);
    if (!group_equal(g, &claimed, &expected))
        return fail(KMS_E_PROOF, "a share for party %u does not lie on the committed polynomial", x);
    return KMS_OK;
}

void feldman_add(const struct prime_group *g, struct feldman *sum, const struct feldman *term)
{
    CHECK(sum->count == term->count);
    for (unsigned k = 0; k < sum->count; k++) group_add(g, &sum->point[k], &sum->point[k], &term->point[k]);
}
