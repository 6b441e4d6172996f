/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers as bytes: the status line, headers, problem documents. */
#ifndef KMS_CLUSTER_NET_HTTP_MESSAGE_H
#define KMS_CLUSTER_NET_HTTP_MESSAGE_H

#include "cluster/api/http.h"

struct http_answer_form {
    bool is_http_1_0;
    bool is_head; /* the answer to HEAD: no body */
    bool is_last; /* "connection: close" */
};

RESULT http_answer_write(struct buf *out, const struct http_response *, struct http_answer_form);
/* application/problem+json (RFC 9457), as docs/rest-api.md says. detail: plain ASCII without quotes or backslashes. */
RESULT http_problem_write(struct buf *body, int status, enum kms_err code, const char *detail);
/* "Sat, 21 Nov 2026 20:48:03 GMT" (RFC 9110 5.6.7) */
void http_date(char out[30], int64_t wall_s);

#endif
