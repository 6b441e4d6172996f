/* SPDX-License-Identifier: Apache-2.0 */
/* The function lists of 2.40 and 3.0, and the interfaces that lead to them. */
#include <stdbool.h>
#include <string.h>

#include "pkcs11/entry/version3.h"

/* clang-format off */
#define FUNCTIONS_OF_2_40 \
    .C_Initialize = C_Initialize, .C_Finalize = C_Finalize, \
    .C_GetInfo = C_GetInfo, .C_GetFunctionList = C_GetFunctionList, \
    .C_GetSlotList = C_GetSlotList, .C_GetSlotInfo = C_GetSlotInfo, \
    .C_GetTokenInfo = C_GetTokenInfo, .C_WaitForSlotEvent = C_WaitForSlotEvent, \
    .C_GetMechanismList = C_GetMechanismList, .C_GetMechanismInfo = C_GetMechanismInfo, \
    .C_InitToken = C_InitToken, .C_InitPIN = C_InitPIN, \
    .C_SetPIN = C_SetPIN, .C_OpenSession = C_OpenSession, \
    .C_CloseSession = C_CloseSession, .C_CloseAllSessions = C_CloseAllSessions, \
    .C_GetSessionInfo = C_GetSessionInfo, .C_GetOperationState = C_GetOperationState, \
    .C_SetOperationState = C_SetOperationState, .C_Login = C_Login, \
    .C_Logout = C_Logout, .C_CreateObject = C_CreateObject, \
    .C_CopyObject = C_CopyObject, .C_DestroyObject = C_DestroyObject, \
    .C_GetObjectSize = C_GetObjectSize, .C_GetAttributeValue = C_GetAttributeValue, \
    .C_SetAttributeValue = C_SetAttributeValue, .C_FindObjectsInit = C_FindObjectsInit, \
    .C_FindObjects = C_FindObjects, .C_FindObjectsFinal = C_FindObjectsFinal, \
    .C_EncryptInit = C_EncryptInit, .C_Encrypt = C_Encrypt, \
    .C_EncryptUpdate = C_EncryptUpdate, .C_EncryptFinal = C_EncryptFinal, \
    .C_DecryptInit = C_DecryptInit, .C_Decrypt = C_Decrypt, \
    .C_DecryptUpdate = C_DecryptUpdate, .C_DecryptFinal = C_DecryptFinal, \
    .C_DigestInit = C_DigestInit, .C_Digest = C_Digest, \
    .C_DigestUpdate = C_DigestUpdate, .C_DigestKey = C_DigestKey, \
    .C_DigestFinal = C_DigestFinal, .C_SignInit = C_SignInit, \
    .C_Sign = C_Sign, .C_SignUpdate = C_SignUpdate, \
    .C_SignFinal = C_SignFinal, .C_SignRecoverInit = C_SignRecoverInit, \
    .C_SignRecover = C_SignRecover, .C_VerifyInit = C_VerifyInit, \
    .C_Verify = C_Verify, .C_VerifyUpdate = C_VerifyUpdate, \
    .C_VerifyFinal = C_VerifyFinal, .C_VerifyRecoverInit = C_VerifyRecoverInit, \
    .C_VerifyRecover = C_VerifyRecover, .C_DigestEncryptUpdate = C_DigestEncryptUpdate, \
    .C_DecryptDigestUpdate = C_DecryptDigestUpdate, .C_SignEncryptUpdate = C_SignEncryptUpdate, \
    .C_DecryptVerifyUpdate = C_DecryptVerifyUpdate, .C_GenerateKey = C_GenerateKey, \
    .C_GenerateKeyPair = C_GenerateKeyPair, .C_WrapKey = C_WrapKey, \
    .C_UnwrapKey = C_UnwrapKey, .C_DeriveKey = C_DeriveKey, \
    .C_SeedRandom = C_SeedRandom, .C_GenerateRandom = C_GenerateRandom, \
    .C_GetFunctionStatus = C_GetFunctionStatus, .C_CancelFunction = C_CancelFunction

static CK_FUNCTION_LIST list_2_40 = {.version = {2, 40}, FUNCTIONS_OF_2_40};

static CK_FUNCTION_LIST_3_0 list_3_0 = {
    .common = {.version = {3, 0}, FUNCTIONS_OF_2_40},
    .added = {
        .C_GetInterfaceList = C_GetInterfaceList,
        .C_GetInterface = C_GetInterface,
        .C_LoginUser = version3_login_user,
        .C_SessionCancel = version3_session_cancel,
        .C_MessageEncryptInit = version3_message_init,
        .C_EncryptMessage = version3_crypt_message,
        .C_EncryptMessageBegin = version3_crypt_begin,
        .C_EncryptMessageNext = version3_crypt_next,
        .C_MessageEncryptFinal = version3_message_final,
        .C_MessageDecryptInit = version3_message_init,
        .C_DecryptMessage = version3_crypt_message,
        .C_DecryptMessageBegin = version3_crypt_begin,
        .C_DecryptMessageNext = version3_crypt_next,
        .C_MessageDecryptFinal = version3_message_final,
        .C_MessageSignInit = version3_message_init,
        .C_SignMessage = version3_sign_message,
        .C_SignMessageBegin = version3_message_begin,
        .C_SignMessageNext = version3_sign_message,
        .C_MessageSignFinal = version3_message_final,
        .C_MessageVerifyInit = version3_message_init,
        .C_VerifyMessage = version3_verify_message,
        .C_VerifyMessageBegin = version3_message_begin,
        .C_VerifyMessageNext = version3_verify_message,
        .C_MessageVerifyFinal = version3_message_final,
    },
};
/* clang-format on */

static CK_UTF8CHAR interface_name[] = "PKCS 11";

/* The first is what C_GetInterface gives when asked for nothing in particular. Fork-safe: 3.0, 5.4.5, and
 * docs/pkcs11-profile.md. */
static CK_INTERFACE interfaces[] = {
    {interface_name, &list_3_0, CKF_INTERFACE_FORK_SAFE},
    {interface_name, &list_2_40, CKF_INTERFACE_FORK_SAFE},
};

#define INTERFACE_COUNT (sizeof interfaces / sizeof interfaces[0])

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **function_list)
{
    if (function_list == NULL) return CKR_ARGUMENTS_BAD;
    *function_list = &list_2_40;
    return CKR_OK;
}

CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count)
{
    if (count == NULL) return CKR_ARGUMENTS_BAD;
    CK_ULONG room = *count;
    *count = INTERFACE_COUNT;
    if (list == NULL) return CKR_OK;
    if (room < INTERFACE_COUNT) return CKR_BUFFER_TOO_SMALL;
    memcpy(list, interfaces, sizeof interfaces);
    return CKR_OK;
}

static bool answers(const CK_INTERFACE *i, const CK_UTF8CHAR *name, const CK_VERSION *version, CK_FLAGS flags)
{
    const CK_VERSION *own = i->pFunctionList; /* every function list begins with its version */

    if (name != NULL && strcmp((const char *)name, (const char *)i->pInterfaceName) != 0) return false;
    if (version != NULL && (version->major != own->major || version->minor != own->minor)) return false;
    return (i->flags & flags) == flags;
}

CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags)
{
    if (out == NULL) return CKR_ARGUMENTS_BAD;
    for (size_t i = 0; i < INTERFACE_COUNT; i++)
        if (answers(&interfaces[i], name, version, flags)) {
            *out = &interfaces[i];
            return CKR_OK;
        }
    *out = NULL;
    return CKR_ARGUMENTS_BAD;
}
