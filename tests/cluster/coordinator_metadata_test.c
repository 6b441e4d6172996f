/* SPDX-License-Identifier: Apache-2.0 */
/* Conformance of the metadata's two implementations, and what SQLite alone must keep: file mode, schema, append-only.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/coordinator/metadata.h"
#include "common/base/clock.h"
#include "tests/support/test.h"

#define ALICE "spiffe://dev/client/alice"
#define BOB "spiffe://dev/client/bob"

static void set(struct buf *b, const char *text)
{
    buf_clear(b);
    assert_ok(buf_append_str(b, text));
}

static void make_key(struct key_record *r, char letter, const char *owner)
{
    key_record_init(r);
    memset(r->key_id, letter, KEY_ID_LEN);
    (void)snprintf(r->owner, sizeof r->owner, "%s", owner);
    (void)snprintf(r->state, sizeof r->state, "ENABLED");
    (void)snprintf(r->label, sizeof r->label, "label of %c", letter);
    (void)snprintf(r->idempotency_key, sizeof r->idempotency_key, "key-%c", letter);
    set(&r->id, "\x01\x02");
    set(&r->attributes, "{\"a\":\"b\"}");
    set(&r->birth, "birth");
    set(&r->request, "request");
    r->revision = 1;
    r->created_ms = 1000;
    r->changed_ms = 1000;
    memset(r->body_hash, letter, sizeof r->body_hash);
}

static void make_object(struct object_record *r, char letter, const char *owner)
{
    object_record_init(r);
    memset(r->object_id, letter, KEY_ID_LEN);
    (void)snprintf(r->owner, sizeof r->owner, "%s", owner);
    (void)snprintf(r->object_class, sizeof r->object_class, "data");
    set(&r->value, "value");
    set(&r->attributes, "{}");
    set(&r->request, "request");
    r->revision = 1;
}

static struct log_record make_log(const char *operation)
{
    struct log_record r = {.created_time = 5, .duration_ms = 7};

    (void)snprintf(r.operation, sizeof r.operation, "%s", operation);
    (void)snprintf(r.user_id, sizeof r.user_id, ALICE);
    (void)snprintf(r.result, sizeof r.result, "ok");
    (void)snprintf(r.detail, sizeof r.detail, "{}");
    return r;
}

struct names {
    char     text[512];
    unsigned count;
};

static enum kms_err add_key(void *arg, const struct key_record *r)
{
    struct names *n = arg;
    n->text[n->count++] = r->key_id[0];
    return KMS_OK;
}

static enum kms_err add_object(void *arg, const struct object_record *r)
{
    struct names *n = arg;
    n->text[n->count++] = r->object_id[0];
    return KMS_OK;
}

static enum kms_err add_log(void *arg, int64_t row, const struct log_record *r)
{
    struct names *n = arg;
    size_t        at = strlen(n->text);
    n->count++;
    (void)snprintf(n->text + at, sizeof n->text - at, "%d:%s ", (int)row, r->operation);
    return KMS_OK;
}

static enum kms_err refuse_second(void *arg, const struct key_record *r)
{
    unsigned *count = arg;
    (void)r;
    return ++*count == 2 ? KMS_E_INTERNAL : KMS_OK;
}

static void check_keys(struct metadata *m)
{
    KEY_RECORD_LOCAL  a, b, c, back;
    struct log_record log = make_log("KEY_GENERATE");

    make_key(&a, 'a', ALICE);
    make_key(&b, 'b', BOB);
    make_key(&c, 'c', ALICE);
    key_record_init(&back);
    assert_err(KMS_E_NOT_FOUND, m->ops->key_get(m->self, a.key_id, &back));
    assert_ok(m->ops->key_put(m->self, &c, &log));
    assert_ok(m->ops->key_put(m->self, &a, NULL));
    assert_ok(m->ops->key_put(m->self, &b, NULL));

    assert_ok(m->ops->key_get(m->self, a.key_id, &back));
    assert_string_equal(back.owner, ALICE);
    assert_string_equal(back.label, "label of a");
    assert_string_equal(buf_str(&back.attributes), "{\"a\":\"b\"}");
    assert_string_equal(buf_str(&back.birth), "birth");
    assert_int_equal(back.change.len, 0);
    assert_memory_equal(back.body_hash, a.body_hash, 32);
    key_record_clear(&back);
    assert_ok(m->ops->key_find(m->self, ALICE, "key-c", &back));
    assert_string_equal(back.key_id, c.key_id);
    assert_err(KMS_E_NOT_FOUND, m->ops->key_find(m->self, BOB, "key-c", &a));
}

static void check_listing(struct metadata *m)
{
    struct names all = {0}, alice = {0}, page = {0};
    unsigned     seen = 0;

    assert_ok(m->ops->key_each(m->self, NULL, "", 100, add_key, &all));
    assert_string_equal(all.text, "abc");
    assert_ok(m->ops->key_each(m->self, ALICE, "", 100, add_key, &alice));
    assert_string_equal(alice.text, "ac");
    assert_ok(m->ops->key_each(m->self, NULL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1, add_key, &page));
    assert_string_equal(page.text, "b");
    assert_err(KMS_E_INTERNAL, m->ops->key_each(m->self, NULL, "", 100, refuse_second, &seen));
    assert_int_equal(seen, 2);
}

static void check_changes(struct metadata *m)
{
    KEY_RECORD_LOCAL a, back, thief;
    struct names     all = {0}, doomed = {0};
    uint64_t         count;

    make_key(&a, 'a', ALICE);
    set(&a.birth, "another birth");
    (void)snprintf(a.label, sizeof a.label, "new");
    (void)snprintf(a.state, sizeof a.state, "PENDING_DELETION");
    set(&a.destroy, "signed delete");
    a.revision = 2;
    assert_ok(m->ops->key_put(m->self, &a, NULL));
    key_record_init(&back);
    assert_ok(m->ops->key_get(m->self, a.key_id, &back));
    assert_string_equal(back.label, "new");
    assert_int_equal(back.revision, 2);
    assert_string_equal(buf_str(&back.birth), "birth");
    assert_ok(m->ops->key_each(m->self, NULL, "", 100, add_key, &all));
    assert_string_equal(all.text, "bc");
    assert_ok(m->ops->key_count(m->self, &count));
    assert_int_equal(count, 2);
    assert_ok(m->ops->key_each_doomed(m->self, "", 100, add_key, &doomed));
    assert_string_equal(doomed.text, "a");

    make_key(&thief, 'd', ALICE);
    (void)snprintf(thief.idempotency_key, sizeof thief.idempotency_key, "key-c");
    assert_err(KMS_E_CONFLICT, m->ops->key_put(m->self, &thief, NULL));
    key_record_clear(&back);
    assert_ok(m->ops->key_find(m->self, ALICE, "key-c", &back));
    assert_int_equal(back.key_id[0], 'c');
}

static void check_objects(struct metadata *m)
{
    OBJECT_RECORD_LOCAL o, p, back;
    struct names        all = {0};
    struct log_record   log = make_log("OBJECT_DELETE");

    make_object(&o, 'o', ALICE);
    make_object(&p, 'p', BOB);
    object_record_init(&back);
    assert_ok(m->ops->object_put(m->self, &p, NULL));
    assert_ok(m->ops->object_put(m->self, &o, NULL));
    (void)snprintf(o.label, sizeof o.label, "changed");
    o.revision = 2;
    assert_ok(m->ops->object_put(m->self, &o, NULL));
    assert_ok(m->ops->object_get(m->self, o.object_id, &back));
    assert_string_equal(back.label, "changed");
    assert_string_equal(buf_str(&back.value), "value");
    assert_ok(m->ops->object_each(m->self, NULL, "", 10, add_object, &all));
    assert_string_equal(all.text, "op");
    assert_ok(m->ops->object_erase(m->self, o.object_id, &log));
    object_record_clear(&back);
    assert_err(KMS_E_NOT_FOUND, m->ops->object_get(m->self, o.object_id, &back));
    assert_err(KMS_E_NOT_FOUND, m->ops->object_erase(m->self, o.object_id, NULL));
    assert_err(KMS_E_CONFLICT, m->ops->object_put(m->self, &o, NULL));
}

static void check_log(struct metadata *m)
{
    struct log_record log = make_log("KEY_SIGN");
    struct names      all = {0}, tail = {0};

    assert_ok(m->ops->log_append(m->self, &log));
    assert_ok(m->ops->log_each(m->self, 0, 10, add_log, &all));
    assert_string_equal(all.text, "1:KEY_GENERATE 2:OBJECT_DELETE 3:KEY_SIGN ");
    assert_ok(m->ops->log_each(m->self, 2, 1, add_log, &tail));
    assert_string_equal(tail.text, "2:OBJECT_DELETE ");
}

static void check_generations(struct metadata *m)
{
    KEY_RECORD_LOCAL c;
    uint64_t         alice, bob, all, after;

    assert_ok(m->ops->generation(m->self, ALICE, &alice));
    assert_ok(m->ops->generation(m->self, BOB, &bob));
    assert_ok(m->ops->generation(m->self, NULL, &all));
    make_key(&c, 'c', ALICE);
    assert_ok(m->ops->key_put(m->self, &c, NULL));
    assert_ok(m->ops->generation(m->self, ALICE, &after));
    assert_int_not_equal(after, alice);
    assert_ok(m->ops->generation(m->self, NULL, &after));
    assert_int_not_equal(after, all);
    assert_ok(m->ops->generation(m->self, BOB, &after));
    assert_int_equal(after, bob);
    assert_ok(m->ops->generation(m->self, "spiffe://dev/client/nobody", &after));
    assert_int_equal(after, 0);
}

static void conforms(struct metadata *m)
{
    check_keys(m);
    check_listing(m);
    check_changes(m);
    check_objects(m);
    check_log(m);
    check_generations(m);
}

static const char *database_path(void)
{
    static char path[600];
    (void)snprintf(path, sizeof path, "%s/kms.db", test_directory());
    return path;
}

TEST(metadata, in_memory_conforms)
{
    struct metadata m;

    assert_ok(metadata_open_memory(&m));
    conforms(&m);
    assert_int_equal(m.ops->sync_fd(m.self), -1);
    metadata_close(&m);
}

TEST(metadata, on_sqlite_conforms)
{
    struct metadata m;

    assert_ok(metadata_open_sqlite(&m, database_path()));
    conforms(&m);
    assert_int_equal(fdatasync(m.ops->sync_fd(m.self)), 0);
    metadata_close(&m);
}

TEST(metadata, survives_being_reopened)
{
    struct metadata  m;
    const char      *path = database_path();
    KEY_RECORD_LOCAL a, back;
    uint64_t         before, after;

    make_key(&a, 'a', ALICE);
    key_record_init(&back);
    assert_ok(metadata_open_sqlite(&m, path));
    assert_ok(m.ops->key_put(m.self, &a, NULL));
    assert_ok(m.ops->generation(m.self, ALICE, &before));
    metadata_close(&m);
    assert_ok(metadata_open_sqlite(&m, path));
    assert_ok(m.ops->key_get(m.self, a.key_id, &back));
    assert_ok(m.ops->generation(m.self, ALICE, &after));
    assert_int_equal(before, after);
    metadata_close(&m);
}

TEST(metadata, files_are_for_their_owner_only)
{
    struct metadata m;
    struct stat     info;
    char            wal[700];
    const char     *path = database_path();

    assert_ok(metadata_open_sqlite(&m, path));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    assert_int_equal(stat(wal, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    metadata_close(&m);
    assert_int_equal(chmod(path, 0640), 0);
    assert_err(KMS_E_CONFIG, metadata_open_sqlite(&m, path));
}

static int run_sql(sqlite3 *db, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc;
}

TEST(metadata, log_rows_cannot_be_changed_removed_or_replaced)
{
    struct metadata   m;
    struct log_record log = make_log("KEY_SIGN");
    const char       *path = database_path();
    sqlite3          *db;

    assert_ok(metadata_open_sqlite(&m, path));
    assert_ok(m.ops->log_append(m.self, &log));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(run_sql(db, "UPDATE t_key_operation_log SET result = 'denied'"), SQLITE_CONSTRAINT);
    assert_int_equal(run_sql(db, "DELETE FROM t_key_operation_log"), SQLITE_CONSTRAINT);
    assert_int_equal(run_sql(db, "INSERT OR REPLACE INTO t_key_operation_log VALUES"
                                 " (1, '', '', '', '', 0, '', '', 0, '', '', '')"),
                     SQLITE_CONSTRAINT);
    assert_int_equal(run_sql(db, "INSERT INTO t_key_operation_log VALUES"
                                 " (NULL, '', '', '', '', 0, '', '', 0, '', '', '')"),
                     SQLITE_OK);
    sqlite3_close(db);
    metadata_close(&m);
}

TEST(metadata, a_row_and_its_key_are_one_transaction)
{
    struct metadata   m;
    KEY_RECORD_LOCAL  a, back;
    struct log_record log = make_log("KEY_GENERATE");
    const char       *path = database_path();
    struct names      rows = {0};
    sqlite3          *db;

    make_key(&a, 'a', ALICE);
    key_record_init(&back);
    assert_ok(metadata_open_sqlite(&m, path));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(run_sql(db, "CREATE TRIGGER full BEFORE INSERT ON t_key_operation_log"
                                 " BEGIN SELECT RAISE(ABORT, 'disk full'); END"),
                     SQLITE_OK);
    assert_err(KMS_E_STORAGE, m.ops->key_put(m.self, &a, &log));
    assert_err(KMS_E_NOT_FOUND, m.ops->key_get(m.self, a.key_id, &back));
    assert_int_equal(run_sql(db, "DROP TRIGGER full"), SQLITE_OK);
    assert_ok(m.ops->key_put(m.self, &a, &log));
    assert_ok(m.ops->log_each(m.self, 0, 10, add_log, &rows));
    assert_int_equal(rows.count, 1);
    sqlite3_close(db);
    metadata_close(&m);
}

/* Every column of every table. A new one is added here only by somebody who has asked what it can hold. */
static const char expected_columns[] =
    "t_generation.owner t_generation.value "
    "t_key.key_id t_key.owner t_key.state t_key.label t_key.id t_key.attributes t_key.revision t_key.created_time "
    "t_key.changed_time t_key.deletion_due t_key.birth_certificate t_key.request t_key.change t_key.destroy "
    "t_key.destroy_confirmed t_key.idempotency_key t_key.body_hash "
    "t_key_operation_log.row t_key_operation_log.user_id t_key_operation_log.key_id t_key_operation_log.operation "
    "t_key_operation_log.result t_key_operation_log.created_time t_key_operation_log.service_name "
    "t_key_operation_log.node_id t_key_operation_log.duration_ms t_key_operation_log.data_hash "
    "t_key_operation_log.audit_trail t_key_operation_log.detail "
    "t_object.object_id t_object.owner t_object.object_class t_object.label t_object.id t_object.value "
    "t_object.attributes t_object.revision t_object.created_time t_object.changed_time t_object.request "
    "t_object.change t_object.erased ";

