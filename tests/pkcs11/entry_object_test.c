/* SPDX-License-Identifier: Apache-2.0 */
/* Objects: made, found, read, changed, destroyed. */
#include <stdio.h>

#include "tests/pkcs11/fixture_p11.h"

static CK_ULONG number(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG     value = 0;
    CK_ATTRIBUTE a = {type, &value, sizeof value};

    assert_rv(CKR_OK, C_GetAttributeValue(session, object, &a, 1));
    assert_int_equal(a.ulValueLen, sizeof value);
    return value;
}

static bool flag(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL     value = 2;
    CK_ATTRIBUTE a = {type, &value, sizeof value};

    assert_rv(CKR_OK, C_GetAttributeValue(session, object, &a, 1));
    assert_true(value <= 1);
    return value == CK_TRUE;
}

static void assert_text(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                        const char *expected)
{
    char         value[256] = "";
    CK_ATTRIBUTE a = {type, value, sizeof value - 1};

    assert_rv(CKR_OK, C_GetAttributeValue(session, object, &a, 1));
    value[a.ulValueLen] = '\0';
    assert_string_equal(value, expected);
}

static CK_RV set_text(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const char *text)
{
    CK_ATTRIBUTE a = {type, (void *)(uintptr_t)text, strlen(text)};

    return C_SetAttributeValue(session, object, &a, 1);
}

TEST(object, of_a_private_key_is_what_pkcs11_says_it_is)
{
    CK_SESSION_HANDLE       session = fixture_ready(NULL);
    CK_OBJECT_HANDLE        key = fixture_pair(session).private_key;
    const CK_ATTRIBUTE_TYPE are_true[] = {
        CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE,  CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE,
        CKA_LOCAL, CKA_SIGN,    CKA_MODIFIABLE, CKA_DESTROYABLE};
    const CK_ATTRIBUTE_TYPE are_false[] = {CKA_EXTRACTABLE, CKA_ALWAYS_AUTHENTICATE, CKA_DECRYPT,          CKA_UNWRAP,
                                           CKA_DERIVE,      CKA_SIGN_RECOVER,        CKA_WRAP_WITH_TRUSTED};

    assert_int_equal(number(session, key, CKA_CLASS), CKO_PRIVATE_KEY);
    assert_int_equal(number(session, key, CKA_KEY_TYPE), CKK_EC_EDWARDS);
    assert_int_equal(number(session, key, CKA_KEY_GEN_MECHANISM), CKM_EC_EDWARDS_KEY_PAIR_GEN);
    assert_int_equal(number(session, key, CKA_ALLOWED_MECHANISMS), CKM_EDDSA);
    for (unsigned i = 0; i < ARRAY_LEN(are_true); i++) assert_true(flag(session, key, are_true[i]));
    for (unsigned i = 0; i < ARRAY_LEN(are_false); i++) assert_false(flag(session, key, are_false[i]));
    assert_text(session, key, CKA_LABEL, "key");
    assert_text(session, key, CKA_ID, "\x01\x02");
}

TEST(object, of_both_keys_has_curve_point_and_public_key_info)
{
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    struct fixture_pair pair = fixture_pair(session);
    CK_BYTE             params[2][32], point[2][64], info[2][64];
    const CK_BYTE spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}; /* RFC 8410 4 */

    for (unsigned i = 0; i < 2; i++) {
        CK_ATTRIBUTE a[] = {
            {CKA_EC_PARAMS, params[i], 32}, {CKA_EC_POINT, point[i], 64}, {CKA_PUBLIC_KEY_INFO, info[i], 64}};
        assert_rv(CKR_OK, C_GetAttributeValue(session, i == 0 ? pair.private_key : pair.public_key, a, 3));
        assert_int_equal(a[0].ulValueLen, sizeof fixture_params);
        assert_memory_equal(params[i], fixture_params, sizeof fixture_params);
        assert_int_equal(a[1].ulValueLen, 34);
        assert_memory_equal(point[i], "\x04\x20", 2);
        assert_int_equal(a[2].ulValueLen, 44);
        assert_memory_equal(info[i], spki, sizeof spki);
        assert_memory_equal(info[i] + 12, point[i] + 2, 32);
    }
    assert_memory_equal(point[0], point[1], 34);
}

