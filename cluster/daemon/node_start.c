/* SPDX-License-Identifier: Apache-2.0 */
/* What a node does before it may serve. */
#include "cluster/daemon/node_start.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/pki/pki.h"

#define PASSWORD_TRIES 3
#define BOOT_ID_LEN 36
#define NO_BOOT_ID "-"
#define RUNNING "running "
#define STOPPED "stopped"
#define MARK_MAX 96
#define REFUSE_S 35 /* what the node refuses after an unclean start (30 s), and the time until it starts to */

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

/* The meta record "run": "running <boot> <refuse to>", "stopped <refuse to>". */
struct run_mark {
    bool    is_running;
    char    boot_id[BOOT_ID_LEN + 1];
    int64_t refuse_to_s; /* requests created before it are refused; 0: none */
};

/* "-" where it cannot be read: no boot's. */
static void read_boot_id(char out[BOOT_ID_LEN + 1], const char *path)
{
    int     fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, out, BOOT_ID_LEN);

    if (fd >= 0) (void)close(fd);
    out[BOOT_ID_LEN] = '\0';
    if (len != BOOT_ID_LEN) (void)strcpy(out, NO_BOOT_ID);
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

/* A store without a mark has never run. */
static RESULT read_mark(struct run_mark *out, struct store *store)
{
    struct store_id id = run_id();
    SECRET_LOCAL    value = SECRET_NONE;
    char            text[MARK_MAX];

    *out = (struct run_mark){0};
    enum kms_err err = store_get(store, &id, &value);
    if (err == KMS_E_NOT_FOUND) return KMS_OK;
    TRY(err);
    struct bytes mark = secret_view(&value);
    (void)snprintf(text, sizeof text, "%.*s", (int)(mark.len < sizeof text ? mark.len : sizeof text - 1),
                   (const char *)mark.data);
    if (sscanf(text, RUNNING "%36s %" SCNd64, out->boot_id, &out->refuse_to_s) >= 1)
        out->is_running = true;
    else if (strncmp(text, STOPPED, sizeof STOPPED - 1) != 0)
        return fail(KMS_E_CORRUPT, "the store's record of the last run is not readable");
    else
        (void)sscanf(text, STOPPED "%" SCNd64, &out->refuse_to_s);
    return KMS_OK;
}

static RESULT write_mark(struct store *store, const struct run_mark *mark)
{
    struct store_id id = run_id();
    char            text[MARK_MAX];

    if (mark->is_running)
        (void)snprintf(text, sizeof text, RUNNING "%s %" PRId64, mark->boot_id, mark->refuse_to_s);
    else
        (void)snprintf(text, sizeof text, STOPPED " %" PRId64, mark->refuse_to_s);
    return store_put(store, &id, bytes_str(text));
}

/* A process that was killed lost nothing: its rows were the kernel's already. A machine that stopped may have. */
static bool lost_rows(const struct run_mark *last, const struct run_mark *now)
{
    return last->is_running && (strcmp(last->boot_id, now->boot_id) != 0 || strcmp(now->boot_id, NO_BOOT_ID) == 0);
}

RESULT node_mark_running(struct store *store, bool *unclean, int64_t now_s, const char *boot_id_file)
{
    struct run_mark last, mark = {.is_running = true};
    bool            has_rows;

    read_boot_id(mark.boot_id, boot_id_file);
    TRY(read_mark(&last, store));
    TRY(log_has_rows(store, &has_rows));
    *unclean = has_rows && (lost_rows(&last, &mark) || last.refuse_to_s > now_s);
    if (*unclean) mark.refuse_to_s = now_s + REFUSE_S;
    return write_mark(store, &mark);
}

RESULT node_mark_stopped(struct store *store)
{
    struct run_mark mark;
    int             fd = store_sync_fd(store);

    if (fd >= 0 && fdatasync(fd) != 0) return fail(KMS_E_STORAGE, "fdatasync: %s", strerror(errno));
    TRY(read_mark(&mark, store));
    mark.is_running = false;
    return write_mark(store, &mark);
}
