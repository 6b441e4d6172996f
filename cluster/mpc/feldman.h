/* SPDX-License-Identifier: Apache-2.0 */
/* Feldman's verifiable secret sharing (FOCS 1987): commitments to a polynomial, and what they say about its values. */
#ifndef KMS_CLUSTER_MPC_FELDMAN_H
#define KMS_CLUSTER_MPC_FELDMAN_H

#include "cluster/mpc/polynomial.h"

struct feldman {
    unsigned     count;              /* t */
    struct point point[PARTIES_MAX]; /* F_k = a_k G */
};

void feldman_commit(const struct prime_group *, struct feldman *out, const struct polynomial *);
/* f(x) G = sum of x^k F_k. Public inputs; the identity is a possible result. */
void feldman_evaluate(const struct prime_group *, struct point *out, const struct feldman *, party x);
/* share G = f(x) G? KMS_E_PROOF. CT in the share. */
RESULT feldman_check(const struct prime_group *, const struct feldman *, party x, const struct scalar *share);
/* sum += term, point by point; the counts are equal. */
void feldman_add(const struct prime_group *, struct feldman *sum, const struct feldman *term);

#endif
