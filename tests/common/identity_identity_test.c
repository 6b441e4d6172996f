/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: what a right one says, and every way to be wrong. */
#include <openssl/err.h>
#include <stdio.h>

#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/hash.h"
#include "common/identity/identity.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

static struct authority *authority_of(unsigned ca)
{
    struct authority *a = NULL;

    assert_ok(authority_from_pem(&a, bytes_str(test_ca_pem(ca))));
    return a;
}

static void assert_refused_at(struct test_certificate t, int64_t at_s, const char *says)
{
    struct authority *a = authority_of(0);
    BUF_LOCAL         der = BUF_INIT(CERTIFICATE_MAX);
    struct identity   id;

    test_ca_issue(&der, &t);
    assert_err(KMS_E_CERTIFICATE, identity_verify(&id, a, buf_bytes(&der), at_s));
    assert_non_null(strstr(error_text(), says));
    assert_int_equal(id.role, ROLE_NONE);
    assert_int_equal(ERR_peek_error(), 0);
    authority_free(&a);
}

static void assert_refused(struct test_certificate t, const char *says)
{
    assert_refused_at(t, TEST_NOW, says);
}

TEST(identity, reads_a_certificate_of_the_ca)
{
    struct authority       *a = authority_of(0);
    BUF_LOCAL               der = BUF_INIT(CERTIFICATE_MAX);
    SECRET_LOCAL            seed = SECRET_NONE;
    struct test_certificate t = {.san = "URI:spiffe://test/operator/admin,DNS:localhost,IP:127.0.0.1"};
    struct identity         id;
    uint8_t                 digest[32];

    test_ca_issue(&der, &t);
    assert_ok(identity_verify(&id, a, buf_bytes(&der), TEST_NOW));

    assert_string_equal(id.cluster, "test");
    assert_int_equal(id.role, ROLE_OPERATOR);
    assert_string_equal(id.name, "admin");
    assert_string_equal(id.uri, "spiffe://test/operator/admin");
    assert_int_equal(id.not_before, TEST_NOW - 86400);
    assert_int_equal(id.not_after, TEST_NOW + 365LL * 86400);
    uint8_t public_key[32];
    assert_ok(secret_copy(&seed, BYTES_OF(t.seed)));
    assert_ok(ed25519_public(public_key, &seed));
    assert_memory_equal(id.public_key, public_key, 32);
    sha256(digest, buf_bytes(&der));
    assert_memory_equal(id.fingerprint, digest, 32);
    authority_free(&a);
}

TEST(identity, derives_the_access_key_from_the_spki)
{
    uint8_t         spki[44] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}, digest[32];
    char            expected[33];
    BUF_LOCAL       der = BUF_INIT(CERTIFICATE_MAX);
    struct identity id;

    test_ca_issue(&der, &(struct test_certificate){0});
    assert_ok(identity_parse(&id, buf_bytes(&der)));

    memcpy(spki + 12, id.public_key, 32);
    sha256(digest, BYTES_OF(spki));
    hex_encode(expected, bytes(digest, 16));
    assert_string_equal(id.access_key, expected);
}

TEST(identity, refuses_another_ca)
{
    assert_refused((struct test_certificate){.ca = 1}, "certificate is not valid");
}

TEST(identity, refuses_a_chain_through_an_end_entity)
{
    assert_refused((struct test_certificate){.under_leaf = true}, "certificate is not valid");
}

TEST(identity, refuses_the_ca_itself)
{
    struct authority *a = NULL;
    BUF_LOCAL         pem = BUF_INIT(4096);
    BUF_LOCAL         der = BUF_INIT(CERTIFICATE_MAX);
    struct identity   id;
    const char       *text = test_ca_pem(1);

    a = authority_of(1);
    for (const char *at = strchr(text, '\n') + 1; *at != '-'; at++)
        if (*at != '\n') assert_ok(buf_append(&pem, bytes(at, 1)));
    assert_ok(base64_decode(&der, buf_bytes(&pem)));
    assert_err(KMS_E_CERTIFICATE, identity_verify(&id, a, buf_bytes(&der), TEST_NOW));
    authority_free(&a);
}

TEST(identity, refuses_an_expired_certificate)
{
    assert_refused_at((struct test_certificate){0}, TEST_NOW + 365LL * 86400, "expired");
}

TEST(identity, refuses_a_certificate_that_is_not_valid_yet)
{
    assert_refused_at((struct test_certificate){0}, TEST_NOW - 86401, "not yet valid");
}

