/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes what a cluster needs, or takes up what is there. roster.pem is written last: a DIR without one was left half
 * made, has no keys yet, and is made anew. What costs PBKDF2 (DEKs, encrypted credentials) is made in parallel, each
 * thing in a forked child, so that nothing here depends on threads.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/ctl/roster.h"
#include "cluster/daemon/dev.h"
#include "cluster/pki/pki.h"
#include "common/base/text.h"
#include "common/crypto/kdf.h"
#include "common/crypto/rng.h"
#include "common/secret/wipe.h"

#define DEFAULT_NODES 4
#define DEFAULT_PIN "1234"
#define CERTIFICATE_DAYS 365

static RESULT make_folder(const struct dev *dev, const char *name)
{
    char path[DEV_PATH_MAX];

    TRY(dev_path(dev, path, "%s", name));
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(KMS_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
    return KMS_OK;
}

/* A directory of somebody else's is never touched. */
static RESULT check_ours(const struct dev *dev)
{
    char           path[DEV_PATH_MAX];
    DIR           *folder = opendir(dev->dir);
    bool           empty = true;
    struct dirent *entry;

    TRY(dev_path(dev, path, "lock"));
    if (folder == NULL) return fail(KMS_E_SYSTEM, "cannot read %s: %s", dev->dir, strerror(errno));
    while ((entry = readdir(folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) empty = false;
    (void)closedir(folder);
    if (!empty && access(path, F_OK) != 0)
        return fail(KMS_E_CONFIG, "%s is neither empty nor made by kms-clusterd dev: choose another --dir", dev->dir);
    return KMS_OK;
}

static RESULT take_lock(struct dev *dev)
{
    char path[DEV_PATH_MAX], owner[32] = "", mine[32];

    TRY(dev_path(dev, path, "lock"));
    dev->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (dev->lock_fd < 0) return fail(KMS_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
    if (flock(dev->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t len = pread(dev->lock_fd, owner, sizeof owner - 1, 0);
        owner[len > 0 ? (size_t)len : 0] = '\0';
        return fail(KMS_E_CONFLICT,
                    "another kms-clusterd dev (process %ld) runs in %s: stop it, or choose another --dir",
                    strtol(owner, NULL, 10), dev->dir);
    }
    int len = snprintf(mine, sizeof mine, "%-10ld\n", (long)getpid());
    if (pwrite(dev->lock_fd, mine, (size_t)len, 0) != len)
        return fail(KMS_E_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    return KMS_OK;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    return remove(path);
}

static RESULT remove_folder(const struct dev *dev, const char *name)
{
    char path[DEV_PATH_MAX];

    TRY(dev_path(dev, path, "%s", name));
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 && errno != ENOENT)
        return fail(KMS_E_SYSTEM, "cannot remove %s, which a start that was broken off has left: %s", path,
                    strerror(errno));
    return KMS_OK;
}

/* One thing to make, in a process of its own. `index`: the node. */
struct task {
    enum kms_err (*make)(const struct dev *, unsigned index);
    const char *what;
    unsigned    index;
};

static RESULT make_node(const struct dev *dev, unsigned index)
{
    SECRET_LOCAL     none = SECRET_NONE, password = SECRET_NONE;
    char             certs[DEV_PATH_MAX], prefix[DEV_PATH_MAX], path[DEV_PATH_MAX], name[16], text[33];
    uint8_t          random[16];
    struct pki_issue issue = {
        .role = ROLE_NODE, .names = {"localhost", "127.0.0.1", "::1"}, .name_count = 3, .days = CERTIFICATE_DAYS};

    (void)snprintf(name, sizeof name, "tss%u", index);
    issue.name = name;
    TRY(dev_path(dev, certs, "certs"));
    TRY(dev_path(dev, prefix, "certs/%s/%s", name, name));
    TRY(pki_issue(certs, &none, &issue, prefix, &none));
    TRY(rng_fill(rng_system(), random, sizeof random));
    hex_encode(text, BYTES_OF(random));
    TRY(dev_path(dev, path, "secrets/%s.password", name));
    TRY(dev_write_file(path, text));
    TRY(secret_copy(&password, bytes_str(text)));
    TRY(dev_path(dev, path, "certs/%s/%s.dek", name, name));
    return dek_create(path, name, &password, PBKDF2_ITERATIONS_DEFAULT);
}

static RESULT make_gateway(const struct dev *dev, unsigned index)
{
    SECRET_LOCAL     none = SECRET_NONE;
    char             certs[DEV_PATH_MAX], prefix[DEV_PATH_MAX];
    struct pki_issue issue = {.role = ROLE_GATEWAY,
                              .name = "gw1",
                              .names = {"localhost", "127.0.0.1", "::1"},
                              .name_count = 3,
                              .days = CERTIFICATE_DAYS};

    TRY(dev_path(dev, certs, "certs"));
    TRY(dev_path(dev, prefix, "certs/gateway/gateway"));
    return pki_issue(certs, &none, &issue, prefix, &none);
}

static RESULT make_client(const struct dev *dev, enum role role, const char *name, const char *passphrase)
{
    SECRET_LOCAL none = SECRET_NONE, secret = SECRET_NONE;
    char         certs[DEV_PATH_MAX], folder[DEV_PATH_MAX];

    TRY(dev_path(dev, certs, "certs"));
    TRY(dev_path(dev, folder, "clients/%s", name));
    if (passphrase[0] != '\0') TRY(secret_copy(&secret, bytes_str(passphrase)));
    return pki_client_create(certs, &none, role, name, folder, &secret);
}

static RESULT make_app(const struct dev *dev, unsigned index)
{
    return make_client(dev, ROLE_CLIENT, "app", dev->pin);
}

static RESULT make_admin(const struct dev *dev, unsigned index)
{
    return make_client(dev, ROLE_OPERATOR, "admin", dev->pin);
}

static RESULT make_canary(const struct dev *dev, unsigned index)
{
    return make_client(dev, ROLE_CLIENT, "canary", "");
}

static pid_t start_task(const struct dev *dev, const struct task *task)
{
    pid_t pid = fork();

    if (pid != 0) return pid;
    if (task->make(dev, task->index) == KMS_OK) _exit(0);
    fprintf(stderr, "kms-clusterd dev: making %s: %s\n", task->what, error_text());
    _exit(1);
}

static RESULT run_tasks(const struct dev *dev, const struct task *tasks, unsigned count)
{
    pid_t    pids[DEV_NODES_MAX + 4];
    unsigned failed = 0;

    for (unsigned i = 0; i < count; i++) pids[i] = start_task(dev, &tasks[i]);
    for (unsigned i = 0; i < count; i++) {
        int status = 1;
        if (pids[i] < 0 || waitpid(pids[i], &status, 0) != pids[i] || status != 0) failed++;
    }
    return failed == 0
               ? KMS_OK
               : fail(KMS_E_SYSTEM, "%u of the things that a cluster needs could not be made in %s", failed, dev->dir);
}

static RESULT make_all(const struct dev *dev)
{
    struct task tasks[DEV_NODES_MAX + 4];
    unsigned    count = 0;
    char        name[32];

    for (unsigned i = 1; i <= dev->nodes; i++) {
        (void)snprintf(name, sizeof name, "certs/tss%u", i);
        TRY(make_folder(dev, name));
        tasks[count++] = (struct task){make_node, "a node's certificate and DEK", i};
    }
    tasks[count++] = (struct task){make_app, "clients/app", 0};
    tasks[count++] = (struct task){make_admin, "clients/admin", 0};
    tasks[count++] = (struct task){make_canary, "clients/canary", 0};
    tasks[count++] = (struct task){make_gateway, "the gateway's certificate", 0};
    return run_tasks(dev, tasks, count);
}

static RESULT unlock_admin(const struct dev *dev, struct credential *admin)
{
    SECRET_LOCAL pin = SECRET_NONE;
    char         path[DEV_PATH_MAX];

    TRY(dev_path(dev, path, "clients/admin/client.cert"));
    TRY(credential_load_public(admin, path));
    TRY(dev_path(dev, path, "clients/admin/client.key"));
    TRY(secret_copy(&pin, bytes_str(dev->pin)));
    return credential_unlock(admin, path, &pin);
}

static RESULT make_roster(const struct dev *dev)
{
    CLEANUP(credential_clear) struct credential admin = {0};
    BUF_LOCAL                                   pem = BUF_INIT(2 * STATEMENT_ENCODED_MAX);
    struct roster                               roster = {.cluster = DEV_CLUSTER, .sequence = 1};
    char                                        path[DEV_PATH_MAX], name[16];

    for (unsigned i = 1; i <= dev->nodes; i++) {
        (void)snprintf(name, sizeof name, "tss%u", i);
        TRY(dev_path(dev, path, "certs/%s/%s.cert", name, name));
        TRY(roster_add_certificate(&roster, name, path, NULL));
    }
    TRY(unlock_admin(dev, &admin));
    TRY(roster_sign_pem(&pem, &roster, &admin));
    TRY(dev_path(dev, path, "certs/roster.pem"));
    return dev_write_file(path, buf_str(&pem));
}

static RESULT make_new(struct dev *dev)
{
    static const char *const folders[] = {"certs", "certs/gateway", "clients", "secrets", "data", "conf", "log"};
    SECRET_LOCAL             none = SECRET_NONE;
    char                     path[DEV_PATH_MAX];

    if (dev->nodes == 0) dev->nodes = DEFAULT_NODES;
    if (dev->pin[0] == '\0') (void)snprintf(dev->pin, sizeof dev->pin, "%s", DEFAULT_PIN);
    TRY(remove_folder(dev, "certs"));
    TRY(remove_folder(dev, "clients"));
    TRY(remove_folder(dev, "secrets"));
    for (unsigned i = 0; i < ARRAY_LEN(folders); i++) TRY(make_folder(dev, folders[i]));
    TRY(dev_path(dev, path, "secrets/pin"));
    TRY(dev_write_file(path, dev->pin));
    TRY(dev_path(dev, path, "certs"));
    TRY(pki_ca_init(path, DEV_CLUSTER, &none));
    TRY(make_all(dev));
    return make_roster(dev);
}

static unsigned count_nodes(const struct dev *dev)
{
    char     path[DEV_PATH_MAX];
    unsigned count = 0;

    while (count < DEV_NODES_MAX && dev_path(dev, path, "certs/tss%u/tss%u.dek", count + 1, count + 1) == KMS_OK &&
           access(path, F_OK) == 0)
        count++;
    return count;
}

static RESULT take_up(struct dev *dev)
{
    char     path[DEV_PATH_MAX], pin[DEV_PIN_MAX + 2];
    unsigned nodes = count_nodes(dev);

    TRY(dev_path(dev, path, "secrets/pin"));
    TRY(dev_read_line(path, pin, sizeof pin));
    if (dev->pin[0] != '\0' && (strlen(dev->pin) != strlen(pin) || !secret_equal(dev->pin, pin, strlen(pin))))
        return fail(KMS_E_CONFIG, "%s was made with another --pin: leave the option out, or choose another --dir",
                    dev->dir);
    if (dev->nodes != 0 && dev->nodes != nodes)
        return fail(KMS_E_CONFIG, "%s was made with --nodes %u: leave the option out, or choose another --dir",
                    dev->dir, nodes);
    if (nodes < 3)
        return fail(KMS_E_CONFIG, "%s has DEKs of %u nodes only: files are missing in certs", dev->dir, nodes);
    dev->nodes = nodes;
    (void)snprintf(dev->pin, sizeof dev->pin, "%.*s", DEV_PIN_MAX, pin);
    return KMS_OK;
}

RESULT dev_setup(struct dev *dev)
{
    char roster[DEV_PATH_MAX];

    TRY(check_ours(dev));
    TRY(take_lock(dev));
    TRY(dev_path(dev, roster, "certs/roster.pem"));
    return access(roster, F_OK) == 0 ? take_up(dev) : make_new(dev);
}
