/* SPDX-License-Identifier: Apache-2.0 */
/* What the function list of 3.0 has beyond 2.40, except the two functions that find interfaces. Not exported: reached
 * by the list. */
#ifndef KMS_PKCS11_ENTRY_VERSION3_H
#define KMS_PKCS11_ENTRY_VERSION3_H

#include "pkcs11/object/cryptoki.h"

CK_RV version3_login_user(CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_UTF8CHAR *pin, CK_ULONG pin_len,
                          CK_UTF8CHAR *name, CK_ULONG name_len);
CK_RV version3_session_cancel(CK_SESSION_HANDLE session, CK_FLAGS flags);

/* Message-based operations: not offered; one function for each shape. */
CK_RV version3_message_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV version3_message_final(CK_SESSION_HANDLE session);
CK_RV version3_crypt_message(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *aad,
                             CK_ULONG aad_len, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len);
CK_RV version3_crypt_begin(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *aad,
                           CK_ULONG aad_len);
CK_RV version3_crypt_next(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *in,
                          CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len, CK_FLAGS flags);
CK_RV version3_sign_message(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *data,
                            CK_ULONG data_len, CK_BYTE *signature, CK_ULONG *signature_len);
CK_RV version3_message_begin(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len);
CK_RV version3_verify_message(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *data,
                              CK_ULONG data_len, CK_BYTE *signature, CK_ULONG signature_len);

#endif
