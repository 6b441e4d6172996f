/* SPDX-License-Identifier: Apache-2.0 */
/* Small files, read whole, with a look at their mode through the open descriptor (no race between check and use). */
#include "common/secret/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
}

static enum kms_err open_checked(int *fd, const char *path, unsigned forbidden)
{
    struct stat info;

    /* Not blocking: a FIFO under this name would stop the process before fstat could refuse it. */
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return fail(KMS_E_NOT_FOUND, "%s: no such file", path);
    if (*fd < 0) return fail(KMS_E_SYSTEM, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(*fd, &info) != 0) return fail(KMS_E_SYSTEM, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return fail(KMS_E_CONFIG, "%s: not a regular file", path);
    unsigned mode = info.st_mode & 07777;
    if ((mode & forbidden) != 0)
        return fail(KMS_E_CONFIG, "%s: mode %04o lets others %s it; chmod %s it", path, mode,
                    (forbidden & 044) != 0 ? "read" : "write", (forbidden & 044) != 0 ? "600" : "go-w");
    return KMS_OK;
}

/* Reads until the end of the file or until `max` bytes are there. */
static enum kms_err read_up_to(size_t *len, uint8_t *out, size_t max, int fd)
{
    *len = 0;
    while (*len < max) {
        ssize_t n = read(fd, out + *len, max - *len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(KMS_E_SYSTEM, "reading: %s", strerror(errno));
        if (n == 0) break;
        *len += (size_t)n;
    }
    return KMS_OK;
}

RESULT file_read(struct buf *out, const char *path, unsigned forbidden)
{
    CLEANUP(close_fd) int fd = -1;
    size_t                room = out->max - out->len, len = 0;

    TRY(open_checked(&fd, path, forbidden));
    uint8_t *at = buf_reserve(out, room);
    if (at == NULL) return fail(KMS_E_MEMORY, "%s: no memory for %zu bytes", path, room);
    TRY_AT(read_up_to(&len, at, room, fd), "%s", path);
    uint8_t more;
    size_t  more_len = 0;
    TRY_AT(read_up_to(&more_len, &more, 1, fd), "%s", path);
    if (more_len > 0) return fail(KMS_E_TOO_LARGE, "%s: more than %zu bytes", path, room);
    out->len += len;
    out->data[out->len] = '\0';
    return KMS_OK;
}

RESULT file_read_secret(struct secret *out, const char *path)
{
    CLEANUP(close_fd) int fd = -1;
    size_t                len = 0;

    TRY(open_checked(&fd, path, 077));
    TRY(secret_alloc(out, FILE_SECRET_MAX + 1));
    enum kms_err err = read_up_to(&len, out->data, out->len, fd);
    if (err == KMS_OK && len > FILE_SECRET_MAX) err = fail(KMS_E_TOO_LARGE, "more than %d bytes", FILE_SECRET_MAX);
    if (err != KMS_OK) {
        error_context("%s", path);
        secret_clear(out);
        return err;
    }
    secret_truncate(out, len);
    return KMS_OK;
}
