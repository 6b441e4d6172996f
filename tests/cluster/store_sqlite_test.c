/* SPDX-License-Identifier: Apache-2.0 */
/* What is particular to SQLite: files, modes, the lock, what survives, and how fast a row is logged. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/store/store.h"
#include "common/base/clock.h"
#include "tests/support/test.h"

static const struct store_id id = {.table = STORE_SHARE, .key = "key1", .version = 1, .epoch = 1};

static void path_in(char out[512], const char *directory, const char *name)
{
    assert_true(snprintf(out, 512, "%s/%s", directory, name) < 512);
}

static unsigned mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void sql(const char *directory, const char *text)
{
    char     path[512];
    sqlite3 *db;
    char    *error = NULL;

    path_in(path, directory, "shares.db");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK) fail_msg("%s: %s", text, error);
    sqlite3_close(db);
}

static void append(struct store *s, unsigned i)
{
    struct store_log_row row = {.time_ms = i, .kind = "sign", .result = "begun", .expires_s = 1};

    (void)snprintf(row.nonce, sizeof row.nonce, "nonce-%u", i);
    assert_ok(store_log_append(s, &row));
}

TEST(sqlite, makes_a_private_directory_with_private_files)
{
    struct store s;
    char         directory[512], path[512];

    path_in(directory, test_directory(), "leveldb_tss1");
    assert_ok(store_open_sqlite(&s, directory));
    assert_int_equal(mode_of(directory), 0700);
    path_in(path, directory, "shares.db");
    assert_int_equal(mode_of(path), 0600);
    path_in(path, directory, "shares.db-wal");
    assert_int_equal(mode_of(path), 0600);
    store_close(&s);
}

TEST(sqlite, refuses_files_that_others_may_read)
{
    struct store s;
    char         directory[512], path[512];

    path_in(directory, test_directory(), "data");
    assert_ok(store_open_sqlite(&s, directory));
    store_close(&s);
    path_in(path, directory, "shares.db");
    assert_int_equal(chmod(path, 0640), 0);
    assert_err(KMS_E_CONFIG, store_open_sqlite(&s, directory));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(directory, 0777), 0);
    assert_err(KMS_E_CONFIG, store_open_sqlite(&s, directory));
}

TEST(sqlite, is_open_in_one_place_only)
{
    struct store s, second;
    const char  *directory = test_directory();

    assert_ok(store_open_sqlite(&s, directory));
    assert_err(KMS_E_CONFLICT, store_open_sqlite(&second, directory));
    store_close(&s);
    assert_ok(store_open_sqlite(&second, directory));
    store_close(&second);
}

TEST(sqlite, refuses_what_is_not_its_database)
{
    struct store s;
    const char  *directory = test_directory();
    char         path[512];

    path_in(path, directory, "shares.db");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 500; i++) fputs("this is no database", file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
    assert_err(KMS_E_CORRUPT, store_open_sqlite(&s, directory));
}

TEST(sqlite, refuses_another_applications_and_a_newer_programs_database)
{
    struct store s;
    const char  *directory = test_directory();

    assert_ok(store_open_sqlite(&s, directory));
    store_close(&s);
    sql(directory, "PRAGMA user_version = 99");
    assert_err(KMS_E_UNSUPPORTED, store_open_sqlite(&s, directory));
    sql(directory, "PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert_err(KMS_E_CORRUPT, store_open_sqlite(&s, directory));
}

TEST(sqlite, remembers_after_it_was_closed)
{
    struct store    s;
    const char     *directory = test_directory();
    struct store_id got = {.table = STORE_SHARE, .key = "key1"};
    SECRET_LOCAL    value = SECRET_NONE;

    assert_ok(store_open_sqlite(&s, directory));
    assert_ok(store_put(&s, &id, bytes_str("kept")));
    append(&s, 1);
    store_close(&s);
    assert_ok(store_open_sqlite(&s, directory));
    assert_ok(store_get(&s, &got, &value));
    assert_true(bytes_equal_str(secret_view(&value), "kept"));
    append(&s, 2);
    assert_int_equal(store_log_last(&s), 2);
    assert_ok(store_log_verify(&s));
    store_close(&s);
}

/* A process that ends without closing: what put and log_append returned for is there. */
TEST(sqlite, remembers_after_the_process_was_killed)
{
    struct store    s;
    const char     *directory = test_directory();
    struct store_id got = {.table = STORE_SHARE, .key = "key1"};
    SECRET_LOCAL    value = SECRET_NONE;
    int             status;

    pid_t child = fork();
    if (child == 0) {
        if (store_open_sqlite(&s, directory) != KMS_OK || store_put(&s, &id, bytes_str("kept")) != KMS_OK) _exit(1);
        for (unsigned i = 0; i < 100; i++) append(&s, i);
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_ok(store_open_sqlite(&s, directory));
    assert_ok(store_get(&s, &got, &value));
    assert_int_equal(store_log_last(&s), 100);
    assert_ok(store_log_verify(&s));
    store_close(&s);
}

TEST(sqlite, erases_a_record_from_its_files_too)
{
    static const char marker[] = "a-marker-that-stands-nowhere-else";
    const char       *directory = test_directory();
    struct store      s;

    assert_ok(store_open_sqlite(&s, directory));
    assert_ok(store_put(&s, &id, bytes_str(marker)));
    assert_ok(store_erase(&s, &id));
    for (int i = 0; i < 2; i++) {
        char      path[512];
        BUF_LOCAL all = BUF_INIT(1 << 24);
        path_in(path, directory, i == 0 ? "shares.db" : "shares.db-wal");
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        uint8_t block[4096];
        for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) assert_ok(buf_append(&all, bytes(block, n)));
        fclose(file);
        assert_null(memmem(buf_str(&all), all.len, marker, strlen(marker)));
    }
    store_close(&s);
}

