/* SPDX-License-Identifier: Apache-2.0 */
/* Owned secret bytes. */
#include "common/secret/secret.h"

#include "common/base/check.h"
#include "common/secret/secmem.h"
#include "common/secret/wipe.h"

RESULT secret_alloc(struct secret *out, size_t len)
{
    secret_clear(out);
    out->data = secmem_alloc(len);
    if (out->data == NULL) return fail(KMS_E_MEMORY, "no locked memory for %zu bytes (ulimit -l)", len);
    out->len = len;
    return KMS_OK;
}

RESULT secret_copy(struct secret *out, struct bytes from)
{
    TRY(secret_alloc(out, from.len));
    if (from.len > 0) memcpy(out->data, from.data, from.len);
    return KMS_OK;
}

void secret_clear(struct secret *s)
{
    secmem_free(s->data);
    *s = SECRET_NONE;
}

void secret_truncate(struct secret *s, size_t len)
{
    CHECK(len <= s->len);
    wipe(s->data + len, s->len - len);
    s->len = len;
}
