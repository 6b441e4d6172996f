/* SPDX-License-Identifier: Apache-2.0 */
/* C_ functions of sessions and login. */
#include "pkcs11/entry/call.h"

CK_RV C_OpenSession(CK_SLOT_ID slot_id, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
    struct call  c;
    struct slot *slot;

    (void)application, (void)notify; /* the token never calls back */
    if (call_begin_slot(&c, "C_OpenSession", slot_id, &slot) != CKR_OK) return call_end(&c);
    if (session == NULL)
        c.rv = call_bad_arguments();
    else if ((flags & CKF_SERIAL_SESSION) == 0)
        c.rv = refuse(CKR_SESSION_PARALLEL_NOT_SUPPORTED, "CKF_SERIAL_SESSION must be set");
    else
        c.rv = sessions_open(&c.provider->sessions, slot, flags & (CKF_SERIAL_SESSION | CKF_RW_SESSION), session);
    return call_end(&c);
}

/* Not taken: a session can be closed while another thread is in it. */
CK_RV C_CloseSession(CK_SESSION_HANDLE session)
{
    struct call c;

    if (call_begin(&c, "C_CloseSession") == CKR_OK) c.rv = sessions_close(&c.provider->sessions, session);
    for (unsigned i = 0; c.rv == CKR_OK && i < c.provider->slots.count; i++)
        provider_logout_unused(c.provider, &c.provider->slots.items[i]);
    return call_end(&c);
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slot_id)
{
    struct call  c;
    struct slot *slot;

    if (call_begin_slot(&c, "C_CloseAllSessions", slot_id, &slot) == CKR_OK) {
        sessions_close_all(&c.provider->sessions, slot);
        provider_logout_unused(c.provider, slot);
    }
    return call_end(&c);
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    struct call c;

    if (call_begin_session(&c, "C_GetSessionInfo", session) == CKR_OK && info == NULL) c.rv = call_bad_arguments();
    if (c.rv == CKR_OK) session_info(c.session, info, provider_is_logged_in(c.provider, c.session->slot));
    return call_end(&c);
}

CK_RV C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user_type, CK_UTF8CHAR *pin, CK_ULONG pin_len)
{
    struct call c;

    if (call_begin_session(&c, "C_Login", session) != CKR_OK) return call_end(&c);
    if (pin == NULL && pin_len > 0)
        c.rv = call_bad_arguments();
    else if (pin_len > 1024)
        c.rv = refuse(CKR_PIN_LEN_RANGE, "a PIN of %lu bytes", pin_len);
    else
        c.rv = provider_login(c.provider, c.session, user_type, bytes(pin, pin_len));
    return call_end(&c);
}

CK_RV C_Logout(CK_SESSION_HANDLE session)
{
    struct call c;

    if (call_begin_session(&c, "C_Logout", session) == CKR_OK) c.rv = provider_logout(c.provider, c.session);
    return call_end(&c);
}

/* Functions of a time when calls could go on behind one's back (2.40, 5.15). */
CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
    struct call c;

    if (call_begin_session(&c, "C_GetFunctionStatus", session) == CKR_OK)
        c.rv = refuse(CKR_FUNCTION_NOT_PARALLEL, "legacy function");
    return call_end(&c);
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE session)
{
    struct call c;

    if (call_begin_session(&c, "C_CancelFunction", session) == CKR_OK)
        c.rv = refuse(CKR_FUNCTION_NOT_PARALLEL, "legacy function");
    return call_end(&c);
}
