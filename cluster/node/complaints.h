/* SPDX-License-Identifier: Apache-2.0 */
/* Failures that a hostile peer or coordinator can cause at will: one log line per event and second, the rest counted.
 */
#ifndef KMS_CLUSTER_NODE_COMPLAINTS_H
#define KMS_CLUSTER_NODE_COMPLAINTS_H

#include <stdint.h>

#include "common/base/log.h"

struct node;

enum complaint {
    COMPLAINT_QUERY,
    COMPLAINT_VOUCHER,
    COMPLAINT_ABANDONMENT,
    COMPLAINT_GOSSIP,
    COMPLAINT_MESSAGE,
    COMPLAINT_COMMIT,
    COMPLAINT_STATEMENT,
    COMPLAINT_LINK,
    COMPLAINTS,
};

struct complaints {
    uint64_t next_ms[COMPLAINTS]; /* from then on a line is written again */
    unsigned unsaid[COMPLAINTS];
};

/* As log_failure(LOG_WARN, ..): the last error of this thread. */
void complaints_add(struct node *, enum complaint, enum kms_err);
/* Every second: how many lines were not written. */
void complaints_tick(struct node *, uint64_t now_ms);

#endif
