/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures before authentication, for the log: the first of an address in a second is a row of its own, the others of
 * that second are counted in one more row when the second is over. Addresses beyond a bound share one count, so nobody
 * can fill the log from outside.
 */
#ifndef KMS_CLUSTER_API_STRANGERS_H
#define KMS_CLUSTER_API_STRANGERS_H

#include "cluster/coordinator/operations.h"

#define STRANGERS_MAX 32 /* addresses told apart in one second */

struct stranger {
    char     address[64];
    uint32_t more; /* after the first */
};

struct strangers {
    struct coordinator *coordinator; /* borrowed */
    int64_t             second;
    unsigned            count;
    struct stranger     known[STRANGERS_MAX + 1]; /* the last: everybody else, "" */
};

/* row: of this failure, ready to be written; address: whose. */
RESULT strangers_log(struct strangers *, const char *address, struct log_record *row, int64_t wall_ms);
/* Writes the counts of a second that is over. */
void strangers_tick(struct strangers *, int64_t wall_ms);

#endif
