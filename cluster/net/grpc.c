/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC framing, status codes and deadlines. */
#include "cluster/net/grpc.h"

#include "common/base/check.h"

#define TIMEOUT_MAX_MS (24u * 60 * 60 * 1000)
#define TIMEOUT_DIGITS_MAX 8

static const struct status_row {
    enum kms_err     err;
    enum grpc_status status;
} statuses[] = {
    {KMS_OK, GRPC_OK},
    {KMS_E_ARGUMENT, GRPC_INVALID_ARGUMENT},
    {KMS_E_FORMAT, GRPC_INVALID_ARGUMENT},
    {KMS_E_RANGE, GRPC_INVALID_ARGUMENT},
    {KMS_E_TOO_LARGE, GRPC_RESOURCE_EXHAUSTED},
    {KMS_E_UNSUPPORTED, GRPC_UNIMPLEMENTED},
    {KMS_E_NOT_FOUND, GRPC_NOT_FOUND},
    {KMS_E_CONFLICT, GRPC_FAILED_PRECONDITION},
    {KMS_E_STATE, GRPC_FAILED_PRECONDITION},
    {KMS_E_UNAUTHENTICATED, GRPC_UNAUTHENTICATED},
    {KMS_E_DENIED, GRPC_PERMISSION_DENIED},
    {KMS_E_SIGNATURE, GRPC_PERMISSION_DENIED},
    {KMS_E_CERTIFICATE, GRPC_PERMISSION_DENIED},
    {KMS_E_UNAVAILABLE, GRPC_UNAVAILABLE},
    {KMS_E_SEALED, GRPC_UNAVAILABLE},
    {KMS_E_TIMEOUT, GRPC_DEADLINE_EXCEEDED},
    {KMS_E_BUSY, GRPC_RESOURCE_EXHAUSTED},
    {KMS_E_ABORTED, GRPC_ABORTED},
};

enum grpc_status grpc_status_of(enum kms_err err)
{
    for (unsigned i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].err == err) return statuses[i].status;
    return GRPC_INTERNAL;
}

/* ---- messages ---- */

void grpc_frames_init(struct grpc_frames *f)
{
    *f =
        (struct grpc_frames){.in = BUF_INIT(2 * (GRPC_PREFIX_LEN + GRPC_MESSAGE_MAX)), .message_max = GRPC_MESSAGE_MAX};
}

void grpc_frames_init_single(struct grpc_frames *f)
{
    grpc_frames_init(f);
    f->is_single = true;
}

void grpc_frames_clear(struct grpc_frames *f)
{
    buf_clear(&f->in);
    f->at = 0;
}

static size_t length_at(const uint8_t *prefix)
{
    return (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
}

/* Every prefix that has arrived is checked before more is taken in. */
static RESULT check_prefixes(const struct grpc_frames *f)
{
    for (size_t at = 0; f->in.len - at >= GRPC_PREFIX_LEN;) {
        const uint8_t *prefix = f->in.data + at;
        if (prefix[0] > 1) return fail(KMS_E_FORMAT, "gRPC frame with flags %u", prefix[0]);
        if (prefix[0] == 1) return fail(KMS_E_UNSUPPORTED, "compressed gRPC messages are not accepted");
        size_t len = length_at(prefix);
        if (len > f->message_max)
            return fail(KMS_E_TOO_LARGE, "gRPC message of %zu bytes, at most %zu", len, f->message_max);
        if (f->in.len - at - GRPC_PREFIX_LEN < len) return KMS_OK;
        at += GRPC_PREFIX_LEN + len;
        if (f->is_single && f->in.len > at) return fail(KMS_E_FORMAT, "a unary call has exactly one message");
    }
    return KMS_OK;
}

RESULT grpc_frames_receive(struct grpc_frames *f, struct bytes in)
{
    buf_consume(&f->in, f->at);
    f->at = 0;
    TRY(buf_append(&f->in, in));
    return check_prefixes(f);
}

bool grpc_frames_next(struct grpc_frames *f, struct bytes *message)
{
    size_t left = f->in.len - f->at;

    if (left < GRPC_PREFIX_LEN) return false;
    size_t len = length_at(f->in.data + f->at);
    if (left - GRPC_PREFIX_LEN < len) return false;
    *message = bytes(f->in.data + f->at + GRPC_PREFIX_LEN, len);
    f->at += GRPC_PREFIX_LEN + len;
    return true;
}

bool grpc_frames_is_empty(const struct grpc_frames *f)
{
    return f->at == f->in.len;
}

size_t grpc_frames_held(const struct grpc_frames *f)
{
    return f->in.len - f->at;
}

RESULT grpc_prefix(uint8_t out[GRPC_PREFIX_LEN], size_t message_len)
{
    if (message_len > GRPC_MESSAGE_MAX)
        return fail(KMS_E_TOO_LARGE, "gRPC message of %zu bytes, at most %u", message_len, GRPC_MESSAGE_MAX);
    out[0] = 0;
    for (unsigned i = 0; i < 4; i++) out[1 + i] = (uint8_t)(message_len >> (24 - 8 * i));
    return KMS_OK;
}

/* ---- metadata ---- */

/* TimeoutValue is 1 to 8 digits, TimeoutUnit one of H M S m u n. */
RESULT grpc_timeout_parse(uint64_t *ms, const char *text)
{
    uint64_t value = 0;
    size_t   digits = 0;

    for (; text[digits] >= '0' && text[digits] <= '9' && digits < TIMEOUT_DIGITS_MAX; digits++)
        value = value * 10 + (uint64_t)(text[digits] - '0');
    if (digits == 0 || text[digits] == '\0' || text[digits + 1] != '\0')
        return fail(KMS_E_FORMAT, "grpc-timeout is malformed");
    switch (text[digits]) {
    case 'H':
        value *= 3600 * 1000;
        break;
    case 'M':
        value *= 60 * 1000;
        break;
    case 'S':
        value *= 1000;
        break;
    case 'm':
        break;
    case 'u':
        value = (value + 999) / 1000;
        break;
    case 'n':
        value = (value + 999999) / 1000000;
        break;
    default:
        return fail(KMS_E_FORMAT, "grpc-timeout has an unknown unit");
    }
    *ms = value > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : value;
    return KMS_OK;
}

void grpc_message_encode(char *out, size_t out_size, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    CHECK(out_size > 3);
    for (char *end = out + out_size - 4; *text != '\0' && out <= end; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= ' ' && c <= '~' && c != '%') {
            *out++ = (char)c;
            continue;
        }
        *out++ = '%';
        *out++ = digits[c >> 4];
        *out++ = digits[c & 15];
    }
    *out = '\0';
}

bool grpc_is_content_type(const char *type)
{
    static const char plain[] = "application/grpc";
    size_t            len = sizeof plain - 1;

    if (strncmp(type, plain, len) != 0) return false;
    return type[len] == '\0' || type[len] == ';' || strcmp(type + len, "+proto") == 0;
}
