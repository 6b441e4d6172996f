/* SPDX-License-Identifier: Apache-2.0 */
/* The roster: which nodes the cluster has. A statement's payload; its hash enters every session id. */
#ifndef KMS_COMMON_DOCUMENT_ROSTER_H
#define KMS_COMMON_DOCUMENT_ROSTER_H

#include "common/document/statement.h"

#define ROSTER_NODES_MAX 64

struct roster_node {
    char    name[PARTY_NAME_MAX + 1];
    uint8_t fingerprint[32];                /* SHA-256 of its certificate's DER */
    char    host_label[PARTY_NAME_MAX + 1]; /* anti-affinity: two holders of a key must differ; "" = its own name */
};

struct roster {
    char               cluster[CLUSTER_NAME_MAX + 1];
    uint64_t           sequence;
    unsigned           count;
    struct roster_node nodes[ROSTER_NODES_MAX]; /* sorted by name, distinct */
    uint8_t            hash[32];                /* H(ROSTER, encoded): filled by decode and by roster_seal */
};

RESULT roster_encode(struct buf *out, const struct roster *); /* the payload */
RESULT roster_decode(struct roster *out, struct bytes payload);
/* Sorts, checks, fills hash. */
RESULT roster_seal(struct roster *);
/* Verifies the statement (operator, type, subject "roster/<cluster>") and decodes its payload. */
RESULT                    roster_from_statement(struct roster *out, const struct statement *, const struct authority *,
                                                const char    *cluster);
const struct roster_node *roster_find(const struct roster *, const char *name);

#endif
