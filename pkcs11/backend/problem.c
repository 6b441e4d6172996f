/* SPDX-License-Identifier: Apache-2.0 */
/* Problem documents. */
#include "pkcs11/backend/problem.h"

#include "common/base/text.h"
#include "common/wire/json.h"

/* For answers without a problem document, of proxies for instance. */
static enum kms_err by_status(int status)
{
    switch (status) {
    case 400:
        return KMS_E_ARGUMENT;
    case 401:
        return KMS_E_UNAUTHENTICATED;
    case 403:
        return KMS_E_DENIED;
    case 404:
        return KMS_E_NOT_FOUND;
    case 409:
        return KMS_E_CONFLICT;
    case 413:
        return KMS_E_TOO_LARGE;
    case 429:
        return KMS_E_BUSY;
    case 502:
    case 503:
        return KMS_E_UNAVAILABLE;
    case 504:
        return KMS_E_TIMEOUT;
    default:
        return KMS_E_PROTOCOL;
    }
}

static RESULT read_problem(enum kms_err *out, const char **request_id, const cJSON *item)
{
    struct json_object o;
    const char        *code;

    TRY(json_object_begin(&o, item, "problem"));
    TRY(json_get_text(&o, "code", 64, NULL, &code));
    TRY(json_get_text(&o, "requestId", 64, "", request_id));
    *out = error_from_name(code);
    return KMS_OK;
}

enum kms_err problem_of(const struct http_answer *answer)
{
    JSON_LOCAL  *item = NULL;
    const char  *request_id = "";
    enum kms_err code = KMS_OK;

    if (json_parse(&item, buf_bytes(&answer->body)) != KMS_OK || read_problem(&code, &request_id, item) != KMS_OK ||
        code == KMS_OK)
        code = by_status(answer->status);
    return fail(code, "the gateway answered %d %s (its request id: %s)", answer->status, error_name(code),
                text_is_name(request_id, 64) ? request_id : "none");
}
