/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metadata in one SQLite file: WAL, STRICT tables, statements prepared once.
 *
 * A key or an object is on the disk when its put returns (synchronous = FULL for that transaction, which syncs the log
 * rows before it too). A log row alone is in the operating system's hands (synchronous = NORMAL: no wait); syncing
 * sync_fd(), the WAL, makes all rows so far durable. SQLite syncs the WAL itself before each checkpoint.
 */
#include "cluster/coordinator/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/coordinator/migrations.h"
#include "cluster/coordinator/sqlite_row.h"

/* 4,000 pages (16 MB) between checkpoints: a checkpoint waits for the disk, so few and far between. */
#define PRAGMAS                                                                                                      \
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = " \
    "ON;"                                                                                                            \
    "PRAGMA trusted_schema = OFF; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16384"

enum statement_id {
    S_BEGIN,
    S_COMMIT,
    S_ROLLBACK,
    S_KEY_PUT,
    S_KEY_GET,
    S_KEY_FIND,
    S_KEY_EACH,
    S_KEY_COUNT,
    S_KEY_DOOMED,
    S_OBJECT_PUT,
    S_OBJECT_GET,
    S_OBJECT_ERASE,
    S_OBJECT_EACH,
    S_LOG_APPEND,
    S_LOG_EACH,
    S_GENERATION_ADD,
    S_GENERATION_GET,
    S_COUNT
};

static const char *const statements[S_COUNT] = {
    [S_BEGIN] = "BEGIN IMMEDIATE",
    [S_COMMIT] = "COMMIT",
    [S_ROLLBACK] = "ROLLBACK",
    /* What a key was born with never changes; another key under the same idempotency key is refused, not replaced. */
    [S_KEY_PUT] = "INSERT INTO t_key (" KEY_COLUMNS
                  ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
                  " ON CONFLICT (key_id) DO UPDATE SET state = ?3, label = ?4, id = ?5, attributes = ?6, revision = ?7,"
                  " changed_time = ?9, deletion_due = ?10, change = ?13, destroy = ?14, destroy_confirmed = ?15",
    [S_KEY_GET] = "SELECT " KEY_COLUMNS " FROM t_key WHERE key_id = ?1",
    [S_KEY_FIND] = "SELECT " KEY_COLUMNS " FROM t_key WHERE owner = ?1 AND idempotency_key = ?2",
    [S_KEY_EACH] = "SELECT " KEY_COLUMNS " FROM t_key WHERE state = 'ENABLED' AND (?1 IS NULL OR owner = ?1)"
                   " AND key_id > ?2 ORDER BY key_id LIMIT ?3",
    [S_KEY_COUNT] = "SELECT count(*) FROM t_key WHERE state = 'ENABLED'",
    [S_KEY_DOOMED] = "SELECT " KEY_COLUMNS " FROM t_key WHERE length(destroy) > 0 AND key_id > ?2"
                     " ORDER BY key_id LIMIT ?3",
    [S_OBJECT_PUT] = "INSERT INTO t_object (" OBJECT_COLUMNS
                     ", erased) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0)"
                     " ON CONFLICT (object_id) DO UPDATE SET label = ?4, id = ?5, attributes = ?7, revision = ?8,"
                     " changed_time = ?10, change = ?12 WHERE erased = 0",
    [S_OBJECT_GET] = "SELECT " OBJECT_COLUMNS " FROM t_object WHERE object_id = ?1 AND erased = 0",
    [S_OBJECT_ERASE] = "UPDATE t_object SET erased = 1, label = '', id = x'', value = x'', attributes = '{}',"
                       " request = x'', change = x'' WHERE object_id = ?1 AND erased = 0 RETURNING owner",
    [S_OBJECT_EACH] = "SELECT " OBJECT_COLUMNS " FROM t_object WHERE erased = 0 AND (?1 IS NULL OR owner = ?1)"
                      " AND object_id > ?2 ORDER BY object_id LIMIT ?3",
    [S_LOG_APPEND] =
        "INSERT INTO t_key_operation_log (" LOG_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [S_LOG_EACH] = "SELECT row, " LOG_COLUMNS " FROM t_key_operation_log WHERE row >= ?1 ORDER BY row LIMIT ?2",
    [S_GENERATION_ADD] = "INSERT INTO t_generation VALUES (?1, 1) ON CONFLICT DO UPDATE SET value = value + 1",
    [S_GENERATION_GET] = "SELECT value FROM t_generation WHERE owner = ?1",
};

