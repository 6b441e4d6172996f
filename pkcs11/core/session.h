/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: local structures that cost the cluster nothing. A thread that calls a function with a session's handle
 * holds the session until it returns, over the network too; closing a session that is in use takes effect when it is
 * given back.
 */
#ifndef KMS_PKCS11_CORE_SESSION_H
#define KMS_PKCS11_CORE_SESSION_H

#include <pthread.h>

#include "pkcs11/core/handles.h"
#include "pkcs11/core/slot.h"
#include "pkcs11/operation/operation.h"

/* What C_FindObjectsInit found. */
struct search {
    CK_OBJECT_HANDLE *handles; /* owned */
    size_t            count, next;
};

struct session {
    pthread_mutex_t   lock; /* may be held while waiting */
    unsigned          users;
    bool              closed;
    CK_SESSION_HANDLE handle;
    struct slot      *slot; /* borrowed */
    CK_FLAGS          flags;
    struct operation *operations[OPERATION_KINDS]; /* owned; NULL: none active */
    struct search    *search;                      /* owned; NULL: none active */
    struct session   *next, *previous;
};

struct sessions {
    pthread_mutex_t lock; /* of the table and of the slots' counts; never held while waiting */
    struct handles  handles;
    struct session *first;
};

CK_RV sessions_init(struct sessions *);
/* All of them; nobody uses them any more. */
void sessions_clear(struct sessions *);
/* In a forked child, before anything else: what threads of the parent were doing in sessions is ended. */
void sessions_after_fork(struct sessions *);

CK_RV sessions_open(struct sessions *, struct slot *, CK_FLAGS, CK_SESSION_HANDLE *out);
CK_RV sessions_close(struct sessions *, CK_SESSION_HANDLE);
void  sessions_close_all(struct sessions *, const struct slot *);
/* How many the slot has, and how many of them are read-write. */
void sessions_count(struct sessions *, const struct slot *, CK_ULONG *all, CK_ULONG *rw);

/* CKR_SESSION_HANDLE_INVALID. */
CK_RV sessions_take(struct sessions *, struct session **out, CK_SESSION_HANDLE);
void  sessions_give_back(struct sessions *, struct session *);

void session_end_search(struct session *);
/* logged_in: of its slot. */
void session_info(const struct session *, CK_SESSION_INFO *out, bool logged_in);

#endif
