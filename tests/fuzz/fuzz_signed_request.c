/* SPDX-License-Identifier: Apache-2.0 */
/* Signed requests as evidence: what decodes encodes to the same bytes. */
/* links: common_document */
#include "common/document/signed_request.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BUF_LOCAL             again = BUF_INIT(REQUEST_ENCODED_MAX);
    struct signed_request decoded;

    fuzz_start();
    if (signed_request_decode(&decoded, bytes(data, size)) != KMS_OK) return 0;
    CHECK(signed_request_encode(&again, &decoded) == KMS_OK);
    CHECK(bytes_equal(buf_bytes(&again), bytes(data, size)));
    return 0;
}
