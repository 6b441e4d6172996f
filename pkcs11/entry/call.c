/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of every call, and the one place where a failed call is logged. */
#include "pkcs11/entry/call.h"

#include "common/base/log.h"
#include "pkcs11/entry/lifecycle.h"

CK_RV call_begin(struct call *c, const char *name)
{
    *c = (struct call){.name = name};
    error_clear();
    provider_note_object("");
    c->rv = lifecycle_enter(&c->provider);
    return c->rv;
}

CK_RV call_begin_slot(struct call *c, const char *name, CK_SLOT_ID id, struct slot **out)
{
    *out = NULL;
    if (call_begin(c, name) != CKR_OK) return c->rv;
    c->slot = id;
    c->rv = provider_slot(c->provider, out, id);
    return c->rv;
}

CK_RV call_begin_session(struct call *c, const char *name, CK_SESSION_HANDLE handle)
{
    if (call_begin(c, name) != CKR_OK) return c->rv;
    c->rv = sessions_take(&c->provider->sessions, &c->session, handle);
    if (c->rv == CKR_OK) c->slot = c->session->slot->family->slot;
    return c->rv;
}

/* Answers that clients ask for, and live with: of interest only when every call is. */
static enum log_level level_of(CK_RV rv)
{
    switch (rv) {
    case CKR_ATTRIBUTE_TYPE_INVALID:
    case CKR_ATTRIBUTE_SENSITIVE:
    case CKR_BUFFER_TOO_SMALL:
    case CKR_CRYPTOKI_ALREADY_INITIALIZED:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_USER_ALREADY_LOGGED_IN:
    case CKR_FUNCTION_NOT_SUPPORTED:
    case CKR_RANDOM_SEED_NOT_SUPPORTED:
    case CKR_NO_EVENT:
        return LOG_DEBUG;
    case CKR_DEVICE_ERROR:
    case CKR_GENERAL_ERROR:
        return LOG_ERROR;
    default:
        return LOG_WARN;
    }
}

CK_RV call_end(struct call *c)
{
    if (c->rv != CKR_OK) {
        const char *key = provider_last_object();
        log_line(level_of(c->rv), c->name, "rv=%s slot=%lu key=%s cause=\"%s\" at=%s", ckr_name(c->rv), c->slot,
                 key[0] == '\0' ? "-" : key, error_text(), error_where());
    }
    if (c->session != NULL) sessions_give_back(&c->provider->sessions, c->session);
    lifecycle_leave(c->provider);
    return c->rv;
}

CK_RV call_bad_arguments(void)
{
    return refuse(CKR_ARGUMENTS_BAD, "a pointer is NULL where something belongs");
}
