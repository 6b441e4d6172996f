/* SPDX-License-Identifier: Apache-2.0 */
/* PEM with lines of 64 characters out, and any line breaks in. */
#include "common/document/armor.h"

#include <stdio.h>

#include "common/base/text.h"

#define LINE 64
#define LABEL_MAX 64
#define PEM_MAX (1024 * 1024)

RESULT armor_encode(struct buf *out, const char *label, struct bytes binary)
{
    BUF_LOCAL text = BUF_INIT(PEM_MAX);

    TRY(base64_encode(&text, binary));
    TRY(buf_printf(out, "-----BEGIN %s-----\n", label));
    for (size_t at = 0; at < text.len; at += LINE) {
        size_t len = text.len - at < LINE ? text.len - at : LINE;
        TRY(buf_append(out, bytes(text.data + at, len)));
        TRY(buf_append_str(out, "\n"));
    }
    return buf_printf(out, "-----END %s-----\n", label);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && is_space(text.data[0])) text = bytes(text.data + 1, text.len - 1);
    while (text.len > 0 && is_space(text.data[text.len - 1])) text.len--;
    return text;
}

/* What stands between the two lines; KMS_E_FORMAT when it does not begin and end with them. */
static enum kms_err between(struct bytes *out, const char *label, struct bytes pem)
{
    char begin[LABEL_MAX + 20], end[LABEL_MAX + 20];
    int  begin_len = snprintf(begin, sizeof begin, "-----BEGIN %s-----", label);
    int  end_len = snprintf(end, sizeof end, "-----END %s-----", label);

    struct bytes text = trim(pem);
    if (begin_len < 0 || end_len < 0 || text.len < (size_t)begin_len + (size_t)end_len ||
        memcmp(text.data, begin, (size_t)begin_len) != 0 ||
        memcmp(text.data + text.len - (size_t)end_len, end, (size_t)end_len) != 0)
        return fail(KMS_E_FORMAT, "not one PEM block \"%s\"", label);
    *out = bytes(text.data + begin_len, text.len - (size_t)begin_len - (size_t)end_len);
    return KMS_OK;
}

RESULT armor_decode(struct buf *out, const char *label, struct bytes pem)
{
    BUF_LOCAL    digits = BUF_INIT(PEM_MAX);
    struct bytes text = BYTES_NONE;

    TRY(between(&text, label, pem));
    uint8_t *at = buf_reserve(&digits, text.len);
    if (at == NULL) return fail(KMS_E_TOO_LARGE, "PEM block \"%s\" of more than %d bytes", label, PEM_MAX);
    for (size_t i = 0; i < text.len; i++)
        if (!is_space(text.data[i])) at[digits.len++] = text.data[i];
    TRY_AT(base64_decode(out, buf_bytes(&digits)), "PEM block \"%s\"", label);
    return KMS_OK;
}
