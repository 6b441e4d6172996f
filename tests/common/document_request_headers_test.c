/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of a signed request: what is sent is what is understood, and there is one spelling only. */
#include <stdio.h>

#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/document/signed_request.h"
#include "tests/common/document_fixture.h"

#define HEADERS 6

struct sent {
    struct credential     client;
    struct signed_request request;
    char                  value[HEADERS][8192]; /* in the order of struct request_headers */
    char                  target[REQUEST_TARGET_MAX + 2];
};

static const char *const names[HEADERS] = {
    "Signature-Input: ", "Signature: ", "Content-Digest: ", "Idempotency-Key: ", "Client-Cert: ", "X-KMS-Access-Key: "};

static void take_header(char *out, size_t size, const char *all, const char *name)
{
    const char *at = strstr(all, name);
    char        needle[64];

    if (at != all) {
        (void)snprintf(needle, sizeof needle, "\n%s", name);
        at = strstr(all, needle);
        assert_non_null(at);
        at++;
    }
    at += strlen(name);
    (void)snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

static void send_request(struct sent *s, const char *query, const char *body)
{
    BUF_LOCAL all = BUF_INIT(16384);

    s->client = fixture_party("client", "app");
    s->request = (struct signed_request){.method = "POST", .path = "/api/v1/keys/x%2Fy/sign", .body = bytes_str(body)};
    (void)snprintf(s->request.query, sizeof s->request.query, "%s", query);
    assert_ok(signed_request_sign(&s->request, &s->client, TEST_NOW, 60));
    assert_ok(signed_request_headers(&all, &s->request));
    for (unsigned i = 0; i < HEADERS; i++) take_header(s->value[i], sizeof s->value[i], buf_str(&all), names[i]);
    (void)snprintf(s->target, sizeof s->target, "%s%s%s", s->request.path, query[0] == '\0' ? "" : "?", query);
}

static enum kms_err receive(struct signed_request *out, struct buf *certificate, const struct sent *s,
                            struct bytes body)
{
    const struct request_headers h = {s->value[0], s->value[1], s->value[2], s->value[3], s->value[4], s->value[5]};

    return signed_request_parse(out, certificate, "POST", s->target, &h, body);
}

static void assert_refused(struct sent *s, const char *says)
{
    BUF_LOCAL             certificate = BUF_INIT(CERTIFICATE_MAX);
    struct signed_request r;

    assert_err(KMS_E_UNAUTHENTICATED, receive(&r, &certificate, s, s->request.body));
    assert_int_equal(r.method[0], '\0');
    if (strstr(error_text(), says) == NULL) fail_msg("\"%s\" does not say \"%s\"", error_text(), says);
}

TEST(request_headers, arrive_as_they_were_sent)
{
    static const char *const queries[] = {"", "limit=10", "a=%3F&b=?&c=/"};

    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        struct sent           s;
        BUF_LOCAL             certificate = BUF_INIT(CERTIFICATE_MAX);
        struct signed_request r;
        uint8_t               sent_hash[32], received_hash[32];

        send_request(&s, queries[i], i == 0 ? "" : "{}");
        assert_ok(receive(&r, &certificate, &s, s.request.body));
        assert_string_equal(r.path, s.request.path);
        assert_string_equal(r.query, queries[i]);
        assert_true(bytes_equal(r.certificate_der, s.request.certificate_der));
        assert_ok(signed_request_verify_vartime(&r, &s.client.identity));
        assert_ok(signed_request_hash(sent_hash, &s.request));
        assert_ok(signed_request_hash(received_hash, &r));
        assert_memory_equal(sent_hash, received_hash, 32);
        credential_clear(&s.client);
    }
}

TEST(request_headers, names_the_one_that_is_missing)
{
    struct sent s;

    send_request(&s, "", "{}");
    for (unsigned i = 0; i < HEADERS; i++) {
        const char *value[HEADERS];
        for (unsigned j = 0; j < HEADERS; j++) value[j] = j == i ? NULL : s.value[j];
        const struct request_headers h = {value[0], value[1], value[2], value[3], value[4], value[5]};
        BUF_LOCAL                    certificate = BUF_INIT(CERTIFICATE_MAX);
        struct signed_request        r;
        char                         name[32];
        assert_err(KMS_E_UNAUTHENTICATED, signed_request_parse(&r, &certificate, "POST", s.target, &h, s.request.body));
        (void)snprintf(name, sizeof name, "%.*s", (int)strlen(names[i]) - 2, names[i]);
        assert_non_null(strstr(error_text(), name));
    }
    credential_clear(&s.client);
}

TEST(request_headers, refuses_any_other_byte_in_signature_input)
{
    struct sent s;

    send_request(&s, "", "{}");
    size_t len = strlen(s.value[0]);
    for (size_t i = 0; i < len; i++) {
        BUF_LOCAL             certificate = BUF_INIT(CERTIFICATE_MAX);
        struct signed_request r;
        s.value[0][i] ^= 1;
        enum kms_err err = receive(&r, &certificate, &s, s.request.body);
        if (err == KMS_OK) err = signed_request_verify_vartime(&r, &s.client.identity);
        assert_true(err == KMS_E_UNAUTHENTICATED || err == KMS_E_SIGNATURE);
        s.value[0][i] ^= 1;
    }
    credential_clear(&s.client);
}

