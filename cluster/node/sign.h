/* SPDX-License-Identifier: Apache-2.0 */
/* Taking part in a signature. */
#ifndef KMS_CLUSTER_NODE_SIGN_H
#define KMS_CLUSTER_NODE_SIGN_H

#include "cluster/node/sessions.h"

void sign_start(struct node *, struct link *, const Kms__V1__Start *);
void sign_finish(struct node *, struct run *, const struct outcome *);

#endif
