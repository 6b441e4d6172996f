/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted as a CA. */
#include <openssl/err.h>
#include <stdio.h>

#include "common/identity/identity.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

TEST(authority, knows_its_cluster)
{
    struct authority *a = NULL;

    assert_ok(authority_from_pem(&a, bytes_str(test_ca_pem(0))));
    assert_string_equal(authority_cluster(a), "test");
    assert_non_null(authority_store(a));
    authority_free(&a);
    assert_null(a);
    authority_free(&a);
}

TEST(authority, accepts_up_to_four_cas_and_each_ones_certificates)
{
    struct authority *a = NULL;
    BUF_LOCAL         pem = BUF_INIT(65536);
    BUF_LOCAL         der = BUF_INIT(CERTIFICATE_MAX);
    struct identity   id;

    for (unsigned i = 1; i < 4; i++) assert_ok(buf_append_str(&pem, test_ca_pem(i)));
    assert_ok(authority_from_pem(&a, buf_bytes(&pem)));

    test_ca_issue(&der, &(struct test_certificate){.ca = 3});
    assert_ok(identity_verify(&id, a, buf_bytes(&der), TEST_NOW));
    authority_free(&a);
}

TEST(authority, refuses_five_cas)
{
    struct authority *a = NULL;
    BUF_LOCAL         pem = BUF_INIT(65536);

    for (unsigned i = 0; i < 5; i++) assert_ok(buf_append_str(&pem, test_ca_pem(1)));
    assert_err(KMS_E_FORMAT, authority_from_pem(&a, buf_bytes(&pem)));
    assert_null(a);
}

TEST(authority, refuses_cas_of_different_clusters)
{
    struct authority *a = NULL;
    BUF_LOCAL         pem = BUF_INIT(65536);

    assert_ok(buf_append_str(&pem, test_ca_pem(0)));
    assert_ok(buf_append_str(&pem, test_ca_pem(1)));
    assert_err(KMS_E_CERTIFICATE, authority_from_pem(&a, buf_bytes(&pem)));
}

TEST(authority, refuses_an_end_entity)
{
    struct authority *a = NULL;
    BUF_LOCAL         der = BUF_INIT(CERTIFICATE_MAX);
    BUF_LOCAL         pem = BUF_INIT(8192);

    test_ca_issue(&der, &(struct test_certificate){0});
    test_ca_to_pem(&pem, buf_bytes(&der));
    assert_err(KMS_E_CERTIFICATE, authority_from_pem(&a, buf_bytes(&pem)));
    assert_non_null(strstr(error_text(), "not a CA"));
}

TEST(authority, refuses_an_intermediate_ca)
{
    struct authority *a = NULL;
    BUF_LOCAL         der = BUF_INIT(CERTIFICATE_MAX);
    BUF_LOCAL         pem = BUF_INIT(8192);

    test_ca_issue(&der, &(struct test_certificate){.basic = "critical,CA:TRUE", .key_usage = "critical,keyCertSign"});
    test_ca_to_pem(&pem, buf_bytes(&der));
    assert_err(KMS_E_CERTIFICATE, authority_from_pem(&a, buf_bytes(&pem)));
    assert_non_null(strstr(error_text(), "not signed by itself"));
}

TEST(authority, refuses_what_is_no_certificate)
{
    static const char *const wrong[] = {"", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};
    struct authority        *a = NULL;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        enum kms_err err = authority_from_pem(&a, bytes_str(wrong[i]));
        assert_true(err == KMS_E_FORMAT || err == KMS_E_CERTIFICATE);
        assert_null(a);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

TEST(authority, loads_a_file_unless_others_may_write_it)
{
    struct authority *a = NULL;
    char              path[600];

    (void)snprintf(path, sizeof path, "%s/ca.cert", test_directory());
    assert_err(KMS_E_NOT_FOUND, authority_load(&a, path));
    test_write_file(path, bytes_str(test_ca_pem(0)), 0644);
    assert_ok(authority_load(&a, path));
    authority_free(&a);
    test_write_file(path, bytes_str(test_ca_pem(0)), 0664);
    assert_err(KMS_E_CONFIG, authority_load(&a, path));
    assert_non_null(strstr(error_text(), "chmod go-w"));
}
