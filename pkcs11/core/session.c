/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sessions, and who frees one. */
#include "pkcs11/core/session.h"

#include <stdlib.h>

#include "pkcs11/backend/gate.h"

CK_RV sessions_init(struct sessions *s)
{
    *s = (struct sessions){0};
    handles_init(&s->handles, HANDLE_SESSION);
    return pthread_mutex_init(&s->lock, NULL) == 0 ? CKR_OK : refuse(CKR_CANT_LOCK, "mutex");
}

static void lock(struct sessions *s)
{
    (void)pthread_mutex_lock(&s->lock);
}

static void unlock(struct sessions *s)
{
    (void)pthread_mutex_unlock(&s->lock);
}

void session_end_search(struct session *session)
{
    if (session->search != NULL) free(session->search->handles);
    free(session->search);
    session->search = NULL;
}

static void end_operations(struct session *session)
{
    for (unsigned i = 0; i < OPERATION_KINDS; i++) operation_free(&session->operations[i]);
    session_end_search(session);
}

static void free_session(struct session *session)
{
    end_operations(session);
    (void)pthread_mutex_destroy(&session->lock);
    free(session);
}

/* Out of the table; whoever uses it last frees it. The table is locked. */
static void close_locked(struct sessions *s, struct session *session)
{
    handles_remove(&s->handles, session->handle);
    if (session->previous != NULL)
        session->previous->next = session->next;
    else
        s->first = session->next;
    if (session->next != NULL) session->next->previous = session->previous;
    session->slot->sessions--;
    if ((session->flags & CKF_RW_SESSION) != 0) session->slot->rw_sessions--;
    session->closed = true;
    if (session->users == 0) free_session(session);
}

void sessions_clear(struct sessions *s)
{
    while (s->first != NULL) close_locked(s, s->first);
    handles_clear(&s->handles);
    (void)pthread_mutex_destroy(&s->lock);
}

void sessions_after_fork(struct sessions *s)
{
    for (struct session *session = s->first; session != NULL; session = session->next) {
        session->users = 0;
        if (pthread_mutex_trylock(&session->lock) == 0) {
            (void)pthread_mutex_unlock(&session->lock);
            continue;
        }
        (void)pthread_mutex_init(&session->lock, NULL);
        end_operations(session);
    }
}

CK_RV sessions_open(struct sessions *s, struct slot *slot, CK_FLAGS flags, CK_SESSION_HANDLE *out)
{
    struct session *session = calloc(1, sizeof *session);

    if (session == NULL) return refuse(CKR_HOST_MEMORY, "session");
    session->slot = slot;
    session->flags = flags;
    if (pthread_mutex_init(&session->lock, NULL) != 0) {
        free(session);
        return refuse(CKR_HOST_MEMORY, "mutex");
    }
    lock(s);
    CK_RV rv = handles_add(&s->handles, &session->handle, session);
    if (rv == CKR_OK) {
        session->next = s->first;
        if (s->first != NULL) s->first->previous = session;
        s->first = session;
        slot->sessions++;
        if ((flags & CKF_RW_SESSION) != 0) slot->rw_sessions++;
        *out = session->handle;
    }
    unlock(s);
    if (rv != CKR_OK) free_session(session);
    return rv;
}

static CK_RV unknown(CK_SESSION_HANDLE handle)
{
    return refuse(CKR_SESSION_HANDLE_INVALID, "no session 0x%lx", handle);
}

CK_RV sessions_close(struct sessions *s, CK_SESSION_HANDLE handle)
{
    lock(s);
    struct session *session = handles_get(&s->handles, handle);
    if (session != NULL) close_locked(s, session);
    unlock(s);
    return session == NULL ? unknown(handle) : CKR_OK;
}

void sessions_close_all(struct sessions *s, const struct slot *slot)
{
    lock(s);
    for (struct session *session = s->first, *next; session != NULL; session = next) {
        next = session->next;
        if (session->slot == slot) close_locked(s, session);
    }
    unlock(s);
}

void sessions_count(struct sessions *s, const struct slot *slot, CK_ULONG *all, CK_ULONG *rw)
{
    lock(s);
    *all = slot->sessions;
    *rw = slot->rw_sessions;
    unlock(s);
}

CK_RV sessions_take(struct sessions *s, struct session **out, CK_SESSION_HANDLE handle)
{
    lock(s);
    struct session *session = handles_get(&s->handles, handle);
    if (session != NULL) session->users++;
    unlock(s);
    *out = session;
    if (session == NULL) return unknown(handle);
    gate_lock(&session->lock);
    lock(s);
    bool closed = session->closed;
    unlock(s);
    if (!closed) return CKR_OK;
    sessions_give_back(s, session); /* closed while this thread waited for another one to be done with it */
    *out = NULL;
    return unknown(handle);
}

void sessions_give_back(struct sessions *s, struct session *session)
{
    (void)pthread_mutex_unlock(&session->lock);
    lock(s);
    session->users--;
    bool last = session->closed && session->users == 0;
    unlock(s);
    if (last) free_session(session);
}

void session_info(const struct session *session, CK_SESSION_INFO *out, bool logged_in)
{
    bool rw = (session->flags & CKF_RW_SESSION) != 0;

    *out = (CK_SESSION_INFO){.slotID = session->slot->family->slot, .flags = session->flags};
    if (logged_in)
        out->state = rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
    else
        out->state = rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}
