/* SPDX-License-Identifier: Apache-2.0 */
/* What a node does before it may serve. */
#include "cluster/daemon/node_start.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/pki/pki.h"

#define PASSWORD_TRIES 3
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LEN 36
#define RUNNING "running "
#define STOPPED "stopped"

/* ---- folders ---- */

static RESULT resolve(char out[PATH_MAX], const char *path)
{
    return realpath(path, out) != NULL ? KMS_OK : fail(KMS_E_CONFIG, "%s: %s", path, strerror(errno));
}

static RESULT make_data_folder(const char *path)
{
    struct stat info;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(KMS_E_CONFIG, "data %s: %s; make the directory above it", path, strerror(errno));
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) return fail(KMS_E_CONFIG, "data %s is no directory", path);
    if ((info.st_mode & 077) != 0)
        return fail(KMS_E_CONFIG, "data %s: others may enter it (mode %03o); chmod 700", path, info.st_mode & 0777);
    return KMS_OK;
}

RESULT node_check_folders(const struct node_options *options)
{
    char dek_path[OPTIONS_PATH_MAX], dek_folder[PATH_MAX], data[PATH_MAX];

    TRY(make_data_folder(options->data));
    TRY(resolve(data, options->data));
    (void)snprintf(dek_path, sizeof dek_path, "%s", options->dek);
    TRY(resolve(dek_folder, dirname(dek_path)));
    size_t len = strlen(data);
    if (strncmp(dek_folder, data, len) == 0 && (dek_folder[len] == '\0' || dek_folder[len] == '/'))
        return fail(KMS_E_CONFIG, "dek %s lies in the data folder %s: a backup of the one would hold both",
                    options->dek, options->data);
    return KMS_OK;
}

/* ---- the password and what it opens ---- */

/* KMS_E_NOT_FOUND: systemd has given none. */
static RESULT read_systemd_credential(struct secret *out, const char *node)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char        path[PATH_MAX];

    if (folder == NULL) return fail(KMS_E_NOT_FOUND, "no CREDENTIALS_DIRECTORY");
    (void)snprintf(path, sizeof path, "%s/%s.password", folder, node);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(errno == ENOENT ? KMS_E_NOT_FOUND : KMS_E_CONFIG, "%s: %s", path, strerror(errno));
    enum kms_err err = password_read_fd(out, fd);
    (void)close(fd);
    TRY_AT(err, "%s", path);
    return KMS_OK;
}

static RESULT ask_terminal(struct secret *dek, const struct node_options *options)
{
    char         prompt[PARTY_NAME_MAX + 32];
    enum kms_err err = KMS_E_PASSWORD;

    (void)snprintf(prompt, sizeof prompt, "Password of %s.dek: ", options->common.name);
    for (unsigned i = 0; i < PASSWORD_TRIES && err == KMS_E_PASSWORD; i++) {
        SECRET_LOCAL password = SECRET_NONE;
        TRY(password_prompt(&password, prompt, false));
        err = dek_open(dek, options->dek, options->common.name, &password);
        if (err == KMS_E_PASSWORD) fprintf(stderr, "%s\n", error_title(err));
    }
    return err;
}

static RESULT open_dek(struct secret *dek, const struct node_options *options, int password_fd)
{
    SECRET_LOCAL password = SECRET_NONE;

    if (password_fd >= 0) {
        enum kms_err err = password_read_fd(&password, password_fd);
        (void)close(password_fd);
        TRY_AT(err, "--password-fd %d", password_fd);
        return dek_open(dek, options->dek, options->common.name, &password);
    }
    enum kms_err err = read_systemd_credential(&password, options->common.name);
    if (err == KMS_E_NOT_FOUND) return ask_terminal(dek, options);
    TRY(err);
    return dek_open(dek, options->dek, options->common.name, &password);
}

RESULT node_open_store(struct store *out, const struct node_options *options, int password_fd)
{
    SECRET_LOCAL dek = SECRET_NONE;
    struct store plain = {0};

    TRY(open_dek(&dek, options, password_fd));
    TRY(store_open_sqlite(&plain, options->data));
    enum kms_err err = store_open_sealed(out, &plain, &dek, options->common.name);
    if (err != KMS_OK) store_close(&plain);
    return err;
}

/* ---- was the last stop clean? ---- */

static void read_boot_id(char out[BOOT_ID_LEN + 1])
{
    int     fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, out, BOOT_ID_LEN);

    if (fd >= 0) (void)close(fd);
    out[len == BOOT_ID_LEN ? len : 0] = '\0';
}

static enum kms_err stop_at_first(void *arg, const struct store_log_row *row)
{
    bool *found = arg;

    (void)row;
    *found = true;
    return KMS_E_CLOSED;
}

static RESULT log_has_rows(struct store *store, bool *out)
{
    *out = false;
    enum kms_err err = store_log_each(store, 1, stop_at_first, out);
    return *out ? KMS_OK : err;
}

static struct store_id run_id(void)
{
    return (struct store_id){.table = STORE_META, .key = "run"};
}

/* A process that was killed lost nothing: its rows were the kernel's already. A machine that stopped may have. */
static RESULT ran_in_another_boot(struct store *store, const char *mark, bool *out)
{
    struct store_id id = run_id();
    SECRET_LOCAL    value = SECRET_NONE;

    *out = false;
    enum kms_err err = store_get(store, &id, &value);
    if (err == KMS_E_NOT_FOUND) return KMS_OK;
    TRY(err);
    *out = !bytes_equal_str(secret_view(&value), STOPPED) && !bytes_equal_str(secret_view(&value), mark);
    return KMS_OK;
}

RESULT node_mark_running(struct store *store, bool *unclean)
{
    char            boot_id[BOOT_ID_LEN + 1], mark[sizeof RUNNING + BOOT_ID_LEN];
    struct store_id id = run_id();
    bool            has_rows;

    read_boot_id(boot_id);
    (void)snprintf(mark, sizeof mark, RUNNING "%s", boot_id);
    TRY(ran_in_another_boot(store, mark, unclean));
    TRY(log_has_rows(store, &has_rows));
    *unclean = *unclean && has_rows;
    return store_put(store, &id, bytes_str(mark));
}

RESULT node_mark_stopped(struct store *store)
{
    struct store_id id = run_id();
    int             fd = store_sync_fd(store);

    if (fd >= 0 && fdatasync(fd) != 0) return fail(KMS_E_STORAGE, "fdatasync: %s", strerror(errno));
    return store_put(store, &id, bytes_str(STOPPED));
}
