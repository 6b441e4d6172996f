/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting a key: on its owner's or an operator's signed request, after the waiting period on this node's own clock. */
#ifndef KMS_CLUSTER_NODE_DESTROY_H
#define KMS_CLUSTER_NODE_DESTROY_H

#include "cluster/node/links.h"

void destroy_on_frame(struct node *, struct link *, const Kms__V1__Destroy *);
/* Wipes what is due. */
void destroy_due(struct node *);

#endif
