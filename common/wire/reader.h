/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over received bytes with a sticky error: after the first failure every read gives zeros and
 * reader_end() fails. So a decoder reads straight down and asks once, at the end. Integers are big-endian.
 */
#ifndef KMS_COMMON_WIRE_READER_H
#define KMS_COMMON_WIRE_READER_H

#include "common/base/bytes.h"
#include "common/base/error.h"

struct reader {
    struct bytes left;
    bool         failed;
};

static inline struct reader reader_of(struct bytes all)
{
    return (struct reader){.left = all, .failed = false};
}

uint8_t  reader_u8(struct reader *);
uint16_t reader_u16(struct reader *);
uint32_t reader_u32(struct reader *);
uint64_t reader_u64(struct reader *);
/* One byte, 0 or 1; anything else fails. */
bool reader_bool(struct reader *);
/* Copies exactly len bytes (zeros on failure). */
void reader_copy(struct reader *, void *out, size_t len);
/* Borrows exactly len bytes. */
struct bytes reader_view(struct reader *, size_t len);
/* A u32 length of at most `max`, then that many bytes, borrowed. */
struct bytes reader_block(struct reader *, size_t max);
/* The same, as NUL-terminated text without NUL or control characters inside; out has max + 1 bytes. */
void reader_text(struct reader *, char *out, size_t max);
/* Marks the reader failed: for a value that its caller refuses. */
void reader_refuse(struct reader *);
/* KMS_E_FORMAT if anything failed or bytes are left. `what` names the thing in the error text. */
RESULT reader_end(const struct reader *, const char *what);

#endif
