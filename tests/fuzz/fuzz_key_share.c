/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed key shares: what decodes is consistent and encodes to the same bytes. */
/* links: cluster_protocol */
#include "cluster/protocol/key_share.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SECRET_KEY_SHARE k = {0};
    SECRET_LOCAL     back = SECRET_NONE;

    fuzz_start();
    if (key_share_decode_sealed(&k, bytes(data, size)) != KMS_OK) {
        CHECK(k.group == NULL);
        return 0;
    }
    CHECK(k.t >= 2 && k.t <= k.n && k.n <= PARTIES_MAX && k.self >= 1 && k.self <= k.n);
    CHECK(key_share_check_quorum(&k, party_set_first(k.t)) == KMS_OK);
    CHECK(key_share_encode_sealed(&back, &k) == KMS_OK);
    CHECK(bytes_equal(secret_view(&back), bytes(data, size)));
    return 0;
}
