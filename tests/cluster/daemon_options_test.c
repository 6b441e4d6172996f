/* SPDX-License-Identifier: Apache-2.0 */
/* What a node and a coordinator are told: defaults, mistakes, and the rule for plain HTTP. */
#include "cluster/daemon/options.h"

#include <string.h>

#include "tests/support/test.h"
#include "tests/support/test_ca.h"

static const char *conf(const char *text)
{
    static char path[600];

    (void)snprintf(path, sizeof path, "%s/daemon.conf", test_directory());
    test_write_file(path, bytes_str(text), 0600);
    return path;
}

#define NODES "node \"tss1\" { address = \"127.0.0.1\" }\nnode \"tss2\" { address = \"db.example\" port = 9002 }\n"

TEST(options, give_a_node_the_paths_of_the_specification)
{
    struct node_options o;

    assert_ok(options_load_node(&o, conf("cluster = \"c\"\nnode = \"tss1\"\n")));

    assert_string_equal(o.common.listen, "0.0.0.0");
    assert_int_equal(o.common.port, 9000);
    assert_string_equal(o.common.ca, "/opt/kms/tss-server/certs/ca.cert");
    assert_string_equal(o.common.cert, "/opt/kms/tss-server/certs/tss1/tss1.cert");
    assert_string_equal(o.common.key, "/opt/kms/tss-server/certs/tss1/tss1.key");
    assert_string_equal(o.dek, "/opt/kms/tss-server/certs/tss1/tss1.dek");
    assert_string_equal(o.data, "/opt/kms/tss-server/data/leveldb_tss1");
    assert_string_equal(o.common.roster, "/opt/kms/tss-server/certs/roster.pem");
    assert_true(o.require_memlock);
    assert_int_equal(o.deletion_wait_days, 7);
}

TEST(options, give_a_coordinator_its_defaults)
{
    struct coordinator_options o;

    assert_ok(options_load_coordinator(&o, conf("cluster = \"c\"\nbase = \"/srv/kms\"\n" NODES)));

    assert_int_equal(o.common.port, 8080);
    assert_true(o.tls);
    assert_string_equal(o.common.name, "gw1");
    assert_string_equal(o.common.cert, "/srv/kms/certs/gateway/gateway.cert");
    assert_string_equal(o.database, "/srv/kms/data/kms.db");
    assert_int_equal(o.allow_count, 2);
    assert_int_equal(o.node_count, 2);
    assert_string_equal(o.nodes[0].name, "tss1");
    assert_int_equal(o.nodes[0].port, 9000);
    assert_string_equal(o.nodes[1].address, "db.example");
    assert_int_equal(o.nodes[1].port, 9002);
    assert_string_equal(o.default_algorithm_ed25519, "EDDSA");
}

TEST(options, take_a_path_of_their_own_for_each_file)
{
    struct node_options o;

    assert_ok(options_load_node(
        &o, conf("cluster = \"c\"\nnode = \"n\"\ndek = \"/mnt/usb/n.dek\"\ndata = \"\"\nbase = \"/b\"\n")));

    assert_string_equal(o.dek, "/mnt/usb/n.dek");
    assert_string_equal(o.data, "/b/data/leveldb_n");
}

TEST(options, refuse_plain_http_unless_it_is_local_or_wanted)
{
    struct coordinator_options o;

    assert_err(KMS_E_CONFIG, options_load_coordinator(&o, conf("cluster = \"c\"\ntls = false\n" NODES)));
    assert_non_null(strstr(error_text(), "insecure_http"));
    assert_err(KMS_E_CONFIG,
               options_load_coordinator(&o, conf("cluster = \"c\"\ntls = false\nlisten = \"10.0.0.1\"\n" NODES)));
    assert_ok(options_load_coordinator(&o, conf("cluster = \"c\"\ntls = false\nlisten = \"127.0.0.1\"\n" NODES)));
    assert_ok(options_load_coordinator(&o, conf("cluster = \"c\"\ntls = false\nlisten = \"::1\"\n" NODES)));
    assert_ok(options_load_coordinator(&o, conf("cluster = \"c\"\ntls = false\ninsecure_http = true\n" NODES)));
}

TEST(options, refuse_what_is_wrong)
{
    static const char *const wrong_nodes[] = {"node = \"tss1\"\n",
                                              "cluster = \"c\"\n",
                                              "cluster = \"c/d\"\nnode = \"tss1\"\n",
                                              "cluster = \"c\"\nnode = \"../tss1\"\n",
                                              "cluster = \"c\"\nnode = \"tss1\"\nport = 65536\n",
                                              "cluster = \"c\"\nnode = \"tss1\"\nprot = 1\n"};
    static const char *const wrong_coordinators[] = {
        "cluster = \"c\"\n", "cluster = \"c\"\nnode \"tss1\" { address = \"a\" }\n",
        "cluster = \"c\"\nnode \"tss1\" {}\nnode \"tss2\" {}\n",
        "cluster = \"c\"\nnode \"a b\" { address = \"x\" }\nnode \"c\" { address = \"x\" }\n"};
    struct node_options        node;
    struct coordinator_options coordinator;

    for (unsigned i = 0; i < ARRAY_LEN(wrong_nodes); i++)
        assert_err(KMS_E_CONFIG, options_load_node(&node, conf(wrong_nodes[i])));
    for (unsigned i = 0; i < ARRAY_LEN(wrong_coordinators); i++)
        assert_err(KMS_E_CONFIG, options_load_coordinator(&coordinator, conf(wrong_coordinators[i])));
}

static bool parse(struct role_arguments *out, int *code, const char *role, const char *a, const char *b, const char *c,
                  const char *d)
{
    char *argv[] = {(char *)(uintptr_t)role, (char *)(uintptr_t)a, (char *)(uintptr_t)b,
                    (char *)(uintptr_t)c,    (char *)(uintptr_t)d, NULL};
    int   argc = 1;

    while (argv[argc] != NULL) argc++;
    return options_parse(out, code, argc, argv);
}

TEST(options, read_the_command_line)
{
    struct role_arguments a;
    int                   code;

    assert_true(parse(&a, &code, "node", "--config", "x.conf", NULL, NULL));
    assert_string_equal(a.config, "x.conf");
    assert_int_equal(a.password_fd, -1);
    assert_true(parse(&a, &code, "node", "--config=x.conf", "--password-fd", "3", NULL));
    assert_int_equal(a.password_fd, 3);
    assert_true(parse(&a, &code, "coordinator", "--config", "x.conf", NULL, NULL));
}

TEST(options, answer_help_and_refuse_mistakes)
{
    struct role_arguments a;
    int                   code = -1;

    assert_false(parse(&a, &code, "node", "--help", NULL, NULL, NULL));
    assert_int_equal(code, 0);
    assert_false(parse(&a, &code, "coordinator", "--version", NULL, NULL, NULL));
    assert_int_equal(code, 0);
    assert_false(parse(&a, &code, "node", NULL, NULL, NULL, NULL));
    assert_int_equal(code, 2);
    assert_false(parse(&a, &code, "node", "--config", "x", "more", NULL));
    assert_int_equal(code, 2);
    assert_false(parse(&a, &code, "node", "--config", "x", "--password-fd", "three"));
    assert_int_equal(code, 2);
    assert_false(parse(&a, &code, "coordinator", "--config", "x", "--password-fd", "3"));
    assert_int_equal(code, 2);
    assert_false(parse(&a, &code, "node", "--password", "secret", NULL, NULL));
    assert_int_equal(code, 2);
}
