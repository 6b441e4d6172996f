/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct buf: owned, growable bytes with a hard maximum. BUF_INIT(max) makes an empty one; buf_clear() frees it.
 * For public data; secrets live in struct secret. Appending past the maximum fails with KMS_E_TOO_LARGE and
 * changes nothing. Data is always followed by a NUL that len does not count.
 */
#ifndef KMS_COMMON_BASE_BUF_H
#define KMS_COMMON_BASE_BUF_H

#include "common/base/bytes.h"
#include "common/base/error.h"

struct buf {
    uint8_t *data; /* owned */
    size_t   len;
    size_t   cap;
    size_t   max;
};

#define BUF_INIT(maximum) ((struct buf){.max = (maximum)})
#define BUF_LOCAL CLEANUP(buf_clear) struct buf

void   buf_clear(struct buf *);
RESULT buf_append(struct buf *, struct bytes);
RESULT buf_append_str(struct buf *, const char *);
RESULT buf_printf(struct buf *, const char *format, ...) PRINTF_LIKE(2, 3);
/* Makes room for `more` bytes after len and returns where they go (NULL: over the maximum, or no memory). */
uint8_t *buf_reserve(struct buf *, size_t more);
/* Drops the first `n` bytes. */
void buf_consume(struct buf *, size_t n);

static inline struct bytes buf_bytes(const struct buf *b)
{
    return bytes(b->data, b->len);
}

/* "" when empty. */
const char *buf_str(const struct buf *);

#endif
