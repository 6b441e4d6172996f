/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All objects of the client, as of the last look at the cluster: what C_FindObjects searches. It is looked at anew at
 * most once per refresh interval, and then with a request that costs nothing while nothing has changed. What this
 * process makes, changes or destroys shows at once. Handles stay as long as their object does.
 */
#ifndef KMS_PKCS11_CORE_INVENTORY_H
#define KMS_PKCS11_CORE_INVENTORY_H

#include <pthread.h>

#include "pkcs11/core/handles.h"
#include "pkcs11/object/object.h"

struct inventory {
    const struct backend *backend; /* borrowed */
    uint64_t              refresh_ms, wait_ms;
    pthread_mutex_t       lock;       /* of all below; never held while waiting */
    pthread_mutex_t       refreshing; /* one refresh at a time; held over the network */
    struct record       **records;    /* owned; sorted by object id */
    size_t                count, cap;
    struct handles        handles; /* to struct object */
    char                  etag[80];
    bool                  looked; /* at least once */
    uint64_t              looked_ms;
    uint64_t              looks;     /* that have ended */
    CK_RV                 last;      /* how the last of them ended */
    uint64_t              mutations; /* by this process: a list that was on its way meanwhile is stale */
};

/* wait_ms: how long a thread waits for another one's look. */
CK_RV inventory_init(struct inventory *, const struct backend *, uint64_t refresh_ms, uint64_t wait_ms);
void  inventory_clear(struct inventory *);
/* In a forked child, before anything else. */
void inventory_after_fork(struct inventory *);

/* Looks at the cluster if the last look is too old. Whoever finds another thread looking takes what that one gets. */
CK_RV inventory_refresh(struct inventory *);
/* What is known seems to be old: the next refresh looks. */
void inventory_distrust(struct inventory *);

/* A record that this process has made or changed. handles: of its objects; NULL: not wanted. */
CK_RV inventory_put(struct inventory *, const struct backend_object *, CK_OBJECT_HANDLE handles[2]);
void  inventory_remove(struct inventory *, const char *object_id);

/* What an object is asked about while it may be freed by a refresh: take, use, give back. NULL: no such handle. */
const struct object *inventory_take(struct inventory *, CK_OBJECT_HANDLE);
void                 inventory_give_back(struct inventory *, const struct object *);

/* Which of the objects to find. */
struct search_terms {
    const struct family *family; /* of the slot */
    bool                 with_private;
    const CK_ATTRIBUTE  *templ;
    CK_ULONG             count;
};
/* *out: owned by the caller. */
CK_RV inventory_find(struct inventory *, CK_OBJECT_HANDLE **out, size_t *count, const struct search_terms *);
/* Is it in the slot of this family, and may it be seen? */
bool inventory_is_visible(const struct object *, const struct family *, bool with_private);

#endif
