/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that 3.0 adds. */
#include "pkcs11/entry/version3.h"

#include "pkcs11/entry/call.h"

CK_RV version3_login_user(CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_UTF8CHAR *pin, CK_ULONG pin_len,
                          CK_UTF8CHAR *name, CK_ULONG name_len)
{
    struct call c;

    (void)type, (void)pin, (void)pin_len, (void)name, (void)name_len;
    if (call_begin_session(&c, "C_LoginUser", session) == CKR_OK)
        c.rv = refuse(CKR_FUNCTION_NOT_SUPPORTED, "a token has one user; its credential says who");
    return call_end(&c);
}

CK_RV version3_session_cancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
    struct call c;

    if (call_begin_session(&c, "C_SessionCancel", session) == CKR_OK) {
        if ((flags & CKF_SIGN) != 0) operation_free(&c.session->operations[OPERATION_SIGN]);
        if ((flags & CKF_VERIFY) != 0) operation_free(&c.session->operations[OPERATION_VERIFY]);
        if ((flags & CKF_DIGEST) != 0) operation_free(&c.session->operations[OPERATION_DIGEST]);
        if ((flags & CKF_FIND_OBJECTS) != 0) session_end_search(c.session);
    }
    return call_end(&c);
}

CK_RV version3_message_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)mechanism, (void)key;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV version3_message_final(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV version3_crypt_message(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *aad,
                             CK_ULONG aad_len, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len)
{
    (void)session, (void)parameter, (void)parameter_len, (void)aad, (void)aad_len, (void)in, (void)in_len, (void)out,
        (void)out_len;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV version3_crypt_begin(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *aad,
                           CK_ULONG aad_len)
{
    (void)session, (void)parameter, (void)parameter_len, (void)aad, (void)aad_len;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV version3_crypt_next(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *in,
                          CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len, CK_FLAGS flags)
{
    (void)session, (void)parameter, (void)parameter_len, (void)in, (void)in_len, (void)out, (void)out_len, (void)flags;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV version3_sign_message(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *data,
                            CK_ULONG data_len, CK_BYTE *signature, CK_ULONG *signature_len)
{
    (void)session, (void)parameter, (void)parameter_len, (void)data, (void)data_len, (void)signature,
        (void)signature_len;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV version3_message_begin(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len)
{
    (void)session, (void)parameter, (void)parameter_len;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV version3_verify_message(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *data,
                              CK_ULONG data_len, CK_BYTE *signature, CK_ULONG signature_len)
{
    (void)session, (void)parameter, (void)parameter_len, (void)data, (void)data_len, (void)signature,
        (void)signature_len;
    return CKR_FUNCTION_NOT_SUPPORTED;
}
