/* SPDX-License-Identifier: Apache-2.0 */
/* Lagrange coefficients at zero. Parties are distinct and not zero by type, so no denominator vanishes. */
#include "cluster/protocol/lagrange.h"

#include "common/base/check.h"

void lagrange_at_zero(const struct prime_group *g, struct scalar *out, struct party_set S, party i)
{
    SECRET_SCALAR numerator, denominator, x_i, x_j;

    CHECK(party_set_has(S, i));
    scalar_set_u64(g, &numerator, 1);
    scalar_set_u64(g, &denominator, 1);
    scalar_set_u64(g, &x_i, i);
    for (party j = party_set_next(S, 0); j != 0; j = party_set_next(S, j)) {
        if (j == i) continue;
        scalar_set_u64(g, &x_j, j);
        scalar_mul(g, &numerator, &numerator, &x_j);
        scalar_sub(g, &x_j, &x_j, &x_i);
        scalar_mul(g, &denominator, &denominator, &x_j);
    }
    scalar_invert(g, &denominator, &denominator);
    scalar_mul(g, out, &numerator, &denominator);
}

void lagrange_sum_points(const struct prime_group *g, struct point *out, struct party_set S, const struct point *points)
{
    struct point sum, term;

    group_set_identity(&sum);
    for (party i = party_set_next(S, 0); i != 0; i = party_set_next(S, i)) {
        SECRET_SCALAR lambda;
        lagrange_at_zero(g, &lambda, S, i);
        group_mul_vartime(g, &term, &points[i], &lambda);
        group_add(g, &sum, &sum, &term);
    }
    *out = sum;
}
