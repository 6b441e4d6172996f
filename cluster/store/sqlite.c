/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store on SQLite: one file, shares.db, in a directory of its own, open in one process at a time.
 *
 * Write-ahead log; `put` and `erase` run with synchronous=FULL and are on the disk when they return; `log_append` runs
 * with synchronous=NORMAL: its row is with the operating system, and fdatasync on the -wal file makes it durable.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/store/log_chain.h"
#include "cluster/store/schema.h"
#include "cluster/store/store.h"
#include "common/base/check.h"

#define PATH_LEN_MAX 512
#define CHECKPOINT_PAGES 4096 /* 16 MiB of log between two checkpoints, which wait for the disk */

enum statement { PUT, GET, ERASE, EACH, LOG_APPEND, LOG_EACH, LOG_LAST, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [PUT] = "INSERT INTO record (tbl, key, version, epoch, value) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (tbl, key) DO UPDATE SET version = excluded.version, epoch = excluded.epoch, value = "
            "excluded.value",
    [GET] = "SELECT version, epoch, value FROM record WHERE tbl = ? AND key = ?",
    [ERASE] = "DELETE FROM record WHERE tbl = ? AND key = ?",
    [EACH] = "SELECT key, version, epoch, value FROM record WHERE tbl = ? ORDER BY key",
    [LOG_APPEND] =
        "INSERT INTO log (seq, time_ms, prev, hash, kind, access_key, nonce, request_hash, expires_s, key_id, item, "
        "data_hash, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [LOG_EACH] =
        "SELECT seq, time_ms, prev, hash, kind, access_key, nonce, request_hash, expires_s, key_id, item, data_hash, "
        "result FROM log WHERE seq >= ? ORDER BY seq",
    [LOG_LAST] = "SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1",
};

struct sqlite {
    sqlite3         *db;                     /* owned */
    sqlite3_stmt    *prepared[STATEMENTS];   /* owned */
    bool             full;                   /* synchronous=FULL is set */
    int              lock_fd, wal_fd;        /* owned; -1: none */
    char             path[PATH_LEN_MAX + 1]; /* of shares.db */
    struct log_chain chain;
};

static enum kms_err storage_error(const struct sqlite *s, const char *doing)
{
    int code = sqlite3_errcode(s->db);

    return fail(code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? KMS_E_CORRUPT : KMS_E_STORAGE, "%s: %s: %s", s->path,
                doing, sqlite3_errmsg(s->db));
}

/* SQLite takes this pragma between transactions at no cost; it does not wait for the disk itself. */
static enum kms_err set_full(struct sqlite *s, bool full)
{
    if (s->full == full) return KMS_OK;
    const char *pragma = full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
    if (sqlite3_exec(s->db, pragma, NULL, NULL, NULL) != SQLITE_OK) return storage_error(s, pragma);
    s->full = full;
    return KMS_OK;
}

static int bind_text(sqlite3_stmt *st, int at, const char *text)
{
    return sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

static int bind_bytes(sqlite3_stmt *st, int at, struct bytes value)
{
    return sqlite3_bind_blob64(st, at, value.len == 0 ? (const void *)"" : value.data, value.len, SQLITE_STATIC);
}

/* Runs a statement that gives no rows, and leaves it ready for the next use. */
static enum kms_err run(struct sqlite *s, sqlite3_stmt *st, int bound, const char *doing)
{
    int rc = bound == SQLITE_OK ? sqlite3_step(st) : bound;

    enum kms_err err = rc == SQLITE_DONE ? KMS_OK : storage_error(s, doing);
    (void)sqlite3_reset(st);
    (void)sqlite3_clear_bindings(st);
    return err;
}

static enum kms_err sqlite_put(void *self, const struct store_id *id, struct bytes value)
{
    struct sqlite *s = self;
    sqlite3_stmt  *st = s->prepared[PUT];

    TRY(set_full(s, true));
    int rc = sqlite3_bind_int(st, 1, (int)id->table);
    rc |= bind_text(st, 2, id->key);
    rc |= sqlite3_bind_int64(st, 3, id->version);
    rc |= sqlite3_bind_int64(st, 4, id->epoch);
    rc |= bind_bytes(st, 5, value);
    return run(s, st, rc, "writing a record");
}

static struct bytes column_bytes(sqlite3_stmt *st, int column)
{
    const void *data = sqlite3_column_blob(st, column);

    return bytes(data, (size_t)sqlite3_column_bytes(st, column));
}

static enum kms_err sqlite_get(void *self, struct store_id *id, struct secret *value)
{
    struct sqlite *s = self;
    sqlite3_stmt  *st = s->prepared[GET];
    enum kms_err   err = KMS_OK;

    int rc = sqlite3_bind_int(st, 1, (int)id->table);
    rc |= bind_text(st, 2, id->key);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        id->version = (uint32_t)sqlite3_column_int64(st, 0);
        id->epoch = (uint32_t)sqlite3_column_int64(st, 1);
        err = secret_copy(value, column_bytes(st, 2));
    } else if (rc == SQLITE_DONE) {
        err = fail(KMS_E_NOT_FOUND, "the store has no record %s", id->key);
    } else {
        err = storage_error(s, "reading a record");
    }
    (void)sqlite3_reset(st);
    return err;
}

