/* SPDX-License-Identifier: Apache-2.0 */
/* Small files, whole: read within a bound, written beside their name and renamed. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cluster/ctl/command.h"

static void close_fd(int *fd)
{
    if (*fd > STDERR_FILENO) (void)close(*fd);
}

RESULT file_read(struct buf *out, const char *path)
{
    CLEANUP(close_fd) int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    uint8_t               block[16384];

    if (fd < 0)
        return fail(errno == ENOENT ? KMS_E_NOT_FOUND : KMS_E_SYSTEM, "cannot read %s: %s", path, strerror(errno));
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(KMS_E_SYSTEM, "cannot read %s: %s", path, strerror(errno));
        if (got == 0) return KMS_OK;
        TRY_AT(buf_append(out, bytes(block, (size_t)got)), "reading %s", path);
    }
}

static RESULT write_all(int fd, struct bytes content, const char *path)
{
    while (content.len > 0) {
        ssize_t done = write(fd, content.data, content.len);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return fail(KMS_E_SYSTEM, "cannot write %s: %s", path, strerror(errno));
        content = bytes(content.data + done, content.len - (size_t)done);
    }
    return fsync(fd) == 0 ? KMS_OK : fail(KMS_E_SYSTEM, "cannot write %s: %s", path, strerror(errno));
}

RESULT file_write(const char *path, struct bytes content, unsigned mode)
{
    char beside[1024];

    int len = snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof beside) return fail(KMS_E_ARGUMENT, "a file name of more than 1,000 bytes");
    CLEANUP(close_fd) int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return fail(KMS_E_SYSTEM, "cannot make %s: %s", beside, strerror(errno));
    enum kms_err err = write_all(fd, content, beside);
    if (err == KMS_OK && rename(beside, path) != 0)
        err = fail(KMS_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
    if (err != KMS_OK) (void)unlink(beside);
    return err;
}
