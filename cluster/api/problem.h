/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as application/problem+json (RFC 9457). */
#ifndef KMS_CLUSTER_API_PROBLEM_H
#define KMS_CLUSTER_API_PROBLEM_H

#include "common/base/buf.h"

struct problem {
    enum kms_err code;
    int          status;
    const char  *detail, *request_id;
};

/* The status of an error: the table's, but 415 for a body that is not JSON. */
int problem_status(enum kms_err, bool wrong_media_type);
/* Appends the JSON text. Cannot fail for want of memory: it is small and `out` holds it. */
void problem_print(char *out, size_t size, const struct problem *);

#endif