TEST(identity, judges_an_old_certificate_as_of_its_date)
{
    struct authority *a = authority_of(0);
    BUF_LOCAL         der = BUF_INIT(CERTIFICATE_MAX);
    struct identity   id;

    test_ca_issue(&der, &(struct test_certificate){.from = TEST_NOW - 200, .to = TEST_NOW - 100});
    assert_ok(identity_verify(&id, a, buf_bytes(&der), TEST_NOW - 150));
    assert_err(KMS_E_CERTIFICATE, identity_verify(&id, a, buf_bytes(&der), TEST_NOW));
    authority_free(&a);
}

TEST(identity, refuses_two_uris)
{
    assert_refused((struct test_certificate){.san = "URI:spiffe://test/node/tss1,URI:spiffe://test/operator/admin"},
                   "more than one URI");
}

TEST(identity, refuses_no_uri)
{
    assert_refused((struct test_certificate){.san = "DNS:tss1"}, "no URI");
    assert_refused((struct test_certificate){.san = ""}, "no subjectAltName");
}

TEST(identity, refuses_another_cluster_than_the_cas)
{
    assert_refused((struct test_certificate){.san = "URI:spiffe://other/node/tss1"}, "cluster other");
}

TEST(identity, refuses_malformed_uris)
{
    static const char *const wrong[] = {
        "",
        "spiffe://",
        "spiffe://test",
        "spiffe://test/node",
        "spiffe://test/node/",
        "spiffe://test//tss1",
        "spiffe:///node/tss1",
        "spiffe://test/node/tss1/",
        "spiffe://test/node/tss1/more",
        "spiffe://test/root/tss1",
        "spiffe://test/Node/tss1",
        "spiffe://test/none/tss1",
        "SPIFFE://test/node/tss1",
        "https://test/node/tss1",
        "spiffe://test/node/tss 1",
        "spiffe://test/node/-tss1",
        "spiffe://test/node/tss1?x",
        "spiffe://test/node/a23456789012345678901234567890123",
        "spiffe://a23456789012345678901234567890123/node/tss1",
        "spiffe://test/node-long-role/tss1",
    };
    struct identity id;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) assert_err(KMS_E_CERTIFICATE, identity_parse_uri(&id, wrong[i]));
}

TEST(identity, accepts_names_of_full_length)
{
    struct identity id;
    const char     *uri = "spiffe://a2345678901234567890123456789012/operator/b2345678901234567890123456789012";

    assert_ok(identity_parse_uri(&id, uri));
    assert_string_equal(id.uri, uri);
    assert_int_equal(strlen(id.cluster), 32);
    assert_int_equal(strlen(id.name), 32);
}

TEST(identity, refuses_a_key_of_another_kind)
{
    assert_refused((struct test_certificate){.p256 = true}, "not an Ed25519 key");
}

TEST(identity, refuses_a_key_usage_without_digital_signature)
{
    assert_refused((struct test_certificate){.key_usage = "critical,keyEncipherment"}, "digitalSignature");
}

TEST(identity, accepts_an_absent_key_usage)
{
    BUF_LOCAL       der = BUF_INIT(CERTIFICATE_MAX);
    struct identity id;

    test_ca_issue(&der, &(struct test_certificate){.key_usage = ""});
    assert_ok(identity_parse(&id, buf_bytes(&der)));
}

TEST(identity, refuses_bytes_after_the_certificate_and_cut_ones)
{
    BUF_LOCAL       der = BUF_INIT(CERTIFICATE_MAX);
    struct identity id;

    test_ca_issue(&der, &(struct test_certificate){0});
    for (size_t len = 0; len < der.len; len += 7)
        assert_err(KMS_E_CERTIFICATE, identity_parse(&id, bytes(der.data, len)));
    assert_ok(buf_append_str(&der, "x"));
    assert_err(KMS_E_CERTIFICATE, identity_parse(&id, buf_bytes(&der)));
    assert_int_equal(ERR_peek_error(), 0);
}

TEST(identity, refuses_every_flipped_bit)
{
    struct authority *a = authority_of(0);
    BUF_LOCAL         der = BUF_INIT(CERTIFICATE_MAX);
    struct identity   id;

    test_ca_issue(&der, &(struct test_certificate){0});
    for (size_t i = 0; i < der.len; i++) {
        der.data[i] ^= (uint8_t)(1 << i % 8);
        assert_err(KMS_E_CERTIFICATE, identity_verify(&id, a, buf_bytes(&der), TEST_NOW));
        der.data[i] ^= (uint8_t)(1 << i % 8);
    }
    assert_ok(identity_verify(&id, a, buf_bytes(&der), TEST_NOW));
    authority_free(&a);
}

TEST(identity, names_roles_both_ways)
{
    for (int role = ROLE_NODE; role <= ROLE_STATUS; role++)
        assert_int_equal(role_by_name(role_name((enum role)role)), role);
    assert_int_equal(role_by_name("none"), ROLE_NONE);
    assert_int_equal(role_by_name(""), ROLE_NONE);
    assert_string_equal(role_name((enum role)99), "none");
}
