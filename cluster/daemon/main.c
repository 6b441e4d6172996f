/* SPDX-License-Identifier: Apache-2.0 */
/* kms-clusterd: picks the role. */
#include <stdio.h>
#include <string.h>

#include "cluster/daemon/daemon.h"
#include "common/base/compiler.h"

struct role_row {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct role_row roles[] = {
    {"node", daemon_node, "a TSS node: holds shares, takes part in key generation and signing"},
    {"coordinator", daemon_coordinator, "the gateway: REST API, choice of nodes, relay"},
    {"dev", daemon_dev, "a whole cluster on this machine, for trying it out and for tests"},
};

static void usage(FILE *out)
{
    fprintf(out, "usage: kms-clusterd ROLE [options]\n\n");
    for (unsigned i = 0; i < ARRAY_LEN(roles); i++) fprintf(out, "  %-12s %s\n", roles[i].name, roles[i].help);
    fprintf(out, "\n`kms-clusterd ROLE --help` says more; also kms-clusterd(8).\n");
}

int main(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage(stdout);
        return 0;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("kms-clusterd %s\n", KMS_VERSION);
        return 0;
    }
    for (unsigned i = 0; argc >= 2 && i < ARRAY_LEN(roles); i++)
        if (strcmp(argv[1], roles[i].name) == 0) return roles[i].run(argc - 1, argv + 1);
    if (argc >= 2) fprintf(stderr, "kms-clusterd: no role \"%s\"\n\n", argv[1]);
    usage(stderr);
    return 2;
}
