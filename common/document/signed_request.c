/* SPDX-License-Identifier: Apache-2.0 */
/* Signs a request, checks the signature, and names the request by a hash. */
#include "common/document/signed_request.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/hash.h"
#include "common/crypto/rng.h"
#include "common/document/request_fields.h"

/* 128 random bits as 32 hex digits. */
static enum kms_err random_token(char out[33])
{
    uint8_t raw[16];

    TRY(rng_fill(rng_system(), raw, sizeof raw));
    hex_encode(out, BYTES_OF(raw));
    return KMS_OK;
}

RESULT signed_request_sign(struct signed_request *r, const struct credential *c, int64_t now_s, unsigned lifetime_s)
{
    BUF_LOCAL base = BUF_INIT(REQUEST_BASE_MAX);

    if (lifetime_s < 1 || lifetime_s > REQUEST_LIFETIME_MAX_S)
        return fail(KMS_E_RANGE, "a request that lives %u seconds; 1 to %d are allowed", lifetime_s,
                    REQUEST_LIFETIME_MAX_S);
    if (r->idempotency_key[0] == '\0') TRY(random_token(r->idempotency_key));
    TRY(random_token(r->nonce));
    r->created = now_s;
    r->expires = now_s + (int64_t)lifetime_s;
    memcpy(r->keyid, c->identity.access_key, sizeof r->keyid);
    r->certificate_der = buf_bytes(&c->certificate_der);
    const char *fault = request_fault(r);
    if (fault != NULL) return fail(KMS_E_ARGUMENT, "the request cannot be signed: %s", fault);
    TRY(request_signature_base(&base, r));
    return credential_sign(r->signature, c, buf_bytes(&base));
}

RESULT signed_request_verify_vartime(const struct signed_request *r, const struct identity *signer)
{
    BUF_LOCAL   base = BUF_INIT(REQUEST_BASE_MAX);
    const char *fault = request_fault(r);

    if (fault != NULL) return fail(KMS_E_UNAUTHENTICATED, "the signed request is malformed: %s", fault);
    if (strcmp(r->keyid, signer->access_key) != 0)
        return fail(KMS_E_UNAUTHENTICATED, "keyid is not the access key of the certificate (%s)", signer->access_key);
    TRY(request_signature_base(&base, r));
    TRY_AT(ed25519_verify_vartime(r->signature, signer->public_key, buf_bytes(&base)), "request of access key %s",
           signer->access_key);
    return KMS_OK;
}

RESULT signed_request_check_fresh(const struct signed_request *r, int64_t now_s)
{
    if (r->created > now_s + REQUEST_SKEW_S)
        return fail(KMS_E_EXPIRED,
                    "created is %" PRId64 " s ahead of the clock here; %d are allowed: compare the clocks",
                    r->created - now_s, REQUEST_SKEW_S);
    if (r->expires < now_s)
        return fail(KMS_E_EXPIRED, "the request expired %" PRId64 " s ago: sign it anew", now_s - r->expires);
    return KMS_OK;
}

RESULT signed_request_hash(uint8_t out[32], const struct signed_request *r)
{
    BUF_LOCAL   base = BUF_INIT(REQUEST_BASE_MAX);
    const char *fault = request_fault(r);

    if (fault != NULL) return fail(KMS_E_ARGUMENT, "the signed request is malformed: %s", fault);
    TRY(request_signature_base(&base, r));
    const struct bytes items[] = {buf_bytes(&base), BYTES_OF(r->signature)};
    hash_items(out, TAG_REQUEST, items, ARRAY_LEN(items));
    return KMS_OK;
}
