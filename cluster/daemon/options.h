/* SPDX-License-Identifier: Apache-2.0 */
/* What the roles are told: their command line and their configuration file. */
#ifndef KMS_CLUSTER_DAEMON_OPTIONS_H
#define KMS_CLUSTER_DAEMON_OPTIONS_H

#include <stdio.h>

#include "cluster/net/peer.h"
#include "common/config/config.h"
#include "common/document/roster.h"

#define OPTIONS_PATH_MAX 512
#define OPTIONS_ALLOW_MAX 64

struct role_arguments {
    const char *config;
    int         password_fd; /* -1: not given */
};

/* What both roles have. */
struct common_options {
    char    cluster[CLUSTER_NAME_MAX + 1];
    char    name[PARTY_NAME_MAX + 1];
    char    listen[64];
    int64_t port;
    char    base[OPTIONS_PATH_MAX], ca[OPTIONS_PATH_MAX], cert[OPTIONS_PATH_MAX], key[OPTIONS_PATH_MAX];
    char    roster[OPTIONS_PATH_MAX];
    int64_t sign_deadline_ms, generate_deadline_ms, progress_ms;
    int64_t connections_max, per_address_max;
    char    log_level[8];
    char    log_file[OPTIONS_PATH_MAX];
};

struct node_options {
    struct common_options common;
    char                  dek[OPTIONS_PATH_MAX], data[OPTIONS_PATH_MAX];
    int64_t               sessions_max, deletion_wait_days;
    bool                  require_memlock;
};

/* node "tss1" { address = ".." port = .. } */
struct node_address {
    char    name[PARTY_NAME_MAX + 1];
    char    address[PEER_ADDRESS_MAX + 1];
    int64_t port;
};

struct coordinator_options {
    struct common_options common;
    char                  database[OPTIONS_PATH_MAX];
    bool                  tls, insecure_http;
    char                  allow[OPTIONS_ALLOW_MAX][64];
    unsigned              allow_count;
    struct node_address   nodes[ROSTER_NODES_MAX];
    unsigned              node_count;
    int64_t               heartbeat_ms, heartbeat_misses, requests_max, audit_reserve_mb;
    char                  default_algorithm_ed25519[16];
};

/* A role's command line. false: it has been answered (--help, --version) or is wrong; *exit_code says. */
bool options_parse(struct role_arguments *out, int *exit_code, int argc, char **argv);

/* The file, checked; defaults that depend on other values are filled in. KMS_E_CONFIG. */
RESULT options_load_node(struct node_options *out, const char *path);
RESULT options_load_coordinator(struct coordinator_options *out, const char *path);
/* Every key with its default: for --help. */
void options_print_node(FILE *out);
void options_print_coordinator(FILE *out);

#endif
