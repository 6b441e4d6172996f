/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TSS node serves on its port: the cluster service and the standard health service of cluster/proto, and GET
 * /health. Implements cluster/node/io.h on the Link streams.
 */
#ifndef KMS_CLUSTER_NET_NODE_SERVICE_H
#define KMS_CLUSTER_NET_NODE_SERVICE_H

#include "cluster/net/grpc_server.h"
#include "cluster/node/node.h"

struct node_service;
RESULT node_service_new(struct node_service **out, struct loop * /* borrowed */);
/* After its server has closed, before its node is freed. */
void node_service_free(struct node_service **);

/* For node_config. */
struct node_io node_service_io(struct node_service *);
/* Until then calls are refused. */
void node_service_set_node(struct node_service *, struct node * /* borrowed */);
/* While draining, health is NOT_SERVING. */
void node_service_set_draining(struct node_service *);

const struct grpc_service *node_service_table(struct node_service *);
/* Called at the end of each batch in which the node was called. */
void node_service_on_activity(struct node_service *, void (*on_activity)(void *self), void *self);
/* The node was called from elsewhere (a timer). */
void node_service_note_activity(struct node_service *);

#endif
