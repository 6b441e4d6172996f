/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of signed requests (docs/rest-api.md), read strictly: what a client asked for, in its own words. */
#ifndef KMS_CLUSTER_NODE_REQUESTS_H
#define KMS_CLUSTER_NODE_REQUESTS_H

#include "cluster/protocol/scheme.h"
#include "common/document/birth.h"

#define SIGN_DATA_MAX 65536

struct generate_body {
    enum group_id  group;
    enum algorithm algorithm;
    unsigned       t, n;
    char           label[LABEL_MAX + 1];
};

/* KMS_E_FORMAT, KMS_E_RANGE, KMS_E_UNSUPPORTED; the text names the member. */
RESULT requests_parse_generate(struct generate_body *out, struct bytes body);
/* Appends the bytes to be signed to data. */
RESULT requests_parse_sign(struct buf *data, struct bytes body, enum algorithm);

#endif
