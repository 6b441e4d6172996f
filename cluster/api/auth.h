/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: the first thing for every route but /healthz and /readyz. */
#ifndef KMS_CLUSTER_API_AUTH_H
#define KMS_CLUSTER_API_AUTH_H

#include "cluster/api/routes.h"

/*
 * Signature, certificate, cluster and access key; then, with call->authenticated set, freshness, nonce and role. Fills
 * request, who and request_hash.
 */
RESULT auth_check(struct call *);

#endif
