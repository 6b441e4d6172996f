/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: who signed, and that no field can be changed. */
#include "common/document/statement.h"
#include "tests/common/document_fixture.h"

static struct statement make_statement(const struct credential *c)
{
    struct statement s = {.type = STATEMENT_ROSTER, .subject = "roster/test", .sequence = 7, .created = TEST_NOW};

    s.payload = bytes_str("payload");
    assert_ok(statement_sign(&s, c));
    return s;
}

TEST(statement, verifies_and_names_its_signer)
{
    struct authority *a = fixture_authority();
    struct credential c = fixture_party("operator", "admin");
    struct statement  s = make_statement(&c);
    struct identity   signer;

    assert_ok(statement_verify(&s, a, ROLE_OPERATOR, &signer));
    assert_string_equal(signer.name, "admin");
    credential_clear(&c);
    authority_free(&a);
}

TEST(statement, decodes_to_what_was_encoded)
{
    struct credential c = fixture_party("operator", "admin");
    struct statement  s = make_statement(&c), decoded;
    BUF_LOCAL         first = BUF_INIT(STATEMENT_ENCODED_MAX);
    BUF_LOCAL         second = BUF_INIT(STATEMENT_ENCODED_MAX);
    BUF_LOCAL         pem = BUF_INIT(2 * STATEMENT_ENCODED_MAX);
    BUF_LOCAL         binary = BUF_INIT(STATEMENT_ENCODED_MAX);

    assert_ok(statement_encode(&first, &s));
    assert_ok(statement_decode(&decoded, buf_bytes(&first)));
    assert_ok(statement_encode(&second, &decoded));
    assert_true(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
    assert_ok(statement_encode_pem(&pem, &s));
    assert_ok(statement_decode_pem(&binary, buf_bytes(&pem)));
    assert_true(bytes_equal(buf_bytes(&first), buf_bytes(&binary)));
    credential_clear(&c);
}

static void alter(struct statement *s, unsigned step)
{
    switch (step) {
    case 0:
        s->subject[0] = 'R';
        break;
    case 1:
        s->sequence++;
        break;
    case 2:
        s->created++;
        break;
    case 3:
        s->payload = bytes_str("payloae");
        break;
    case 4:
        s->payload = BYTES_NONE;
        break;
    default:
        s->signature[0] ^= 1;
        break;
    }
}

TEST(statement, refuses_each_altered_field)
{
    struct authority *a = fixture_authority();
    struct credential c = fixture_party("operator", "admin");
    struct identity   signer;

    for (unsigned step = 0; step < 6; step++) {
        struct statement s = make_statement(&c);
        alter(&s, step);
        assert_err(KMS_E_SIGNATURE, statement_verify(&s, a, ROLE_OPERATOR, &signer));
        assert_int_equal(signer.role, ROLE_NONE);
    }
    credential_clear(&c);
    authority_free(&a);
}

TEST(statement, refuses_the_certificate_of_another_operator)
{
    struct authority *a = fixture_authority();
    struct credential c = fixture_party("operator", "admin"), other = fixture_party("operator", "other");
    struct statement  s = make_statement(&c);
    struct identity   signer;

    s.certificate_der = buf_bytes(&other.certificate_der);
    assert_err(KMS_E_SIGNATURE, statement_verify(&s, a, ROLE_OPERATOR, &signer));
    credential_clear(&c);
    credential_clear(&other);
    authority_free(&a);
}

TEST(statement, refuses_signers_of_other_roles)
{
    static const char *const roles[] = {"node", "gateway", "client", "auditor", "status"};
    struct authority        *a = fixture_authority();
    struct identity          signer;

    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        struct credential c = fixture_party(roles[i], "admin");
        struct statement  s = make_statement(&c);
        assert_err(KMS_E_DENIED, statement_verify(&s, a, ROLE_OPERATOR, &signer));
        credential_clear(&c);
    }
    authority_free(&a);
}

TEST(statement, refuses_another_ca_and_a_date_outside_the_certificate)
{
    struct authority *a = fixture_authority();
    struct credential foreign =
        fixture_credential((struct test_certificate){.ca = 1, .san = "URI:spiffe://test/operator/admin"});
    struct credential early = fixture_credential((struct test_certificate){
        .san = "URI:spiffe://test/operator/admin", .from = TEST_NOW - 200, .to = TEST_NOW - 100});
    struct statement  s = make_statement(&foreign);
    struct identity   signer;

    assert_err(KMS_E_CERTIFICATE, statement_verify(&s, a, ROLE_OPERATOR, &signer));
    s = make_statement(&early);
    assert_err(KMS_E_CERTIFICATE, statement_verify(&s, a, ROLE_OPERATOR, &signer));
    s.created = TEST_NOW - 150;
    assert_ok(statement_sign(&s, &early));
    assert_ok(statement_verify(&s, a, ROLE_OPERATOR, &signer));
    credential_clear(&foreign);
    credential_clear(&early);
    authority_free(&a);
}

TEST(statement, refuses_fields_outside_their_range)
{
    struct credential c = fixture_party("operator", "admin");
    struct statement  right = make_statement(&c), s;
    BUF_LOCAL         out = BUF_INIT(STATEMENT_ENCODED_MAX);
    static uint8_t    large[STATEMENT_PAYLOAD_MAX + 1];

    s = right, s.type = (enum statement_type)2;
    assert_err(KMS_E_ARGUMENT, statement_encode(&out, &s));
    s = right, s.subject[0] = '\0';
    assert_err(KMS_E_ARGUMENT, statement_encode(&out, &s));
    s = right, s.subject[0] = '\n';
    assert_err(KMS_E_ARGUMENT, statement_encode(&out, &s));
    s = right, s.sequence = 0;
    assert_err(KMS_E_ARGUMENT, statement_encode(&out, &s));
    s = right, s.created = -1;
    assert_err(KMS_E_ARGUMENT, statement_encode(&out, &s));
    s = right, s.payload = BYTES_OF(large);
    assert_err(KMS_E_ARGUMENT, statement_encode(&out, &s));
    assert_int_equal(out.len, 0);
    credential_clear(&c);
}

TEST(statement, refuses_cut_and_extended_bytes)
{
    struct credential c = fixture_party("operator", "admin");
    struct statement  s = make_statement(&c), decoded;
    BUF_LOCAL         encoded = BUF_INIT(STATEMENT_ENCODED_MAX);

    assert_ok(statement_encode(&encoded, &s));
    for (size_t len = 0; len < encoded.len; len++)
        assert_err(KMS_E_FORMAT, statement_decode(&decoded, bytes(encoded.data, len)));
    assert_ok(buf_append_str(&encoded, "x"));
    assert_err(KMS_E_FORMAT, statement_decode(&decoded, buf_bytes(&encoded)));
    credential_clear(&c);
}
