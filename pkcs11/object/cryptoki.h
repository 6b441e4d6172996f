/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 as this module speaks it: p11-kit's header (2.40), and what version 3.0 adds to it and that header lacks:
 * interfaces, the 24 new functions, a few numbers. Names, numbers and layouts are those of the OASIS standard
 * "PKCS #11 Cryptographic Token Interface Base Specification 3.0", sections 3 and 5, and "Current Mechanisms 3.0", 2.3.
 */
#ifndef KMS_PKCS11_OBJECT_CRYPTOKI_H
#define KMS_PKCS11_OBJECT_CRYPTOKI_H

/* The C_ functions are what this library exports. */
#pragma GCC visibility push(default)
#include <p11-kit/pkcs11.h>
#pragma GCC visibility pop

#define CKO_PROFILE (9UL)
#define CKA_UNIQUE_ID (0x04UL)
#define CKF_INTERFACE_FORK_SAFE (1UL)
#define CKF_EC_OID CKF_EC_NAMEDCURVE
#define CKF_EC_CURVENAME (1UL << 26)
#define CKF_FIND_OBJECTS (1UL << 6)

typedef struct CK_EDDSA_PARAMS {
    CK_BBOOL    phFlag;
    CK_ULONG    ulContextDataLen;
    CK_BYTE_PTR pContextData;
} CK_EDDSA_PARAMS;

typedef struct CK_INTERFACE {
    CK_UTF8CHAR *pInterfaceName;
    CK_VOID_PTR  pFunctionList;
    CK_FLAGS     flags;
} CK_INTERFACE;

typedef CK_RV (*CK_C_GetInterfaceList)(CK_INTERFACE *list, CK_ULONG *count);
typedef CK_RV (*CK_C_GetInterface)(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out, CK_FLAGS flags);
typedef CK_RV (*CK_C_LoginUser)(CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_UTF8CHAR *pin, CK_ULONG pin_len,
                                CK_UTF8CHAR *name, CK_ULONG name_len);
typedef CK_RV (*CK_C_SessionCancel)(CK_SESSION_HANDLE session, CK_FLAGS flags);

/* The message functions come in five shapes. */
typedef CK_RV (*CK_MessageInit)(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
typedef CK_RV (*CK_MessageFinal)(CK_SESSION_HANDLE session);
typedef CK_RV (*CK_CryptMessage)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *aad,
                                 CK_ULONG aad_len, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len);
typedef CK_RV (*CK_CryptMessageBegin)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *aad,
                                      CK_ULONG aad_len);
typedef CK_RV (*CK_CryptMessageNext)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *in,
                                     CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len, CK_FLAGS flags);
typedef CK_RV (*CK_SignMessage)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *data,
                                CK_ULONG data_len, CK_BYTE *signature, CK_ULONG *signature_len);
typedef CK_RV (*CK_MessageBegin)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len);
typedef CK_RV (*CK_VerifyMessage)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_len, CK_BYTE *data,
                                  CK_ULONG data_len, CK_BYTE *signature, CK_ULONG signature_len);

/* What follows the 68 functions of 2.40 in the function list of 3.0. */
struct ck_functions_of_3_0 {
    CK_C_GetInterfaceList C_GetInterfaceList;
    CK_C_GetInterface     C_GetInterface;
    CK_C_LoginUser        C_LoginUser;
    CK_C_SessionCancel    C_SessionCancel;
    CK_MessageInit        C_MessageEncryptInit;
    CK_CryptMessage       C_EncryptMessage;
    CK_CryptMessageBegin  C_EncryptMessageBegin;
    CK_CryptMessageNext   C_EncryptMessageNext;
    CK_MessageFinal       C_MessageEncryptFinal;
    CK_MessageInit        C_MessageDecryptInit;
    CK_CryptMessage       C_DecryptMessage;
    CK_CryptMessageBegin  C_DecryptMessageBegin;
    CK_CryptMessageNext   C_DecryptMessageNext;
    CK_MessageFinal       C_MessageDecryptFinal;
    CK_MessageInit        C_MessageSignInit;
    CK_SignMessage        C_SignMessage;
    CK_MessageBegin       C_SignMessageBegin;
    CK_SignMessage        C_SignMessageNext;
    CK_MessageFinal       C_MessageSignFinal;
    CK_MessageInit        C_MessageVerifyInit;
    CK_VerifyMessage      C_VerifyMessage;
    CK_MessageBegin       C_VerifyMessageBegin;
    CK_VerifyMessage      C_VerifyMessageNext;
    CK_MessageFinal       C_MessageVerifyFinal;
};

/* The function list of 3.0: the version, the same 68 in the same order, the 24 new ones. */
typedef struct CK_FUNCTION_LIST_3_0 {
    CK_FUNCTION_LIST           common;
    struct ck_functions_of_3_0 added;
} CK_FUNCTION_LIST_3_0;

__attribute__((visibility("default"))) CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count);
__attribute__((visibility("default"))) CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **out,
                                                            CK_FLAGS flags);

#endif