static int add_column(void *arg, int count, char **values, char **names)
{
    struct buf *out = arg;
    (void)count, (void)names;
    return buf_printf(out, "%s ", values[0]) == KMS_OK ? 0 : 1;
}

TEST(metadata, schema_has_no_column_for_a_share)
{
    struct metadata m;
    const char     *path = database_path();
    BUF_LOCAL       columns = BUF_INIT(8192);
    sqlite3        *db;

    assert_ok(metadata_open_sqlite(&m, path));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "SELECT t.name || '.' || c.name FROM pragma_table_list t, pragma_table_info(t.name) c"
                                  " WHERE t.type = 'table' AND t.strict AND t.name NOT LIKE 'sqlite_%'"
                                  " ORDER BY t.name, c.cid",
                                  add_column, &columns, NULL),
                     SQLITE_OK);
    assert_string_equal(buf_str(&columns), expected_columns);
    buf_clear(&columns);
    assert_int_equal(sqlite3_exec(db,
                                  "SELECT name FROM pragma_table_list WHERE NOT strict AND name NOT LIKE 'sqlite_%'",
                                  add_column, &columns, NULL),
                     SQLITE_OK);
    assert_string_equal(buf_str(&columns), "");
    sqlite3_close(db);
    metadata_close(&m);
}

