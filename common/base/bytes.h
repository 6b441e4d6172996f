/* SPDX-License-Identifier: Apache-2.0 */
/* struct bytes: a borrowed view of bytes, passed by value, never kept beyond the call. */
#ifndef KMS_COMMON_BASE_BYTES_H
#define KMS_COMMON_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data; /* borrowed; may be NULL when len is 0 */
    size_t         len;
};

#define BYTES_OF(array) ((struct bytes){(const uint8_t *)(array), sizeof(array)})
#define BYTES_NONE ((struct bytes){NULL, 0})

static inline struct bytes bytes(const void *data, size_t len)
{
    return (struct bytes){(const uint8_t *)data, len};
}

static inline struct bytes bytes_str(const char *text)
{
    return bytes(text, strlen(text));
}

/* Public data only: not constant-time (secrets: ct_equal). */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool bytes_equal_str(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_str(text));
}

#endif
