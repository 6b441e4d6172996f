/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs many times through a PKCS#11 module and verifies each signature with libsodium: for tests that break things
 * meanwhile. sign_many MODULE TOKEN KEY_LABEL COUNT        PIN from KMS_PIN; prints "signed i" after each; exit code 1
 * at the first failure
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MECHANISM_EDDSA 0x1057UL /* PKCS#11 3.0 */
#define SLOTS_MAX 16

static CK_FUNCTION_LIST *p11;

static void must(CK_RV rv, const char *what)
{
    if (rv == CKR_OK) return;
    fprintf(stderr, "sign_many: %s: 0x%lx\n", what, rv);
    exit(1);
}

static void load_module(const char *path)
{
    CK_C_GetFunctionList get = NULL;
    void                *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (module == NULL) {
        fprintf(stderr, "sign_many: %s\n", dlerror());
        exit(1);
    }
    *(void **)&get = dlsym(module, "C_GetFunctionList");
    must(get == NULL ? CKR_FUNCTION_FAILED : get(&p11), "C_GetFunctionList");
    must(p11->C_Initialize(NULL), "C_Initialize");
}

static CK_SESSION_HANDLE open_session(const char *token)
{
    CK_SLOT_ID        slots[SLOTS_MAX];
    CK_ULONG          count = SLOTS_MAX;
    CK_SESSION_HANDLE session = 0;
    char              padded[33];
    char             *pin = getenv("KMS_PIN");

    (void)snprintf(padded, sizeof padded, "%-32.32s", token);
    must(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count && session == 0; i++) {
        CK_TOKEN_INFO info;
        must(p11->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
        if (memcmp(info.label, padded, sizeof info.label) == 0)
            must(p11->C_OpenSession(slots[i], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
                 "C_OpenSession");
    }
    must(session == 0 ? CKR_TOKEN_NOT_PRESENT : CKR_OK, "no token of that label");
    must(p11->C_Login(session, CKU_USER, (unsigned char *)pin, pin == NULL ? 0 : strlen(pin)), "C_Login");
    return session;
}

static CK_OBJECT_HANDLE find_key(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, char *label)
{
    CK_ATTRIBUTE     wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, label, strlen(label)}};
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG         count = 0;

    must(p11->C_FindObjectsInit(session, wanted, 2), "C_FindObjectsInit");
    must(p11->C_FindObjects(session, &key, 1, &count), "C_FindObjects");
    must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    must(count == 1 ? CKR_OK : CKR_OBJECT_HANDLE_INVALID, "no key of that label");
    return key;
}

/* CKA_EC_POINT is an OCTET STRING of 32 bytes. */
static void read_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, unsigned char public_key[32])
{
    unsigned char point[64];
    CK_ATTRIBUTE  attribute = {CKA_EC_POINT, point, sizeof point};

    must(p11->C_GetAttributeValue(session, key, &attribute, 1), "C_GetAttributeValue(CKA_EC_POINT)");
    must(attribute.ulValueLen == 34 && point[0] == 4 && point[1] == 32 ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID,
         "CKA_EC_POINT");
    memcpy(public_key, point + 2, 32);
}

/* On standard error: which key was used. */
static void print_public(const unsigned char public_key[32])
{
    fprintf(stderr, "key ");
    for (int i = 0; i < 32; i++) fprintf(stderr, "%02x", public_key[i]);
    fprintf(stderr, "\n");
}

static void sign_once(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const unsigned char public_key[32], int number)
{
    CK_MECHANISM  mechanism = {MECHANISM_EDDSA, NULL, 0};
    unsigned char signature[64];
    char          message[64];
    CK_ULONG      len = sizeof signature;

    int message_len = snprintf(message, sizeof message, "message number %d", number);
    must(p11->C_SignInit(session, &mechanism, key), "C_SignInit");
    must(p11->C_Sign(session, (unsigned char *)message, (CK_ULONG)message_len, signature, &len), "C_Sign");
    bool right =
        len == sizeof signature && crypto_sign_verify_detached(signature, (const unsigned char *)message,
                                                               (unsigned long long)message_len, public_key) == 0;
    must(right ? CKR_OK : CKR_SIGNATURE_INVALID, "libsodium refuses the signature");
}

int main(int argc, char **argv)
{
    unsigned char public_key[32];

    if (argc != 5 || sodium_init() < 0) {
        fprintf(stderr, "usage: sign_many MODULE TOKEN KEY_LABEL COUNT\n");
        return 2;
    }
    load_module(argv[1]);
    CK_SESSION_HANDLE session = open_session(argv[2]);
    CK_OBJECT_HANDLE  key = find_key(session, CKO_PRIVATE_KEY, argv[3]);
    read_public(session, find_key(session, CKO_PUBLIC_KEY, argv[3]), public_key);
    print_public(public_key);
    for (int i = 1; i <= atoi(argv[4]); i++) {
        sign_once(session, key, public_key, i);
        printf("signed %d\n", i);
        (void)fflush(stdout);
    }
    must(p11->C_Finalize(NULL), "C_Finalize");
    return 0;
}
