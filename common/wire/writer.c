/* SPDX-License-Identifier: Apache-2.0 */
/* Writes with a sticky error; never overruns. */
#include "common/wire/writer.h"

uint8_t *writer_space(struct writer *w, size_t len)
{
    uint8_t *at = NULL;

    if (w->failed) return NULL;
    if (w->buf != NULL) {
        at = buf_reserve(w->buf, len);
        if (at != NULL) {
            w->buf->len += len;
            w->buf->data[w->buf->len] = '\0';
        }
    } else if (len <= w->cap - w->len) {
        at = w->data + w->len;
    }
    if (at == NULL) {
        w->failed = true;
        return NULL;
    }
    w->len += len;
    return at;
}

static void write_integer(struct writer *w, uint64_t value, size_t size)
{
    uint8_t *at = writer_space(w, size);

    if (at == NULL) return;
    for (size_t i = size; i-- > 0; value >>= 8) at[i] = (uint8_t)value;
}

void writer_u8(struct writer *w, uint8_t value)
{
    write_integer(w, value, 1);
}

void writer_u16(struct writer *w, uint16_t value)
{
    write_integer(w, value, 2);
}

void writer_u32(struct writer *w, uint32_t value)
{
    write_integer(w, value, 4);
}

void writer_u64(struct writer *w, uint64_t value)
{
    write_integer(w, value, 8);
}

void writer_bool(struct writer *w, bool value)
{
    writer_u8(w, value ? 1 : 0);
}

void writer_raw(struct writer *w, struct bytes raw)
{
    uint8_t *at = writer_space(w, raw.len);

    if (at != NULL && raw.len > 0) memcpy(at, raw.data, raw.len);
}

void writer_block(struct writer *w, struct bytes block)
{
    if (block.len > UINT32_MAX) {
        w->failed = true;
        return;
    }
    writer_u32(w, (uint32_t)block.len);
    writer_raw(w, block);
}

void writer_text(struct writer *w, const char *text)
{
    writer_block(w, bytes_str(text));
}

RESULT writer_end(const struct writer *w, const char *what)
{
    if (w->failed) return fail(KMS_E_TOO_LARGE, "%s: does not fit", what);
    return KMS_OK;
}
