/* SPDX-License-Identifier: Apache-2.0 */
/* What the coordinator is told of a session: a code and a line for its log; who was at fault stays in this node's own
 * log. */
#ifndef KMS_CLUSTER_NODE_RESULTS_H
#define KMS_CLUSTER_NODE_RESULTS_H

#include "cluster/node/sessions.h"

struct result {
    const uint8_t *tag; /* SESSION_TAG_LEN bytes */
    enum kms_err   error;
    const char    *detail; /* NULL: none */
    struct bytes   signature, birth_certificate;
    const char    *missing[PARTIES_MAX];
    unsigned       missing_count;
    uint32_t       duration_us;
    uint64_t       log_seq;
};

/* What every result of a run has; an abort is written into this node's log. */
struct result results_of_run(struct node *, const struct run *, const struct outcome *);
void          results_send(struct node *, struct link *, const struct result *);
/* A Start that did not pass: the error that was raised last. */
void results_refuse(struct node *, struct link *, const Kms__V1__Start *, enum kms_err);

#endif