struct sqlite_metadata {
    sqlite3      *db; /* owned */
    sqlite3_stmt *stmts[S_COUNT];
    int           wal_fd; /* for sync_fd; -1 */
};

static RESULT storage_error(const struct sqlite_metadata *m, const char *doing)
{
    if (sqlite3_extended_errcode(m->db) == SQLITE_CONSTRAINT_UNIQUE)
        return fail(KMS_E_CONFLICT, "%s: it exists already: %s", doing, sqlite3_errmsg(m->db));
    return fail(KMS_E_STORAGE, "%s: %s", doing, sqlite3_errmsg(m->db));
}

static enum kms_err run(struct sqlite_metadata *m, enum statement_id id, const char *doing)
{
    int          rc = sqlite3_step(m->stmts[id]);
    enum kms_err err = rc == SQLITE_DONE ? KMS_OK : storage_error(m, doing);

    (void)sqlite3_reset(m->stmts[id]);
    return err;
}

/* FULL for what must be on the disk. The pragma acts when it is compiled, so it cannot be a kept statement. */
static enum kms_err begin_durable(struct sqlite_metadata *m)
{
    if (sqlite3_exec(m->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK)
        return storage_error(m, "asking for durable writes");
    return run(m, S_BEGIN, "begin");
}

static RESULT end_durable(struct sqlite_metadata *m, enum kms_err err)
{
    if (err == KMS_OK) err = run(m, S_COMMIT, "commit");
    if (err != KMS_OK && sqlite3_get_autocommit(m->db) == 0) {
        (void)sqlite3_step(m->stmts[S_ROLLBACK]);
        (void)sqlite3_reset(m->stmts[S_ROLLBACK]);
    }
    if (sqlite3_exec(m->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL) != SQLITE_OK && err == KMS_OK)
        err = storage_error(m, "ending durable writes");
    return err;
}

static enum kms_err append(struct sqlite_metadata *m, const struct log_record *log)
{
    if (log == NULL) return KMS_OK;
    row_bind_log(m->stmts[S_LOG_APPEND], log);
    return run(m, S_LOG_APPEND, "writing t_key_operation_log");
}

static enum kms_err sqlite_log_append(void *self, const struct log_record *log)
{
    return append(self, log);
}

static RESULT add_generation(struct sqlite_metadata *m, const char *owner)
{
    row_bind_text(m->stmts[S_GENERATION_ADD], 1, owner);
    TRY(run(m, S_GENERATION_ADD, "writing t_generation"));
    row_bind_text(m->stmts[S_GENERATION_ADD], 1, "");
    return run(m, S_GENERATION_ADD, "writing t_generation");
}

static RESULT put_key(struct sqlite_metadata *m, const struct key_record *r, const struct log_record *log)
{
    row_bind_key(m->stmts[S_KEY_PUT], r);
    TRY(run(m, S_KEY_PUT, "writing t_key"));
    TRY(add_generation(m, r->owner));
    return append(m, log);
}

static enum kms_err sqlite_key_put(void *self, const struct key_record *r, const struct log_record *log)
{
    struct sqlite_metadata *m = self;
    enum kms_err            err = begin_durable(m);

    return end_durable(m, err == KMS_OK ? put_key(m, r, log) : err);
}

static enum kms_err one_key(struct sqlite_metadata *m, sqlite3_stmt *stmt, struct key_record *out)
{
    int          rc = sqlite3_step(stmt);
    enum kms_err err = KMS_OK;

