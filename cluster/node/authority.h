/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes this node act: every check of a client's signed request and of what the coordinator makes of it
 * (architecture.md 5). The coordinator's word is authority for nothing; whatever passes here was asked for by a client.
 */
#ifndef KMS_CLUSTER_NODE_AUTHORITY_H
#define KMS_CLUSTER_NODE_AUTHORITY_H

#include "cluster/node/keys.h"
#include "cluster/node/links.h"
#include "cluster/node/requests.h"
#include "common/document/policy.h"
#include "common/document/signed_request.h"

/* A request that has passed, with who takes part. Borrows from the frame it came in. */
struct mandate {
    struct signed_request request;
    struct identity       client;
    uint8_t               request_hash[32];
    struct generate_body  generate; /* generate */
    struct key           *key;      /* sign, delete: borrowed; NULL for generate */
    struct buf            data;     /* sign: owned; the bytes to be signed */
    party                 self;
    struct party_set      quorum;
    char                  names[PARTIES_MAX + 1][PARTY_NAME_MAX + 1];
    struct circuit       *circuits[PARTIES_MAX + 1]; /* borrowed; [self] NULL */
    uint64_t              log_seq;                   /* of the row that was written for it */
};

#define MANDATE_LOCAL CLEANUP(mandate_clear) struct mandate
#define MANDATE_NONE ((struct mandate){.data = BUF_INIT(SIGN_DATA_MAX)})
void mandate_clear(struct mandate *);

RESULT authority_check_generate(struct node *, const struct link *, const Kms__V1__Start *, struct mandate *);
RESULT authority_check_sign(struct node *, const struct link *, const Kms__V1__Start *, struct mandate *);
/* key_id: from the frame. A deletion never expires, so neither freshness nor replay is asked. */
RESULT authority_check_delete(struct node *, const char *key_id, struct bytes request, struct mandate *);
/* Is the key's owner, or an operator, asking? */
RESULT authority_check_owner(const struct mandate *, enum action, const struct key *);
/*
 * The last step before a session: the request is counted against replay, and the row is with the operating system
 * before anything is said that depends on a share.
 */
RESULT authority_commit(struct node *, const char *kind, struct mandate *);
/* How long the session may run: the least of the node's own limit, the coordinator's budget and the client's deadline.
 */
uint64_t authority_deadline_ms(const struct node *, const struct mandate *, uint32_t own_ms, uint32_t budget_ms);

#endif
