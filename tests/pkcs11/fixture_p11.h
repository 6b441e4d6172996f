/* SPDX-License-Identifier: Apache-2.0 */
/* The C_ functions over a cluster inside the process. */
#ifndef KMS_TESTS_PKCS11_FIXTURE_P11_H
#define KMS_TESTS_PKCS11_FIXTURE_P11_H

#include <stdlib.h>

#include "pkcs11/object/ckr.h"
#include "tests/support/backend_memory.h"
#include "tests/support/test.h"

#define SLOT 5
#define PIN "1234"
#define RW (CKF_SERIAL_SESSION | CKF_RW_SESSION)

#define assert_rv(expected, expr) fixture_assert_rv((expected), (expr), #expr, __FILE__, __LINE__)
static inline void fixture_assert_rv(CK_RV expected, CK_RV got, const char *what, const char *file, int line)
{
    if (expected == got) return;
    print_error("%s: %s (\"%s\"), expected %s\n", what, ckr_name(got), error_text(), ckr_name(expected));
    _fail(file, line);
}

static CK_BBOOL     fixture_true = CK_TRUE, fixture_false = CK_FALSE;
static CK_BYTE      fixture_params[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
static CK_BYTE      fixture_oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static CK_MECHANISM fixture_eddsa = {CKM_EDDSA, NULL, 0}, fixture_generate = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};

#define ATTRIBUTE(type, value)         \
    {                                  \
        (type), (value), sizeof(value) \
    }
#define ATTRIBUTE_TEXT(type, text)       \
    {                                    \
        (type), (text), sizeof(text) - 1 \
    }

/* A fresh cluster and an initialized module. pin "": none is needed. */
static inline struct backend_memory *fixture_start(const char *pin)
{
    struct backend_memory *memory;

    (void)fixture_false, (void)fixture_oid, (void)fixture_eddsa, (void)fixture_generate;
    (void)C_Finalize(NULL);
    memory = backend_memory_reset(pin);
    assert_rv(CKR_OK, C_Initialize(NULL));
    return memory;
}

static inline CK_SESSION_HANDLE fixture_session(CK_FLAGS flags)
{
    CK_SESSION_HANDLE session;

    assert_rv(CKR_OK, C_OpenSession(SLOT, flags, NULL, NULL, &session));
    return session;
}

static inline CK_RV fixture_login(CK_SESSION_HANDLE session, const char *pin)
{
    return C_Login(session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin));
}

/* Started, a session opened and logged in. */
static inline CK_SESSION_HANDLE fixture_ready(struct backend_memory **memory)
{
    struct backend_memory *m = fixture_start(PIN);
    CK_SESSION_HANDLE      session = fixture_session(RW);

    assert_rv(CKR_OK, fixture_login(session, PIN));
    if (memory != NULL) *memory = m;
    return session;
}

struct fixture_pair {
    CK_OBJECT_HANDLE public_key, private_key;
};

/* extra: of the private template; at most four. */
static inline CK_RV fixture_generate_with(CK_SESSION_HANDLE session, struct fixture_pair *out,
                                          const CK_ATTRIBUTE *extra, CK_ULONG extra_count)
{
    CK_ATTRIBUTE public_key[] = {ATTRIBUTE(CKA_TOKEN, &fixture_true), ATTRIBUTE(CKA_EC_PARAMS, fixture_params),
                                 ATTRIBUTE_TEXT(CKA_LABEL, "key"), ATTRIBUTE_TEXT(CKA_ID, "\x01\x02")};
    CK_ATTRIBUTE private_key[8] = {ATTRIBUTE(CKA_TOKEN, &fixture_true), ATTRIBUTE_TEXT(CKA_LABEL, "key"),
                                   ATTRIBUTE_TEXT(CKA_ID, "\x01\x02")};

    public_key[0].ulValueLen = private_key[0].ulValueLen = sizeof fixture_true;
    for (CK_ULONG i = 0; i < extra_count; i++) private_key[3 + i] = extra[i];
    return C_GenerateKeyPair(session, &fixture_generate, public_key, ARRAY_LEN(public_key), private_key,
                             3 + extra_count, &out->public_key, &out->private_key);
}

static inline struct fixture_pair fixture_pair(CK_SESSION_HANDLE session)
{
    struct fixture_pair pair = {0};

    assert_rv(CKR_OK, fixture_generate_with(session, &pair, NULL, 0));
    return pair;
}

static inline CK_RV fixture_sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const char *message,
                                 CK_BYTE signature[64])
{
    CK_ULONG len = 64;
    CK_RV    rv = C_SignInit(session, &fixture_eddsa, key);

    return rv != CKR_OK ? rv : C_Sign(session, (CK_BYTE *)(uintptr_t)message, strlen(message), signature, &len);
}

static inline CK_RV fixture_verify(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const char *message,
                                   CK_BYTE signature[64])
{
    CK_RV rv = C_VerifyInit(session, &fixture_eddsa, key);

    return rv != CKR_OK ? rv : C_Verify(session, (CK_BYTE *)(uintptr_t)message, strlen(message), signature, 64);
}

/* How many objects match; the first one's handle in *first unless NULL. */
static inline CK_ULONG fixture_find(CK_SESSION_HANDLE session, CK_ATTRIBUTE *templ, CK_ULONG count,
                                    CK_OBJECT_HANDLE *first)
{
    CK_OBJECT_HANDLE found[64];
    CK_ULONG         got = 0;

    assert_rv(CKR_OK, C_FindObjectsInit(session, templ, count));
    assert_rv(CKR_OK, C_FindObjects(session, found, ARRAY_LEN(found), &got));
    assert_rv(CKR_OK, C_FindObjectsFinal(session));
    if (first != NULL) *first = got > 0 ? found[0] : CK_INVALID_HANDLE;
    return got;
}

#endif
