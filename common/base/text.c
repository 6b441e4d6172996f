/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, base64 and base32 for public data. */
#include "common/base/text.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_digits[] = "abcdefghijklmnopqrstuvwxyz234567";

void hex_encode(char *out, struct bytes in)
{
    for (size_t i = 0; i < in.len; i++) {
        *out++ = hex_digits[in.data[i] >> 4];
        *out++ = hex_digits[in.data[i] & 15];
    }
    *out = '\0';
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

RESULT hex_decode(uint8_t *out, size_t out_len, struct bytes text)
{
    if (text.len != 2 * out_len) return fail(KMS_E_FORMAT, "%zu hex digits where %zu belong", text.len, 2 * out_len);
    for (size_t i = 0; i < out_len; i++) {
        int high = hex_value(text.data[2 * i]), low = hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0) return fail(KMS_E_FORMAT, "not a hex digit at %zu", 2 * i + (high < 0 ? 0 : 1));
        out[i] = (uint8_t)(high << 4 | low);
    }
    return KMS_OK;
}

RESULT hex_decode_buf(struct buf *out, struct bytes text)
{
    if (text.len >= 2 && text.data[0] == '0' && (text.data[1] == 'x' || text.data[1] == 'X'))
        text = bytes(text.data + 2, text.len - 2);
    if (text.len % 2 != 0) return fail(KMS_E_FORMAT, "an odd number of hex digits (%zu)", text.len);
    uint8_t *at = buf_reserve(out, text.len / 2);
    if (at == NULL) return fail(KMS_E_TOO_LARGE, "more than %zu bytes", out->max);
    enum kms_err err = hex_decode(at, text.len / 2, text);
    if (err == KMS_OK) out->len += text.len / 2;
    out->data[out->len] = '\0';
    return err;
}

RESULT base64_encode(struct buf *out, struct bytes in)
{
    uint8_t *at = buf_reserve(out, (in.len + 2) / 3 * 4);

    if (at == NULL) return fail(KMS_E_TOO_LARGE, "more than %zu bytes", out->max);
    for (size_t i = 0; i < in.len; i += 3) {
        size_t   left = in.len - i;
        uint32_t word = (uint32_t)in.data[i] << 16;
        if (left > 1) word |= (uint32_t)in.data[i + 1] << 8;
        if (left > 2) word |= in.data[i + 2];
        *at++ = (uint8_t)base64_digits[word >> 18];
        *at++ = (uint8_t)base64_digits[word >> 12 & 63];
        *at++ = left > 1 ? (uint8_t)base64_digits[word >> 6 & 63] : '=';
        *at++ = left > 2 ? (uint8_t)base64_digits[word & 63] : '=';
    }
    out->len = (size_t)(at - out->data);
    *at = '\0';
    return KMS_OK;
}

static int base64_value(uint8_t c)
{
    const char *at = c == '\0' ? NULL : strchr(base64_digits, c);
    return at == NULL ? -1 : (int)(at - base64_digits);
}

/* Three bytes or, in the last group, fewer; how many, or 0 if it is not canonical. */
static size_t base64_group(uint8_t out[3], const uint8_t text[4], bool last)
{
    uint32_t word = 0;
    size_t   pads = 0;

    for (size_t i = 0; i < 4; i++) {
        bool pad = last && i >= 2 && text[i] == '=';
        int  value = pad ? 0 : base64_value(text[i]);
        if (value < 0 || (!pad && pads > 0)) return 0;
        pads += pad ? 1 : 0;
        word = word << 6 | (uint32_t)value;
    }
    if ((word & ((UINT32_C(1) << (8 * pads)) - 1)) != 0) return 0; /* bits that encode nothing */
    out[0] = (uint8_t)(word >> 16);
    if (pads < 2) out[1] = (uint8_t)(word >> 8);
    if (pads < 1) out[2] = (uint8_t)word;
    return 3 - pads;
}

/* Exactly: so that a buffer's maximum means the data's. */
static size_t base64_decoded_len(struct bytes text)
{
    size_t pads = 0;

    while (pads < 2 && pads < text.len && text.data[text.len - 1 - pads] == '=') pads++;
    return text.len / 4 * 3 - pads;
}

RESULT base64_decode(struct buf *out, struct bytes text)
{
    size_t len = 0;

    if (text.len % 4 != 0) return fail(KMS_E_FORMAT, "base64 of %zu characters", text.len);
    uint8_t *at = buf_reserve(out, base64_decoded_len(text));
    if (at == NULL) return fail(KMS_E_TOO_LARGE, "more than %zu bytes", out->max);
    for (size_t i = 0; i < text.len; i += 4) {
        size_t count = base64_group(at + len, text.data + i, i + 4 == text.len);
        if (count == 0) {
            *at = '\0';
            return fail(KMS_E_FORMAT, "not canonical base64 at %zu", i);
        }
        len += count;
    }
    at[len] = '\0';
    out->len += len;
    return KMS_OK;
}

void base32_encode(char *out, struct bytes in)
{
    uint32_t word = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < in.len; i++) {
        word = word << 8 | in.data[i];
        bits += 8;
        while (bits >= 5) {
            *out++ = base32_digits[word >> (bits - 5) & 31];
            bits -= 5;
        }
    }
    if (bits > 0) *out++ = base32_digits[word << (5 - bits) & 31];
    *out = '\0';
}

bool text_is_name(const char *text, size_t max)
{
    size_t len = strlen(text);

    if (len == 0 || len > max) return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || (c != '.' && c != '_' && c != '-'))) return false;
    }
    return true;
}
