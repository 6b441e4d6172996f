/* SPDX-License-Identifier: Apache-2.0 */
/* Binding records to prepared statements and reading them back: the columns of metadata_sqlite.c, in one place. */
#ifndef KMS_CLUSTER_COORDINATOR_SQLITE_ROW_H
#define KMS_CLUSTER_COORDINATOR_SQLITE_ROW_H

#include <sqlite3.h>

#include "cluster/coordinator/metadata.h"

#define KEY_COLUMNS                                                                                     \
    "key_id, owner, state, label, id, attributes, revision, created_time, changed_time, deletion_due, " \
    "birth_certificate, request, change, destroy, destroy_confirmed, idempotency_key, body_hash"
#define OBJECT_COLUMNS                                                                                              \
    "object_id, owner, object_class, label, id, value, attributes, revision, created_time, changed_time, request, " \
    "change"
#define LOG_COLUMNS                                                                                                  \
    "user_id, key_id, operation, result, created_time, service_name, node_id, duration_ms, data_hash, audit_trail, " \
    "detail"

/* Parameters ?1.. in the order of the columns. The record must outlive the step: nothing is copied. */
void row_bind_key(sqlite3_stmt *, const struct key_record *);
void row_bind_object(sqlite3_stmt *, const struct object_record *);
void row_bind_log(sqlite3_stmt *, const struct log_record *);

/* From the current row; the log's columns begin at 1, behind the row's number. KMS_E_CORRUPT: what does not fit. */
RESULT row_read_key(struct key_record *out, sqlite3_stmt *);
RESULT row_read_object(struct object_record *out, sqlite3_stmt *);
RESULT row_read_log(struct log_record *out, sqlite3_stmt *);

void row_bind_text(sqlite3_stmt *, int at, const char *);

#endif