    if (rc == SQLITE_ROW)
        err = row_read_key(out, stmt);
    else if (rc == SQLITE_DONE)
        err = fail(KMS_E_NOT_FOUND, "no such key");
    else
        err = storage_error(m, "reading t_key");
    (void)sqlite3_reset(stmt);
    return err;
}

static enum kms_err sqlite_key_get(void *self, const char *key_id, struct key_record *out)
{
    struct sqlite_metadata *m = self;

    row_bind_text(m->stmts[S_KEY_GET], 1, key_id);
    return one_key(m, m->stmts[S_KEY_GET], out);
}

static enum kms_err sqlite_key_find(void *self, const char *owner, const char *idempotency_key, struct key_record *out)
{
    struct sqlite_metadata *m = self;

    row_bind_text(m->stmts[S_KEY_FIND], 1, owner);
    row_bind_text(m->stmts[S_KEY_FIND], 2, idempotency_key);
    return one_key(m, m->stmts[S_KEY_FIND], out);
}

static sqlite3_stmt *bind_page(sqlite3_stmt *stmt, const char *owner, const char *after, unsigned limit)
{
    (void)sqlite3_clear_bindings(stmt);
    if (owner != NULL) row_bind_text(stmt, 1, owner);
    row_bind_text(stmt, 2, after);
    (void)sqlite3_bind_int64(stmt, 3, limit);
    return stmt;
}

static enum kms_err each_key(struct sqlite_metadata *m, sqlite3_stmt                          *stmt,
                             enum kms_err (*each)(void *arg, const struct key_record *), void *arg)
{
    enum kms_err err = KMS_OK;
    int          rc;

    while (err == KMS_OK && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
        KEY_RECORD_LOCAL record;
        key_record_init(&record);
        err = rc == SQLITE_ROW ? row_read_key(&record, stmt) : storage_error(m, "reading t_key");
        if (err == KMS_OK) err = each(arg, &record);
    }
    (void)sqlite3_reset(stmt);
    return err;
}

static enum kms_err sqlite_key_each(void *self, const char *owner, const char *after, unsigned limit,
                                    enum kms_err (*each)(void *arg, const struct key_record *), void *arg)
{
    struct sqlite_metadata *m = self;
    return each_key(m, bind_page(m->stmts[S_KEY_EACH], owner, after, limit), each, arg);
}

static enum kms_err sqlite_key_each_doomed(void *self, const char *after, unsigned limit,
                                           enum kms_err (*each)(void *arg, const struct key_record *), void *arg)
{
    struct sqlite_metadata *m = self;
    return each_key(m, bind_page(m->stmts[S_KEY_DOOMED], NULL, after, limit), each, arg);
}

static RESULT put_object(struct sqlite_metadata *m, const struct object_record *r, const struct log_record *log)
{
    row_bind_object(m->stmts[S_OBJECT_PUT], r);
    TRY(run(m, S_OBJECT_PUT, "writing t_object"));
    if (sqlite3_changes(m->db) == 0) return fail(KMS_E_CONFLICT, "object %s has been deleted", r->object_id);
    TRY(add_generation(m, r->owner));
    return append(m, log);
}

static enum kms_err sqlite_object_put(void *self, const struct object_record *r, const struct log_record *log)
{
    struct sqlite_metadata *m = self;
    enum kms_err            err = begin_durable(m);

    return end_durable(m, err == KMS_OK ? put_object(m, r, log) : err);
}

static enum kms_err sqlite_object_get(void *self, const char *object_id, struct object_record *out)
{
    struct sqlite_metadata *m = self;
    sqlite3_stmt           *stmt = m->stmts[S_OBJECT_GET];