static enum kms_err sqlite_erase(void *self, const struct store_id *id)
{
    struct sqlite *s = self;
    sqlite3_stmt  *st = s->prepared[ERASE];

    TRY(set_full(s, true));
    int rc = sqlite3_bind_int(st, 1, (int)id->table);
    rc |= bind_text(st, 2, id->key);
    TRY(run(s, st, rc, "erasing a record"));
    if (sqlite3_changes(s->db) == 0) return fail(KMS_E_NOT_FOUND, "the store has no record %s", id->key);
    /* The page with the record may still stand in the write-ahead log: fold that in and cut it to nothing. */
    if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        return storage_error(s, "folding the write-ahead log");
    return KMS_OK;
}

static enum kms_err each_record(struct sqlite *s, sqlite3_stmt *st, enum store_table table,
                                enum kms_err (*each)(void *arg, const struct store_id *, struct bytes value), void *arg)
{
    int rc;

    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct store_id id = {.table = table};
        const char     *key = (const char *)sqlite3_column_text(st, 0);
        if (key == NULL || strlen(key) > STORE_KEY_MAX)
            return fail(KMS_E_CORRUPT, "%s: a record's key is too long", s->path);
        (void)snprintf(id.key, sizeof id.key, "%s", key);
        id.version = (uint32_t)sqlite3_column_int64(st, 1);
        id.epoch = (uint32_t)sqlite3_column_int64(st, 2);
        TRY(each(arg, &id, column_bytes(st, 3)));
    }
    return rc == SQLITE_DONE ? KMS_OK : storage_error(s, "reading records");
}

static enum kms_err sqlite_each(void *self, enum store_table table,
                                enum kms_err (*each)(void *arg, const struct store_id *, struct bytes value), void *arg)
{
    struct sqlite *s = self;
    sqlite3_stmt  *st = s->prepared[EACH];

    if (sqlite3_bind_int(st, 1, (int)table) != SQLITE_OK) return storage_error(s, "reading records");
    enum kms_err err = each_record(s, st, table, each, arg);
    (void)sqlite3_reset(st);
    return err;
}

static enum kms_err sqlite_log_append(void *self, struct store_log_row *row)
{
    struct sqlite *s = self;
    sqlite3_stmt  *st = s->prepared[LOG_APPEND];

    TRY(set_full(s, false));
    log_chain_link(&s->chain, row);
    int rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)row->seq);
    rc |= sqlite3_bind_int64(st, 2, row->time_ms);
    rc |= bind_bytes(st, 3, BYTES_OF(row->prev));
    rc |= bind_bytes(st, 4, BYTES_OF(row->hash));
    rc |= bind_text(st, 5, row->kind);
    rc |= bind_text(st, 6, row->access_key);
    rc |= bind_text(st, 7, row->nonce);
    rc |= bind_bytes(st, 8, BYTES_OF(row->request_hash));
    rc |= sqlite3_bind_int64(st, 9, row->expires_s);
    rc |= bind_text(st, 10, row->key_id);
    rc |= sqlite3_bind_int64(st, 11, row->item);
    rc |= bind_bytes(st, 12, BYTES_OF(row->data_hash));
    rc |= bind_text(st, 13, row->result);
    TRY(run(s, st, rc, "appending to the log"));
    log_chain_advance(&s->chain, row);
    return KMS_OK;
}

