/* SPDX-License-Identifier: Apache-2.0 */
/* Signing, verifying, digesting, random numbers. */
#include "common/base/text.h"
#include <limits.h>

#include "tests/pkcs11/fixture_p11.h"

static CK_BYTE message[] = "message";
#define MESSAGE message, sizeof message - 1

TEST(sign, answers_the_length_without_asking_the_cluster)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    struct fixture_pair    pair = fixture_pair(session);
    CK_BYTE                signature[64];
    CK_ULONG               len = 0;

    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_OK, C_Sign(session, MESSAGE, NULL, &len));
    assert_int_equal(len, 64);
    len = 63;
    assert_rv(CKR_BUFFER_TOO_SMALL, C_Sign(session, MESSAGE, signature, &len));
    assert_int_equal(len, 64);
    assert_int_equal(memory->signatures, 0);
    assert_rv(CKR_OK, C_Sign(session, MESSAGE, signature, &len));
    assert_int_equal(memory->signatures, 1);
    assert_rv(CKR_OPERATION_NOT_INITIALIZED, C_Sign(session, MESSAGE, signature, &len));
    assert_rv(CKR_OK, fixture_verify(session, pair.public_key, "message", signature));
    assert_rv(CKR_SIGNATURE_INVALID, fixture_verify(session, pair.public_key, "another", signature));
}

TEST(sign, takes_a_message_in_parts)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    struct fixture_pair    pair = fixture_pair(session);
    CK_BYTE                signature[64];
    CK_ULONG               len = 64;

    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_OK, C_SignUpdate(session, message, 3));
    assert_rv(CKR_OK, C_SignUpdate(session, message + 3, 4));
    assert_rv(CKR_OK, C_SignFinal(session, NULL, &len));
    assert_rv(CKR_OK, C_SignFinal(session, signature, &len));
    assert_int_equal(memory->signatures, 1);
    assert_rv(CKR_OK, C_VerifyInit(session, &fixture_eddsa, pair.public_key));
    assert_rv(CKR_OK, C_VerifyUpdate(session, message, 7));
    assert_rv(CKR_OK, C_VerifyFinal(session, signature, 64));
    assert_rv(CKR_OK, fixture_verify(session, pair.public_key, "message", signature));
    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_OK, C_SignUpdate(session, message, 3));
    assert_rv(CKR_OPERATION_ACTIVE, C_Sign(session, MESSAGE, signature, &len));
    assert_rv(CKR_OPERATION_NOT_INITIALIZED, C_SignFinal(session, signature, &len));
}

TEST(sign, refuses_messages_that_are_too_long)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    struct fixture_pair    pair = fixture_pair(session);
    static CK_BYTE         big[65537];
    CK_BYTE                signature[64];
    CK_ULONG               len = 64;

    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_DATA_LEN_RANGE, C_Sign(session, big, sizeof big, signature, &len));
    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_OK, C_SignUpdate(session, big, sizeof big - 1));
    assert_rv(CKR_DATA_LEN_RANGE, C_SignUpdate(session, big, 1));
    assert_int_equal(memory->signatures, 0);
    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_OK, C_Sign(session, big, sizeof big - 1, signature, &len));
}

TEST(sign, ends_with_an_error_of_the_cluster_and_can_be_begun_again)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    struct fixture_pair    pair = fixture_pair(session);
    CK_BYTE                signature[64];
    CK_ULONG               len = 64;

    memory->fail_with = KMS_E_TIMEOUT;
    assert_rv(CKR_DEVICE_ERROR, fixture_sign(session, pair.private_key, "m", signature));
    assert_rv(CKR_OPERATION_NOT_INITIALIZED, C_Sign(session, MESSAGE, signature, &len));
    memory->fail_with = KMS_OK;
    assert_rv(CKR_OK, fixture_sign(session, pair.private_key, "m", signature));
}

TEST(sign, wants_the_right_key_mechanism_and_parameter)
{
    CK_EDDSA_PARAMS pure = {0}, prehash = {.phFlag = CK_TRUE},
                    context = {.ulContextDataLen = 1, .pContextData = message};
    CK_MECHANISM      m = {CKM_EDDSA, &pure, sizeof pure}, ecdsa = {CKM_ECDSA, NULL, 0}, digest = {CKM_SHA256, NULL, 0};
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    struct fixture_pair pair = fixture_pair(session);

    assert_rv(CKR_KEY_TYPE_INCONSISTENT, C_SignInit(session, &fixture_eddsa, pair.public_key));
    assert_rv(CKR_KEY_TYPE_INCONSISTENT, C_VerifyInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_KEY_HANDLE_INVALID, C_SignInit(session, &fixture_eddsa, 12345));
    assert_rv(CKR_KEY_HANDLE_INVALID, C_SignInit(session, &fixture_eddsa, session));
    assert_rv(CKR_MECHANISM_INVALID, C_SignInit(session, &ecdsa, pair.private_key));
    assert_rv(CKR_MECHANISM_INVALID, C_SignInit(session, &digest, pair.private_key));
    assert_rv(CKR_ARGUMENTS_BAD, C_SignInit(session, NULL, pair.private_key));
    assert_rv(CKR_OK, C_SignInit(session, &m, pair.private_key));
    assert_rv(CKR_OPERATION_ACTIVE, C_SignInit(session, &m, pair.private_key));
    assert_rv(CKR_OK, C_SignInit(session, NULL, pair.private_key));
    m.pParameter = &prehash;
    assert_rv(CKR_MECHANISM_PARAM_INVALID, C_SignInit(session, &m, pair.private_key));
    m.pParameter = &context;
    assert_rv(CKR_MECHANISM_PARAM_INVALID, C_SignInit(session, &m, pair.private_key));
    m.ulParameterLen = 1;
    assert_rv(CKR_MECHANISM_PARAM_INVALID, C_SignInit(session, &m, pair.private_key));
}

