/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway's answers may and may not become. */
#include "tests/pkcs11/fixture_https.h"

static const enum kms_err codes[] = {
#define X(symbol, number, name, http, retry, ckr, title) KMS_E_##symbol,
    KMS_ERROR_TABLE(X)
#undef X
};

static bool is_device_error(enum kms_err err)
{
    return error_ckr(err) == 0x30;
}

/* Whatever code it is, the return value is CKR_DEVICE_ERROR, or one of the few that the call allows. */
TEST(caller, lets_a_gateway_choose_few_return_values)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key, changed;
    struct backend_list   list;
    bool                  is_new;

    assert_ok(fixture_generate(&f, "k", &key));
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (is_device_error(codes[i])) continue; /* tried again until the deadline, and no choice */
        f.cluster->refuse = codes[i];
        enum kms_err err = fixture_sign(&f, &key, "m");
        if (!is_device_error(err) && err != KMS_E_NOT_FOUND) fail_msg("signing: %s", error_name(err));
        err = fixture_generate(&f, "k", &changed);
        if (!is_device_error(err)) fail_msg("generating: %s", error_name(err));
        err = fixture_list(&f, "", &list, &is_new);
        if (!is_device_error(err)) fail_msg("listing: %s", error_name(err));
        err = f.backend.ops->change(f.backend.self, &key, "l", BYTES_NONE, "{}", &changed);
        if (!is_device_error(err) && err != KMS_E_NOT_FOUND && err != KMS_E_CONFLICT)
            fail_msg("changing: %s", error_name(err));
    }
    fixture_close(&f);
}

TEST(caller, believes_no_not_modified_that_it_has_not_asked_for)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    struct backend_list   list;
    bool                  changed;

    assert_ok(fixture_generate(&f, "k", &key));
    f.cluster->lie = LIE_NOT_MODIFIED;
    assert_err(KMS_E_PROTOCOL, f.backend.ops->destroy(f.backend.self, &key));
    assert_err(KMS_E_PROTOCOL, fixture_list(&f, "", &list, &changed));
    assert_err(KMS_E_PROTOCOL, fixture_sign(&f, &key, "m"));
    fixture_close(&f);
}

TEST(caller, asks_the_next_gateway_when_one_calls_every_signature_stale)
{
    struct https_fixture  f = fixture_open();
    struct fake_gateway  *second = fake_gateway_start(f.cluster, "gateway", 0);
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    f.settings.gateway_count = 2;
    (void)snprintf(f.settings.gateways[1], sizeof f.settings.gateways[1], "%s", fake_gateway_url(second));
    fixture_reopen(&f);
    f.cluster->signed_anew_until = 3;
    assert_ok(fixture_sign(&f, &key, "m"));
    assert_int_equal(fake_gateway_requests(second), 1);

    fake_gateway_stop(&second);
    fixture_close(&f);
}

TEST(caller, says_who_it_is)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    char                  agent[64];

    assert_ok(fixture_generate(&f, "k", &key));
    fake_gateway_agent(f.gateway, agent);
    assert_string_equal(agent, "libkms-pkcs11/" KMS_VERSION);
    fixture_close(&f);
}

TEST(caller, signs_nothing_after_a_logout)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    f.backend.ops->logout(f.backend.self);
    enum kms_err err = fixture_sign(&f, &key, "m");
    assert_int_equal(error_ckr(err), 0x101); /* CKR_USER_NOT_LOGGED_IN */
    fixture_login(&f);
    assert_ok(fixture_sign(&f, &key, "m"));
    fixture_close(&f);
}
