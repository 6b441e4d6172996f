/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol messages: what decodes encodes to the same bytes. */
/* links: cluster_protocol */
#include "cluster/protocol/message.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BUF_LOCAL      back = BUF_INIT(MESSAGE_BODY_MAX + 256);
    struct message m;

    fuzz_start();
    if (message_decode(&m, bytes(data, size)) != KMS_OK) {
        CHECK(m.body.len == 0 && m.kind == 0);
        return 0;
    }
    CHECK(message_encode(&back, &m) == KMS_OK);
    CHECK(bytes_equal(buf_bytes(&back), bytes(data, size)));
    return 0;
}
