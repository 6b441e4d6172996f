/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files: values, defaults, and errors that say file, line, option and what is allowed. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config/config.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

struct peer {
    char    name[9];
    char    address[16];
    int64_t port;
};

struct settings {
    char        cluster[9];
    char        data[256];
    int64_t     port;
    bool        tls;
    char        allow[3][20];
    unsigned    allow_count;
    struct peer peers[2];
    unsigned    peer_count;
};

#define AT(field) .offset = offsetof(struct settings, field)

static const struct config_option options[] = {
    {.name = "cluster", .type = CONFIG_TEXT, AT(cluster), .size = 9, .text = NULL, .help = "the cluster's name"},
    {.name = "data", .type = CONFIG_PATH, AT(data), .size = 256, .text = "data/store"},
    {.name = "port", .type = CONFIG_INT, AT(port), .number = 9000, .min = 0, .max = 65535},
    {.name = "tls", .type = CONFIG_BOOL, AT(tls), .number = 1},
    {.name = "allow",
     .type = CONFIG_LIST,
     AT(allow),
     .size = 20,
     .text = "0.0.0.0/0,::/0",
     .max = 3,
     .count_offset = offsetof(struct settings, allow_count)},
};

static const struct config_option peer_options[] = {
    {.name = "address", .type = CONFIG_TEXT, .offset = offsetof(struct peer, address), .size = 16, .text = NULL},
    {.name = "port", .type = CONFIG_INT, .offset = offsetof(struct peer, port), .number = 9000, .min = 1, .max = 65535},
};

static const struct config_section sections[] = {
    {.name = "node",
     .options = peer_options,
     .option_count = ARRAY_LEN(peer_options),
     AT(peers),
     .element_size = sizeof(struct peer),
     .max = 2,
     .title_size = 9,
     .count_offset = offsetof(struct settings, peer_count)},
};

static enum kms_err load_path(struct settings *out, const char *path)
{
    return config_load(out, path, options, ARRAY_LEN(options), sections, ARRAY_LEN(sections));
}

static char path[600];

static enum kms_err load(struct settings *out, const char *text)
{
    memset(out, 0xee, sizeof *out);
    (void)snprintf(path, sizeof path, "%s/test.conf", test_directory());
    test_write_file(path, bytes_str(text), 0644);
    return load_path(out, path);
}

TEST(config, fills_defaults)
{
    struct settings s;
    char            expected[700];

    assert_ok(load(&s, "cluster = c1\n"));
    assert_string_equal(s.cluster, "c1");
    assert_int_equal(s.port, 9000);
    assert_true(s.tls);
    (void)snprintf(expected, sizeof expected, "%.*s/data/store", (int)(strrchr(path, '/') - path), path);
    assert_string_equal(s.data, expected);
    assert_int_equal(s.allow_count, 2);
    assert_string_equal(s.allow[1], "::/0");
    assert_int_equal(s.peer_count, 0);
}

TEST(config, reads_every_kind_of_value)
{
    struct settings s;

    assert_ok(load(&s, "# a comment\n"
                       "cluster = \"c 2\" /* another */\n"
                       "data = '/var/lib/kms'\n"
                       "port = 0\n"
                       "tls = off\n"
                       "allow = {\"10.0.0.0/8\", '::1', \"127.0.0.1\"}\n"
                       "node \"tss1\" { address = \"127.0.0.1\" port = 9001 }\n"
                       "node tss2 {\n  address = \"10.0.0.2\"\n}\n"));
    assert_string_equal(s.cluster, "c 2");
    assert_string_equal(s.data, "/var/lib/kms");
    assert_int_equal(s.port, 0);
    assert_false(s.tls);
    assert_int_equal(s.allow_count, 3);
    assert_string_equal(s.allow[2], "127.0.0.1");
    assert_int_equal(s.peer_count, 2);
    assert_string_equal(s.peers[0].name, "tss1");
    assert_int_equal(s.peers[0].port, 9001);
    assert_string_equal(s.peers[1].address, "10.0.0.2");
    assert_int_equal(s.peers[1].port, 9000);
}

TEST(config, keeps_empty_paths_and_lists_empty)
{
    struct settings s;

    assert_ok(load(&s, "cluster = c\ndata = \"\"\nallow = {}\n"));
    assert_string_equal(s.data, "");
    assert_int_equal(s.allow_count, 0);
}

TEST(config, takes_relative_paths_from_the_folder_behind_a_link)
{
    struct settings s;
    char            link_path[600], real[600], cwd[600];

    assert_ok(load(&s, "cluster = c\ndata = here\n"));
    (void)snprintf(real, sizeof real, "%.*s/here", (int)(strrchr(path, '/') - path), path);
    (void)snprintf(link_path, sizeof link_path, "%s/link.conf", test_directory());
    assert_int_equal(symlink(path, link_path), 0);
    assert_ok(load_path(&s, link_path));
    assert_string_equal(s.data, real);
    assert_non_null(getcwd(cwd, sizeof cwd));
    *strrchr(path, '/') = '\0';
    assert_int_equal(chdir(path), 0);
    assert_ok(load_path(&s, "test.conf"));
    assert_string_equal(s.data, real);
    assert_int_equal(chdir(cwd), 0);
}

