/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers: read in one piece or in many, they say the same. */
/* links: pkcs11_backend */
#include "pkcs11/backend/http.h"
#include "tests/fuzz/fuzz.h"

/* piece: bytes at a time; the end of the connection follows. */
static bool read_answer(struct http_answer *out, struct bytes in, size_t piece)
{
    struct http_reader reader;

    http_reader_init(&reader, out);
    while (in.len > 0 && !reader.complete) {
        size_t len = piece < in.len ? piece : in.len;
        if (http_reader_feed(&reader, bytes(in.data, len)) != KMS_OK) return false;
        in = bytes(in.data + len, in.len - len);
    }
    if (!reader.complete && http_reader_feed(&reader, BYTES_NONE) != KMS_OK) return false;
    return reader.complete;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes       in = bytes(data, size);
    size_t             piece = (size_t)fuzz_take(&in) + 1;
    struct http_answer whole = {0}, pieces = {0};

    bool read = read_answer(&whole, in, in.len + 1);
    CHECK(read == read_answer(&pieces, in, piece));
    if (read) {
        CHECK(whole.status == pieces.status && strcmp(whole.etag, pieces.etag) == 0 &&
              whole.retry_after_s == pieces.retry_after_s);
        CHECK(bytes_equal(buf_bytes(&whole.body), buf_bytes(&pieces.body)));
        CHECK(whole.body.len <= HTTP_BODY_MAX);
    }
    http_answer_clear(&whole);
    http_answer_clear(&pieces);
    return 0;
}