TEST(object, fills_the_rest_of_a_template_that_asks_for_too_much)
{
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    CK_OBJECT_HANDLE  key = fixture_pair(session).private_key;
    CK_BYTE           value[64], small[1], label[16];
    CK_ATTRIBUTE      a[] = {{CKA_VALUE, value, 64},
                             {CKA_MODULUS, value, 64},
                             {CKA_EC_POINT, small, 1},
                             {CKA_ID, NULL, 0},
                             {CKA_LABEL, label, 16}};

    assert_rv(CKR_ATTRIBUTE_SENSITIVE, C_GetAttributeValue(session, key, a, ARRAY_LEN(a)));
    for (unsigned i = 0; i < 3; i++) assert_true(a[i].ulValueLen == CK_UNAVAILABLE_INFORMATION);
    assert_int_equal(a[3].ulValueLen, 2);
    assert_int_equal(a[4].ulValueLen, 3);
    assert_rv(CKR_ATTRIBUTE_TYPE_INVALID, C_GetAttributeValue(session, key, a + 1, 1));
    a[2].ulValueLen = 1;
    assert_rv(CKR_BUFFER_TOO_SMALL, C_GetAttributeValue(session, key, a + 2, 1));
}

TEST(object, is_found_by_what_it_has)
{
    CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY, profile = CKO_PROFILE;
    CK_ATTRIBUTE    by_class = {CKA_CLASS, &private_class, sizeof private_class},
                 by_profile = {CKA_CLASS, &profile, sizeof profile};
    CK_ATTRIBUTE by_id = ATTRIBUTE_TEXT(CKA_ID, "\x01\x02"), by_value = ATTRIBUTE_TEXT(CKA_VALUE, ""),
                 by_label = ATTRIBUTE_TEXT(CKA_LABEL, "ke");
    CK_ATTRIBUTE        broken = {CKA_LABEL, NULL, 3};
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    struct fixture_pair pair = fixture_pair(session);
    CK_OBJECT_HANDLE    found;

    assert_int_equal(fixture_find(session, NULL, 0, NULL), 2);
    assert_int_equal(fixture_find(session, &by_class, 1, &found), 1);
    assert_int_equal(found, pair.private_key);
    assert_int_equal(fixture_find(session, &by_id, 1, NULL), 2);
    assert_int_equal(fixture_find(session, &by_label, 1, NULL), 0);
    assert_int_equal(fixture_find(session, &by_profile, 1, NULL), 0);
    assert_int_equal(fixture_find(session, &by_value, 1, NULL), 0);
    assert_rv(CKR_ATTRIBUTE_VALUE_INVALID, C_FindObjectsInit(session, &broken, 1));
    assert_rv(CKR_ARGUMENTS_BAD, C_FindObjectsInit(session, NULL, 1));
}

TEST(object, search_has_its_rules)
{
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    CK_OBJECT_HANDLE  one;
    CK_ULONG          count;

    (void)fixture_pair(session);
    assert_rv(CKR_OPERATION_NOT_INITIALIZED, C_FindObjects(session, &one, 1, &count));
    assert_rv(CKR_OK, C_FindObjectsInit(session, NULL, 0));
    assert_rv(CKR_OPERATION_ACTIVE, C_FindObjectsInit(session, NULL, 0));
    for (unsigned i = 0; i < 3; i++) {
        assert_rv(CKR_OK, C_FindObjects(session, &one, 1, &count));
        assert_int_equal(count, i < 2 ? 1 : 0);
    }
    assert_rv(CKR_ARGUMENTS_BAD, C_FindObjects(session, NULL, 1, &count));
    assert_rv(CKR_OK, C_FindObjectsFinal(session));
    assert_rv(CKR_OPERATION_NOT_INITIALIZED, C_FindObjectsFinal(session));
}

TEST(object, lists_cost_one_request_per_refresh_interval)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);

    (void)fixture_pair(session);
    for (unsigned i = 0; i < 20; i++) assert_int_equal(fixture_find(session, NULL, 0, NULL), 2);

    assert_int_equal(memory->lists, 1);
}

static struct backend_memory *overtaken;
static CK_SESSION_HANDLE      overtaking_session;

static void *generate_in_thread(void *unused)
{
    (void)unused;
    (void)fixture_pair(overtaking_session);
    return NULL;
}

