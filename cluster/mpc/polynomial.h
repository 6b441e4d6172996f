/* SPDX-License-Identifier: Apache-2.0 */
/* Shamir's polynomials over the scalars of a group (Shamir 1979). Degree t - 1 for t signers; points are party numbers.
 */
#ifndef KMS_CLUSTER_MPC_POLYNOMIAL_H
#define KMS_CLUSTER_MPC_POLYNOMIAL_H

#include "cluster/mpc/hedge.h"

struct polynomial {
    unsigned      count;                    /* coefficients: t */
    struct scalar coefficient[PARTIES_MAX]; /* [0] is the secret */
};

#define SECRET_POLYNOMIAL CLEANUP(polynomial_wipe) struct polynomial

void polynomial_wipe(struct polynomial *);
/* Uniform, every coefficient in 1..q-1. tag: the protocol's own, for these draws. */
RESULT polynomial_random(const struct prime_group *, struct polynomial *out, unsigned count, const struct hedge *,
                         enum tag_id tag);
/* f(x). CT in the coefficients; x is public and never 0 by type. */
void polynomial_evaluate(const struct prime_group *, struct scalar *out, const struct polynomial *, party x);

#endif
