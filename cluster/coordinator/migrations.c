/* SPDX-License-Identifier: Apache-2.0 */
/* The steps. A step that has been released is never edited: a change is a new step. */
#include "cluster/coordinator/migrations.h"

#include <stdio.h>

/*
 * No column can hold a share: a test compares every column with a list. The log refuses UPDATE and DELETE, and an
 * INSERT of a row that exists, which is how INSERT OR REPLACE would get around the other two.
 */
static const char *const steps[] = {
    "CREATE TABLE t_key ("
    " key_id TEXT NOT NULL PRIMARY KEY CHECK (length(key_id) = 32),"
    " owner TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('ENABLED', 'PENDING_DELETION', 'DELETED')),"
    " label TEXT NOT NULL,"
    " id BLOB NOT NULL,"
    " attributes TEXT NOT NULL,"
    " revision INTEGER NOT NULL,"
    " created_time INTEGER NOT NULL,"
    " changed_time INTEGER NOT NULL,"
    " deletion_due INTEGER NOT NULL,"
    " birth_certificate BLOB NOT NULL,"
    " request BLOB NOT NULL,"
    " change BLOB NOT NULL,"
    " destroy BLOB NOT NULL,"
    " destroy_confirmed INTEGER NOT NULL,"
    " idempotency_key TEXT NOT NULL,"
    " body_hash BLOB NOT NULL CHECK (length(body_hash) = 32)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX t_key_owner ON t_key (owner, key_id) WHERE state = 'ENABLED';"
    "CREATE UNIQUE INDEX t_key_idempotency ON t_key (owner, idempotency_key);"
    "CREATE INDEX t_key_doomed ON t_key (key_id) WHERE length(destroy) > 0;"

    "CREATE TABLE t_object ("
    " object_id TEXT NOT NULL PRIMARY KEY CHECK (length(object_id) = 32),"
    " owner TEXT NOT NULL,"
    " object_class TEXT NOT NULL CHECK (object_class IN ('certificate', 'data')),"
    " label TEXT NOT NULL,"
    " id BLOB NOT NULL,"
    " value BLOB NOT NULL,"
    " attributes TEXT NOT NULL,"
    " revision INTEGER NOT NULL,"
    " created_time INTEGER NOT NULL,"
    " changed_time INTEGER NOT NULL,"
    " request BLOB NOT NULL,"
    " change BLOB NOT NULL,"
    " erased INTEGER NOT NULL CHECK (erased IN (0, 1))"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX t_object_owner ON t_object (owner, object_id) WHERE erased = 0;"

    "CREATE TABLE t_generation (owner TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE t_key_operation_log ("
    " row INTEGER PRIMARY KEY,"
    " user_id TEXT NOT NULL,"
    " key_id TEXT NOT NULL,"
    " operation TEXT NOT NULL,"
    " result TEXT NOT NULL,"
    " created_time INTEGER NOT NULL,"
    " service_name TEXT NOT NULL,"
    " node_id TEXT NOT NULL,"
    " duration_ms INTEGER NOT NULL,"
    " data_hash TEXT NOT NULL,"
    " audit_trail TEXT NOT NULL,"
    " detail TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX t_key_operation_log_key ON t_key_operation_log (key_id);"
    "CREATE INDEX t_key_operation_log_user ON t_key_operation_log (user_id);"
    "CREATE INDEX t_key_operation_log_time ON t_key_operation_log (created_time);"
    "CREATE TRIGGER t_key_operation_log_no_update BEFORE UPDATE ON t_key_operation_log"
    " BEGIN SELECT RAISE(ABORT, 't_key_operation_log is append-only'); END;"
    "CREATE TRIGGER t_key_operation_log_no_delete BEFORE DELETE ON t_key_operation_log"
    " BEGIN SELECT RAISE(ABORT, 't_key_operation_log is append-only'); END;"
    "CREATE TRIGGER t_key_operation_log_no_replace BEFORE INSERT ON t_key_operation_log"
    " WHEN EXISTS (SELECT 1 FROM t_key_operation_log WHERE row = NEW.row)"
    " BEGIN SELECT RAISE(ABORT, 't_key_operation_log is append-only'); END;",
};

static RESULT read_version(sqlite3 *db, int *out)
{
    sqlite3_stmt *stmt = NULL;
    int           rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL);

    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    *out = rc == SQLITE_ROW ? sqlite3_column_int(stmt, 0) : -1;
    sqlite3_finalize(stmt);
    if (*out < 0) return fail(KMS_E_CORRUPT, "not a database of this coordinator: %s", sqlite3_errmsg(db));
    return KMS_OK;
}

static RESULT run_step(sqlite3 *db, unsigned number)
{
    char set_version[64];

    (void)snprintf(set_version, sizeof set_version, "PRAGMA user_version = %u; COMMIT", number);
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, steps[number - 1], NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, set_version, NULL, NULL, NULL) == SQLITE_OK)
        return KMS_OK;
    enum kms_err err = fail(KMS_E_STORAGE, "migration %u: %s", number, sqlite3_errmsg(db));
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

RESULT migrations_run(sqlite3 *db)
{
    int version;

    TRY(read_version(db, &version));
    if ((size_t)version > ARRAY_LEN(steps))
        return fail(KMS_E_CONFIG, "the database has schema %d, this program knows up to %zu: start a newer version",
                    version, ARRAY_LEN(steps));
    for (unsigned number = (unsigned)version + 1; number <= ARRAY_LEN(steps); number++) TRY(run_step(db, number));
    return KMS_OK;
}
