/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines and configuration files of the node and the coordinator: one table of keys each. */
#include "cluster/daemon/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/net/allow_list.h"
#include "common/base/text.h"

#define DEFAULT_BASE "/opt/kms/tss-server"
#define DAY_MS (24 * 60 * 60 * 1000)

/* Rows of a table of options: where, default, help. */
#define TEXT(type_, field, default_, help_)                                                                         \
    .type = CONFIG_TEXT, .offset = offsetof(type_, field), .size = sizeof(((type_ *)0)->field), .text = (default_), \
    .help = (help_)
#define PATH(type_, field, default_, help_)                                                                         \
    .type = CONFIG_PATH, .offset = offsetof(type_, field), .size = sizeof(((type_ *)0)->field), .text = (default_), \
    .help = (help_)
#define NUMBER(type_, field, default_, min_, max_, help_)                                                     \
    .type = CONFIG_INT, .offset = offsetof(type_, field), .number = (default_), .min = (min_), .max = (max_), \
    .help = (help_)
#define FLAG(type_, field, default_, help_) \
    .type = CONFIG_BOOL, .offset = offsetof(type_, field), .number = (default_), .help = (help_)

/* clang-format off */
#define COMMON_ROWS(type) \
    {"listen", TEXT(type, common.listen, "0.0.0.0", "IP address to listen on")}, \
    {"base", PATH(type, common.base, DEFAULT_BASE, "the directory that the other defaults lie in")}, \
    {"ca", PATH(type, common.ca, "", "the cluster's CA; <base>/certs/ca.cert")}, \
    {"roster", PATH(type, common.roster, "", "the roster; <base>/certs/roster.pem")}, \
    {"sign_deadline_ms", NUMBER(type, common.sign_deadline_ms, 5000, 100, DAY_MS, "a signature is given up after this")}, \
    {"generate_deadline_ms", NUMBER(type, common.generate_deadline_ms, 30000, 100, DAY_MS, "a key generation is given up after this")}, \
    {"progress_ms", NUMBER(type, common.progress_ms, 1000, 50, DAY_MS, "a quorum without progress is given up after this")}, \
    {"connections_max", NUMBER(type, common.connections_max, 4096, 1, 65536, "connections at once")}, \
    {"per_address_max", NUMBER(type, common.per_address_max, 1024, 1, 65536, "of these, from one address")}, \
    {"log_level", TEXT(type, common.log_level, "info", "error, warn, info, debug or off")}, \
    {"log_file", PATH(type, common.log_file, "", "standard error if empty")}

#define NODE struct node_options
static const struct config_option node_table[] = {
    {"cluster", TEXT(NODE, common.cluster, NULL, "the cluster's name, as in its certificates")},
    {"node", TEXT(NODE, common.name, NULL, "this node's name, as in its certificate")},
    {"port", NUMBER(NODE, common.port, 9000, 0, 65535, "TCP port; 0: a free one")},
    {"cert", PATH(NODE, common.cert, "", "<base>/certs/<node>/<node>.cert")},
    {"key", PATH(NODE, common.key, "", "<base>/certs/<node>/<node>.key")},
    {"dek", PATH(NODE, dek, "", "<base>/certs/<node>/<node>.dek")},
    {"data", PATH(NODE, data, "", "<base>/data/leveldb_<node>")},
    {"sessions_max", NUMBER(NODE, sessions_max, 4096, 1, 65536, "protocol runs at once")},
    {"deletion_wait_days", NUMBER(NODE, deletion_wait_days, 7, 0, 365, "from a deletion to the erasure of the share")},
    {"require_memlock", FLAG(NODE, require_memlock, true, "do not start where memory cannot be locked")},
    COMMON_ROWS(NODE),
};