TEST(sign, keeps_to_the_usage_that_the_key_was_made_for)
{
    CK_ATTRIBUTE        no = {CKA_SIGN, &fixture_false, sizeof fixture_false};
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    struct fixture_pair pair;

    assert_rv(CKR_OK, fixture_generate_with(session, &pair, &no, 1));

    assert_rv(CKR_KEY_FUNCTION_NOT_PERMITTED, C_SignInit(session, &fixture_eddsa, pair.private_key));
}

TEST(verify, refuses_signatures_of_another_length)
{
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    struct fixture_pair pair = fixture_pair(session);
    CK_BYTE             signature[65] = {0};

    assert_rv(CKR_OK, C_VerifyInit(session, &fixture_eddsa, pair.public_key));
    assert_rv(CKR_SIGNATURE_LEN_RANGE, C_Verify(session, MESSAGE, signature, 65));
    assert_rv(CKR_OPERATION_NOT_INITIALIZED, C_Verify(session, MESSAGE, signature, 64));
}

TEST(session_cancel, ends_what_it_is_told_to_end)
{
    CK_INTERFACE       *interface;
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    struct fixture_pair pair = fixture_pair(session);

    assert_rv(CKR_OK, C_GetInterface(NULL, NULL, &interface, 0));
    const CK_FUNCTION_LIST_3_0 *list = interface->pFunctionList;
    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_OK, C_FindObjectsInit(session, NULL, 0));
    assert_rv(CKR_OK, list->added.C_SessionCancel(session, CKF_SIGN | CKF_FIND_OBJECTS));
    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_OPERATION_NOT_INITIALIZED, C_FindObjectsFinal(session));
    assert_rv(CKR_FUNCTION_NOT_SUPPORTED, list->added.C_MessageSignInit(session, &fixture_eddsa, pair.private_key));
}

/* FIPS 180-4, "abc" (csrc.nist.gov, examples with intermediate values). */
static const struct {
    CK_MECHANISM_TYPE mechanism;
    const char       *hex;
} digests[] = {
    {CKM_SHA_1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {CKM_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
    {CKM_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {CKM_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
    {CKM_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4"
                 "423643ce80e2a9ac94fa54ca49f"},
};

TEST(digest, agrees_with_the_standard_in_one_part_and_in_several)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    CK_BYTE                abc[] = "abc", out[64];
    char                   hex[129];

    for (unsigned i = 0; i < ARRAY_LEN(digests); i++) {
        CK_MECHANISM m = {digests[i].mechanism, NULL, 0};
        CK_ULONG     len = 0;
        assert_rv(CKR_OK, C_DigestInit(session, &m));
        assert_rv(CKR_OK, C_Digest(session, abc, 3, NULL, &len));
        assert_rv(CKR_OK, C_Digest(session, abc, 3, out, &len));
        hex_encode(hex, bytes(out, len));
        assert_string_equal(hex, digests[i].hex);
        assert_rv(CKR_OK, C_DigestInit(session, &m));
        assert_rv(CKR_OK, C_DigestUpdate(session, abc, 1));
        assert_rv(CKR_OK, C_DigestUpdate(session, abc + 1, 2));
        len = 1;
        assert_rv(CKR_BUFFER_TOO_SMALL, C_DigestFinal(session, out, &len));
        assert_rv(CKR_OK, C_DigestFinal(session, out, &len));
        hex_encode(hex, bytes(out, len));
        assert_string_equal(hex, digests[i].hex);
    }
    assert_int_equal(memory->lists + memory->signatures, 0);
}

TEST(random, differs_from_draw_to_draw)
{
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    CK_BYTE           a[32], b[32];

    assert_rv(CKR_OK, C_GenerateRandom(session, a, sizeof a));
    assert_rv(CKR_OK, C_GenerateRandom(session, b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
    assert_rv(CKR_ARGUMENTS_BAD, C_GenerateRandom(session, NULL, 1));
    assert_rv(CKR_RANDOM_SEED_NOT_SUPPORTED, C_SeedRandom(session, a, sizeof a));
}

TEST(operation, refuses_more_random_bytes_than_it_can_draw_and_touches_none)
{
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    CK_BYTE           small[2] = {7, 7};

    assert_rv(CKR_DATA_LEN_RANGE, C_GenerateRandom(session, small, (CK_ULONG)INT_MAX + 1));
    assert_int_equal(small[0] + small[1], 14);
}
