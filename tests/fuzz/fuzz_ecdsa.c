/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA signatures from bytes: each form has one encoding, and a signature in one form is the same in the others. */
/* links: common_crypto */
#include "common/crypto/ecdsa.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct prime_group *g, const struct ecdsa_signature *a)
{
    struct ecdsa_signature b, low = *a;
    uint8_t                raw[ECDSA_RAW_LEN_MAX], der[ECDSA_DER_LEN_MAX];

    CHECK(!scalar_is_zero(&a->r) && !scalar_is_zero(&a->s));
    ecdsa_encode_raw(g, raw, a);
    CHECK(ecdsa_decode_raw(g, &b, bytes(raw, 2 * g->scalar_len)) == KMS_OK);
    CHECK(scalar_equal(&a->r, &b.r) && scalar_equal(&a->s, &b.s));
    CHECK(ecdsa_decode_der(g, &b, bytes(der, ecdsa_encode_der(g, der, a))) == KMS_OK);
    CHECK(scalar_equal(&a->r, &b.r) && scalar_equal(&a->s, &b.s));
    ecdsa_normalise(g, &low);
    CHECK(ecdsa_is_low(g, &low));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes           in = bytes(data, size);
    struct ecdsa_signature a;
    uint8_t                back[ECDSA_DER_LEN_MAX];

    fuzz_start();
    const struct prime_group *g = group_by_id((enum group_id)(GROUP_SECP256K1 + fuzz_take(&in) % 4));
    if (ecdsa_decode_der(g, &a, in) == KMS_OK) {
        check(g, &a);
        CHECK(bytes_equal(bytes(back, ecdsa_encode_der(g, back, &a)), in));
    }
    if (ecdsa_decode_raw(g, &a, in) == KMS_OK) {
        check(g, &a);
        ecdsa_encode_raw(g, back, &a);
        CHECK(bytes_equal(bytes(back, 2 * g->scalar_len), in));
    }
    if (ecdsa_decode_rsv(g, &a, in) == KMS_OK) {
        check(g, &a);
        ecdsa_encode_rsv(g, back, &a);
        CHECK(bytes_equal(bytes(back, 2 * g->scalar_len + 1), in));
    }
    return 0;
}