/* A column of a log row into a field of fixed size; what does not fit makes the row wrong. */
static void take_text(sqlite3_stmt *st, int column, char *out, size_t size, bool *fits)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    size_t      len = text == NULL ? size : strlen(text);

    memset(out, 0, size);
    if (len >= size)
        *fits = false;
    else
        memcpy(out, text, len);
}

static void take_hash(sqlite3_stmt *st, int column, uint8_t out[32], bool *fits)
{
    struct bytes value = column_bytes(st, column);

    if (value.len == 32)
        memcpy(out, value.data, 32);
    else
        *fits = false;
}

static bool take_row(sqlite3_stmt *st, struct store_log_row *row)
{
    bool fits = true;

    memset(row, 0, sizeof *row);
    row->seq = (uint64_t)sqlite3_column_int64(st, 0);
    row->time_ms = sqlite3_column_int64(st, 1);
    take_hash(st, 2, row->prev, &fits);
    take_hash(st, 3, row->hash, &fits);
    take_text(st, 4, row->kind, sizeof row->kind, &fits);
    take_text(st, 5, row->access_key, sizeof row->access_key, &fits);
    take_text(st, 6, row->nonce, sizeof row->nonce, &fits);
    take_hash(st, 7, row->request_hash, &fits);
    row->expires_s = sqlite3_column_int64(st, 8);
    take_text(st, 9, row->key_id, sizeof row->key_id, &fits);
    row->item = (uint32_t)sqlite3_column_int64(st, 10);
    take_hash(st, 11, row->data_hash, &fits);
    take_text(st, 12, row->result, sizeof row->result, &fits);
    return fits;
}

static enum kms_err each_row(struct sqlite *s, sqlite3_stmt                                      *st,
                             enum kms_err (*each)(void *arg, const struct store_log_row *), void *arg)
{
    struct store_log_row row;
    int                  rc;

    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        if (!take_row(st, &row))
            return fail(KMS_E_CORRUPT, "log row %lld was altered: a field has the wrong size", (long long)row.seq);
        TRY(each(arg, &row));
    }
    return rc == SQLITE_DONE ? KMS_OK : storage_error(s, "reading the log");
}

static enum kms_err sqlite_log_each(void *self, uint64_t                                                 from,
                                    enum kms_err (*each)(void *arg, const struct store_log_row *), void *arg)
{
    struct sqlite *s = self;
    sqlite3_stmt  *st = s->prepared[LOG_EACH];

    if (from > INT64_MAX) return KMS_OK;
    if (sqlite3_bind_int64(st, 1, (sqlite3_int64)from) != SQLITE_OK) return storage_error(s, "reading the log");
    enum kms_err err = each_row(s, st, each, arg);
    (void)sqlite3_reset(st);
    return err;
}

static uint64_t sqlite_log_last(void *self)
{
    return ((struct sqlite *)self)->chain.seq;
}

static int sqlite_sync_fd(void *self)
{
    return ((struct sqlite *)self)->wal_fd;
}

static void sqlite_close(void *self)
{
    struct sqlite *s = self;

    for (int i = 0; i < STATEMENTS; i++) (void)sqlite3_finalize(s->prepared[i]);
    (void)sqlite3_close(s->db);
    if (s->wal_fd >= 0) (void)close(s->wal_fd);
    if (s->lock_fd >= 0) (void)close(s->lock_fd);
    free(s);
}

static const struct store_ops sqlite_ops = {
    .name = "sqlite",
    .put = sqlite_put,
    .get = sqlite_get,
    .erase = sqlite_erase,
    .each = sqlite_each,
    .log_append = sqlite_log_append,
    .log_each = sqlite_log_each,
    .log_last = sqlite_log_last,
    .sync_fd = sqlite_sync_fd,
    .close = sqlite_close,
};

static enum kms_err prepare_directory(const char *directory)
{
    struct stat info;