TEST(metadata, refuses_a_database_from_the_future)
{
    struct metadata m;
    const char     *path = database_path();
    sqlite3        *db;

    assert_ok(metadata_open_sqlite(&m, path));
    metadata_close(&m);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(run_sql(db, "PRAGMA user_version = 99"), SQLITE_OK);
    sqlite3_close(db);
    assert_err(KMS_E_CONFIG, metadata_open_sqlite(&m, path));
}

TEST(metadata, refuses_a_file_that_is_no_database)
{
    struct metadata m;
    const char     *path = database_path();
    int             fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    for (int i = 0; i < 100; i++) assert_int_equal(write(fd, "not a database at all ", 22), 22);
    close(fd);
    assert_true(metadata_open_sqlite(&m, path) != KMS_OK);
}

TEST(metadata, a_log_row_is_cheap)
{
    struct metadata   m;
    struct log_record log = make_log("KEY_SIGN");
    unsigned          rows = (unsigned)test_knob("KMS_LOG_ROWS", 2000);

    assert_ok(metadata_open_sqlite(&m, database_path()));
    memset(log.data_hash, 'a', 64);
    memset(log.detail, 'b', 300);
    (void)snprintf(log.audit_trail, sizeof log.audit_trail, "127.0.0.1 kms-pkcs11/0.1.0");
    uint64_t start = clock_monotonic_us();
    for (unsigned i = 0; i < rows; i++) {
        (void)snprintf(log.key_id, sizeof log.key_id, "%08xbcdefghijklmnopqrstuvwxy", i * 2654435761u);
        assert_ok(m.ops->log_append(m.self, &log));
    }
    uint64_t each_ns = (clock_monotonic_us() - start) * 1000 / rows;
    print_message("log_append: %u.%u us\n", (unsigned)(each_ns / 1000), (unsigned)(each_ns % 1000 / 100));
    assert_true(each_ns < 5000000);
    metadata_close(&m);
}
