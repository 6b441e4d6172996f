/* SPDX-License-Identifier: Apache-2.0 */
/* Signed requests: the base by hand, each field altered, freshness, the hash. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/hash.h"
#include "common/document/signed_request.h"
#include "tests/common/document_fixture.h"

#define BODY "{\"data\":\"00\",\"dataType\":\"RAW\"}"

static struct signed_request make_request(const struct credential *c)
{
    struct signed_request r = {.method = "POST", .path = "/api/v1/keys/generate", .query = "a=1&b=%2F"};

    r.body = bytes_str(BODY);
    assert_ok(signed_request_sign(&r, c, TEST_NOW, 60));
    return r;
}

TEST(signed_request, verifies_what_it_signed)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = make_request(&c);

    assert_ok(signed_request_verify_vartime(&r, &c.identity));
    assert_string_equal(r.keyid, c.identity.access_key);
    assert_int_equal(r.expires - r.created, 60);
    assert_int_equal(strlen(r.nonce), 32);
    credential_clear(&c);
}

/* RFC 9421 2.5, written out by hand and checked with the primitive alone. */
TEST(signed_request, signs_the_base_of_rfc_9421)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = make_request(&c);
    uint8_t               digest[32];
    BUF_LOCAL             base = BUF_INIT(4096);
    BUF_LOCAL             text = BUF_INIT(128);

    sha256(digest, bytes_str(BODY));
    assert_ok(base64_encode(&text, BYTES_OF(digest)));
    assert_ok(
        buf_printf(&base,
                   "\"@method\": POST\n"
                   "\"@path\": /api/v1/keys/generate\n"
                   "\"@query\": ?a=1&b=%%2F\n"
                   "\"content-digest\": sha-256=:%s:\n"
                   "\"idempotency-key\": %s\n"
                   "\"@signature-params\": (\"@method\" \"@path\" \"@query\" \"content-digest\" \"idempotency-key\")"
                   ";created=1800000000;expires=1800000060;nonce=\"%s\";keyid=\"%s\";alg=\"ed25519\";tag=\"kms-v1\"",
                   buf_str(&text), r.idempotency_key, r.nonce, c.identity.access_key));
    assert_ok(ed25519_verify_vartime(r.signature, c.identity.public_key, buf_bytes(&base)));
    credential_clear(&c);
}

/* RFC 9421 B.2.6 with the key test-key-ed25519 of B.1.4: Ed25519 is deterministic, so the signature is known. */
TEST(signed_request, agrees_with_the_example_of_rfc_9421)
{
    static const char base[] = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
                               "\"@method\": POST\n"
                               "\"@path\": /foo\n"
                               "\"@authority\": example.com\n"
                               "\"content-type\": application/json\n"
                               "\"content-length\": 18\n"
                               "\"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" "
                               "\"content-length\");created=1618884473;keyid=\"test-key-ed25519\"";
    static const char expected[] =
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    SECRET_LOCAL seed = SECRET_NONE;
    BUF_LOCAL    raw = BUF_INIT(64);
    BUF_LOCAL    text = BUF_INIT(128);
    uint8_t      signature[64];

    assert_ok(base64_decode(&raw, bytes_str("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=")));
    assert_ok(secret_copy(&seed, buf_bytes(&raw)));
    assert_ok(ed25519_sign(signature, &seed, bytes_str(base)));
    assert_ok(base64_encode(&text, BYTES_OF(signature)));
    assert_string_equal(buf_str(&text), expected);
}

/* One step per signed field; each step must break the signature. */
static void alter(struct signed_request *r, unsigned step)
{
    switch (step) {
    case 0:
        r->method[0] = 'Q';
        break;
    case 1:
        r->path[1] = 'b';
        break;
    case 2:
        r->query[0] = 'b';
        break;
    case 3:
        r->query[0] = '\0';
        break;
    case 4:
        r->idempotency_key[0] = r->idempotency_key[0] == 'a' ? 'b' : 'a';
        break;
    case 5:
        r->created--;
        break;
    case 6:
        r->expires++;
        break;
    case 7:
        r->nonce[3] = r->nonce[3] == 'a' ? 'b' : 'a';
        break;
    case 8:
        r->body = bytes_str(BODY " ");
        break;
    case 9:
        r->body = BYTES_NONE;
        break;
    case 10:
        r->signature[0] ^= 1;
        break;
    case 11:
        r->signature[63] ^= 0x80;
        break;
    default:
        (void)snprintf(r->path, sizeof r->path, "/api/v1/keys/generate?a=1");
        break; /* moved over a boundary */
    }
}

