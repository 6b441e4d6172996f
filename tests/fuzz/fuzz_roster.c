/* SPDX-License-Identifier: Apache-2.0 */
/* Rosters: what decodes encodes to the same bytes. */
/* links: common_document */
#include "common/document/roster.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BUF_LOCAL     again = BUF_INIT(STATEMENT_PAYLOAD_MAX);
    struct roster decoded;

    fuzz_start();
    if (roster_decode(&decoded, bytes(data, size)) != KMS_OK) return 0;
    CHECK(roster_encode(&again, &decoded) == KMS_OK);
    CHECK(bytes_equal(buf_bytes(&again), bytes(data, size)));
    return 0;
}
