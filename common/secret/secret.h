/* SPDX-License-Identifier: Apache-2.0 */
/* struct secret: owned secret bytes of a fixed length in secmem. No secret is ever a bare uint8_t *. */
#ifndef KMS_COMMON_SECRET_SECRET_H
#define KMS_COMMON_SECRET_SECRET_H

#include "common/base/bytes.h"
#include "common/base/error.h"

struct secret {
    uint8_t *data; /* owned, in secmem; NULL when empty */
    size_t   len;
};

#define SECRET_NONE ((struct secret){NULL, 0})
#define SECRET_LOCAL CLEANUP(secret_clear) struct secret

/* Frees what *out held before. Zeroed. */
RESULT secret_alloc(struct secret *out, size_t len);
RESULT secret_copy(struct secret *out, struct bytes from);
/* Wipes and frees; the struct is empty afterwards. */
void secret_clear(struct secret *);
/* A borrowed view, for the call. Leaving secrecy is a named act: grep for it. */
static inline struct bytes secret_view(const struct secret *s)
{
    return bytes(s->data, s->len);
}
/* Shortens; wipes what is cut. */
void secret_truncate(struct secret *, size_t len);

#endif
