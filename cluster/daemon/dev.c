/* SPDX-License-Identifier: Apache-2.0 */
/* kms-clusterd dev: its command line, and the order of things. */
#include "cluster/daemon/dev.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cluster/daemon/daemon.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/crypto/group.h"
#include "common/crypto/rng.h"
#include "common/secret/secmem.h"

#define PORT_COORDINATOR 8080
#define PORT_NODES 9000
#define PORT_WAIT_MS 2000 /* for processes of a dev that has just been killed */

static void usage(FILE *out)
{
    fprintf(
        out,
        "usage: kms-clusterd dev --dir DIR [--nodes 4] [--pin 1234] [--port-base N]\n\n"
        "Makes (or takes up again) in DIR a CA, certificates, DEKs, stores and client credentials, runs a\n"
        "coordinator and the nodes on loopback, and prints `ready` when a first signature has succeeded.\n"
        "SIGINT or SIGTERM stops everything; keys stay in DIR.\n\n"
        "  --dir DIR      the directory; made if it is absent\n"
        "  --nodes N      3 to 16 nodes; 4, or as many as DIR was made with\n"
        "  --pin PIN      the PIN of the credentials; 1234, or the one that DIR was made with\n"
        "  --port-base N  coordinator on port N, nodes on N+1, N+2 ..; 0: free ports; without it: 8080, 9001, 9002 "
        "..\n\n"
        "Then `. DIR/dev.env` sets KMS_PKCS11_CONF, KMS_PKCS11_MODULE, KMS_URL, KMS_CACERT, KMS_CREDENTIAL, KMS_PIN "
        "and\n"
        "KMS_ADMIN_CREDENTIAL. Logs are in DIR/log. The environment's KMS_DEV_COORDINATOR names another program to "
        "run\n"
        "as the coordinator: for tests.\n\n"
        "For development only: the CA's key and the nodes' passwords lie in DIR, the PIN is in argv and the "
        "environment,\n"
        "and one machine holds all shares.\n\n"
        "exit codes: 0 stopped as asked; 1 failed at run time; 2 wrong usage; 3 DIR or its configuration is wrong.\n");
}

static bool parse_number(const char *text, long min, long max, long *out)
{
    char *end = NULL;

    errno = 0;
    *out = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *out >= min && *out <= max;
}

static RESULT set_dir(struct dev *dev, const char *text)
{
    char *whole;

    if (mkdir(text, 0700) != 0 && errno != EEXIST)
        return fail(KMS_E_ARGUMENT, "cannot make %.200s: %s", text, strerror(errno));
    whole = realpath(text, NULL);
    if (whole == NULL) return fail(KMS_E_ARGUMENT, "cannot use %.200s: %s", text, strerror(errno));
    bool usable = strlen(whole) <= DEV_DIR_MAX && strpbrk(whole, "\"'\\$\n") == NULL;
    if (usable) (void)snprintf(dev->dir, sizeof dev->dir, "%s", whole);
    free(whole);
    if (!usable) return fail(KMS_E_ARGUMENT, "--dir: at most %d bytes, without quotes, $ and backslashes", DEV_DIR_MAX);
    return KMS_OK;
}

static void set_ports(struct dev *dev, long base)
{
    for (int i = 0; i <= DEV_NODES_MAX; i++) {
        if (base < 0) dev->ports[i] = i == 0 ? PORT_COORDINATOR : PORT_NODES + i;
        if (base >= 0) dev->ports[i] = base == 0 ? 0 : (int)base + i;
    }
}

static RESULT apply_option(struct dev *dev, int option, const char *value, const char **dir)
{
    long number;

    switch (option) {
    case 'd':
        *dir = value;
        return KMS_OK;
    case 'n':
        if (!parse_number(value, 3, DEV_NODES_MAX, &number))
            return fail(KMS_E_ARGUMENT, "--nodes: 3..%d", DEV_NODES_MAX);
        dev->nodes = (unsigned)number;
        return KMS_OK;
    case 'p':
        if (value[0] == '\0' || strlen(value) > DEV_PIN_MAX || strpbrk(value, "'\n\r") != NULL)
            return fail(KMS_E_ARGUMENT, "--pin: 1..%d characters, no quote, no newline", DEV_PIN_MAX);
        (void)snprintf(dev->pin, sizeof dev->pin, "%s", value);
        return KMS_OK;
    case 'b':
        if (!parse_number(value, 0, 65535 - DEV_NODES_MAX, &number))
            return fail(KMS_E_ARGUMENT, "--port-base: 0..%d", 65535 - DEV_NODES_MAX);
        set_ports(dev, number);
        return KMS_OK;
    default:
        UNREACHABLE();
    }
}

static RESULT parse(struct dev *dev, int argc, char **argv, bool *help)
{
    static const struct option options[] = {
        {"dir", required_argument, NULL, 'd'}, {"nodes", required_argument, NULL, 'n'},
        {"pin", required_argument, NULL, 'p'}, {"port-base", required_argument, NULL, 'b'},
        {"help", no_argument, NULL, 'h'},      {NULL, 0, NULL, 0},
    };
    const char *dir = NULL;

    set_ports(dev, -1);
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (option == 'h') {
            *help = true;
            return KMS_OK;
        }
        if (option == '?') return fail(KMS_E_ARGUMENT, "%.60s is unknown or lacks its value", argv[optind - 1]);
        TRY(apply_option(dev, option, optarg, &dir));
    }
    if (optind < argc) return fail(KMS_E_ARGUMENT, "unexpected argument \"%.60s\"", argv[optind]);
    if (dir == NULL) return fail(KMS_E_ARGUMENT, "--dir DIR is needed");
    return set_dir(dev, dir);
}

static bool port_is_free(int port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) return true; /* the process that needs it will say so */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool is_free = bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0;
    (void)close(fd);
    return is_free;
}

static RESULT check_ports(const struct dev *dev)
{
    const struct timespec step = {0, 20000000};
    uint64_t              until = clock_monotonic_ms() + PORT_WAIT_MS;

    for (unsigned i = 0; i <= dev->nodes; i++)
        while (dev->ports[i] != 0 && !port_is_free(dev->ports[i])) {
            if (clock_monotonic_ms() > until)
                return fail(KMS_E_CONFLICT,
                            "port %d is taken by another process: stop it, or choose other ports with --port-base N "
                            "(0: free ones)",
                            dev->ports[i]);
            (void)nanosleep(&step, NULL);
        }
    return KMS_OK;
}

static RESULT prepare(struct dev *dev)
{
    TRY(secmem_init());
    TRY(rng_self_test());
    TRY(group_init());
    TRY(dev_setup(dev));
    return check_ports(dev);
}

int daemon_dev(int argc, char **argv)
{
    struct dev dev = {.lock_fd = -1};
    bool       help = false;

    if (parse(&dev, argc, argv, &help) != KMS_OK) {
        fprintf(stderr, "kms-clusterd dev: %s (see --help)\n", error_text());
        return 2;
    }
    if (help) {
        usage(stdout);
        return 0;
    }
    if (prepare(&dev) != KMS_OK) {
        fprintf(stderr, "kms-clusterd dev: %s\n", error_text());
        return 3;
    }
    fprintf(stderr,
            "kms-clusterd dev: %u nodes in %s. For development only: the CA's key and the nodes' passwords lie there, "
            "the PIN\n"
            "is in argv and in dev.env, and one machine holds all shares.\n",
            dev.nodes, dev.dir);
    return dev_supervise(&dev);
}