    if (strlen(directory) > PATH_LEN_MAX - 16)
        return fail(KMS_E_CONFIG, "the store's directory name is longer than %d bytes", PATH_LEN_MAX - 16);
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return fail(KMS_E_STORAGE, "%s: cannot be made: %s", directory, strerror(errno));
    if (stat(directory, &info) != 0 || !S_ISDIR(info.st_mode))
        return fail(KMS_E_STORAGE, "%s is not a directory", directory);
    if ((info.st_mode & 022) != 0)
        return fail(KMS_E_CONFIG, "%s may be written by others (mode %03o): chmod 0700 %s", directory,
                    (unsigned)(info.st_mode & 0777), directory);
    return KMS_OK;
}

/* Two processes on one store would fork its log and forget each other's deletions. */
static enum kms_err take_lock(struct sqlite *s, const char *directory)
{
    char path[PATH_LEN_MAX + 1];

    (void)snprintf(path, sizeof path, "%s/shares.lock", directory);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0) return fail(KMS_E_STORAGE, "%s: %s", path, strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return fail(KMS_E_CONFLICT, "%s is open in another process: stop that one first", s->path);
    return KMS_OK;
}

/* The file is made here, so that it never exists with another mode than 0600; the -wal file inherits it. */
static enum kms_err prepare_file(const struct sqlite *s)
{
    struct stat info;

    int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return fail(KMS_E_STORAGE, "%s: %s", s->path, strerror(errno));
    int rc = fstat(fd, &info);
    (void)close(fd);
    if (rc != 0 || !S_ISREG(info.st_mode)) return fail(KMS_E_STORAGE, "%s is not a regular file", s->path);
    if ((info.st_mode & 077) != 0)
        return fail(KMS_E_CONFIG, "%s may be read by others (mode %03o): chmod 0600 %s", s->path,
                    (unsigned)(info.st_mode & 0777), s->path);
    return KMS_OK;
}

static enum kms_err open_database(struct sqlite *s)
{
    static const char pragmas[] =
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        "PRAGMA temp_store = MEMORY;";
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;

    if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
        return fail(KMS_E_STORAGE, "%s: %s", s->path, s->db == NULL ? "no memory" : sqlite3_errmsg(s->db));
    (void)sqlite3_extended_result_codes(s->db, 0);
    if (sqlite3_exec(s->db, pragmas, NULL, NULL, NULL) != SQLITE_OK) return storage_error(s, "opening");
    (void)sqlite3_wal_autocheckpoint(s->db, CHECKPOINT_PAGES);
    TRY(schema_migrate(s->db, s->path));
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->prepared[i], NULL) != SQLITE_OK)
            return storage_error(s, "preparing a statement");
    return KMS_OK;
}

static enum kms_err load_chain(struct sqlite *s)
{
    sqlite3_stmt *st = s->prepared[LOG_LAST];
    bool          fits = true;

    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        s->chain.seq = (uint64_t)sqlite3_column_int64(st, 0);
        take_hash(st, 1, s->chain.hash, &fits);
    }
    (void)sqlite3_reset(st);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) return storage_error(s, "reading the log");
    return fits ? KMS_OK : fail(KMS_E_CORRUPT, "%s: the newest log row was altered", s->path);
}

static enum kms_err open_wal(struct sqlite *s)
{
    char path[PATH_LEN_MAX + 8];

    (void)snprintf(path, sizeof path, "%s-wal", s->path);
    s->wal_fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (s->wal_fd < 0) return fail(KMS_E_STORAGE, "%s: %s", path, strerror(errno));
    return KMS_OK;
}

static enum kms_err open_all(struct sqlite *s, const char *directory)
{
    TRY(take_lock(s, directory));
    TRY(prepare_file(s));
    TRY(open_database(s));
    TRY(load_chain(s));
    return open_wal(s);
}

RESULT store_open_sqlite(struct store *out, const char *directory)
{
    TRY(prepare_directory(directory));
    struct sqlite *s = calloc(1, sizeof *s);
    if (s == NULL) return fail(KMS_E_MEMORY, "sqlite store: no memory");
    s->lock_fd = s->wal_fd = -1;
    (void)snprintf(s->path, sizeof s->path, "%s/shares.db", directory);
    enum kms_err err = open_all(s, directory);
    if (err != KMS_OK) {
        sqlite_close(s);
        return err;
    }
    *out = (struct store){.ops = &sqlite_ops, .self = s};
    return KMS_OK;
}