/* While a list that does not have it is on its way, another thread makes a key. */
static void overtake(void)
{
    pthread_t thread;

    overtaken->meanwhile = NULL;
    assert_int_equal(pthread_create(&thread, NULL, generate_in_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

TEST(object, made_here_is_not_lost_to_a_list_that_was_on_its_way)
{
    CK_SESSION_HANDLE session = fixture_ready(&overtaken);

    overtaking_session = fixture_session(RW);
    overtaken->meanwhile = overtake;
    assert_int_equal(fixture_find(session, NULL, 0, NULL), 2);
    assert_int_equal(overtaken->lists, 2);
}

TEST(object, made_elsewhere_appears_with_the_next_look_and_handles_stay)
{
    CK_ATTRIBUTE     label = ATTRIBUTE_TEXT(CKA_LABEL, "key");
    CK_OBJECT_HANDLE before, after;

    backend_memory_refresh_ms = 0;
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    backend_memory_refresh_ms = 3600000;
    (void)fixture_pair(session);
    assert_int_equal(fixture_find(session, &label, 1, &before), 2);
    backend_memory_add_key("theirs", BYTES_NONE);
    assert_int_equal(fixture_find(session, NULL, 0, NULL), 4);
    assert_int_equal(fixture_find(session, &label, 1, &after), 2);
    assert_int_equal(before, after);
}

static CK_RV generate(CK_SESSION_HANDLE session, CK_ATTRIBUTE *public_key, CK_ULONG public_count,
                      CK_ATTRIBUTE *private_key, CK_ULONG private_count)
{
    CK_OBJECT_HANDLE handles[2];

    return C_GenerateKeyPair(session, &fixture_generate, public_key, public_count, private_key, private_count,
                             &handles[0], &handles[1]);
}

TEST(generate, takes_the_curve_by_name_or_by_oid_and_gives_it_back)
{
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    CK_ATTRIBUTE      token = {CKA_TOKEN, &fixture_true, 1}, oid = ATTRIBUTE(CKA_EC_PARAMS, fixture_oid);
    CK_ATTRIBUTE      found = {CKA_EC_PARAMS, NULL, 0};
    CK_OBJECT_HANDLE  handles[2];

    assert_rv(CKR_OK, C_GenerateKeyPair(session, &fixture_generate, &oid, 1, &token, 1, &handles[0], &handles[1]));
    for (unsigned i = 0; i < 2; i++) {
        assert_rv(CKR_OK, C_GetAttributeValue(session, handles[i], &found, 1));
        assert_int_equal(found.ulValueLen, sizeof fixture_oid);
    }
}

TEST(generate, refuses_templates_that_it_cannot_keep)
{
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    CK_BYTE           p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_KEY_TYPE       rsa = CKK_RSA;
    static CK_BYTE    long_id[256];
    CK_ATTRIBUTE      params = ATTRIBUTE(CKA_EC_PARAMS, fixture_params), wrong_curve = ATTRIBUTE(CKA_EC_PARAMS, p256);
    const struct {
        CK_RV        rv;
        CK_ATTRIBUTE attribute; /* beside CKA_TOKEN, of the private key */
    } cases[] = {
        {CKR_TEMPLATE_INCONSISTENT, {CKA_EXTRACTABLE, &fixture_true, 1}},
        {CKR_TEMPLATE_INCONSISTENT, {CKA_SENSITIVE, &fixture_false, 1}},
        {CKR_TEMPLATE_INCONSISTENT, {CKA_KEY_TYPE, &rsa, sizeof rsa}},
        {CKR_TEMPLATE_INCONSISTENT, {CKA_TOKEN, &fixture_true, 1}},
        {CKR_ATTRIBUTE_READ_ONLY, {CKA_LOCAL, &fixture_true, 1}},
        {CKR_ATTRIBUTE_READ_ONLY, {CKA_EC_POINT, long_id, 34}},
        {CKR_ATTRIBUTE_READ_ONLY, {CKA_VALUE, long_id, 32}},
        {CKR_ATTRIBUTE_TYPE_INVALID, {CKA_MODULUS, long_id, 32}},
        {CKR_ATTRIBUTE_VALUE_INVALID, {CKA_ID, long_id, 256}},
        {CKR_ATTRIBUTE_VALUE_INVALID, {CKA_SIGN, long_id, 2}},
        {CKR_ATTRIBUTE_VALUE_INVALID, {CKA_LABEL, (void *)(uintptr_t) "\xff", 1}},
        {CKR_ATTRIBUTE_VALUE_INVALID, {CKA_LABEL, (void *)(uintptr_t) "a\nb", 3}},
        {CKR_ATTRIBUTE_VALUE_INVALID, {CKA_START_DATE, long_id, 3}},
        {CKR_ATTRIBUTE_VALUE_INVALID, {CKA_LABEL, NULL, 3}},
    };

    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        CK_ATTRIBUTE private_key[] = {{CKA_TOKEN, &fixture_true, 1}, cases[i].attribute};
        assert_rv(cases[i].rv, generate(session, &params, 1, private_key, 2));
    }
    CK_ATTRIBUTE token = {CKA_TOKEN, &fixture_true, 1};
    assert_rv(CKR_TEMPLATE_INCONSISTENT, generate(session, &params, 1, NULL, 0));
    assert_rv(CKR_TEMPLATE_INCOMPLETE, generate(session, NULL, 0, &token, 1));
    assert_rv(CKR_CURVE_NOT_SUPPORTED, generate(session, &wrong_curve, 1, &token, 1));
    assert_rv(CKR_SESSION_READ_ONLY, generate(fixture_session(CKF_SERIAL_SESSION), &params, 1, &token, 1));
}

TEST(generate, keeps_labels_and_ids_of_both_objects_apart)
{
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    CK_ATTRIBUTE public_key[] = {ATTRIBUTE(CKA_EC_PARAMS, fixture_params), ATTRIBUTE_TEXT(CKA_LABEL, "the public one")};
    CK_ATTRIBUTE private_key[] = {{CKA_TOKEN, &fixture_true, 1}, ATTRIBUTE_TEXT(CKA_ID, "alias")};
    CK_OBJECT_HANDLE handles[2];

    assert_rv(CKR_OK,
              C_GenerateKeyPair(session, &fixture_generate, public_key, 2, private_key, 2, &handles[0], &handles[1]));
    assert_text(session, handles[0], CKA_LABEL, "the public one");
    assert_text(session, handles[0], CKA_ID, "");
    assert_text(session, handles[1], CKA_LABEL, "");
    assert_text(session, handles[1], CKA_ID, "alias");
}

TEST(change, of_label_and_id_concerns_one_object_alone)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    struct fixture_pair    pair = fixture_pair(session);

    assert_rv(CKR_OK, set_text(session, pair.private_key, CKA_LABEL, "new"));
    assert_text(session, pair.private_key, CKA_LABEL, "new");
    assert_text(session, pair.public_key, CKA_LABEL, "key");
    assert_rv(CKR_OK, set_text(session, pair.public_key, CKA_LABEL, "new"));
    assert_text(session, pair.public_key, CKA_LABEL, "new");
    assert_rv(CKR_OK, set_text(session, pair.private_key, CKA_ID, "id"));
    assert_text(session, pair.private_key, CKA_ID, "id");
    assert_rv(CKR_OK, set_text(session, pair.private_key, CKA_START_DATE, "20260101"));
    assert_text(session, pair.private_key, CKA_START_DATE, "20260101");
    assert_text(session, pair.private_key, CKA_LABEL, "new");
    assert_int_equal(memory->changes, 4);
    assert_int_equal(memory->lists, 0);
}

TEST(change, of_other_attributes_is_refused)
{
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    CK_ATTRIBUTE      fixed = {CKA_MODIFIABLE, &fixture_false, 1}, sign = {CKA_SIGN, &fixture_false, 1};
    CK_OBJECT_HANDLE  key = fixture_pair(session).private_key;

    assert_rv(CKR_ATTRIBUTE_READ_ONLY, C_SetAttributeValue(session, key, &sign, 1));
    assert_rv(CKR_ATTRIBUTE_TYPE_INVALID, set_text(session, key, CKA_MODULUS, "x"));
    assert_rv(CKR_SESSION_READ_ONLY, set_text(fixture_session(CKF_SERIAL_SESSION), key, CKA_LABEL, "x"));
    assert_rv(CKR_OBJECT_HANDLE_INVALID, set_text(session, session, CKA_LABEL, "x"));
    struct fixture_pair pair;
    assert_rv(CKR_OK, fixture_generate_with(session, &pair, &fixed, 1));
    assert_rv(CKR_ACTION_PROHIBITED, set_text(session, pair.private_key, CKA_LABEL, "x"));
}

TEST(destroy, of_the_private_object_destroys_the_key)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    struct fixture_pair    pair = fixture_pair(session);

    assert_rv(CKR_SESSION_READ_ONLY, C_DestroyObject(fixture_session(CKF_SERIAL_SESSION), pair.private_key));
    assert_rv(CKR_OK, C_DestroyObject(session, pair.private_key));
    assert_int_equal(memory->deletions, 1);
    assert_int_equal(fixture_find(session, NULL, 0, NULL), 0);
    assert_rv(CKR_OBJECT_HANDLE_INVALID, C_DestroyObject(session, pair.private_key));
    assert_rv(CKR_OBJECT_HANDLE_INVALID, C_DestroyObject(session, pair.public_key));
}

