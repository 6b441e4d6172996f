/* SPDX-License-Identifier: Apache-2.0 */
/* All that a node needs from the world: clocks and a way to send. Implemented on libuv (cluster/net) and simulated
 * (tests). */
#ifndef KMS_CLUSTER_NODE_IO_H
#define KMS_CLUSTER_NODE_IO_H

#include "common/base/bytes.h"

struct node_io {
    void *self;
    uint64_t (*now_ms)(void *self); /* monotonic */
    int64_t (*wall_ms)(void *self); /* since 1970 */
    /* One ToNode/FromNode message (protobuf bytes) to the coordinator behind this link; copied. */
    void (*link_send)(void *self, uint32_t link, struct bytes from_node);
    void (*link_close)(void *self, uint32_t link);
};

#endif
