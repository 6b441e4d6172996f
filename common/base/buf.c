/* SPDX-License-Identifier: Apache-2.0 */
/* Owned, growable bytes with a hard maximum. */
#include "common/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"

void buf_clear(struct buf *b)
{
    size_t max = b->max;

    free(b->data);
    *b = BUF_INIT(max);
}

uint8_t *buf_reserve(struct buf *b, size_t more)
{
    if (more > b->max || b->len > b->max - more) return NULL;
    size_t need = b->len + more + 1;
    if (need > b->cap) {
        size_t   cap = b->cap * 2 > need ? b->cap * 2 : need + 64;
        uint8_t *data = realloc(b->data, cap);
        if (data == NULL) return NULL;
        b->data = data;
        b->cap = cap;
    }
    return b->data + b->len;
}

RESULT buf_append(struct buf *b, struct bytes more)
{
    uint8_t *at = buf_reserve(b, more.len);

    if (at == NULL) return fail(KMS_E_TOO_LARGE, "more than %zu bytes", b->max);
    if (more.len > 0) memcpy(at, more.data, more.len);
    b->len += more.len;
    b->data[b->len] = '\0';
    return KMS_OK;
}

RESULT buf_append_str(struct buf *b, const char *text)
{
    return buf_append(b, bytes_str(text));
}

RESULT buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (need < 0) return fail(KMS_E_INTERNAL, "formatting failed");
    uint8_t *at = buf_reserve(b, (size_t)need);
    if (at == NULL) return fail(KMS_E_TOO_LARGE, "more than %zu bytes", b->max);
    va_start(args, format);
    (void)vsnprintf((char *)at, (size_t)need + 1, format, args);
    va_end(args);
    b->len += (size_t)need;
    return KMS_OK;
}

void buf_consume(struct buf *b, size_t n)
{
    CHECK(n <= b->len);
    if (n == 0) return;
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
    b->data[b->len] = '\0';
}

const char *buf_str(const struct buf *b)
{
    return b->data == NULL ? "" : (const char *)b->data;
}
