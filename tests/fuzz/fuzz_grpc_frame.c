/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC framing: however the bytes are cut, the same messages; written again they are the bytes; memory follows what has
 * come. */
/* links: cluster_net */
#include "cluster/net/grpc.h"

#include "tests/fuzz/fuzz.h"

/* Feeds `in` in steps of `step` bytes; every message goes to `back`, framed again. */
static enum kms_err feed(struct bytes in, size_t step, struct buf *back)
{
    struct grpc_frames frames;
    struct bytes       message;
    enum kms_err       err = KMS_OK;
    size_t             total = in.len;

    grpc_frames_init(&frames);
    while (in.len > 0 && err == KMS_OK) {
        size_t take = in.len < step ? in.len : step;
        err = grpc_frames_receive(&frames, bytes(in.data, take));
        in = bytes(in.data + take, in.len - take);
        while (err == KMS_OK && grpc_frames_next(&frames, &message)) {
            uint8_t prefix[GRPC_PREFIX_LEN];
            CHECK(message.len <= GRPC_MESSAGE_MAX && grpc_prefix(prefix, message.len) == KMS_OK);
            CHECK(buf_append(back, BYTES_OF(prefix)) == KMS_OK && buf_append(back, message) == KMS_OK);
        }
        CHECK(frames.in.cap <= 4 * 8192 + 1024);
    }
    CHECK(err != KMS_OK || back->len + (frames.in.len - frames.at) == total); /* nothing is lost */
    grpc_frames_clear(&frames);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes(data, size);
    BUF_LOCAL    whole = BUF_INIT(1 << 20), cut = BUF_INIT(1 << 20);
    size_t       step = 1 + fuzz_take(&in) % 16u;

    enum kms_err err = feed(in, SIZE_MAX, &whole), cut_err = feed(in, step, &cut);
    CHECK(err == cut_err);
    CHECK(cut.len <= in.len && bytes_equal(bytes(cut.data, cut.len), bytes(in.data, cut.len)));
    if (err == KMS_OK) CHECK(bytes_equal(bytes(cut.data, cut.len), bytes(whole.data, whole.len)));
    return 0;
}
