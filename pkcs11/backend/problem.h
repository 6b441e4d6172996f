/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway says when it refuses (RFC 9457), as one of our errors; its own words are not repeated. */
#ifndef KMS_PKCS11_BACKEND_PROBLEM_H
#define KMS_PKCS11_BACKEND_PROBLEM_H

#include "pkcs11/backend/http.h"

/* The error that the answer stands for, recorded; never KMS_OK. */
enum kms_err problem_of(const struct http_answer *);

#endif
