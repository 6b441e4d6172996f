/* SPDX-License-Identifier: Apache-2.0 */
/* The `detail` of a log row: a JSON object of strings and numbers, cut at a member's boundary when it is full. */
#ifndef KMS_CLUSTER_COORDINATOR_DETAIL_H
#define KMS_CLUSTER_COORDINATOR_DETAIL_H

#include "cluster/coordinator/requests.h"

void detail_begin(struct log_record *);
/* text NULL: JSON null. Control characters, quotes and backslashes become '?': the row is for reading. */
void detail_text(struct log_record *, const char *name, const char *text);
void detail_number(struct log_record *, const char *name, long long value);

/* The row of a request that has ended; its detail holds the request id, and after an error the error's text. */
void detail_request_row(struct log_record *out, const struct coordinator *, const struct request *, enum kms_err);
/* The row of an operation that went well. */
void detail_operation_row(struct log_record *out, const struct coordinator *, const struct operation *,
                          const char *operation, const char *key_id);
/*
 * The row of an operation that made no request. Gives `err` back, with its text as it was; or what kept the row from
 * being written.
 */
enum kms_err detail_log(struct coordinator *, const struct operation *, const char *operation, const char *key_id,
                        enum kms_err);
/* Names of nodes, comma-separated, into node_id. */
void detail_node(struct log_record *, const char *name);

#endif
