/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered migrations of shares.db: user_version counts the steps done, application_id says whose file it is. */
#include "cluster/store/schema.h"

#include <stdio.h>

#define APPLICATION_ID 0x4b4d5331 /* "KMS1" */
#define AS_TEXT_(x) #x
#define AS_TEXT(x) AS_TEXT_(x)

/* A step is never changed once released; new ones are added at the end. */
static const char *const steps[] = {
    /* 1: records and the log */
    "CREATE TABLE record ("
    "  tbl INTEGER NOT NULL,"
    "  key TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  epoch INTEGER NOT NULL,"
    "  value BLOB NOT NULL,"
    "  PRIMARY KEY (tbl, key)"
    ") STRICT;"
    "CREATE TABLE log ("
    "  seq INTEGER PRIMARY KEY,"
    "  time_ms INTEGER NOT NULL,"
    "  prev BLOB NOT NULL,"
    "  hash BLOB NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  access_key TEXT NOT NULL,"
    "  nonce TEXT NOT NULL,"
    "  request_hash BLOB NOT NULL,"
    "  expires_s INTEGER NOT NULL,"
    "  key_id TEXT NOT NULL,"
    "  item INTEGER NOT NULL,"
    "  data_hash BLOB NOT NULL,"
    "  result TEXT NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER log_is_not_changed BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;"
    "CREATE TRIGGER log_is_not_cut BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;"
    "PRAGMA application_id = " AS_TEXT(APPLICATION_ID) ";",
};

#define STEPS ((int)(sizeof steps / sizeof steps[0]))

static enum kms_err read_pragma(sqlite3 *db, const char *path, const char *sql, int *out)
{
    sqlite3_stmt *statement = NULL;
    int           rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (rc == SQLITE_OK) rc = sqlite3_step(statement);
    *out = rc == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
    (void)sqlite3_finalize(statement);
    if (rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT)
        return fail(KMS_E_CORRUPT, "%s is not a database or is damaged (%s); restore it from a backup", path,
                    sqlite3_errmsg(db));
    if (rc != SQLITE_ROW) return fail(KMS_E_STORAGE, "%s: %s: %s", path, sql, sqlite3_errmsg(db));
    return KMS_OK;
}

static enum kms_err run_step(sqlite3 *db, const char *path, int step)
{
    char version[64];

    (void)snprintf(version, sizeof version, "PRAGMA user_version = %d;", step + 1);
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, steps[step], NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, version, NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK) return KMS_OK;
    enum kms_err err = fail(KMS_E_STORAGE, "%s: migration %d: %s", path, step + 1, sqlite3_errmsg(db));
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

RESULT schema_migrate(sqlite3 *db, const char *path)
{
    int application, version;

    TRY(read_pragma(db, path, "PRAGMA application_id", &application));
    TRY(read_pragma(db, path, "PRAGMA user_version", &version));
    if (version > STEPS)
        return fail(KMS_E_UNSUPPORTED, "%s has schema %d, this program knows %d: use the newer program", path, version,
                    STEPS);
    if (version > 0 && application != APPLICATION_ID)
        return fail(KMS_E_CORRUPT, "%s is another application's database", path);
    for (int step = version; step < STEPS; step++) TRY(run_step(db, path, step));
    return KMS_OK;
}
