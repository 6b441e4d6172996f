/* SPDX-License-Identifier: Apache-2.0 */
/* What every store must do, asked of each in turn: memory, SQLite, and sealed over both. */
#include <stdio.h>

#include "cluster/store/store.h"
#include "tests/support/test.h"

struct kind {
    const char *name;
    bool        sqlite, sealed;
};

static const struct kind kinds[] = {
    {"memory", false, false}, {"sqlite", true, false}, {"sealed memory", false, true}, {"sealed sqlite", true, true}};

static void open_store(struct store *out, const struct kind *kind)
{
    struct store inner;
    SECRET_LOCAL dek = SECRET_NONE;

    print_message("    %s\n", kind->name);
    assert_ok(kind->sqlite ? store_open_sqlite(&inner, test_directory()) : store_open_memory(&inner));
    if (!kind->sealed) {
        *out = inner;
        return;
    }
    assert_ok(secret_alloc(&dek, 32));
    memset(dek.data, 7, 32);
    assert_ok(store_open_sealed(out, &inner, &dek, "tss1"));
}

static void for_each_kind(void (*run)(struct store *))
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct store s;
        open_store(&s, &kinds[i]);
        run(&s);
        store_close(&s);
    }
}

static struct store_id id_of(enum store_table table, const char *key, uint32_t version, uint32_t epoch)
{
    struct store_id id = {.table = table, .version = version, .epoch = epoch};

    (void)snprintf(id.key, sizeof id.key, "%s", key);
    return id;
}

static void assert_holds(struct store *s, const struct store_id *want, const char *value)
{
    struct store_id id = id_of(want->table, want->key, 0, 0);
    SECRET_LOCAL    got = SECRET_NONE;

    assert_ok(store_get(s, &id, &got));
    assert_true(bytes_equal_str(secret_view(&got), value));
    assert_int_equal(id.version, want->version);
    assert_int_equal(id.epoch, want->epoch);
}

static void put_get_replace_erase(struct store *s)
{
    struct store_id id = id_of(STORE_SHARE, "key1", 1, 2), next = id_of(STORE_SHARE, "key1", 1, 3);
    struct store_id same_name = id_of(STORE_TOMBSTONE, "key1", 0, 0);
    SECRET_LOCAL    value = SECRET_NONE;

    assert_err(KMS_E_NOT_FOUND, store_get(s, &id, &value));
    assert_err(KMS_E_NOT_FOUND, store_erase(s, &id));
    assert_ok(store_put(s, &id, bytes_str("one")));
    assert_holds(s, &id, "one");
    assert_ok(store_put(s, &same_name, bytes_str("a tombstone")));
    assert_ok(store_put(s, &next, bytes_str("two, longer than one")));
    assert_holds(s, &next, "two, longer than one");
    assert_ok(store_erase(s, &id));
    assert_err(KMS_E_NOT_FOUND, store_get(s, &id, &value));
    assert_holds(s, &same_name, "a tombstone");
    assert_ok(store_put(s, &id, BYTES_NONE));
    assert_holds(s, &id, "");
}

TEST(store, puts_gets_replaces_and_erases_records)
{
    for_each_kind(put_get_replace_erase);
}

struct seen {
    char   keys[256];
    size_t count, stop_at;
};

static enum kms_err see(void *arg, const struct store_id *id, struct bytes value)
{
    struct seen *seen = arg;

    assert_true(bytes_equal_str(value, id->key));
    (void)snprintf(seen->keys + strlen(seen->keys), sizeof seen->keys - strlen(seen->keys), "%s,", id->key);
    return ++seen->count == seen->stop_at ? KMS_E_ABORTED : KMS_OK;
}

static void each_in_order(struct store *s)
{
    static const char *const keys[] = {"m", "a", "z", "b"};
    struct seen              all = {0}, some = {.stop_at = 2}, none = {0};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct store_id id = id_of(STORE_STATEMENT, keys[i], 0, 0);
        assert_ok(store_put(s, &id, bytes_str(keys[i])));
    }
    assert_ok(store_each(s, STORE_STATEMENT, see, &all));
    assert_string_equal(all.keys, "a,b,m,z,");
    assert_int_equal(store_each(s, STORE_STATEMENT, see, &some), KMS_E_ABORTED);
    assert_string_equal(some.keys, "a,b,");
    assert_ok(store_each(s, STORE_META, see, &none));
    assert_int_equal(none.count, 0);
}

