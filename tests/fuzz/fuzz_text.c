/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 and hex: what is accepted has one form, and failure leaves the buffer as it was. */
/* links: common_base */
#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

static void check_kept(const struct buf *b)
{
    CHECK(b->len == 4 && strcmp(buf_str(b), "kept") == 0);
}

static void try_base64(struct bytes in)
{
    BUF_LOCAL out = BUF_INIT(8200);
    BUF_LOCAL back = BUF_INIT(20000);

    CHECK(buf_append_str(&out, "kept") == KMS_OK);
    if (base64_decode(&out, in) != KMS_OK) {
        check_kept(&out);
        return;
    }
    CHECK(base64_encode(&back, bytes(out.data + 4, out.len - 4)) == KMS_OK);
    CHECK(bytes_equal(buf_bytes(&back), in));
}

static void try_hex(struct bytes in)
{
    BUF_LOCAL out = BUF_INIT(8200);
    char      back[2 * 8200 + 1];

    CHECK(buf_append_str(&out, "kept") == KMS_OK);
    if (hex_decode_buf(&out, in) != KMS_OK) {
        check_kept(&out);
        return;
    }
    hex_encode(back, bytes(out.data + 4, out.len - 4));
    size_t prefix = in.len - strlen(back);
    CHECK(prefix == 0 || (prefix == 2 && in.data[0] == '0'));
    for (size_t i = 0; back[i] != '\0'; i++) CHECK((in.data[prefix + i] | (back[i] > '9' ? 0x20 : 0)) == back[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes(data, size);
    char         name[64] = "", base32[2 * 64];

    if (size > 8192) return 0;
    try_base64(in);
    try_hex(in);
    size_t cut = size < sizeof name - 1 ? size : sizeof name - 1;
    if (cut > 0) memcpy(name, data, cut);
    if (text_is_name(name, 32)) CHECK(strlen(name) <= 32 && strpbrk(name, "/ \n\"'") == NULL);
    base32_encode(base32, bytes(data, cut));
    CHECK(strlen(base32) == (8 * cut + 4) / 5);
    return 0;
}
