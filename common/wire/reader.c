/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor with a sticky error. */
#include "common/wire/reader.h"

struct bytes reader_view(struct reader *r, size_t len)
{
    if (r->failed || len > r->left.len) {
        r->failed = true;
        return BYTES_NONE;
    }
    struct bytes view = bytes(r->left.data, len);
    r->left = bytes(len == 0 ? r->left.data : r->left.data + len, r->left.len - len);
    return view;
}

static uint64_t read_integer(struct reader *r, size_t size)
{
    struct bytes view = reader_view(r, size);
    uint64_t     value = 0;

    for (size_t i = 0; i < view.len; i++) value = value << 8 | view.data[i];
    return value;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)read_integer(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)read_integer(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)read_integer(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return read_integer(r, 8);
}

bool reader_bool(struct reader *r)
{
    uint8_t value = reader_u8(r);

    if (value > 1) r->failed = true;
    return value == 1;
}

void reader_copy(struct reader *r, void *out, size_t len)
{
    struct bytes view = reader_view(r, len);

    if (len == 0) return;
    if (view.data == NULL)
        memset(out, 0, len);
    else
        memcpy(out, view.data, len);
}

struct bytes reader_block(struct reader *r, size_t max)
{
    uint32_t len = reader_u32(r);

    if (len > max) r->failed = true;
    return reader_view(r, len);
}

void reader_text(struct reader *r, char *out, size_t max)
{
    struct bytes view = reader_block(r, max);

    for (size_t i = 0; i < view.len; i++)
        if (view.data[i] < ' ' || view.data[i] == 0x7f) r->failed = true;
    if (r->failed) view = BYTES_NONE;
    if (view.len > 0) memcpy(out, view.data, view.len);
    out[view.len] = '\0';
}

void reader_refuse(struct reader *r)
{
    r->failed = true;
}

RESULT reader_end(const struct reader *r, const char *what)
{
    if (r->failed) return fail(KMS_E_FORMAT, "%s: malformed", what);
    if (r->left.len > 0) return fail(KMS_E_FORMAT, "%s: %zu bytes too many", what, r->left.len);
    return KMS_OK;
}
