/* SPDX-License-Identifier: Apache-2.0 */
/* The hash chain of the node's log: each row's hash covers the row before it, so no row can change or vanish unseen. */
#ifndef KMS_CLUSTER_STORE_LOG_CHAIN_H
#define KMS_CLUSTER_STORE_LOG_CHAIN_H

#include "cluster/store/store.h"

struct log_chain {
    uint64_t seq;      /* of the newest row; 0: none */
    uint8_t  hash[32]; /* of the newest row; zeros: none */
};

/* Fills seq, prev and hash of the row that comes next; the chain itself moves only in log_chain_advance(). */
void log_chain_link(const struct log_chain *, struct store_log_row *);
void log_chain_advance(struct log_chain *, const struct store_log_row *);
/* Is this the row that comes next? Advances; KMS_E_CORRUPT names the row. */
RESULT log_chain_check(struct log_chain *, const struct store_log_row *);

#endif