    row_bind_text(stmt, 1, object_id);
    int          rc = sqlite3_step(stmt);
    enum kms_err err = KMS_OK;
    if (rc == SQLITE_ROW)
        err = row_read_object(out, stmt);
    else if (rc == SQLITE_DONE)
        err = fail(KMS_E_NOT_FOUND, "no such object");
    else
        err = storage_error(m, "reading t_object");
    (void)sqlite3_reset(stmt);
    return err;
}

static RESULT erase_object(struct sqlite_metadata *m, const char *object_id, const struct log_record *log)
{
    sqlite3_stmt *stmt = m->stmts[S_OBJECT_ERASE];
    char          owner[IDENTITY_URI_MAX + 1];

    row_bind_text(stmt, 1, object_id);
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        (void)snprintf(owner, sizeof owner, "%s", (const char *)sqlite3_column_text(stmt, 0));
        rc = sqlite3_step(stmt);
    } else if (rc == SQLITE_DONE) {
        (void)sqlite3_reset(stmt);
        return fail(KMS_E_NOT_FOUND, "no such object");
    }
    enum kms_err err = rc == SQLITE_DONE ? KMS_OK : storage_error(m, "erasing from t_object");
    (void)sqlite3_reset(stmt);
    TRY(err);
    TRY(add_generation(m, owner));
    return append(m, log);
}

static enum kms_err sqlite_object_erase(void *self, const char *object_id, const struct log_record *log)
{
    struct sqlite_metadata *m = self;
    enum kms_err            err = begin_durable(m);

    return end_durable(m, err == KMS_OK ? erase_object(m, object_id, log) : err);
}

static enum kms_err sqlite_object_each(void *self, const char *owner, const char *after, unsigned limit,
                                       enum kms_err (*each)(void *arg, const struct object_record *), void *arg)
{
    struct sqlite_metadata *m = self;
    sqlite3_stmt           *stmt = bind_page(m->stmts[S_OBJECT_EACH], owner, after, limit);
    enum kms_err            err = KMS_OK;
    int                     rc;

    while (err == KMS_OK && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
        OBJECT_RECORD_LOCAL record;
        object_record_init(&record);
        err = rc == SQLITE_ROW ? row_read_object(&record, stmt) : storage_error(m, "reading t_object");
        if (err == KMS_OK) err = each(arg, &record);
    }
    (void)sqlite3_reset(stmt);
    return err;
}

static enum kms_err sqlite_log_each(void *self, int64_t from_row, unsigned limit,
                                    enum kms_err (*each)(void *arg, int64_t row, const struct log_record *), void *arg)
{
    struct sqlite_metadata *m = self;
    sqlite3_stmt           *stmt = m->stmts[S_LOG_EACH];
    enum kms_err            err = KMS_OK;
    int                     rc;

    (void)sqlite3_bind_int64(stmt, 1, from_row);
    (void)sqlite3_bind_int64(stmt, 2, limit);
    while (err == KMS_OK && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
        struct log_record record;
        err = rc == SQLITE_ROW ? row_read_log(&record, stmt) : storage_error(m, "reading t_key_operation_log");
        if (err == KMS_OK) err = each(arg, sqlite3_column_int64(stmt, 0), &record);
    }
    (void)sqlite3_reset(stmt);
    return err;
}

/* The one number that a statement gives; 0 without a row. */
static enum kms_err read_number(struct sqlite_metadata *m, sqlite3_stmt *stmt, uint64_t *out)
{
    int rc = sqlite3_step(stmt);

    *out = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    enum kms_err err = rc == SQLITE_ROW || rc == SQLITE_DONE ? KMS_OK : storage_error(m, "reading a number");
    (void)sqlite3_reset(stmt);
    return err;
}

static enum kms_err sqlite_key_count(void *self, uint64_t *out)
{
    struct sqlite_metadata *m = self;
    return read_number(m, m->stmts[S_KEY_COUNT], out);
}

static enum kms_err sqlite_generation(void *self, const char *owner, uint64_t *out)
{
    struct sqlite_metadata *m = self;