#define COORDINATOR struct coordinator_options
static const struct config_option coordinator_table[] = {
    {"cluster", TEXT(COORDINATOR, common.cluster, NULL, "the cluster's name, as in its certificates")},
    {"name", TEXT(COORDINATOR, common.name, "gw1", "this gateway's name, as in its certificate")},
    {"port", NUMBER(COORDINATOR, common.port, 8080, 0, 65535, "TCP port; 0: a free one")},
    {"tls", FLAG(COORDINATOR, tls, true, "HTTPS")},
    {"insecure_http", FLAG(COORDINATOR, insecure_http, false, "accept tls = false on other than loopback addresses")},
    {"allow", .type = CONFIG_LIST, .offset = offsetof(COORDINATOR, allow), .size = sizeof(((COORDINATOR *)0)->allow[0]),
     .text = "0.0.0.0/0,::/0", .max = OPTIONS_ALLOW_MAX, .count_offset = offsetof(COORDINATOR, allow_count), .help = "networks that may connect"},
    {"cert", PATH(COORDINATOR, common.cert, "", "<base>/certs/gateway/gateway.cert")},
    {"key", PATH(COORDINATOR, common.key, "", "<base>/certs/gateway/gateway.key")},
    {"database", PATH(COORDINATOR, database, "", "<base>/data/kms.db")},
    {"audit_reserve_mb", NUMBER(COORDINATOR, audit_reserve_mb, 1024, 0, 1 << 30, "free disk that rows of unauthenticated requests leave")},
    {"heartbeat_ms", NUMBER(COORDINATOR, heartbeat_ms, 300, 10, DAY_MS, "between heartbeats to a node")},
    {"heartbeat_misses", NUMBER(COORDINATOR, heartbeat_misses, 3, 1, 1000, "without an answer: the node is down")},
    {"requests_max", NUMBER(COORDINATOR, requests_max, 1024, 1, 65536, "in flight; more are refused with 429")},
    {"default_algorithm_ed25519", TEXT(COORDINATOR, default_algorithm_ed25519, "EDDSA", "where a request names none")},
    COMMON_ROWS(COORDINATOR),
};

static const struct config_option address_table[] = {
    {"address", TEXT(struct node_address, address, NULL, "IP address or host name")},
    {"port", NUMBER(struct node_address, port, 9000, 1, 65535, "TCP port")},
};

static const struct config_section sections[] = {
    {.name = "node", .options = address_table, .option_count = ARRAY_LEN(address_table), .offset = offsetof(COORDINATOR, nodes),
     .element_size = sizeof(struct node_address), .max = ROSTER_NODES_MAX, .title_size = PARTY_NAME_MAX + 1,
     .count_offset = offsetof(COORDINATOR, node_count)},
};
/* clang-format on */

/* ---- the command line ---- */

static void print_usage(FILE *out, const char *role)
{
    bool is_node = strcmp(role, "node") == 0;

    fprintf(out, "usage: kms-clusterd %s --config FILE%s\n\n", role, is_node ? " [--password-fd N]" : "");
    fprintf(out, "  --config FILE      the configuration\n");
    if (is_node)
        fprintf(out, "  --password-fd N    read the DEK's password from descriptor N (else the systemd credential\n"
                     "                     <node>.password, else the terminal is asked)\n");
    fprintf(out, "  --help, --version\n\nConfiguration, with defaults:\n\n");
    if (is_node)
        options_print_node(out);
    else
        options_print_coordinator(out);
}

static bool parse_descriptor(int *out, const char *text)
{
    char *end;
    long  value = strtol(text, &end, 10);

    if (end == text || *end != '\0' || value < 0 || value > 65535) return false;
    *out = (int)value;
    return true;
}

bool options_parse(struct role_arguments *out, int *exit_code, int argc, char **argv)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"password-fd", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'v'},
                                          {NULL, 0, NULL, 0}};
    bool                       is_node = strcmp(argv[0], "node") == 0;

    *out = (struct role_arguments){.password_fd = -1};
    *exit_code = 2;
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == 'h') print_usage(stdout, argv[0]);
        if (option == 'v') printf("kms-clusterd %s\n", KMS_VERSION);
        if (option == 'h' || option == 'v') *exit_code = 0;
        if (option == '?' || (option == 'p' && !is_node)) {
            fprintf(stderr, "kms-clusterd %s: %.60s is unknown or lacks its value; --help says more\n", argv[0],
                    argv[optind - 1]);
            return false;
        }
        bool ok = option == 'c' || (option == 'p' && parse_descriptor(&out->password_fd, optarg));
        if (option == 'c') out->config = optarg;
        if (option == 'p' && !ok) fprintf(stderr, "kms-clusterd %s: --password-fd: a descriptor's number\n", argv[0]);
        if (!ok) return false;
    }
    if (optind == argc && out->config != NULL) return true;
    fprintf(stderr, "kms-clusterd %s: %s%.60s\n", argv[0], optind < argc ? "unexpected " : "--config is missing",
            optind < argc ? argv[optind] : "");
    fprintf(stderr, "usage: kms-clusterd %s --config FILE%s; --help says more\n", argv[0],
            is_node ? " [--password-fd N]" : "");
    return false;
}

/* ---- configuration ---- */

static RESULT fill_in(char path[OPTIONS_PATH_MAX], const char *base, const char *below)
{
    if (path[0] != '\0') return KMS_OK;
    int len = snprintf(path, OPTIONS_PATH_MAX, "%s/%s", base, below);
    return len > 0 && len < OPTIONS_PATH_MAX ? KMS_OK : fail(KMS_E_CONFIG, "base: the path is too long");
}

