/* SPDX-License-Identifier: Apache-2.0 */
/* The list of signature schemes of a node. */
#ifndef KMS_CLUSTER_NODE_SCHEMES_H
#define KMS_CLUSTER_NODE_SCHEMES_H

#include "cluster/protocol/scheme.h"

/* NULL: unknown. */
const struct scheme *schemes_by_id(enum algorithm);
const struct scheme *schemes_by_name(const char *name);
/* What a request means that names a curve and no algorithm. */
const struct scheme *schemes_default(enum group_id);

#endif