TEST(signed_request, refuses_each_altered_field)
{
    struct credential c = fixture_party("client", "app");

    for (unsigned step = 0; step < 13; step++) {
        struct signed_request r = make_request(&c);
        alter(&r, step);
        enum kms_err err = signed_request_verify_vartime(&r, &c.identity);
        if (err != (step == 12 ? KMS_E_UNAUTHENTICATED : KMS_E_SIGNATURE))
            fail_msg("step %u: %s", step, error_name(err));
    }
    credential_clear(&c);
}

TEST(signed_request, refuses_another_signer_and_another_keyid)
{
    struct credential     app = fixture_party("client", "app"), other = fixture_party("client", "other");
    struct signed_request r = make_request(&app);

    assert_err(KMS_E_UNAUTHENTICATED, signed_request_verify_vartime(&r, &other.identity));
    memcpy(r.keyid, other.identity.access_key, sizeof r.keyid);
    assert_err(KMS_E_UNAUTHENTICATED, signed_request_verify_vartime(&r, &app.identity));
    assert_err(KMS_E_SIGNATURE, signed_request_verify_vartime(&r, &other.identity));
    credential_clear(&app);
    credential_clear(&other);
}

TEST(signed_request, refuses_lifetimes_outside_1_to_300)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = make_request(&c);

    assert_err(KMS_E_RANGE, signed_request_sign(&r, &c, TEST_NOW, 0));
    assert_err(KMS_E_RANGE, signed_request_sign(&r, &c, TEST_NOW, 301));
    assert_ok(signed_request_sign(&r, &c, TEST_NOW, 300));
    assert_ok(signed_request_verify_vartime(&r, &c.identity));
    r.expires = r.created + 301;
    assert_err(KMS_E_UNAUTHENTICATED, signed_request_verify_vartime(&r, &c.identity));
    r.expires = r.created;
    assert_err(KMS_E_UNAUTHENTICATED, signed_request_verify_vartime(&r, &c.identity));
    credential_clear(&c);
}

TEST(signed_request, refuses_to_sign_what_cannot_be_sent)
{
    static const char *const paths[] = {"", "x", "/a b", "/a#b", "/a\n", "/a?b", "/\x7f", "/\xc3\xa4"};
    static const char *const methods[] = {"", "get", "PO ST", "GET\n"};
    struct credential        c = fixture_party("client", "app");

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct signed_request r = {.method = "GET"};
        (void)snprintf(r.path, sizeof r.path, "%s", paths[i]);
        assert_err(KMS_E_ARGUMENT, signed_request_sign(&r, &c, TEST_NOW, 60));
    }
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct signed_request r = {.path = "/"};
        (void)snprintf(r.method, sizeof r.method, "%s", methods[i]);
        assert_err(KMS_E_ARGUMENT, signed_request_sign(&r, &c, TEST_NOW, 60));
    }
    struct signed_request r = {.method = "GET", .path = "/", .idempotency_key = "a\"b"};
    assert_err(KMS_E_ARGUMENT, signed_request_sign(&r, &c, TEST_NOW, 60));
    credential_clear(&c);
}

TEST(signed_request, is_fresh_from_30_s_before_until_it_expires)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = make_request(&c);

    assert_ok(signed_request_check_fresh(&r, TEST_NOW));
    assert_ok(signed_request_check_fresh(&r, TEST_NOW - 30));
    assert_err(KMS_E_EXPIRED, signed_request_check_fresh(&r, TEST_NOW - 31));
    assert_ok(signed_request_check_fresh(&r, TEST_NOW + 60));
    assert_err(KMS_E_EXPIRED, signed_request_check_fresh(&r, TEST_NOW + 61));
    credential_clear(&c);
}

TEST(signed_request, has_a_hash_of_its_own)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = make_request(&c), again = make_request(&c);
    uint8_t               first[32], second[32];

    assert_ok(signed_request_hash(first, &r));
    assert_ok(signed_request_hash(second, &r));
    assert_memory_equal(first, second, 32);
    assert_ok(signed_request_hash(second, &again));
    assert_memory_not_equal(first, second, 32);
    r.signature[5] ^= 1;
    assert_ok(signed_request_hash(second, &r));
    assert_memory_not_equal(first, second, 32);
    credential_clear(&c);
}

TEST(signed_request, keeps_the_callers_idempotency_key)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = {.method = "GET", .path = "/", .idempotency_key = "order-7"};

    assert_ok(signed_request_sign(&r, &c, TEST_NOW, 60));
    assert_string_equal(r.idempotency_key, "order-7");
    credential_clear(&c);
}

TEST(signed_request, cannot_be_signed_while_locked)
{
    struct credential     c = fixture_party("client", "app");
    struct signed_request r = {.method = "GET", .path = "/"};

    credential_lock(&c);
    assert_err(KMS_E_STATE, signed_request_sign(&r, &c, TEST_NOW, 60));
    credential_clear(&c);
}
