/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signed request as HTTP headers. Parsing takes the values out by the fixed order of the profile, builds the headers
 * again from them and demands the same bytes: so there is one spelling of each request, and no parser to disagree with.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/document/request_fields.h"

#define CERTIFICATE_TEXT_MAX ((CERTIFICATE_MAX + 2) / 3 * 4)

RESULT signed_request_headers(struct buf *out, const struct signed_request *r)
{
    char        digest[REQUEST_DIGEST_LEN + 1];
    const char *fault = request_fault(r);

    if (fault != NULL) return fail(KMS_E_ARGUMENT, "the signed request is malformed: %s", fault);
    TRY(request_content_digest(digest, r->body));
    TRY(buf_printf(out, "Content-Digest: %s\r\nIdempotency-Key: %s\r\nClient-Cert: :", digest, r->idempotency_key));
    TRY(base64_encode(out, r->certificate_der));
    TRY(buf_printf(out, ":\r\nX-KMS-Access-Key: %s\r\nSignature-Input: kms=", r->keyid));
    TRY(request_signature_params(out, r));
    TRY(buf_append_str(out, "\r\nSignature: kms=:"));
    TRY(base64_encode(out, BYTES_OF(r->signature)));
    return buf_append_str(out, ":\r\n");
}

/* Steps over `expected`; NULL when it is not there. */
static const char *skip(const char *at, const char *expected)
{
    size_t len = strlen(expected);

    return at != NULL && strncmp(at, expected, len) == 0 ? at + len : NULL;
}

/* Up to 15 digits; other spellings of the same number are caught by the comparison with the rebuilt text. */
static const char *take_integer(int64_t *out, const char *at)
{
    size_t digits = at == NULL ? 0 : strspn(at, "0123456789");

    if (digits < 1 || digits > 15) return NULL;
    *out = strtoll(at, NULL, 10);
    return at + digits;
}

/* Up to the next quotation mark, at most max bytes. */
static const char *take_quoted(char *out, size_t max, const char *at)
{
    size_t len = at == NULL ? 0 : strcspn(at, "\"");

    if (len < 1 || len > max || at[len] != '"') return NULL;
    memcpy(out, at, len);
    out[len] = '\0';
    return at + len + 1;
}

static enum kms_err parse_input(struct signed_request *out, const char *header)
{
    const char *at = skip(header, "kms=" REQUEST_COMPONENTS ";created=");

    at = take_integer(&out->created, at);
    at = take_integer(&out->expires, skip(at, ";expires="));
    at = take_quoted(out->nonce, REQUEST_TOKEN_MAX, skip(at, ";nonce=\""));
    at = take_quoted(out->keyid, ACCESS_KEY_LEN, skip(at, ";keyid=\""));
    at = skip(at, ";alg=\"ed25519\";tag=\"kms-v1\"");
    if (at == NULL || *at != '\0')
        return fail(KMS_E_UNAUTHENTICATED, "Signature-Input does not follow the profile of docs/rest-api.md");
    return KMS_OK;
}

/* With the other fields checked too: the header is the one that these fields give. */
static enum kms_err check_input(const struct signed_request *r, const char *header)
{
    BUF_LOCAL again = BUF_INIT(REQUEST_PARAMS_MAX);

    TRY(buf_append_str(&again, "kms="));
    TRY(request_signature_params(&again, r));
    if (strcmp(buf_str(&again), header) != 0)
        return fail(KMS_E_UNAUTHENTICATED, "Signature-Input is not in its one spelling (docs/rest-api.md)");
    return KMS_OK;
}

static enum kms_err parse_target(struct signed_request *out, const char *method, const char *target)
{
    size_t method_len = strlen(method), len = strlen(target);

    if (method_len >= sizeof out->method) return fail(KMS_E_UNAUTHENTICATED, "the method is too long");
    memcpy(out->method, method, method_len + 1);
    if (len > REQUEST_TARGET_MAX)
        return fail(KMS_E_UNAUTHENTICATED, "the target is longer than %d", REQUEST_TARGET_MAX);
    const char *query = strchrnul(target, '?');
    memcpy(out->path, target, (size_t)(query - target));
    if (*query == '\0') return KMS_OK;
    /* "/x?" and "/x" have the same signature base (RFC 9421 2.2.7), so only one of them is a request. */
    if (query[1] == '\0') return fail(KMS_E_UNAUTHENTICATED, "the target ends in an empty query; leave the ? out");
    memcpy(out->query, query + 1, strlen(query));
    return KMS_OK;
}

