/* SPDX-License-Identifier: Apache-2.0 */
/* ETags: hashes of what an answer depends on. */
#include "cluster/api/etag.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"

void etag_make(char out[ETAG_LEN + 1], struct bytes what)
{
    uint8_t hash[32];
    char    hex[33];

    sha256(hash, what);
    hex_encode(hex, bytes(hash, 16));
    (void)snprintf(out, ETAG_LEN + 1, "\"%s\"", hex);
}

RESULT etag_of_list(char out[ETAG_LEN + 1], const struct call *call, const char *kind, const char *owner)
{
    struct metadata *m = call_metadata(call);
    uint64_t         generation;
    char             text[IDENTITY_URI_MAX + REQUEST_TARGET_MAX + 64];

    TRY(m->ops->generation(m->self, owner, &generation));
    int used = snprintf(text, sizeof text, "%s %s %llu %s", kind, owner == NULL ? "" : owner,
                        (unsigned long long)generation, call->query);
    if (used < 0 || (size_t)used >= sizeof text) return fail(KMS_E_TOO_LARGE, "the query is too long");
    etag_make(out, bytes(text, (size_t)used));
    return KMS_OK;
}
