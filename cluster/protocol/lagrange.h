/* SPDX-License-Identifier: Apache-2.0 */
/* Interpolation at zero over the parties of a set, whose numbers are the evaluation points. */
#ifndef KMS_CLUSTER_PROTOCOL_LAGRANGE_H
#define KMS_CLUSTER_PROTOCOL_LAGRANGE_H

#include "cluster/protocol/parties.h"
#include "common/crypto/group.h"

/* lambda_i(S) = prod over j in S, j != i, of j / (j - i). Public. CHECKs that i is in S. */
void lagrange_at_zero(const struct prime_group *, struct scalar *out, struct party_set S, party i);

/* sum over i in S of lambda_i(S) * points[i]; points has PARTIES_MAX + 1 entries. Public inputs. */
void lagrange_sum_points(const struct prime_group *, struct point *out, struct party_set S, const struct point *points);

#endif
