/* SPDX-License-Identifier: Apache-2.0 */
/* Making a key: DKG, a durable PENDING share, this node's birth signature, and only then the others'. */
#ifndef KMS_CLUSTER_NODE_GENERATE_H
#define KMS_CLUSTER_NODE_GENERATE_H

#include "cluster/node/authority.h"
#include "cluster/node/sessions.h"

/* Birth signatures of peers that were done before this node was: kept until it is, checked then. */
struct plan {
    struct birth_body      body; /* all but what the DKG gives */
    struct party_set       early;
    struct birth_signature signatures[PARTIES_MAX + 1];
    struct buf             certificates[PARTIES_MAX + 1]; /* owned */
};

void plan_free(struct plan **);
/* From party `from` of a run that still makes the key. */
RESULT plan_keep(struct plan *, party from, const struct birth_signature *);

void generate_start(struct node *, struct link *, const Kms__V1__Start *);
void generate_finish(struct node *, struct run *, const struct outcome *);

#endif