    row_bind_text(m->stmts[S_GENERATION_GET], 1, owner == NULL ? "" : owner);
    return read_number(m, m->stmts[S_GENERATION_GET], out);
}

static int sqlite_sync_fd(void *self)
{
    struct sqlite_metadata *m = self;
    return m->wal_fd;
}

static void sqlite_close(void *self)
{
    struct sqlite_metadata *m = self;

    for (unsigned i = 0; i < S_COUNT; i++) sqlite3_finalize(m->stmts[i]);
    if (m->wal_fd >= 0) (void)close(m->wal_fd);
    (void)sqlite3_close(m->db);
    free(m);
}

static const struct metadata_ops sqlite_ops = {
    .name = "sqlite",
    .key_put = sqlite_key_put,
    .key_get = sqlite_key_get,
    .key_find = sqlite_key_find,
    .key_each = sqlite_key_each,
    .key_count = sqlite_key_count,
    .key_each_doomed = sqlite_key_each_doomed,
    .object_put = sqlite_object_put,
    .object_get = sqlite_object_get,
    .object_erase = sqlite_object_erase,
    .object_each = sqlite_object_each,
    .log_append = sqlite_log_append,
    .log_each = sqlite_log_each,
    .generation = sqlite_generation,
    .sync_fd = sqlite_sync_fd,
    .close = sqlite_close,
};

/* Made here, so that it is never readable by others, not even for a moment; SQLite gives -wal and -shm its mode. */
static RESULT make_file(const char *path)
{
    struct stat info;
    int         fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) return fail(KMS_E_STORAGE, "%s: %s", path, strerror(errno));
    int rc = fstat(fd, &info);
    (void)close(fd);
    if (rc != 0 || !S_ISREG(info.st_mode)) return fail(KMS_E_STORAGE, "%s: not a file", path);
    if ((info.st_mode & 077) != 0) return fail(KMS_E_CONFIG, "%s: others may read or write it; chmod 600 it", path);
    return KMS_OK;
}

static RESULT open_wal(struct sqlite_metadata *m, const char *path)
{
    char wal[4096];
    int  used = snprintf(wal, sizeof wal, "%s-wal", path);

    if (used < 0 || (size_t)used >= sizeof wal) return fail(KMS_E_CONFIG, "the path of the database is too long");
    m->wal_fd = open(wal, O_RDONLY | O_CLOEXEC);
    if (m->wal_fd < 0) return fail(KMS_E_STORAGE, "%s: %s", wal, strerror(errno));
    return KMS_OK;
}

static RESULT set_up(struct sqlite_metadata *m, const char *path)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;

    TRY(make_file(path));
    if (sqlite3_open_v2(path, &m->db, flags, NULL) != SQLITE_OK) return storage_error(m, path);
    (void)sqlite3_busy_timeout(m->db, 5000);
    (void)sqlite3_db_config(m->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (sqlite3_exec(m->db, PRAGMAS, NULL, NULL, NULL) != SQLITE_OK) return storage_error(m, path);
    TRY_AT(migrations_run(m->db), "%s", path);
    for (unsigned i = 0; i < S_COUNT; i++)
        if (sqlite3_prepare_v3(m->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &m->stmts[i], NULL) != SQLITE_OK)
            return storage_error(m, statements[i]);
    /* The WAL exists from the first transaction on, until the last connection closes. */
    if (sqlite3_exec(m->db, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL) != SQLITE_OK) return storage_error(m, path);
    return open_wal(m, path);
}

RESULT metadata_open_sqlite(struct metadata *out, const char *path)
{
    struct sqlite_metadata *m = calloc(1, sizeof *m);

    *out = (struct metadata){0};
    if (m == NULL) return fail(KMS_E_MEMORY, "opening the metadata");
    m->wal_fd = -1;
    enum kms_err err = set_up(m, path);
    if (err != KMS_OK) {
        sqlite_close(m);
        return err;
    }
    *out = (struct metadata){.ops = &sqlite_ops, .self = m};
    return KMS_OK;
}
