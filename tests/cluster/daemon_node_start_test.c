/* SPDX-License-Identifier: Apache-2.0 */
/* Before a node may serve: where its DEK lies, how it gets its password, and whether the machine stopped under it. */
#include "cluster/daemon/node_start.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/pki/pki.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

#define ITERATIONS 10000

static void folders_in(struct node_options *o, const char *base)
{
    memset(o, 0, sizeof *o);
    (void)strcpy(o->common.name, "tss1");
    (void)snprintf(o->dek, sizeof o->dek, "%.450s/certs/tss1.dek", base);
    (void)snprintf(o->data, sizeof o->data, "%.450s/data", base);
}

/* base/certs with the DEK under "right"; base/data. */
static void node_folders(struct node_options *o)
{
    char         folder[700], base[600];
    SECRET_LOCAL password = SECRET_NONE;

    (void)snprintf(base, sizeof base, "%s", test_directory());
    folders_in(o, base);
    (void)snprintf(folder, sizeof folder, "%s/certs", base);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_ok(secret_copy(&password, bytes_str("right")));
    assert_ok(dek_create(o->dek, "tss1", &password, ITERATIONS));
}

static int descriptor_of(const char *text)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    (void)close(ends[1]);
    return ends[0];
}

TEST(node_start, makes_the_data_folder_for_its_owner_alone)
{
    struct node_options o;
    struct stat         info;

    node_folders(&o);
    assert_ok(node_check_folders(&o));
    assert_int_equal(stat(o.data, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);

    assert_int_equal(chmod(o.data, 0750), 0);
    assert_err(KMS_E_CONFIG, node_check_folders(&o));
}

TEST(node_start, refuses_a_dek_beside_or_below_the_data)
{
    struct node_options o;
    char                below[sizeof o.data + 16];

    node_folders(&o);
    assert_ok(node_check_folders(&o));
    (void)snprintf(below, sizeof below, "%s/keys", o.data);
    assert_int_equal(mkdir(below, 0700), 0);
    (void)snprintf(o.dek, sizeof o.dek, "%.450s/tss1.dek", below);
    assert_err(KMS_E_CONFIG, node_check_folders(&o));
    (void)snprintf(o.dek, sizeof o.dek, "%.400s/../data/tss1.dek", o.data);
    assert_err(KMS_E_CONFIG, node_check_folders(&o));
    /* A name that only begins alike is another folder. */
    (void)snprintf(below, sizeof below, "%.500s2", o.data);
    assert_int_equal(mkdir(below, 0700), 0);
    (void)snprintf(o.dek, sizeof o.dek, "%.450s/tss1.dek", below);
    assert_ok(node_check_folders(&o));
}

TEST(node_start, opens_the_store_with_the_password_of_a_descriptor)
{
    struct node_options o;
    struct store        store = {0};

    node_folders(&o);
    assert_ok(node_check_folders(&o));
    assert_err(KMS_E_PASSWORD, node_open_store(&store, &o, descriptor_of("wrong\n")));
    assert_ok(node_open_store(&store, &o, descriptor_of("right\n")));
    store_close(&store);
}

TEST(node_start, opens_the_store_with_a_systemd_credential)
{
    struct node_options o;
    struct store        store = {0};
    char                path[700], folder[600];

    node_folders(&o);
    assert_ok(node_check_folders(&o));
    (void)snprintf(folder, sizeof folder, "%s", test_directory());
    (void)snprintf(path, sizeof path, "%s/tss1.password", folder);
    test_write_file(path, bytes_str("right"), 0400);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_ok(node_open_store(&store, &o, -1));
    store_close(&store);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void add_row(struct store *store)
{
    struct store_log_row row = {.kind = "sign", .result = "begun"};

    assert_ok(store_log_append(store, &row));
}

#define NOW_S 1800000000

static void forge_mark(struct store *store, const char *mark)
{
    struct store_id id = {.table = STORE_META, .key = "run"};

    assert_ok(store_put(store, &id, bytes_str(mark)));
}

TEST(node_start, tells_a_stop_of_the_machine_from_a_stop_of_the_process)
{
    struct store store;
    bool         unclean = true;

    assert_ok(store_open_memory(&store));
    assert_ok(node_mark_running(&store, &unclean, NOW_S, BOOT_ID_FILE)); /* the first start ever */
    assert_false(unclean);
    add_row(&store);
    assert_ok(node_mark_running(&store, &unclean, NOW_S, BOOT_ID_FILE)); /* killed: the kernel has the rows */
    assert_false(unclean);
    forge_mark(&store, "running 00000000-0000-0000-0000-000000000000");
    assert_ok(node_mark_running(&store, &unclean, NOW_S, BOOT_ID_FILE)); /* another boot, and it ran when that ended */
    assert_true(unclean);
    assert_ok(node_mark_stopped(&store));
    assert_ok(node_mark_running(&store, &unclean, NOW_S + 36, BOOT_ID_FILE));
    assert_false(unclean);
    store_close(&store);
}

TEST(node_start, fears_nothing_for_a_log_without_rows)
{
    struct store store;
    bool         unclean = true;

    assert_ok(store_open_memory(&store));
    forge_mark(&store, "running 00000000-0000-0000-0000-000000000000");
    assert_ok(node_mark_running(&store, &unclean, NOW_S, BOOT_ID_FILE));

    assert_false(unclean);
    store_close(&store);
}

/* The node refuses what was made before its start + 30 s: another start within that time knows no better. */
TEST(node_start, stays_unclean_until_its_refusals_are_over)
{
    static const struct {
        bool    stopped; /* in order, in between */
        int64_t after_s;
        bool    unclean;
    } rows[] = {{false, 1, true}, {false, 34, true}, {false, 35, false},
                {true, 1, true},  {true, 34, true},  {true, 35, false}};

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct store store;
        bool         unclean = false;
        assert_ok(store_open_memory(&store));
        add_row(&store);
        forge_mark(&store, "running 00000000-0000-0000-0000-000000000000");
        assert_ok(node_mark_running(&store, &unclean, NOW_S, BOOT_ID_FILE));
        assert_true(unclean);
        if (rows[i].stopped) assert_ok(node_mark_stopped(&store));
        assert_ok(node_mark_running(&store, &unclean, NOW_S + rows[i].after_s, BOOT_ID_FILE));
        assert_int_equal(unclean, rows[i].unclean);
        store_close(&store);
    }
}

TEST(node_start, takes_a_boot_that_it_cannot_name_for_another)
{
    struct store store;
    bool         unclean = true;

    assert_ok(store_open_memory(&store));
    add_row(&store);
    assert_ok(node_mark_running(&store, &unclean, NOW_S, "/nonexistent"));
    assert_false(unclean); /* it has never run */
    assert_ok(node_mark_running(&store, &unclean, NOW_S, "/nonexistent"));
    assert_true(unclean);
    assert_ok(node_mark_running(&store, &unclean, NOW_S + 100, BOOT_ID_FILE));
    assert_true(unclean);
    assert_ok(node_mark_stopped(&store));
    assert_ok(node_mark_running(&store, &unclean, NOW_S + 200, "/nonexistent"));
    assert_false(unclean); /* everything was on disk */
    store_close(&store);
}

TEST(node_start, does_not_start_on_a_mark_that_makes_no_sense)
{
    struct store store;
    bool         unclean;

    assert_ok(store_open_memory(&store));
    forge_mark(&store, "walking");
    assert_err(KMS_E_CORRUPT, node_mark_running(&store, &unclean, NOW_S, BOOT_ID_FILE));
    store_close(&store);
}
