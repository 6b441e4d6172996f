/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers as bytes. */
#include "cluster/net/http_message.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"

static const struct reason_row {
    int         status;
    const char *text;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

static const char *reason_of(int status)
{
    for (unsigned i = 0; i < ARRAY_LEN(reasons); i++)
        if (reasons[i].status == status) return reasons[i].text;
    return "Unknown";
}

void http_date(char out[30], int64_t wall_s)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* 1970-01-01 was a Thursday */
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char                     iso[21];

    clock_format(iso, wall_s);
    unsigned month = (unsigned)(iso[5] - '0') * 10 + (unsigned)(iso[6] - '0');
    (void)snprintf(out, 30, "%s, %.2s %s %.4s %.8s GMT", days[(uint64_t)(wall_s / 86400) % 7], iso + 8,
                   months[(month - 1) % 12], iso, iso + 11);
}

/* A value that came from elsewhere must not begin a header of its own. */
static RESULT write_header(struct buf *out, const char *name, const char *value)
{
    TRY(buf_printf(out, "%s: ", name));
    size_t from = out->len;
    TRY(buf_append_str(out, value));
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] < ' ' || out->data[i] == 0x7f) out->data[i] = ' ';
    return buf_append_str(out, "\r\n");
}

RESULT http_answer_write(struct buf *out, const struct http_response *r, struct http_answer_form form)
{
    char date[30];
    bool has_body = r->status != 204 && r->status != 304;

    http_date(date, clock_wall_s());
    TRY(buf_printf(out, "HTTP/1.1 %d %s\r\ndate: %s\r\ncache-control: no-store\r\n", r->status, reason_of(r->status),
                   date));
    if (has_body) TRY(buf_printf(out, "content-length: %zu\r\n", r->body.len));
    if (has_body && r->content_type != NULL) TRY(write_header(out, "content-type", r->content_type));
    for (unsigned i = 0; i < r->header_count && i < ARRAY_LEN(r->headers); i++)
        TRY(write_header(out, r->headers[i].name, r->headers[i].value));
    if (form.is_last)
        TRY(buf_append_str(out, "connection: close\r\n"));
    else if (form.is_http_1_0)
        TRY(buf_append_str(out, "connection: keep-alive\r\n"));
    TRY(buf_append_str(out, "\r\n"));
    return has_body && !form.is_head ? buf_append(out, r->body) : KMS_OK;
}

RESULT http_problem_write(struct buf *body, int status, enum kms_err code, const char *detail)
{
    return buf_printf(body,
                      "{\"type\":\"urn:kms:error:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\",\"code\":\"%s\","
                      "\"retryable\":%s}",
                      error_name(code), error_title(code), status, detail, error_name(code),
                      error_retryable(code) ? "true" : "false");
}
