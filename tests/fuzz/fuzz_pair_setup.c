/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed set-ups of a pair: what decodes encodes to the same bytes. */
/* links: cluster_mpc */
#include "cluster/mpc/pair_setup.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SECRET_PAIR_SETUP p = {0};
    SECRET_LOCAL      back = SECRET_NONE;

    fuzz_start();
    if (pair_setup_decode_sealed(&p, bytes(data, size)) != KMS_OK) {
        CHECK(p.generation == 0);
        return 0;
    }
    CHECK(p.generation != 0);
    CHECK(pair_setup_encode_sealed(&back, &p) == KMS_OK);
    CHECK(bytes_equal(secret_view(&back), bytes(data, size)));
    return 0;
}
