/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and login. */
#include "pkcs11/object/cryptoki.h"
#include "tests/pkcs11/fixture_p11.h"

static CK_STATE state_of(CK_SESSION_HANDLE session)
{
    CK_SESSION_INFO info;

    assert_rv(CKR_OK, C_GetSessionInfo(session, &info));
    assert_int_equal(info.slotID, SLOT);
    return info.state;
}

static CK_FLAGS token_flags(void)
{
    CK_TOKEN_INFO info;

    assert_rv(CKR_OK, C_GetTokenInfo(SLOT, &info));
    return info.flags;
}

TEST(session, says_its_state)
{
    fixture_start(PIN);
    CK_SESSION_HANDLE ro = fixture_session(CKF_SERIAL_SESSION), rw = fixture_session(RW);

    assert_int_equal(state_of(ro), CKS_RO_PUBLIC_SESSION);
    assert_int_equal(state_of(rw), CKS_RW_PUBLIC_SESSION);
    assert_rv(CKR_OK, fixture_login(ro, PIN));
    assert_int_equal(state_of(ro), CKS_RO_USER_FUNCTIONS);
    assert_int_equal(state_of(rw), CKS_RW_USER_FUNCTIONS);
    assert_rv(CKR_OK, C_Logout(rw));
    assert_int_equal(state_of(ro), CKS_RO_PUBLIC_SESSION);
}

TEST(session, refuses_what_cannot_be_opened_or_is_not_open)
{
    CK_SESSION_HANDLE session;

    fixture_start(PIN);
    assert_rv(CKR_SESSION_PARALLEL_NOT_SUPPORTED, C_OpenSession(SLOT, CKF_RW_SESSION, NULL, NULL, &session));
    assert_rv(CKR_SLOT_ID_INVALID, C_OpenSession(4, RW, NULL, NULL, &session));
    assert_rv(CKR_ARGUMENTS_BAD, C_OpenSession(SLOT, RW, NULL, NULL, NULL));
    session = fixture_session(RW);
    assert_rv(CKR_OK, C_CloseSession(session));
    assert_rv(CKR_SESSION_HANDLE_INVALID, C_CloseSession(session));
    assert_rv(CKR_SESSION_HANDLE_INVALID, C_Logout(session));
    assert_rv(CKR_FUNCTION_NOT_PARALLEL, C_GetFunctionStatus(fixture_session(RW)));
}

TEST(session, opens_a_hundred_thousand_without_asking_the_cluster)
{
    struct backend_memory *memory = fixture_start(PIN);
    CK_ULONG               count = test_knob("KMS_TEST_SESSIONS", 100000);
    CK_TOKEN_INFO          info;

    for (CK_ULONG i = 0; i < count; i++) (void)fixture_session(RW);
    assert_rv(CKR_OK, C_GetTokenInfo(SLOT, &info));
    assert_int_equal(info.ulSessionCount, count);
    assert_rv(CKR_OK, C_CloseAllSessions(SLOT));
    assert_rv(CKR_OK, C_GetTokenInfo(SLOT, &info));
    assert_int_equal(info.ulSessionCount, 0);

    assert_int_equal(memory->lists + memory->logins + memory->signatures, 0);
}

TEST(login, wants_the_right_pin_and_says_that_one_was_wrong)
{
    fixture_start(PIN);
    CK_SESSION_HANDLE session = fixture_session(RW);

    assert_rv(CKR_PIN_INCORRECT, fixture_login(session, "12345"));
    assert_true((token_flags() & CKF_USER_PIN_COUNT_LOW) != 0);
    assert_rv(CKR_PIN_INCORRECT, fixture_login(session, ""));
    assert_rv(CKR_ARGUMENTS_BAD, C_Login(session, CKU_USER, NULL, 4));
    assert_rv(CKR_OK, fixture_login(session, PIN));
    assert_true((token_flags() & CKF_USER_PIN_COUNT_LOW) == 0);
    assert_rv(CKR_USER_ALREADY_LOGGED_IN, fixture_login(session, PIN));
    assert_rv(CKR_OK, C_Logout(session));
    assert_rv(CKR_USER_NOT_LOGGED_IN, C_Logout(session));
}

TEST(login, has_no_security_officer)
{
    CK_UTF8CHAR pin[] = PIN;

    fixture_start(PIN);
    CK_SESSION_HANDLE rw = fixture_session(RW);
    assert_rv(CKR_USER_TYPE_INVALID, C_Login(rw, CKU_SO, pin, 4));
    CK_SESSION_HANDLE ro = fixture_session(CKF_SERIAL_SESSION);
    assert_rv(CKR_SESSION_READ_ONLY_EXISTS, C_Login(rw, CKU_SO, pin, 4));
    assert_rv(CKR_OK, C_CloseSession(ro));
    assert_rv(CKR_OK, fixture_login(rw, PIN));
    assert_rv(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, C_Login(rw, CKU_SO, pin, 4));
    assert_rv(CKR_USER_TYPE_INVALID, C_Login(rw, 7, pin, 4));
}

