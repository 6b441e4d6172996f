/* SPDX-License-Identifier: Apache-2.0 */
/* Problems are printed without cJSON, so that running out of memory has an answer too. */
#include "cluster/api/problem.h"

#include <stdio.h>

int problem_status(enum kms_err code, bool wrong_media_type)
{
    return wrong_media_type ? 415 : error_http_status(code);
}

/* Error texts hold ids, names and numbers; what JSON would have to escape is replaced. */
static void clean(char *out, size_t size, const char *text)
{
    size_t i = 0;

    for (; i + 1 < size && text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];
        out[i] = c < ' ' || c > '~' ? '?' : c == '"' || c == '\\' ? '\'' : (char)c;
    }
    out[i] = '\0';
}

void problem_print(char *out, size_t size, const struct problem *p)
{
    char        detail[512];
    const char *code = error_name(p->code);

    clean(detail, sizeof detail, p->detail);
    (void)snprintf(out, size,
                   "{\"type\":\"urn:kms:error:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\",\"code\":\"%s\","
                   "\"retryable\":%s,\"requestId\":\"%s\"}",
                   code, error_title(p->code), p->status, detail, code, error_retryable(p->code) ? "true" : "false",
                   p->request_id);
}
