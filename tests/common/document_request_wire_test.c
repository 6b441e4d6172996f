/* SPDX-License-Identifier: Apache-2.0 */
/* A signed request as evidence: it decodes to itself, and any change is refused or breaks the signature. */
#include "common/document/signed_request.h"
#include "common/wire/reader.h"
#include "tests/common/document_fixture.h"

static struct signed_request make_request(const struct credential *c, const char *body)
{
    struct signed_request r = {.method = "DELETE", .path = "/api/v1/keys/abc", .query = "x=1", .body = bytes_str(body)};

    assert_ok(signed_request_sign(&r, c, TEST_NOW, 60));
    return r;
}

TEST(request_wire, decodes_to_what_was_encoded)
{
    static const char *const bodies[] = {"", "{}", "{\"label\":\"a\"}"};
    struct credential        c = fixture_party("client", "app");

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct signed_request r = make_request(&c, bodies[i]), decoded;
        BUF_LOCAL             first = BUF_INIT(REQUEST_ENCODED_MAX);
        BUF_LOCAL             second = BUF_INIT(REQUEST_ENCODED_MAX);
        assert_ok(signed_request_encode(&first, &r));
        assert_ok(signed_request_decode(&decoded, buf_bytes(&first)));
        assert_ok(signed_request_verify_vartime(&decoded, &c.identity));
        assert_ok(signed_request_encode(&second, &decoded));
        assert_true(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
    }
    credential_clear(&c);
}

TEST(request_wire, refuses_or_disproves_every_flipped_bit)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = make_request(&c, "{}"), decoded;
    BUF_LOCAL             encoded = BUF_INIT(REQUEST_ENCODED_MAX);

    assert_ok(signed_request_encode(&encoded, &r));
    for (size_t i = 0; i < encoded.len; i++) {
        encoded.data[i] ^= (uint8_t)(1 << i % 8);
        enum kms_err    err = signed_request_decode(&decoded, buf_bytes(&encoded));
        struct identity signer = c.identity;
        if (err == KMS_OK && !bytes_equal(decoded.certificate_der, r.certificate_der))
            err = KMS_E_CERTIFICATE; /* the caller's check */
        if (err == KMS_OK) err = signed_request_verify_vartime(&decoded, &signer);
        assert_int_not_equal(err, KMS_OK);
        encoded.data[i] ^= (uint8_t)(1 << i % 8);
    }
    credential_clear(&c);
}

TEST(request_wire, refuses_cut_and_extended_bytes)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = make_request(&c, "{}"), decoded;
    BUF_LOCAL             encoded = BUF_INIT(REQUEST_ENCODED_MAX);

    assert_ok(signed_request_encode(&encoded, &r));
    for (size_t len = 0; len < encoded.len; len++) {
        assert_err(KMS_E_FORMAT, signed_request_decode(&decoded, bytes(encoded.data, len)));
        assert_null(decoded.body.data);
    }
    assert_ok(buf_append_str(&encoded, "x"));
    assert_err(KMS_E_FORMAT, signed_request_decode(&decoded, buf_bytes(&encoded)));
    credential_clear(&c);
}

TEST(request_wire, does_not_believe_evidence_with_another_body)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = make_request(&c, "{\"data\":\"00\"}"), decoded;
    BUF_LOCAL             encoded = BUF_INIT(REQUEST_ENCODED_MAX);

    r.body = bytes_str("{\"data\":\"01\"}");
    assert_ok(signed_request_encode(&encoded, &r));
    assert_ok(signed_request_decode(&decoded, buf_bytes(&encoded)));
    assert_err(KMS_E_SIGNATURE, signed_request_verify_vartime(&decoded, &c.identity));
    credential_clear(&c);
}

TEST(request_wire, does_not_encode_what_it_would_not_decode)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = make_request(&c, "{}");
    BUF_LOCAL             encoded = BUF_INIT(REQUEST_ENCODED_MAX);

    r.expires = r.created + 301;
    assert_err(KMS_E_ARGUMENT, signed_request_encode(&encoded, &r));
    assert_int_equal(encoded.len, 0);
    credential_clear(&c);
}
