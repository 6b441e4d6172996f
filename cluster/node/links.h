/* SPDX-License-Identifier: Apache-2.0 */
/* The coordinators that are connected, one link each, and what is sent to them. */
#ifndef KMS_CLUSTER_NODE_LINKS_H
#define KMS_CLUSTER_NODE_LINKS_H

#include "cluster/proto/kms.pb-c.h"
#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/identity/identity.h"

struct node;

#define LINKS_MAX 64
#define LINKS_PER_GATEWAY_MAX 4 /* one, and some that have broken unnoticed */

struct link {
    struct link    *next;
    uint32_t        id;
    struct identity gateway;
    struct circuit *circuits; /* owned */
    unsigned        circuit_count, run_count;
    const char     *doomed; /* why it is to be closed; NULL: it lives */
    bool            gone;   /* the caller has closed it already */
};

/* KMS_E_DENIED for a peer that is no gateway of this cluster. */
RESULT       links_add(struct node *, uint32_t id, const struct identity *gateway);
struct link *links_find(const struct node *, uint32_t id); /* NULL: unknown, or doomed */
/* Limits count per gateway: two links of one are no two coordinators. */
bool links_same_gateway(const struct link *, const struct link *);
/* Only marks it: ended when the present event is over, with its circuits and sessions. */
void links_doom(struct node *, struct link *, const char *why);
void links_reap(struct node *);
void links_clear(struct node *);

/* Packs and sends; what cannot be packed dooms the link. */
void links_send(struct node *, struct link *, const Kms__V1__FromNode *);

#endif
