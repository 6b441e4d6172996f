/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process has seen of each object: the highest revision, which change it was, and the hash of the
 * evidence that was verified; and what it has destroyed, for good.
 */
#ifndef KMS_PKCS11_BACKEND_SEEN_H
#define KMS_PKCS11_BACKEND_SEEN_H

#include <stdint.h>

#include "common/document/birth.h"

struct seen_item {
    char     object_id[KEY_ID_LEN + 1];
    uint32_t revision;
    bool     gone;
    uint8_t  change_hash[32];
    uint8_t  evidence_hash[32];
};

struct seen {
    struct seen_item *items; /* owned; sorted by object_id */
    size_t            count, cap;
};

void seen_clear(struct seen *);
/* NULL: not seen. */
const struct seen_item *seen_find(const struct seen *, const char *object_id);
/* KMS_E_REPLAY: a higher revision was seen, or this one with another change. KMS_E_NOT_FOUND: it is gone. */
RESULT seen_put(struct seen *, const struct seen_item *);
/* It was destroyed and does not come back. */
RESULT seen_bury(struct seen *, const char *object_id);

#endif