TEST(destroy, of_the_public_object_leaves_the_key)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    struct fixture_pair    pair = fixture_pair(session);
    CK_BYTE                signature[64];

    assert_rv(CKR_OK, C_DestroyObject(session, pair.public_key));
    assert_int_equal(memory->deletions, 0);
    assert_int_equal(fixture_find(session, NULL, 0, NULL), 1);
    assert_rv(CKR_OK, fixture_sign(session, pair.private_key, "m", signature));
    assert_rv(CKR_OK, set_text(session, pair.private_key, CKA_LABEL, "alone"));
    assert_text(session, pair.private_key, CKA_LABEL, "alone");
}

TEST(destroy, keeps_to_destroyable)
{
    CK_ATTRIBUTE        no = {CKA_DESTROYABLE, &fixture_false, 1};
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    struct fixture_pair pair;

    assert_rv(CKR_OK, fixture_generate_with(session, &pair, &no, 1));
    assert_rv(CKR_ACTION_PROHIBITED, C_DestroyObject(session, pair.private_key));
}

TEST(create, keeps_certificates_and_data)
{
    CK_OBJECT_CLASS     certificate = CKO_CERTIFICATE, data = CKO_DATA;
    CK_CERTIFICATE_TYPE x509 = CKC_X_509;
    CK_ATTRIBUTE        c[] = {{CKA_CLASS, &certificate, sizeof certificate}, {CKA_TOKEN, &fixture_true, 1},
                               {CKA_CERTIFICATE_TYPE, &x509, sizeof x509},    ATTRIBUTE_TEXT(CKA_VALUE, "der"),
                               ATTRIBUTE_TEXT(CKA_SUBJECT, "subject"),        ATTRIBUTE_TEXT(CKA_ID, "\x07")};
    CK_ATTRIBUTE        d[] = {{CKA_CLASS, &data, sizeof data},
                               {CKA_TOKEN, &fixture_true, 1},
                               ATTRIBUTE_TEXT(CKA_APPLICATION, "app"),
                               ATTRIBUTE_TEXT(CKA_VALUE, "v")};
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    CK_OBJECT_HANDLE    handle;

    assert_rv(CKR_OK, C_CreateObject(session, c, ARRAY_LEN(c), &handle));
    assert_text(session, handle, CKA_VALUE, "der");
    assert_text(session, handle, CKA_SUBJECT, "subject");
    assert_text(session, handle, CKA_ID, "\x07");
    assert_false(flag(session, handle, CKA_TRUSTED));
    assert_rv(CKR_OK, set_text(session, handle, CKA_LABEL, "named"));
    assert_text(session, handle, CKA_LABEL, "named");
    assert_text(session, handle, CKA_VALUE, "der");
    assert_rv(CKR_OK, C_CreateObject(session, d, ARRAY_LEN(d), &handle));
    assert_text(session, handle, CKA_APPLICATION, "app");
    assert_rv(CKR_OK, C_DestroyObject(session, handle));
    assert_int_equal(fixture_find(session, NULL, 0, NULL), 1);
}