TEST(login, ends_with_the_last_session)
{
    struct backend_memory *memory = fixture_start(PIN);
    CK_SESSION_HANDLE      first = fixture_session(RW), second = fixture_session(RW);

    assert_rv(CKR_OK, fixture_login(first, PIN));
    assert_rv(CKR_OK, C_CloseSession(first));
    assert_int_equal(state_of(second), CKS_RW_USER_FUNCTIONS);
    assert_rv(CKR_OK, C_CloseSession(second));
    assert_false(memory->unlocked);
    assert_int_equal(state_of(fixture_session(RW)), CKS_RW_PUBLIC_SESSION);
}

TEST(login, is_needed_for_keys)
{
    struct fixture_pair pair;
    CK_BYTE             signature[64];
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    CK_ATTRIBUTE        value = {CKA_LABEL, NULL, 0};

    pair = fixture_pair(session);
    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_OK, C_Logout(session));
    CK_ULONG len = 64;
    assert_rv(CKR_USER_NOT_LOGGED_IN, C_Sign(session, signature, 1, signature, &len));
    assert_rv(CKR_USER_NOT_LOGGED_IN, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_USER_NOT_LOGGED_IN, fixture_generate_with(session, &pair, NULL, 0));
    assert_rv(CKR_OBJECT_HANDLE_INVALID, C_GetAttributeValue(session, pair.private_key, &value, 1));
    assert_rv(CKR_OK, C_GetAttributeValue(session, pair.public_key, &value, 1));
    assert_int_equal(fixture_find(session, NULL, 0, NULL), 1);
    assert_rv(CKR_OK, fixture_login(session, PIN));
    assert_rv(CKR_OK, fixture_sign(session, pair.private_key, "m", signature));
}

TEST(login, is_not_needed_with_a_credential_without_passphrase)
{
    struct fixture_pair pair;
    CK_BYTE             signature[64];

    fixture_start("");
    CK_SESSION_HANDLE session = fixture_session(RW);
    assert_true((token_flags() & CKF_LOGIN_REQUIRED) == 0);
    pair = fixture_pair(session);
    assert_rv(CKR_OK, fixture_sign(session, pair.private_key, "m", signature));
    assert_rv(CKR_OK, fixture_login(session, "anything"));
    assert_rv(CKR_OK, C_Logout(session));
    assert_rv(CKR_OK, fixture_sign(session, pair.private_key, "m", signature));
}

TEST(login, is_asked_for_again_by_keys_that_always_authenticate)
{
    CK_ATTRIBUTE        always = {CKA_ALWAYS_AUTHENTICATE, &fixture_true, sizeof fixture_true};
    CK_BYTE             signature[64], message[] = "m";
    CK_ULONG            len = 64;
    CK_UTF8CHAR         pin[] = PIN, wrong[] = "9999";
    struct fixture_pair pair;
    CK_SESSION_HANDLE   session = fixture_ready(NULL);

    assert_rv(CKR_OPERATION_NOT_INITIALIZED, C_Login(session, CKU_CONTEXT_SPECIFIC, pin, 4));
    assert_rv(CKR_OK, fixture_generate_with(session, &pair, &always, 1));
    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_USER_NOT_LOGGED_IN, C_Sign(session, message, 1, signature, &len));
    assert_rv(CKR_PIN_INCORRECT, C_Login(session, CKU_CONTEXT_SPECIFIC, wrong, 4));
    assert_rv(CKR_OK, C_Login(session, CKU_CONTEXT_SPECIFIC, pin, 4));
    assert_rv(CKR_OK, C_Sign(session, message, 1, signature, &len));
    assert_rv(CKR_OK, C_SignInit(session, &fixture_eddsa, pair.private_key));
    assert_rv(CKR_USER_NOT_LOGGED_IN, C_Sign(session, message, 1, signature, &len));
}

/* SHA-256 of "kms/v1/token-serial" 0 "spiffe://test/client/app" 0 "5". */
TEST(session, has_a_token_whose_serial_follows_from_its_owner)
{
    CK_TOKEN_INFO info;

    fixture_start(PIN);
    assert_rv(CKR_OK, C_GetTokenInfo(SLOT, &info));
    assert_memory_equal(info.serialNumber, "00400f80e7b1f34d", 16);
}
