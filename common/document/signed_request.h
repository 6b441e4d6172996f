/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's signed HTTP request: HTTP Message Signatures (RFC 9421) in one fixed profile, so that the bytes that were
 * signed can be rebuilt from a few fields and checked again by every node and, later, by anybody who holds the
 * evidence.
 *
 *   Signature-Input: kms=("@method" "@path" "@query" "content-digest" "idempotency-key");created=N;expires=N;
 *                    nonce="..";keyid="<access key>";alg="ed25519";tag="kms-v1"        (one line, this order)
 *   Signature:       kms=:<base64 of 64 bytes>:
 *   Content-Digest:  sha-256=:<base64 of 32 bytes>:            (RFC 9530; also of an empty body)
 *   Idempotency-Key: 1..64 characters of [A-Za-z0-9._-]        (always present)
 *   Client-Cert:     :<base64 of the DER certificate>:         (RFC 9440; bound by keyid)
 *   X-KMS-Access-Key: <access key>                             (for humans and proxies; must equal keyid)
 *
 * The signature base (RFC 9421 2.5), lines joined by "\n":
 *   "@method": POST
 *   "@path": /api/v1/keys/generate
 *   "@query": ?limit=10                                        ("?" alone when there is none)
 *   "content-digest": sha-256=:..:
 *   "idempotency-key": ..
 *   "@signature-params": ("@method" ... );created=...;tag="kms-v1"
 */
#ifndef KMS_COMMON_DOCUMENT_SIGNED_REQUEST_H
#define KMS_COMMON_DOCUMENT_SIGNED_REQUEST_H

#include "common/identity/credential.h"

#define REQUEST_BODY_MAX (1024 * 1024)
#define REQUEST_TARGET_MAX 1024
#define REQUEST_ENCODED_MAX (REQUEST_BODY_MAX + 16384)
#define REQUEST_LIFETIME_MAX_S 300
#define REQUEST_SKEW_S 30

struct signed_request {
    char         method[8];
    char         path[REQUEST_TARGET_MAX + 1];
    char         query[REQUEST_TARGET_MAX + 1]; /* without "?"; "" for none */
    char         idempotency_key[65];
    int64_t      created, expires; /* seconds since 1970 */
    char         nonce[65];        /* 1..64 characters of [A-Za-z0-9._-] */
    char         keyid[ACCESS_KEY_LEN + 1];
    uint8_t      signature[64];
    struct bytes certificate_der; /* borrowed */
    struct bytes body;            /* borrowed */
};

/*
 * Fills keyid, nonce (random), created, expires, idempotency_key (random if "" on entry), certificate and signature of
 * a request whose method, path, query and body are set. lifetime_s: 1..300.
 */
RESULT signed_request_sign(struct signed_request *, const struct credential *, int64_t now_s, unsigned lifetime_s);

/* The header lines to send, each "Name: value\r\n" (also Content-Digest and Idempotency-Key); appends to out. */
RESULT signed_request_headers(struct buf *out, const struct signed_request *);

/* The headers of a received request; NULL where absent. Any malformed or missing one: KMS_E_UNAUTHENTICATED. */
struct request_headers {
    const char *signature_input, *signature, *content_digest, *idempotency_key, *client_cert, *access_key;
};
/* certificate: receives the decoded DER, which out->certificate_der then borrows. target: path with "?query". */
RESULT signed_request_parse(struct signed_request *out, struct buf *certificate, const char *method, const char *target,
                            const struct request_headers *, struct bytes body);

/*
 * The check that coordinator, node and module all make: keyid is the certificate's access key, the signature is of
 * these fields, expires - created is in 1..300. Chain, role and freshness are the caller's. KMS_E_SIGNATURE,
 * KMS_E_UNAUTHENTICATED.
 */
RESULT signed_request_verify_vartime(const struct signed_request *, const struct identity *signer);
/* created at most 30 s ahead and expires not past. KMS_E_EXPIRED. */
RESULT signed_request_check_fresh(const struct signed_request *, int64_t now_s);

/* H(REQUEST, signature base, signature): names this very request everywhere (ssid, birth certificate, logs). */
RESULT signed_request_hash(uint8_t out[32], const struct signed_request *);

/* As evidence and towards nodes: binary, total, injective (docs/wire-format.md). Appends to out / borrows from in. */
RESULT signed_request_encode(struct buf *out, const struct signed_request *);
RESULT signed_request_decode(struct signed_request *out, struct bytes in);

#endif
