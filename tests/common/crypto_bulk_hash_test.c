/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of much data: the same function as everywhere. */
#include "common/crypto/bulk_hash.h"

#include "common/crypto/hash.h"
#include "tests/support/test.h"

TEST(bulk_hash, is_sha256_however_it_is_fed)
{
    static uint8_t    data[5000];
    struct rng_seeded r;
    uint8_t           expected[32], got[32];

    assert_ok(rng_fill(rng_seeded_init(&r, test_seed(), 0), data, sizeof data));
    sha256(expected, BYTES_OF(data));
    for (size_t step = 1; step <= sizeof data; step = 3 * step + 1) {
        BULK_HASH_LOCAL h = {NULL};
        assert_ok(bulk_hash_begin(&h));
        for (size_t at = 0; at < sizeof data; at += step)
            assert_ok(bulk_hash_update(&h, bytes(data + at, sizeof data - at < step ? sizeof data - at : step)));
        assert_ok(bulk_hash_end(&h, got));
        assert_memory_equal(got, expected, 32);
    }
}
