/* SPDX-License-Identifier: Apache-2.0 */
/* What this node holds, told to a coordinator that repairs its catalogue. Public data only. */
#ifndef KMS_CLUSTER_NODE_CATALOGUE_H
#define KMS_CLUSTER_NODE_CATALOGUE_H

#include "cluster/node/links.h"

void catalogue_on_frame(struct node *, struct link *, const Kms__V1__Fetch *);

#endif
