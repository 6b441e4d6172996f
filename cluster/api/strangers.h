/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the log that somebody who has not proved who he is now can cause: failures before authentication, by address,
 * and requests that may be copies, by access key. The first of a name in a second is a row of its own, the others of
 * that second are counted in one more row when the second is over. Names beyond a bound share one count.
 *
 * Nobody can fill the disk with them: rows are capped at one a second, after a burst, and there are none while less is
 * free than the reserve kept for signing (architecture.md section 9). What has no row is counted in a later one.
 */
#ifndef KMS_CLUSTER_API_STRANGERS_H
#define KMS_CLUSTER_API_STRANGERS_H

#include "cluster/coordinator/operations.h"

#define STRANGERS_MAX 32       /* names told apart in one second */
#define STRANGERS_ROWS_MAX 600 /* rows at once; one more each second */

struct stranger {
    char     name[64];
    char     user_id[IDENTITY_URI_MAX + 1]; /* of its first row */
    uint32_t more;                          /* after the first */
};

struct strangers {
    struct coordinator *coordinator; /* borrowed */
    const char         *operation;   /* of the rows that count; static */
    enum kms_err        result;
    int64_t             second;
    unsigned            rows;      /* that may be written now */
    uint64_t            unwritten; /* failures that have no row yet */
    unsigned            count;
    struct stranger     known[STRANGERS_MAX + 1]; /* the last: everybody else, "" */
};

void strangers_init(struct strangers *, struct coordinator *, const char *operation, enum kms_err result);
/* row: of this failure, ready to be written; name: whose. */
RESULT strangers_log(struct strangers *, const char *name, struct log_record *row);
/* Writes the counts of a second that is over. */
void strangers_tick(struct strangers *, int64_t wall_ms);

#endif