static RESULT check_common(struct common_options *c, const char *name_key)
{
    if (!text_is_name(c->cluster, CLUSTER_NAME_MAX))
        return fail(KMS_E_CONFIG, "cluster: 1 to %d of A-Za-z0-9._-", CLUSTER_NAME_MAX);
    if (!text_is_name(c->name, PARTY_NAME_MAX))
        return fail(KMS_E_CONFIG, "%s: 1 to %d of A-Za-z0-9._-", name_key, PARTY_NAME_MAX);
    if (c->base[0] == '\0') (void)snprintf(c->base, sizeof c->base, "%s", DEFAULT_BASE);
    if (c->listen[0] == '\0') (void)snprintf(c->listen, sizeof c->listen, "0.0.0.0");
    TRY(fill_in(c->ca, c->base, "certs/ca.cert"));
    return fill_in(c->roster, c->base, "certs/roster.pem");
}

RESULT options_load_node(struct node_options *o, const char *path)
{
    struct common_options *c = &o->common;
    char                   below[160];

    TRY(config_load(o, path, node_table, ARRAY_LEN(node_table), NULL, 0));
    TRY_AT(check_common(c, "node"), "%s", path);
    (void)snprintf(below, sizeof below, "certs/%s/%s.cert", c->name, c->name);
    TRY(fill_in(c->cert, c->base, below));
    (void)snprintf(below, sizeof below, "certs/%s/%s.key", c->name, c->name);
    TRY(fill_in(c->key, c->base, below));
    (void)snprintf(below, sizeof below, "certs/%s/%s.dek", c->name, c->name);
    TRY(fill_in(o->dek, c->base, below));
    (void)snprintf(below, sizeof below, "data/leveldb_%s", c->name);
    return fill_in(o->data, c->base, below);
}

/* Plain HTTP is for one machine, or an explicit choice (architecture.md section 5). */
static RESULT check_http(const struct coordinator_options *o)
{
    if (o->tls || o->insecure_http || address_is_loopback(o->common.listen)) return KMS_OK;
    return fail(KMS_E_CONFIG, "tls = false on %s: listen on 127.0.0.1 or ::1, or set insecure_http = true",
                o->common.listen);
}

static RESULT check_nodes(const struct coordinator_options *o)
{
    if (o->node_count < 2) return fail(KMS_E_CONFIG, "%u node sections, at least 2 belong there", o->node_count);
    for (unsigned i = 0; i < o->node_count; i++)
        if (!text_is_name(o->nodes[i].name, PARTY_NAME_MAX))
            return fail(KMS_E_CONFIG, "node section %u: its name is not 1 to %d of A-Za-z0-9._-", i + 1,
                        PARTY_NAME_MAX);
    return KMS_OK;
}

RESULT options_load_coordinator(struct coordinator_options *o, const char *path)
{
    struct common_options *c = &o->common;

    TRY(config_load(o, path, coordinator_table, ARRAY_LEN(coordinator_table), sections, ARRAY_LEN(sections)));
    TRY_AT(check_common(c, "name"), "%s", path);
    TRY_AT(check_http(o), "%s", path);
    TRY_AT(check_nodes(o), "%s", path);
    TRY(fill_in(c->cert, c->base, "certs/gateway/gateway.cert"));
    TRY(fill_in(c->key, c->base, "certs/gateway/gateway.key"));
    return fill_in(o->database, c->base, "data/kms.db");
}

static void print_table(FILE *out, const struct config_option *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct config_option *o = &table[i];
        char                        value[64];
        if (o->type == CONFIG_INT)
            (void)snprintf(value, sizeof value, "%" PRId64, o->number);
        else if (o->type == CONFIG_BOOL)
            (void)snprintf(value, sizeof value, "%s", o->number != 0 ? "true" : "false");
        else
            (void)snprintf(value, sizeof value, o->text == NULL ? "(required)" : "\"%s\"", o->text);
        fprintf(out, "  %-26s %-24s %s\n", o->name, value, o->help);
    }
}

void options_print_node(FILE *out)
{
    print_table(out, node_table, ARRAY_LEN(node_table));
}

void options_print_coordinator(FILE *out)
{
    print_table(out, coordinator_table, ARRAY_LEN(coordinator_table));
    fprintf(out, "\nand for each node a section  node \"NAME\" { .. }  with\n\n");
    print_table(out, address_table, ARRAY_LEN(address_table));
}