TEST(store, gives_a_table_in_order_of_key_and_stops_at_an_error)
{
    for_each_kind(each_in_order);
}

static void refuses_bad_ids(struct store *s)
{
    struct store_id no_key = id_of(STORE_SHARE, "", 0, 0), no_table = id_of((enum store_table)9, "k", 0, 0);
    struct store_id endless = {.table = STORE_SHARE}, good = id_of(STORE_SHARE, "k", 0, 0);
    static uint8_t  large[STORE_VALUE_MAX + 1];
    SECRET_LOCAL    value = SECRET_NONE;

    memset(endless.key, 'k', sizeof endless.key);
    assert_err(KMS_E_ARGUMENT, store_put(s, &no_key, bytes_str("v")));
    assert_err(KMS_E_ARGUMENT, store_put(s, &no_table, bytes_str("v")));
    assert_err(KMS_E_ARGUMENT, store_get(s, &endless, &value));
    assert_err(KMS_E_TOO_LARGE, store_put(s, &good, BYTES_OF(large)));
    assert_ok(store_put(s, &good, bytes(large, STORE_VALUE_MAX)));
}

TEST(store, refuses_ids_and_values_that_cannot_be)
{
    for_each_kind(refuses_bad_ids);
}

static struct store_log_row row_of(unsigned i)
{
    struct store_log_row row = {
        .time_ms = 1000 + (int64_t)i, .kind = "sign", .expires_s = 300, .item = i, .result = "begun"};

    (void)snprintf(row.access_key, sizeof row.access_key, "%032u", i);
    (void)snprintf(row.nonce, sizeof row.nonce, "nonce-%u", i);
    (void)snprintf(row.key_id, sizeof row.key_id, "key-%u", i);
    memset(row.request_hash, (int)i, sizeof row.request_hash);
    memset(row.data_hash, (int)i + 1, sizeof row.data_hash);
    return row;
}

static enum kms_err same_row(void *arg, const struct store_log_row *got)
{
    unsigned            *i = arg;
    struct store_log_row want = row_of(*i);

    assert_int_equal(got->seq, *i + 1);
    assert_int_equal(got->time_ms, want.time_ms);
    assert_int_equal(got->expires_s, want.expires_s);
    assert_int_equal(got->item, want.item);
    assert_string_equal(got->kind, want.kind);
    assert_string_equal(got->access_key, want.access_key);
    assert_string_equal(got->nonce, want.nonce);
    assert_string_equal(got->key_id, want.key_id);
    assert_string_equal(got->result, want.result);
    assert_memory_equal(got->request_hash, want.request_hash, 32);
    assert_memory_equal(got->data_hash, want.data_hash, 32);
    return ++*i == 7 ? KMS_E_ABORTED : KMS_OK;
}

static void log_keeps_rows(struct store *s)
{
    unsigned from_start = 0, from_middle = 4;

    assert_ok(store_log_verify(s));
    assert_int_equal(store_log_last(s), 0);
    for (unsigned i = 0; i < 10; i++) {
        struct store_log_row row = row_of(i);
        assert_ok(store_log_append(s, &row));
        assert_int_equal(row.seq, i + 1);
    }
    assert_int_equal(store_log_last(s), 10);
    assert_int_equal(store_log_each(s, 1, same_row, &from_start), KMS_E_ABORTED);
    assert_int_equal(from_start, 7);
    assert_int_equal(store_log_each(s, 5, same_row, &from_middle), KMS_E_ABORTED);
    assert_ok(store_log_each(s, 11, same_row, &from_start));
    assert_ok(store_log_verify(s));
}

TEST(store, keeps_log_rows_in_a_chain)
{
    for_each_kind(log_keeps_rows);
}