/* <before>:<base64>: appended to out as bytes. */
static enum kms_err parse_binary(struct buf *out, const char *header, const char *before, const char *name)
{
    const char *at = skip(skip(header, before), ":");
    size_t      len = at == NULL ? 0 : strlen(at);

    if (len < 1 || len > CERTIFICATE_TEXT_MAX + 1 || at[len - 1] != ':' ||
        base64_decode(out, bytes(at, len - 1)) != KMS_OK)
        return fail(KMS_E_UNAUTHENTICATED, "%s is not %s:<base64>: of the right length", name, before);
    return KMS_OK;
}

static enum kms_err parse_signature(struct signed_request *out, const char *header)
{
    BUF_LOCAL raw = BUF_INIT(sizeof out->signature + 2); /* base64_decode() makes room for what padding takes back */

    TRY(parse_binary(&raw, header, "kms=", "Signature"));
    if (raw.len != sizeof out->signature)
        return fail(KMS_E_UNAUTHENTICATED, "Signature has %zu bytes instead of 64", raw.len);
    memcpy(out->signature, raw.data, raw.len);
    return KMS_OK;
}

static enum kms_err check_present(const struct request_headers *h)
{
    const char *const values[] = {h->signature_input, h->signature,   h->content_digest,
                                  h->idempotency_key, h->client_cert, h->access_key};
    const char *const names[] = {"Signature-Input", "Signature",   "Content-Digest",
                                 "Idempotency-Key", "Client-Cert", "X-KMS-Access-Key"};

    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (values[i] == NULL)
            return fail(KMS_E_UNAUTHENTICATED, "the header %s is missing: requests are signed (docs/rest-api.md)",
                        names[i]);
    return KMS_OK;
}

static enum kms_err check_digest(const char *header, struct bytes body)
{
    char digest[REQUEST_DIGEST_LEN + 1];

    TRY(request_content_digest(digest, body));
    if (strcmp(digest, header) != 0)
        return fail(KMS_E_UNAUTHENTICATED, "Content-Digest is not sha-256=:<base64>: of the body");
    return KMS_OK;
}

static enum kms_err parse_all(struct signed_request *out, struct buf *certificate, const struct request_headers *h)
{
    size_t key_len = strlen(h->idempotency_key), before = certificate->len;

    TRY(parse_input(out, h->signature_input));
    TRY(parse_signature(out, h->signature));
    if (key_len > REQUEST_TOKEN_MAX)
        return fail(KMS_E_UNAUTHENTICATED, "Idempotency-Key is longer than %d", REQUEST_TOKEN_MAX);
    memcpy(out->idempotency_key, h->idempotency_key, key_len + 1);
    TRY(parse_binary(certificate, h->client_cert, "", "Client-Cert"));
    out->certificate_der = bytes(certificate->data + before, certificate->len - before);
    if (strcmp(h->access_key, out->keyid) != 0) return fail(KMS_E_UNAUTHENTICATED, "X-KMS-Access-Key is not the keyid");
    return KMS_OK;
}

static enum kms_err parse_checked(struct signed_request *out, struct buf *certificate, const struct request_headers *h)
{
    TRY(check_present(h));
    TRY(check_digest(h->content_digest, out->body));
    TRY(parse_all(out, certificate, h));
    const char *fault = request_fault(out);
    if (fault != NULL) return fail(KMS_E_UNAUTHENTICATED, "the signed request is malformed: %s", fault);
    return check_input(out, h->signature_input);
}

RESULT signed_request_parse(struct signed_request *out, struct buf *certificate, const char *method, const char *target,
                            const struct request_headers *headers, struct bytes body)
{
    *out = (struct signed_request){.body = body};
    enum kms_err err = parse_target(out, method, target);
    if (err == KMS_OK) err = parse_checked(out, certificate, headers);
    if (err != KMS_OK) *out = (struct signed_request){0};
    return err;
}
