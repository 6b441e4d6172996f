/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signed request may consist of. Every field is checked before it is put into the signature base, so no field
 * can hold a line break or a quotation mark and pass for another one.
 */
#include "common/document/request_fields.h"

#include <inttypes.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"

#define TIME_MAX 999999999999999 /* RFC 8941 3.3.1: integers have at most 15 digits */

static bool is_token(const char *text)
{
    size_t len = strlen(text);

    return len >= 1 && len <= REQUEST_TOKEN_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static bool is_method(const char *text)
{
    size_t len = strlen(text);

    return len >= 1 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

static bool is_access_key(const char *text)
{
    return strlen(text) == ACCESS_KEY_LEN && strspn(text, "0123456789abcdef") == ACCESS_KEY_LEN;
}

/* Visible ASCII without `#` and without any character of `others`. */
static bool is_target_part(const char *text, const char *others)
{
    for (; *text != '\0'; text++)
        if (*text < 0x21 || *text > 0x7e || *text == '#' || strchr(others, *text) != NULL) return false;
    return true;
}

const char *request_line_fault(const struct signed_request *r)
{
    if (!is_method(r->method)) return "the method is not 1 to 7 capital letters";
    if (r->path[0] != '/' || !is_target_part(r->path, "?"))
        return "the path does not begin with / or has a forbidden character";
    if (!is_target_part(r->query, "")) return "the query has a forbidden character";
    if (strlen(r->path) + strlen(r->query) >= REQUEST_TARGET_MAX) return "the target is too long";
    if (r->body.len > REQUEST_BODY_MAX) return "the body is too large";
    return NULL;
}

const char *request_fault(const struct signed_request *r)
{
    const char *fault = request_line_fault(r);

    if (fault != NULL) return fault;
    if (!is_token(r->idempotency_key)) return "the idempotency key is not 1 to 64 characters of [A-Za-z0-9._-]";
    if (!is_token(r->nonce)) return "the nonce is not 1 to 64 characters of [A-Za-z0-9._-]";
    if (!is_access_key(r->keyid)) return "keyid is not an access key";
    if (r->created < 1 || r->created > TIME_MAX || r->expires > TIME_MAX) return "created or expires is no time";
    if (r->expires <= r->created || r->expires - r->created > REQUEST_LIFETIME_MAX_S)
        return "expires is not 1 to 300 seconds after created";
    if (r->certificate_der.len == 0 || r->certificate_der.len > CERTIFICATE_MAX)
        return "the certificate is missing or too large";
    return NULL;
}

RESULT request_content_digest(char out[REQUEST_DIGEST_LEN + 1], struct bytes body)
{
    uint8_t   digest[32];
    BUF_LOCAL text = BUF_INIT(REQUEST_DIGEST_LEN);

    sha256(digest, body);
    TRY(buf_append_str(&text, "sha-256=:"));
    TRY(base64_encode(&text, BYTES_OF(digest)));
    TRY(buf_append_str(&text, ":"));
    memcpy(out, buf_str(&text), REQUEST_DIGEST_LEN + 1);
    return KMS_OK;
}

RESULT request_signature_params(struct buf *out, const struct signed_request *r)
{
    return buf_printf(out,
                      REQUEST_COMPONENTS ";created=%" PRId64 ";expires=%" PRId64
                                         ";nonce=\"%s\";keyid=\"%s\";alg=\"ed25519\";tag=\"kms-v1\"",
                      r->created, r->expires, r->nonce, r->keyid);
}

RESULT request_signature_base(struct buf *out, const struct signed_request *r)
{
    char digest[REQUEST_DIGEST_LEN + 1];

    TRY(request_content_digest(digest, r->body));
    TRY(buf_printf(out,
                   "\"@method\": %s\n\"@path\": %s\n\"@query\": ?%s\n\"content-digest\": %s\n\"idempotency-key\": %s\n"
                   "\"@signature-params\": ",
                   r->method, r->path, r->query, digest, r->idempotency_key));
    return request_signature_params(out, r);
}
