/* SPDX-License-Identifier: Apache-2.0 */
/* Inside common/document: the rules for a signed request's fields, and the lines that are built from them. */
#ifndef KMS_COMMON_DOCUMENT_REQUEST_FIELDS_H
#define KMS_COMMON_DOCUMENT_REQUEST_FIELDS_H

#include "common/document/signed_request.h"

#define REQUEST_TOKEN_MAX 64 /* nonce, idempotency key */
#define REQUEST_DIGEST_LEN (9 + 44 + 1)
#define REQUEST_PARAMS_MAX 512
#define REQUEST_BASE_MAX (REQUEST_PARAMS_MAX + 2 * REQUEST_TARGET_MAX + 512)
#define REQUEST_COMPONENTS "(\"@method\" \"@path\" \"@query\" \"content-digest\" \"idempotency-key\")"

/* What is wrong with a field (constant text), or NULL. Everything that is signed, sent or received passes here. */
const char *request_fault(const struct signed_request *);
/* The same without what signing fills in. */
const char *request_line_fault(const struct signed_request *);

/* sha-256=:<base64>: of the body, NUL-terminated. */
RESULT request_content_digest(char out[REQUEST_DIGEST_LEN + 1], struct bytes body);
/* RFC 9421 2.3: (...);created=...;tag="kms-v1". Appends. */
RESULT request_signature_params(struct buf *out, const struct signed_request *);
/* RFC 9421 2.5. Appends. */
RESULT request_signature_base(struct buf *out, const struct signed_request *);

#endif