TEST(create, refuses_keys_session_objects_and_half_certificates)
{
    CK_OBJECT_CLASS   certificate = CKO_CERTIFICATE, private_key = CKO_PRIVATE_KEY, data = CKO_DATA;
    CK_ATTRIBUTE      key[] = {{CKA_CLASS, &private_key, sizeof private_key}, {CKA_TOKEN, &fixture_true, 1}};
    CK_ATTRIBUTE      half[] = {{CKA_CLASS, &certificate, sizeof certificate}, {CKA_TOKEN, &fixture_true, 1}};
    CK_ATTRIBUTE      session_data[] = {{CKA_CLASS, &data, sizeof data}};
    CK_SESSION_HANDLE session = fixture_ready(NULL);
    CK_OBJECT_HANDLE  handle;

    assert_rv(CKR_TEMPLATE_INCONSISTENT, C_CreateObject(session, key, 2, &handle));
    assert_rv(CKR_TEMPLATE_INCOMPLETE, C_CreateObject(session, half, 2, &handle));
    assert_rv(CKR_TEMPLATE_INCOMPLETE, C_CreateObject(session, half + 1, 1, &handle));
    assert_rv(CKR_TEMPLATE_INCONSISTENT, C_CreateObject(session, session_data, 1, &handle));
}

