/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An abandonment: a node's signed word that it has not vouched for a key and never will (docs/wire-format.md).
 *   "KAB1" | text cluster | text key id | 32 ssid | text node | block certificate | 64 signature
 * The signature is over H(ABANDON, cluster, key id, ssid, node).
 */
#ifndef KMS_CLUSTER_NODE_ABANDONMENT_H
#define KMS_CLUSTER_NODE_ABANDONMENT_H

#include "common/document/birth.h"

#define ABANDONMENT_MAX (CERTIFICATE_MAX + 512)

struct abandonment {
    char         cluster[CLUSTER_NAME_MAX + 1];
    char         key_id[KEY_ID_LEN + 1];
    uint8_t      ssid[32];
    char         node[PARTY_NAME_MAX + 1];
    struct bytes certificate_der; /* borrowed */
    uint8_t      signature[64];
};

/* Fills node, certificate and signature. */
RESULT abandonment_sign(struct abandonment *, const struct credential *);
RESULT abandonment_encode(struct buf *out, const struct abandonment *);
RESULT abandonment_decode(struct abandonment *out, struct bytes in); /* borrows from in */
/* The certificate is of the CA, a node's, of that name and cluster, and the signature is right. */
RESULT abandonment_verify(const struct abandonment *, struct identity_cache *, int64_t at_s);

#endif
