/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mirror image of the reader: writes into a fixed array or a struct buf, with a sticky error; never overruns.
 *   uint8_t out[64]; struct writer w = writer_of(out, sizeof out);  ...  TRY(writer_end(&w, "name")); use w.len
 *   struct writer w = writer_to(&buf);                               appends to the buffer
 */
#ifndef KMS_COMMON_WIRE_WRITER_H
#define KMS_COMMON_WIRE_WRITER_H

#include "common/base/buf.h"

struct writer {
    uint8_t    *data; /* borrowed; fixed array, or NULL */
    size_t      cap;
    size_t      len;
    struct buf *buf; /* borrowed; or NULL */
    bool        failed;
};

static inline struct writer writer_of(void *out, size_t cap)
{
    return (struct writer){.data = (uint8_t *)out, .cap = cap};
}

static inline struct writer writer_to(struct buf *out)
{
    return (struct writer){.buf = out};
}

void writer_u8(struct writer *, uint8_t);
void writer_u16(struct writer *, uint16_t);
void writer_u32(struct writer *, uint32_t);
void writer_u64(struct writer *, uint64_t);
void writer_bool(struct writer *, bool);
/* The bytes alone. */
void writer_raw(struct writer *, struct bytes);
/* A u32 length, then the bytes. */
void writer_block(struct writer *, struct bytes);
void writer_text(struct writer *, const char *);
/* `len` bytes to be filled in by the caller; NULL when full. */
uint8_t *writer_space(struct writer *, size_t len);
/* KMS_E_TOO_LARGE if anything did not fit. */
RESULT writer_end(const struct writer *, const char *what);
/* What has been written (fixed array only). */
static inline struct bytes writer_bytes(const struct writer *w)
{
    return bytes(w->data, w->len);
}

#endif