/* What another client, or a stolen credential, signed into the attributes of a key. */
static void sees_nothing_of(const char *name, size_t len)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE     public_key = {CKA_CLASS, &class, sizeof class}, id = ATTRIBUTE_TEXT(CKA_ID, "new");
    CK_ATTRIBUTE     label = {CKA_LABEL, NULL, 0};
    CK_OBJECT_HANDLE key;

    backend_memory_add_key("key", bytes_str("old"));
    char *text = memory->items[0]->object.attributes;
    int   used = sprintf(text, "{\"public.%s\":\"", name);
    memset(text + used, '4', 2 * len);
    (void)sprintf(text + used + 2 * len, "\"}");
    assert_int_equal(fixture_find(session, &public_key, 1, &key), 1);
    assert_rv(CKR_OK, C_GetAttributeValue(session, key, &label, 1));
    assert_int_equal(label.ulValueLen, len > 255 ? 3 : len);
    assert_rv(CKR_OK, C_SetAttributeValue(session, key, &id, 1));
}

TEST(object, ignores_a_stored_label_or_id_that_is_too_long)
{
    sees_nothing_of("label", 255);
    sees_nothing_of("label", 256);
    sees_nothing_of("label", 2000);
    sees_nothing_of("id", 2000);
}

static CK_OBJECT_HANDLE create_data(CK_SESSION_HANDLE session)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_OBJECT_HANDLE object;
    CK_ATTRIBUTE     templ[] = {{CKA_CLASS, &class, sizeof class},
                                {CKA_TOKEN, &fixture_true, sizeof fixture_true},
                                ATTRIBUTE_TEXT(CKA_VALUE, "v")};

    assert_rv(CKR_OK, C_CreateObject(session, templ, ARRAY_LEN(templ), &object));
    return object;
}

TEST(object, keeps_what_a_list_cannot_tell_about)
{
    struct backend_memory *memory;
    backend_memory_refresh_ms = 0;
    CK_SESSION_HANDLE   session = fixture_ready(&memory);
    struct fixture_pair pair = fixture_pair(session);
    CK_OBJECT_HANDLE    data = create_data(session);

    backend_memory_refresh_ms = 3600000;
    memory->keys_only = true; /* certificates and data: not listed */
    memory->version++;
    assert_int_equal(fixture_find(session, NULL, 0, NULL), 3);
    memory->keys_only = false;
    memory->items[0]->object.stale = true; /* the key: listed in an older state than was seen */
    memory->items[0]->object.revision = 0;
    memory->version++;
    assert_int_equal(fixture_find(session, NULL, 0, NULL), 3);
    assert_text(session, pair.private_key, CKA_LABEL, "key");
    assert_text(session, data, CKA_VALUE, "v");
}

TEST(object, looks_again_after_a_change_that_somebody_else_overtook)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    struct fixture_pair    pair = fixture_pair(session);

    assert_int_equal(fixture_find(session, NULL, 0, NULL), 2);
    memory->items[0]->object.revision++;
    memory->version++;
    assert_true(set_text(session, pair.private_key, CKA_LABEL, "late") != CKR_OK);
    assert_int_equal(fixture_find(session, NULL, 0, NULL), 2);
    assert_rv(CKR_OK, set_text(session, pair.private_key, CKA_LABEL, "now"));
}

/* {"private.subject":"<hex>"} of 4,096 bytes, docs/rest-api.md. */
TEST(object, keeps_attributes_to_the_last_byte_that_the_cluster_takes)
{
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    struct fixture_pair pair;
    CK_BYTE             subject[2038] = {1};
    CK_ATTRIBUTE        extra = {CKA_SUBJECT, subject, sizeof subject};

    assert_rv(CKR_ATTRIBUTE_VALUE_INVALID, fixture_generate_with(session, &pair, &extra, 1));
    extra.ulValueLen--;
    assert_rv(CKR_OK, fixture_generate_with(session, &pair, &extra, 1));
    assert_rv(CKR_OK, C_GetAttributeValue(session, pair.private_key, &extra, 1));
    assert_int_equal(extra.ulValueLen, 2037);
}
