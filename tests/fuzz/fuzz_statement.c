/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: what decodes encodes to the same bytes. */
/* links: common_document */
#include "common/document/statement.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BUF_LOCAL        again = BUF_INIT(STATEMENT_ENCODED_MAX);
    struct statement decoded;

    fuzz_start();
    if (statement_decode(&decoded, bytes(data, size)) != KMS_OK) return 0;
    CHECK(statement_encode(&again, &decoded) == KMS_OK);
    CHECK(bytes_equal(buf_bytes(&again), bytes(data, size)));
    return 0;
}
