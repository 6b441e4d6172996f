/* SPDX-License-Identifier: Apache-2.0 */
/* What a command is given to work on: a file of any kind or standard input, whole, within a bound. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cluster/ctl/command.h"
#include "common/base/text.h"

RESULT content_hex(struct buf *out, struct ctl *ctl, const char *option)
{
    const char  *text = option_text(ctl, option);
    enum kms_err err = hex_decode_buf(out, bytes_str(text == NULL ? "" : text));

    ctl->usage_error = err != KMS_OK;
    TRY_AT(err, "--%s", option);
    return KMS_OK;
}

static void close_fd(int *fd)
{
    if (*fd > STDERR_FILENO) (void)close(*fd);
}

RESULT content_read(struct buf *out, const char *path)
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