TEST(request_headers, has_one_spelling_of_signature_input)
{
    static const struct {
        const char *from, *to;
    } spelling[] = {
        {"created=", "created=0"},   {"kms=(", "kms= ("},        {";expires=", "; expires="},
        {"\"@path\"", "\"@path\" "}, {"kms=", "sig1=,kms="},     {"tag=\"kms-v1\"", "tag=\"kms-v1\";x"},
        {"alg=\"ed25519\";", ""},    {"nonce=\"", "nonce=\"\""}, {"tag=\"kms-v1\"", "tag=\"kms-v1\", b=()"},
        {"created=", "created=-"},   {"created=", "created=+"},  {"created=", "created=9999999999999999"},
    };

    for (size_t i = 0; i < ARRAY_LEN(spelling); i++) {
        struct sent s;
        send_request(&s, "", "{}");
        char  other[8192];
        char *at = strstr(s.value[0], spelling[i].from);
        assert_non_null(at);
        (void)snprintf(other, sizeof other, "%.*s%s%s", (int)(at - s.value[0]), s.value[0], spelling[i].to,
                       at + strlen(spelling[i].from));
        memcpy(s.value[0], other, sizeof other);
        assert_refused(&s, "Signature-Input");
        credential_clear(&s.client);
    }
}

TEST(request_headers, refuses_malformed_values)
{
    static const struct {
        unsigned    header;
        const char *value, *says;
    } wrong[] = {
        {1, "", "Signature"},
        {1, "kms=::", "Signature"},
        {1, "kms=:AAAA:", "3 bytes instead of 64"},
        {1, "sig1=:AAAA:", "Signature"},
        {1, "kms=:AAAA:, b=:AAAA:", "Signature"},
        {2, "", "Content-Digest"},
        {2, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", "Content-Digest"}, /* of an empty body */
        {2, "sha-512=:AAAA:", "Content-Digest"},
        {3, "", "idempotency key"},
        {3, "a b", "idempotency key"},
        {3, "01234567890123456789012345678901234567890123456789012345678901234", "Idempotency-Key"},
        {4, "", "Client-Cert"},
        {4, "::", "certificate"},
        {4, ":A:", "Client-Cert"},
        {4, "MAA=", "Client-Cert"},
        {5, "", "X-KMS-Access-Key"},
        {5, "00000000000000000000000000000000", "X-KMS-Access-Key"},
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct sent s;
        send_request(&s, "", "{}");
        (void)snprintf(s.value[wrong[i].header], sizeof s.value[0], "%s", wrong[i].value);
        assert_refused(&s, wrong[i].says);
        credential_clear(&s.client);
    }
}

TEST(request_headers, refuses_malformed_targets)
{
    static const char *const targets[] = {"", "x", "*", "https://host/x", "/x?", "/x#y", "/x y", "/x?a b", "/\xc3\xa4"};

    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct sent s;
        send_request(&s, "", "{}");
        (void)snprintf(s.target, sizeof s.target, "%s", targets[i]);
        assert_refused(&s, "");
        credential_clear(&s.client);
    }
}

TEST(request_headers, refuses_targets_and_certificates_beyond_their_maximum)
{
    struct sent s;

    send_request(&s, "", "{}");
    memset(s.target, 'x', REQUEST_TARGET_MAX + 1);
    s.target[0] = '/';
    s.target[REQUEST_TARGET_MAX + 1] = '\0';
    assert_refused(&s, "target");
    credential_clear(&s.client);
    send_request(&s, "", "{}");
    memset(s.value[4], 'A', 8000);
    s.value[4][0] = s.value[4][7999] = ':';
    s.value[4][8000] = '\0';
    assert_refused(&s, "Client-Cert");
    credential_clear(&s.client);
}

TEST(request_headers, binds_the_body_method_and_path)
{
    struct sent           s;
    BUF_LOCAL             certificate = BUF_INIT(CERTIFICATE_MAX);
    struct signed_request r;

    send_request(&s, "", "{}");
    assert_err(KMS_E_UNAUTHENTICATED, receive(&r, &certificate, &s, bytes_str("{} ")));
    const struct request_headers h = {s.value[0], s.value[1], s.value[2], s.value[3], s.value[4], s.value[5]};
    assert_ok(signed_request_parse(&r, &certificate, "PATCH", s.target, &h, s.request.body));
    assert_err(KMS_E_SIGNATURE, signed_request_verify_vartime(&r, &s.client.identity));
    certificate.len = 0;
    assert_ok(signed_request_parse(&r, &certificate, "POST", "/api/v1/keys/x/y/sign", &h, s.request.body));
    assert_err(KMS_E_SIGNATURE, signed_request_verify_vartime(&r, &s.client.identity));
    assert_err(KMS_E_UNAUTHENTICATED, signed_request_parse(&r, &certificate, "PROPFIND", s.target, &h, s.request.body));
    credential_clear(&s.client);
}
