/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text: hex, base64 (RFC 4648 section 4, padded), base32 (section 6, lower case, no padding). Public data
 * only. */
#ifndef KMS_COMMON_BASE_TEXT_H
#define KMS_COMMON_BASE_TEXT_H

#include "common/base/buf.h"

/* out has room for 2 * in.len + 1; lower case, NUL-terminated. */
void hex_encode(char *out, struct bytes in);
/* Exactly out_len bytes from 2 * out_len digits of either case; no prefix. */
RESULT hex_decode(uint8_t *out, size_t out_len, struct bytes text);
/* Any even number of digits, "0x" in front accepted; appends to out. */
RESULT hex_decode_buf(struct buf *out, struct bytes text);

RESULT base64_encode(struct buf *out, struct bytes in);
/* Strict: padded, canonical, no white space. Appends to out. */
RESULT base64_decode(struct buf *out, struct bytes text);

/* out has room for ceil(8 * in.len / 5) + 1. */
void base32_encode(char *out, struct bytes in);

/* A name: 1..max characters of [A-Za-z0-9._-], starting with a letter or digit. */
bool text_is_name(const char *text, size_t max);

#endif