TEST(sqlite, gives_a_descriptor_that_makes_rows_durable)
{
    struct store s;

    assert_ok(store_open_sqlite(&s, test_directory()));
    append(&s, 1);
    assert_true(store_sync_fd(&s) >= 0);
    assert_int_equal(fdatasync(store_sync_fd(&s)), 0);
    store_close(&s);
}

static void make_log(const char *directory)
{
    struct store s;

    assert_ok(store_open_sqlite(&s, directory));
    for (unsigned i = 1; i <= 5; i++) append(&s, i);
    store_close(&s);
}

static void assert_log_corrupt(const char *directory, const char *says)
{
    struct store s;

    assert_ok(store_open_sqlite(&s, directory));
    assert_err(KMS_E_CORRUPT, store_log_verify(&s));
    if (strstr(error_text(), says) == NULL) fail_msg("\"%s\" does not say \"%s\"", error_text(), says);
    store_close(&s);
}

TEST(sqlite, names_the_first_log_row_that_was_altered_or_removed)
{
    static const struct {
        const char *change, *says;
    } changes[] = {
        {"UPDATE log SET result = 'ok' WHERE seq = 3", "row 3 was altered"},
        {"UPDATE log SET time_ms = 9 WHERE seq = 2", "row 2 was altered"},
        {"UPDATE log SET hash = zeroblob(32) WHERE seq = 4", "row 4 was altered"},
        {"UPDATE log SET prev = zeroblob(32) WHERE seq = 4", "row 4 does not follow"},
        {"UPDATE log SET request_hash = zeroblob(31) WHERE seq = 4", "row 4 was altered"},
        {"DELETE FROM log WHERE seq = 2", "row 2 is missing"},
        {"DELETE FROM log WHERE seq = 1", "row 1 is missing"},
    };

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        const char *directory = test_directory();
        make_log(directory);
        sql(directory, "DROP TRIGGER log_is_not_changed; DROP TRIGGER log_is_not_cut");
        sql(directory, changes[i].change);
        assert_log_corrupt(directory, changes[i].says);
    }
}

TEST(sqlite, does_not_let_sql_change_the_log)
{
    const char *directory = test_directory();
    char        path[512];
    sqlite3    *db;

    make_log(directory);
    path_in(path, directory, "shares.db");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "UPDATE log SET result = 'ok'", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "DELETE FROM log", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

TEST(sqlite, logs_a_row_in_microseconds)
{
    struct store s;
    unsigned     rows = (unsigned)test_knob("KMS_LOG_ROWS", 5000);

    assert_ok(store_open_sqlite(&s, test_directory()));
    uint64_t start = clock_monotonic_us();
    for (unsigned i = 0; i < rows; i++) append(&s, i);
    uint64_t took = clock_monotonic_us() - start;
    print_message("    %.1f us per row over %u rows\n", (double)took / rows, rows);
    assert_int_equal(store_log_last(&s), rows);
    store_close(&s);
}
