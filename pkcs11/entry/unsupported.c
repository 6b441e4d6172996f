/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of 2.40 that this token has no use for yet: wrapping, encryption, secret keys, PIN administration. */
#include "pkcs11/object/ckr.h"

/* One reason for all; it is no failure worth a log line of its own: clients ask, and live with the answer. */
static CK_RV unsupported(void)
{
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV C_InitToken(CK_SLOT_ID slot_id, CK_BYTE *pin, CK_ULONG pin_len, CK_BYTE *label)
{
    (void)slot_id, (void)pin, (void)pin_len, (void)label;
    return unsupported();
}

CK_RV C_InitPIN(CK_SESSION_HANDLE session, CK_BYTE *pin, CK_ULONG pin_len)
{
    (void)session, (void)pin, (void)pin_len;
    return unsupported();
}

CK_RV C_SetPIN(CK_SESSION_HANDLE session, CK_BYTE *old_pin, CK_ULONG old_len, CK_BYTE *new_pin, CK_ULONG new_len)
{
    (void)session, (void)old_pin, (void)old_len, (void)new_pin, (void)new_len;
    return unsupported();
}

CK_RV C_GetOperationState(CK_SESSION_HANDLE session, CK_BYTE *operation_state, CK_ULONG *operation_state_len)
{
    (void)session, (void)operation_state, (void)operation_state_len;
    return unsupported();
}

CK_RV C_SetOperationState(CK_SESSION_HANDLE session, CK_BYTE *operation_state, CK_ULONG operation_state_len,
                          CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentiation_key)
{
    (void)session, (void)operation_state, (void)operation_state_len, (void)encryption_key, (void)authentiation_key;
    return unsupported();
}

CK_RV C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *templ, CK_ULONG count,
                   CK_OBJECT_HANDLE *new_object)
{
    (void)session, (void)object, (void)templ, (void)count, (void)new_object;
    return unsupported();
}

CK_RV C_EncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)mechanism, (void)key;
    return unsupported();
}

CK_RV C_Encrypt(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *encrypted_data,
                CK_ULONG *encrypted_data_len)
{
    (void)session, (void)data, (void)data_len, (void)encrypted_data, (void)encrypted_data_len;
    return unsupported();
}

CK_RV C_EncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len, CK_BYTE *encrypted_part,
                      CK_ULONG *encrypted_part_len)
{
    (void)session, (void)part, (void)part_len, (void)encrypted_part, (void)encrypted_part_len;
    return unsupported();
}

CK_RV C_EncryptFinal(CK_SESSION_HANDLE session, CK_BYTE *last_encrypted_part, CK_ULONG *last_encrypted_part_len)
{
    (void)session, (void)last_encrypted_part, (void)last_encrypted_part_len;
    return unsupported();
}

CK_RV C_DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)mechanism, (void)key;
    return unsupported();
}

CK_RV C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE *encrypted_data, CK_ULONG encrypted_data_len, CK_BYTE *data,
                CK_ULONG *data_len)
{
    (void)session, (void)encrypted_data, (void)encrypted_data_len, (void)data, (void)data_len;
    return unsupported();
}

CK_RV C_DecryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *encrypted_part, CK_ULONG encrypted_part_len, CK_BYTE *part,
                      CK_ULONG *part_len)
{
    (void)session, (void)encrypted_part, (void)encrypted_part_len, (void)part, (void)part_len;
    return unsupported();
}

CK_RV C_DecryptFinal(CK_SESSION_HANDLE session, CK_BYTE *last_part, CK_ULONG *last_part_len)
{
    (void)session, (void)last_part, (void)last_part_len;
    return unsupported();
}

CK_RV C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    (void)session, (void)key;
    return unsupported();
}

CK_RV C_SignRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)mechanism, (void)key;
    return unsupported();
}

CK_RV C_SignRecover(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature,
                    CK_ULONG *signature_len)
{
    (void)session, (void)data, (void)data_len, (void)signature, (void)signature_len;
    return unsupported();
}

CK_RV C_VerifyRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)mechanism, (void)key;
    return unsupported();
}

CK_RV C_VerifyRecover(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG signature_len, CK_BYTE *data,
                      CK_ULONG *data_len)
{
    (void)session, (void)signature, (void)signature_len, (void)data, (void)data_len;
    return unsupported();
}

CK_RV C_DigestEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len, CK_BYTE *encrypted_part,
                            CK_ULONG *encrypted_part_len)
{
    (void)session, (void)part, (void)part_len, (void)encrypted_part, (void)encrypted_part_len;
    return unsupported();
}

CK_RV C_DecryptDigestUpdate(CK_SESSION_HANDLE session, CK_BYTE *encrypted_part, CK_ULONG encrypted_part_len,
                            CK_BYTE *part, CK_ULONG *part_len)
{
    (void)session, (void)encrypted_part, (void)encrypted_part_len, (void)part, (void)part_len;
    return unsupported();
}

CK_RV C_SignEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len, CK_BYTE *encrypted_part,
                          CK_ULONG *encrypted_part_len)
{
    (void)session, (void)part, (void)part_len, (void)encrypted_part, (void)encrypted_part_len;
    return unsupported();
}

CK_RV C_DecryptVerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE *encrypted_part, CK_ULONG encrypted_part_len,
                            CK_BYTE *part, CK_ULONG *part_len)
{
    (void)session, (void)encrypted_part, (void)encrypted_part_len, (void)part, (void)part_len;
    return unsupported();
}

CK_RV C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *templ, CK_ULONG count,
                    CK_OBJECT_HANDLE *key)
{
    (void)session, (void)mechanism, (void)templ, (void)count, (void)key;
    return unsupported();
}

CK_RV C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
                CK_BYTE *wrapped_key, CK_ULONG *wrapped_key_len)
{
    (void)session, (void)mechanism, (void)wrapping_key, (void)key, (void)wrapped_key, (void)wrapped_key_len;
    return unsupported();
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping_key,
                  CK_BYTE *wrapped_key, CK_ULONG wrapped_key_len, CK_ATTRIBUTE *templ, CK_ULONG attribute_count,
                  CK_OBJECT_HANDLE *key)
{
    (void)session, (void)mechanism, (void)unwrapping_key, (void)wrapped_key, (void)wrapped_key_len, (void)templ,
        (void)attribute_count, (void)key;
    return unsupported();
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base_key, CK_ATTRIBUTE *templ,
                  CK_ULONG attribute_count, CK_OBJECT_HANDLE *key)
{
    (void)session, (void)mechanism, (void)base_key, (void)templ, (void)attribute_count, (void)key;
    return unsupported();
}
