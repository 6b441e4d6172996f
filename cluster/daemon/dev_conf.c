/* SPDX-License-Identifier: Apache-2.0 */
/* What the processes of `dev` and their users read: configuration files, and dev.env. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/daemon/dev.h"
#include "common/base/buf.h"
#include "common/secret/harden.h"

#define MEMLOCK_NEED (4u * 1024 * 1024) /* what a node asks for */
#define CONF_MAX 65536

RESULT dev_path(const struct dev *dev, char out[DEV_PATH_MAX], const char *format, ...)
{
    va_list args;
    int     at = snprintf(out, DEV_PATH_MAX, "%s/", dev->dir);

    va_start(args, format);
    int more = at < 0 ? -1 : vsnprintf(out + at, DEV_PATH_MAX - (size_t)at, format, args);
    va_end(args);
    if (more < 0 || at + more >= DEV_PATH_MAX) return fail(KMS_E_ARGUMENT, "a path below %s gets too long", dev->dir);
    return KMS_OK;
}

static RESULT write_text(int fd, const char *text, const char *path)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t done = write(fd, text, left);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return fail(KMS_E_SYSTEM, "cannot write %s: %s", path, strerror(errno));
        text += done;
        left -= (size_t)done;
    }
    return KMS_OK;
}

RESULT dev_write_file(const char *path, const char *text)
{
    char beside[DEV_PATH_MAX + 8];

    (void)snprintf(beside, sizeof beside, "%s.new", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return fail(KMS_E_SYSTEM, "cannot make %s: %s", beside, strerror(errno));
    enum kms_err err = write_text(fd, text, beside);
    (void)close(fd);
    TRY(err);
    return rename(beside, path) == 0 ? KMS_OK : fail(KMS_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
}

RESULT dev_read_line(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");

    out[0] = '\0';
    if (file == NULL)
        return fail(errno == ENOENT ? KMS_E_NOT_FOUND : KMS_E_SYSTEM, "cannot read %s: %s", path, strerror(errno));
    bool done = fgets(out, (int)size, file) != NULL;
    (void)fclose(file);
    if (!done) return fail(KMS_E_CORRUPT, "%s is empty", path);
    out[strcspn(out, "\r\n")] = '\0';
    return KMS_OK;
}

/* Containers often refuse to lock memory; said aloud, once. */
static bool may_require_memlock(void)
{
    static int answer = -1;

    if (answer < 0) {
        answer = harden_check_memlock(MEMLOCK_NEED) == KMS_OK;
        if (answer == 0)
            fprintf(stderr, "kms-clusterd dev: %s; going on with memory that may be swapped\n", error_text());
    }
    return answer == 1;
}

RESULT dev_write_node_conf(const struct dev *dev, unsigned node)
{
    BUF_LOCAL text = BUF_INIT(CONF_MAX);
    char      path[DEV_PATH_MAX];

    TRY(buf_printf(&text,
                   "# written by kms-clusterd dev at each start\n"
                   "cluster = \"%s\"\nnode = \"tss%u\"\nlisten = \"127.0.0.1\"\nport = %d\nbase = \"%s\"\n"
                   "deletion_wait_days = 0\nrequire_memlock = %s\n",
                   DEV_CLUSTER, node, dev->ports[node], dev->dir, may_require_memlock() ? "true" : "false"));
    TRY(dev_path(dev, path, "conf/tss%u.conf", node));
    return dev_write_file(path, buf_str(&text));
}

RESULT dev_write_coordinator_conf(const struct dev *dev)
{
    BUF_LOCAL text = BUF_INIT(CONF_MAX);
    char      path[DEV_PATH_MAX];

    TRY(buf_printf(&text,
                   "# written by kms-clusterd dev at each start\n"
                   "cluster = \"%s\"\nname = \"gw1\"\nlisten = \"127.0.0.1\"\nport = %d\nbase = \"%s\"\n",
                   DEV_CLUSTER, dev->ports[0], dev->dir));
    for (unsigned i = 1; i <= dev->nodes; i++)
        TRY(buf_printf(&text, "node \"tss%u\" {\n  address = \"127.0.0.1\"\n  port = %d\n}\n", i, dev->ports[i]));
    TRY(dev_path(dev, path, "conf/coordinator.conf"));
    return dev_write_file(path, buf_str(&text));
}

/* Beside the daemon in a build folder, or where `cmake --install` puts it. */
static void find_module(char out[DEV_PATH_MAX])
{
    static const char *const places[] = {"../pkcs11", "../lib/pkcs11", "../lib/*/pkcs11"};
    char                     self[DEV_PATH_MAX] = "", pattern[DEV_PATH_MAX + 64], *whole = NULL;
    ssize_t                  len = readlink("/proc/self/exe", self, sizeof self - 1);
    const char              *folder = len > 0 ? dirname(self) : ".";

    for (unsigned i = 0; i < ARRAY_LEN(places) && whole == NULL; i++) {
        glob_t found = {0};
        (void)snprintf(pattern, sizeof pattern, "%s/%s/libkms-pkcs11.so", folder, places[i]);
        if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0) whole = realpath(found.gl_pathv[0], NULL);
        globfree(&found);
    }
    (void)snprintf(out, DEV_PATH_MAX, "%s", whole == NULL ? "libkms-pkcs11.so" : whole);
    free(whole);
}

static RESULT write_pkcs11_conf(const struct dev *dev)
{
    BUF_LOCAL text = BUF_INIT(CONF_MAX);
    char      path[DEV_PATH_MAX];

    TRY(buf_printf(
        &text,
        "# written by kms-clusterd dev at each start\n"
        "gateways = {\"https://127.0.0.1:%d\"}\nca = \"%s/certs/ca.cert\"\ncredential = \"%s/clients/app\"\n",
        dev->ports[0], dev->dir, dev->dir));
    TRY(dev_path(dev, path, "conf/pkcs11.conf"));
    return dev_write_file(path, buf_str(&text));
}

RESULT dev_write_client_conf(const struct dev *dev)
{
    BUF_LOCAL text = BUF_INIT(CONF_MAX);
    char      path[DEV_PATH_MAX], module[DEV_PATH_MAX];

    TRY(write_pkcs11_conf(dev));
    find_module(module);
    TRY(buf_printf(&text,
                   "# For development only: the PIN stands here. Source this file: . %s/dev.env\n"
                   "export KMS_PKCS11_CONF='%s/conf/pkcs11.conf'\nexport KMS_PKCS11_MODULE='%s'\n"
                   "export KMS_URL='https://127.0.0.1:%d'\nexport KMS_CACERT='%s/certs/ca.cert'\n"
                   "export KMS_CREDENTIAL='%s/clients/app'\nexport KMS_ADMIN_CREDENTIAL='%s/clients/admin'\n"
                   "export KMS_PIN='%s'\n",
                   dev->dir, dev->dir, module, dev->ports[0], dev->dir, dev->dir, dev->dir, dev->pin));
    TRY(dev_path(dev, path, "dev.env"));
    return dev_write_file(path, buf_str(&text));
}
