/* SPDX-License-Identifier: Apache-2.0 */
/* A log line a second at most, for events that a stranger can cause as often as he likes. */
#ifndef KMS_CLUSTER_NET_LOG_LIMIT_H
#define KMS_CLUSTER_NET_LOG_LIMIT_H

#include <stdint.h>

#define LOG_LIMIT_MS 1000

/* One per kind of event; zeroed at first. */
struct log_limit {
    uint64_t at;    /* of the last line */
    unsigned count; /* events since then */
};

/* It has happened again. Not 0: log it now, as this many events. */
unsigned log_limit_count(struct log_limit *, uint64_t now_ms);

#endif
