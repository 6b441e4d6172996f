/* SPDX-License-Identifier: Apache-2.0 */
/* Digests piece by piece; the values of FIPS 180-4 are checked through C_Digest, tests/pkcs11/entry_operation_test.c.
 */
#include "common/crypto/digest.h"
#include "common/crypto/hash.h"
#include "tests/support/test.h"

TEST(digest, agrees_with_the_one_shot_hash_however_the_data_is_cut)
{
    uint8_t data[300], expected[32], got[DIGEST_LEN_MAX];

    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)i;
    sha256(expected, BYTES_OF(data));
    for (size_t cut = 0; cut <= sizeof data; cut += 7) {
        struct digest *d = NULL;
        assert_ok(digest_new(&d, DIGEST_SHA256));
        assert_ok(digest_update(d, bytes(data, cut)));
        assert_ok(digest_update(d, BYTES_NONE));
        assert_ok(digest_update(d, bytes(data + cut, sizeof data - cut)));
        assert_ok(digest_final(d, got));
        assert_memory_equal(got, expected, sizeof expected);
        digest_free(&d);
    }
}

TEST(digest, knows_its_lengths_and_refuses_what_it_does_not_know)
{
    const size_t   lengths[] = {0, 20, 28, 32, 48, 64};
    struct digest *d = NULL;

    for (unsigned i = DIGEST_NONE; i <= DIGEST_SHA512; i++) assert_int_equal(digest_len((enum digest_id)i), lengths[i]);
    assert_err(KMS_E_UNSUPPORTED, digest_new(&d, DIGEST_NONE));
    assert_null(d);
    digest_free(&d);
}
