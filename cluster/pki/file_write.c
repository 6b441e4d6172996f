/* SPDX-License-Identifier: Apache-2.0 */
/* Durable writing of small files. The file beside is <path>.new; one that a crash left behind is written anew. */
#include "cluster/pki/file_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
}

static enum kms_err failed(const char *what, const char *path)
{
    return fail(KMS_E_SYSTEM, "%s: cannot %s: %s", path, what, strerror(errno));
}

static enum kms_err write_all(int fd, struct bytes content, const char *path)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.data, content.len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed("be written", path);
        content = bytes(content.data + n, content.len - (size_t)n);
    }
    return fsync(fd) == 0 ? KMS_OK : failed("be synced", path);
}

static enum kms_err sync_folder_of(const char *path)
{
    CLEANUP(close_fd) int fd = -1;
    char                  folder[PATH_MAX];
    const char           *last = strrchr(path, '/');
    int                   len = last == NULL ? 1 : (int)(last - path);

    (void)snprintf(folder, sizeof folder, "%.*s", last == path ? 1 : len, last == NULL ? "." : path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) return failed("be synced", folder);
    return KMS_OK;
}

static enum kms_err write_beside(const char *beside, struct bytes content, mode_t mode)
{
    CLEANUP(close_fd) int fd = -1;

    if (unlink(beside) != 0 && errno != ENOENT) return failed("be removed", beside);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return failed("be made", beside);
    TRY(write_all(fd, content, beside));
    return fchmod(fd, mode) == 0 ? KMS_OK : failed("get its mode", beside);
}

static enum kms_err put_in_place(const char *beside, const char *path, bool replace)
{
    if (replace) return rename(beside, path) == 0 ? KMS_OK : failed("be replaced", path);
    /* link() refuses an existing name, rename() would not. */
    int linked = link(beside, path);
    int why = errno;
    (void)unlink(beside);
    errno = why;
    if (linked != 0 && why == EEXIST) return fail(KMS_E_CONFLICT, "%s exists already; it is not overwritten", path);
    return linked == 0 ? KMS_OK : failed("be made", path);
}

static enum kms_err write_file(const char *path, struct bytes content, mode_t mode, bool replace)
{
    char beside[PATH_MAX];
    int  len = snprintf(beside, sizeof beside, "%s.new", path);

    if (len < 0 || (size_t)len >= sizeof beside) return fail(KMS_E_ARGUMENT, "%s: the path is too long", path);
    enum kms_err err = write_beside(beside, content, mode);
    if (err == KMS_OK) err = put_in_place(beside, path, replace);
    if (err != KMS_OK) {
        (void)unlink(beside);
        return err;
    }
    return sync_folder_of(path);
}

RESULT file_create(const char *path, struct bytes content, mode_t mode)
{
    TRY(file_check_free(path));
    return write_file(path, content, mode, false);
}

RESULT file_replace(const char *path, struct bytes content, mode_t mode)
{
    return write_file(path, content, mode, true);
}

RESULT file_append(const char *path, struct bytes line, mode_t mode)
{
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode);

    if (fd < 0) return failed("be opened", path);
    if (flock(fd, LOCK_EX) != 0) return failed("be locked", path);
    TRY(write_all(fd, line, path));
    return sync_folder_of(path);
}

RESULT file_check_free(const char *path)
{
    struct stat info;

    if (lstat(path, &info) == 0) return fail(KMS_E_CONFLICT, "%s exists already; it is not overwritten", path);
    return errno == ENOENT ? KMS_OK : failed("be looked at", path);
}

RESULT folder_make(const char *path, mode_t mode)
{
    struct stat info;

    if (mkdir(path, mode) == 0) return sync_folder_of(path);
    if (errno != EEXIST) return failed("be made", path);
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return fail(KMS_E_CONFLICT, "%s is there and is no folder", path);
    return KMS_OK;
}
