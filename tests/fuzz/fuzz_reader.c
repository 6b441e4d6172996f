/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: the input is first a list of what to read, then the bytes. What was read is written back and compared. */
/* links: common_wire */
#include "common/wire/reader.h"
#include "common/wire/writer.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX 20

static void step(struct reader *r, struct writer *w, uint8_t kind)
{
    char    text[TEXT_MAX + 1];
    uint8_t raw[8];

    switch (kind % 8) {
    case 0:
        writer_u8(w, reader_u8(r));
        break;
    case 1:
        writer_u16(w, reader_u16(r));
        break;
    case 2:
        writer_u32(w, reader_u32(r));
        break;
    case 3:
        writer_u64(w, reader_u64(r));
        break;
    case 4:
        writer_bool(w, reader_bool(r));
        break;
    case 5:
        reader_copy(r, raw, kind / 8 % sizeof raw);
        writer_raw(w, bytes(raw, kind / 8 % sizeof raw));
        break;
    case 6:
        writer_block(w, reader_block(r, kind));
        break;
    default:
        reader_text(r, text, TEXT_MAX);
        CHECK(strlen(text) <= TEXT_MAX);
        writer_text(w, text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes  in = bytes(data, size);
    size_t        count = fuzz_take(&in);
    BUF_LOCAL     back = BUF_INIT(1 << 20);
    struct writer w = writer_to(&back);

    if (count > in.len) count = in.len;
    struct bytes  script = bytes(in.data, count), body = bytes(in.data + count, in.len - count);
    struct reader r = reader_of(body);
    for (size_t i = 0; i < count; i++) {
        step(&r, &w, script.data[i]);
        CHECK(r.left.len <= body.len);
        if (r.failed) {
            CHECK(reader_u64(&r) == 0 && reader_view(&r, 1).len == 0 && reader_end(&r, "input") != KMS_OK);
            return 0;
        }
    }
    CHECK(writer_end(&w, "input") == KMS_OK);
    CHECK(bytes_equal(buf_bytes(&back), bytes(body.data, body.len - r.left.len)));
    CHECK((reader_end(&r, "input") == KMS_OK) == (r.left.len == 0));
    return 0;
}
