/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of the client's objects: two collections (keys, and certificates and data), read page by page, each page
 * under its own ETag, so that asking again costs one conditional request a page while nothing has changed.
 */
#ifndef KMS_PKCS11_BACKEND_CATALOGUE_H
#define KMS_PKCS11_BACKEND_CATALOGUE_H

#include <pthread.h>

#include "pkcs11/backend/caller.h"
#include "pkcs11/backend/verification.h"

struct page_mark {
    char after[KEY_ID_LEN + 1];
    char etag[HTTP_ETAG_MAX + 1];
};

struct collection {
    struct page_mark *pages; /* owned; of the last complete list */
    size_t            count;
};

struct catalogue {
    pthread_mutex_t   lock; /* of the verifier; never held while waiting */
    struct verifier   verifier;
    pthread_mutex_t   listing; /* of the rest; may be held while waiting */
    struct collection keys, objects;
    uint64_t          generation; /* of the last complete list; its text is the list's etag */
    unsigned          fork_count;
    unsigned          timeout_ms;
};

/* owner: borrowed. */
RESULT catalogue_init(struct catalogue *, const struct authority *, const struct identity *owner, unsigned timeout_ms);
void   catalogue_clear(struct catalogue *);
/*
 * Within one deadline, timeout_ms from now. An object whose evidence does not hold is left out and logged: it must not
 * make the others unusable. Nor do certificates and data that cannot be listed: out->keys_only.
 */
RESULT catalogue_list(struct catalogue *, struct caller *, const char *etag, struct backend_list *out, bool *changed);
/* This process has destroyed it: no gateway brings it back. */
RESULT catalogue_bury(struct catalogue *, const char *object_id);
/* verify_evidence(), thread-safe. */
RESULT catalogue_verify(struct catalogue *, struct backend_object *out, enum backend_class, const struct evidence *);

#endif