static const struct {
    const char *text, *says;
} wrong[] = {
    {"cluster = c\nport = 70000\n", "test.conf:2: port: \"70000\" is not a number from 0 to 65535"},
    {"port = -1\n", "test.conf:1: port: \"-1\" is not a number"},
    {"port = 12x\n", "not a number from 0 to 65535"},
    {"port = \"\"\n", "not a number from 0 to 65535"},
    {"port = 99999999999999999999\n", "not a number from 0 to 65535"},
    {"\n\ntls = perhaps\n", "test.conf:3: tls: \"perhaps\" is neither true nor false"},
    {"cluster = 123456789\n", "cluster: longer than 8 characters"},
    {"allow = {\"a\", \"b\", \"c\", \"d\"}\n", "allow: more than 3 values"},
    {"allow = {\"123456789012345678901\"}\n", "allow: longer than 19 characters"},
    {"cluster = c\nport = 1\nport = 2\n", "test.conf:3: port stands here a second time"},
    {"cluster = c\ncolour = red\n", "test.conf:2: no such option 'colour'"},
    {"include(\"/etc/passwd\")\n", "no such option 'include'"},
    {"cluster\n", "test.conf:"},
    {"cluster = \n", "test.conf:"},
    {"cluster = c }\n", "test.conf:1"},
    {"cluster = \"c\n", "test.conf:"},
    {"", "cluster is missing: the cluster's name"},
    {"cluster = c\nnode \"a\" { }\n", "node \"a\": address is missing"},
    {"node \"a\" { address = x\n port = 0 }\n", "test.conf:2: port: \"0\" is not a number from 1 to 65535"},
    {"node \"a\" { adress = x }\n", "no such option 'adress'"},
    {"node \"a\" { address = x }\nnode \"a\" { address = y }\n", "duplicate title 'a'"},
    {"node \"a\" { address = x }\nnode \"b\" { address = x }\nnode \"c\" { address = x }\n",
     "node: more than 2 of them"},
    {"node \"\" { address = x }\n", "a name of 1 to 8 characters"},
    {"node \"123456789\" { address = x }\n", "a name of 1 to 8 characters"},
    {"node { address = x }\n", "title"},
};

TEST(config, says_what_is_wrong_and_where)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct settings s;
        enum kms_err    err = load(&s, wrong[i].text);
        if (err != KMS_E_CONFIG || strstr(error_text(), wrong[i].says) == NULL ||
            strstr(error_text(), "test.conf") == NULL)
            fail_msg("%zu: %s \"%s\", expected \"%s\"", i, error_name(err), error_text(), wrong[i].says);
    }
}

TEST(config, reads_the_next_file_after_a_broken_one)
{
    struct settings s;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_err(KMS_E_CONFIG, load(&s, wrong[i].text));
        assert_ok(load(&s, "cluster = c\n"));
    }
}

TEST(config, is_not_misled_by_an_old_errno)
{
    struct settings s;

    errno = ERANGE;
    assert_ok(load(&s, "cluster = c\nport = 17\n"));
    assert_int_equal(s.port, 17);
}

TEST(config, refuses_files_that_others_may_write)
{
    struct settings s;

    assert_ok(load(&s, "cluster = c\n"));
    for (unsigned mode = 0600; mode <= 0677; mode++) {
        assert_int_equal(chmod(path, mode), 0);
        assert_err((mode & 022) == 0 ? KMS_OK : KMS_E_CONFIG, load_path(&s, path));
    }
}

TEST(config, refuses_what_is_no_text_file)
{
    struct settings s;
    const char     *folder = test_directory();

    assert_err(KMS_E_CONFIG, load_path(&s, folder));
    (void)snprintf(path, sizeof path, "%s/absent.conf", folder);
    assert_err(KMS_E_NOT_FOUND, load_path(&s, path));
    test_write_file(path, bytes("cluster = c\0port = 1", 20), 0644);
    assert_err(KMS_E_CONFIG, load_path(&s, path));
    assert_non_null(strstr(error_text(), "not a text file"));
}

static void *load_often(void *unused)
{
    for (int i = 0; i < 200; i++) {
        struct settings s;
        if (load_path(&s, path) != KMS_OK || s.port != 17) return path;
    }
    return unused;
}

TEST(config, can_be_read_by_threads_at_once)
{
    struct settings s;
    pthread_t       threads[4];

    assert_ok(load(&s, "cluster = c\nport = 17\nallow = {\"a\"}\n"));
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, load_often, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}
