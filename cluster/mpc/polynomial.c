/* SPDX-License-Identifier: Apache-2.0 */
/* Random polynomials and Horner's rule. Interpolation at zero: cluster/protocol/lagrange.h. */
#include "cluster/mpc/polynomial.h"

#include "common/base/check.h"
#include "common/secret/wipe.h"

void polynomial_wipe(struct polynomial *f)
{
    wipe(f, sizeof *f);
}

enum kms_err polynomial_random(const struct prime_group *g, struct polynomial *out, unsigned count,
                               const struct hedge *h, enum tag_id tag)
{
    CHECK(count >= 1 && count <= PARTIES_MAX);
    out->count = count;
    for (unsigned k = 0; k < count; k++) {
        struct hedge_use use = {tag, BYTES_NONE, BYTES_NONE, k};
        TRY(hedge_scalar(g, &out->coefficient[k], h, &use));
    }
    return KMS_OK;
}

/* CT: leaks the degree only. */
void polynomial_evaluate(const struct prime_group *g, struct scalar *out, const struct polynomial *f, party x)
{
    SECRET_SCALAR sum, at;

    CHECK(party_is_valid(x));
    scalar_set_u64(g, &at, x);
    sum = f->coefficient[f->count - 1];
    for (unsigned k = f->count - 1; k-- > 0;) {
        scalar_mul(g, &sum, &sum, &at);
        scalar_add(g, &sum, &sum, &f->coefficient[k]);
    }
    *out = sum;
}
