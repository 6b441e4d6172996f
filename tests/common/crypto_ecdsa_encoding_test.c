/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of ECDSA signatures: they go both ways, OpenSSL reads them, and nothing else is read. */
#include <openssl/ecdsa.h>

#include "tests/common/ecdsa_fixture.h"

TEST(ecdsa_encoding, all_forms_go_both_ways)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups) * 40; i++) {
        struct signer          by = new_signer(ecdsa_groups[i % 2]); /* the wider ones come below, without curves */
        uint8_t                digest[32] = {(uint8_t)i}, out[ECDSA_DER_LEN_MAX];
        size_t                 len = 2 * by.g->scalar_len;
        struct ecdsa_signature a, b;

        sign_digest(&a, &by, BYTES_OF(digest));
        ecdsa_encode_raw(by.g, out, &a);
        assert_ok(ecdsa_decode_raw(by.g, &b, bytes(out, len)));
        assert_true(same_signature(&a, &b));
        assert_int_equal(b.recovery_id, ECDSA_NO_RECOVERY);
        ecdsa_encode_rsv(by.g, out, &a);
        assert_int_equal(out[len], 27 + a.recovery_id);
        assert_ok(ecdsa_decode_rsv(by.g, &b, bytes(out, len + 1)));
        assert_true(same_signature(&a, &b));
        assert_int_equal(b.recovery_id, a.recovery_id);
        len = ecdsa_encode_der(by.g, out, &a);
        assert_ok(ecdsa_decode_der(by.g, &b, bytes(out, len)));
        assert_true(same_signature(&a, &b));
        assert_int_equal(b.recovery_id, ECDSA_NO_RECOVERY);
    }
}

/* 2^i and q - 2^i: every length of an INTEGER, with and without the zero that keeps it positive. */
static void power(const struct prime_group *g, struct scalar *out, size_t bit, bool negative)
{
    scalar_set_u64(g, out, 1);
    for (size_t i = 0; i < bit; i++) scalar_add(g, out, out, out);
    if (negative) scalar_negate(g, out, out);
}

TEST(ecdsa_encoding, der_is_that_of_openssl_for_every_length)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups); i++) {
        const struct prime_group *g = group_by_id(ecdsa_groups[i]);
        for (size_t bit = 0; bit < 8 * g->scalar_len - 8; bit++) {
            struct ecdsa_signature a = {.recovery_id = ECDSA_NO_RECOVERY}, b;
            uint8_t                raw[ECDSA_RAW_LEN_MAX], der[ECDSA_DER_LEN_MAX], *expected = NULL;
            int                    size = (int)g->scalar_len;
            power(g, &a.r, bit, false);
            power(g, &a.s, 8 * g->scalar_len - 9 - bit, bit % 2 == 1);
            ecdsa_encode_raw(g, raw, &a);
            ECDSA_SIG *sig = ECDSA_SIG_new();
            assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(raw, size, NULL), BN_bin2bn(raw + size, size, NULL)), 1);
            int    expected_len = i2d_ECDSA_SIG(sig, &expected);
            size_t len = ecdsa_encode_der(g, der, &a);
            assert_int_equal(len, expected_len);
            assert_memory_equal(der, expected, len);
            assert_ok(ecdsa_decode_der(g, &b, bytes(der, len)));
            assert_true(same_signature(&a, &b));
            OPENSSL_free(expected);
            ECDSA_SIG_free(sig);
        }
    }
}

TEST(ecdsa_encoding, the_longest_der_fits)
{
    const struct prime_group *g = group_by_id(GROUP_P521);
    struct ecdsa_signature    a = {.recovery_id = 0};
    uint8_t                   der[ECDSA_DER_LEN_MAX];

    power(g, &a.r, 0, true);
    a.s = a.r;
    assert_int_equal(ecdsa_encode_der(g, der, &a), ECDSA_DER_LEN_MAX);
    assert_ok(ecdsa_decode_der(g, &a, BYTES_OF(der)));
}

struct refusal {
    const char *der, *why;
};

/* After Wycheproof's cases for ECDSA: forms that lax parsers take, each of r = 1, s = 2 or near it. */
static const struct refusal refusals[] = {
    {"", "nothing"},
    {"30", "no length"},
    {"3000", "an empty sequence"},
    {"3006020101020102ff", "a byte after the end"},
    {"3007020101020102ff", "a byte after the end, inside"},
    {"30060201010201", "cut"},
    {"3005020101020102", "a length that is too short"},
    {"3007020101020102", "a length that is too long"},
    {"308106020101020102", "a long form that is not minimal"},
    {"30820006020101020102", "a long form of two bytes"},
    {"3080020101020102", "the indefinite form"},
    {"3080020101020102"
     "0000",
     "the indefinite form, ended"},
    {"3106020101020102", "a SET"},
    {"3006030101020102", "r is no INTEGER"},
    {"3006020101040102", "s is no INTEGER"},
    {"300702020001020102", "r with a zero too many"},
    {"300702010102020002", "s with a zero too many"},
    {"3006020181020102", "r is negative"},
    {"3006020101020182", "s is negative"},
    {"3006020100020102", "r is 0"},
    {"3006020101020100", "s is 0"},
    {"30050200020102", "r is empty"},
    {"30050201010200", "s is empty"},
    {"3003020101", "no s"},
    {"3009020101020102020103", "a third INTEGER"},
    {"300702810101020102", "the length of r is not minimal"},
    {"3026022101ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff020102", "r has 33 bytes"},
    {"3026022100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff020101", "r is above the order"},
    {"3026020101022100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "s is above the order"},
    {"3026022100fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141020101", "r is the order"},
    {"3026020101022100fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", "s is the order"},
};

TEST(ecdsa_encoding, der_is_strict)
{
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    struct hex                good = hex_of("3006020101020102");
    struct ecdsa_signature    a;

    assert_ok(ecdsa_decode_der(g, &a, hex_bytes(&good)));
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct hex der = hex_of(refusals[i].der);
        if (ecdsa_decode_der(g, &a, hex_bytes(&der)) != KMS_E_FORMAT) fail_msg("accepted: %s", refusals[i].why);
    }
}

static void assert_refused(const struct prime_group *g, const uint8_t *raw, size_t len)
{
    struct ecdsa_signature a;

    assert_err(KMS_E_FORMAT, ecdsa_decode_raw(g, &a, bytes(raw, len)));
}

TEST(ecdsa_encoding, raw_is_strict)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups); i++) {
        const struct prime_group *g = group_by_id(ecdsa_groups[i]);
        struct scalar             last;
        struct ecdsa_signature    a;
        uint8_t                   raw[ECDSA_RAW_LEN_MAX + 1] = {0};
        size_t                    size = g->scalar_len;

        assert_refused(g, raw, 2 * size); /* zeros */
        raw[size - 1] = 1;
        assert_refused(g, raw, 2 * size); /* s = 0 */
        raw[2 * size - 1] = 1;
        assert_ok(ecdsa_decode_raw(g, &a, bytes(raw, 2 * size)));
        raw[size - 1] = 0;
        assert_refused(g, raw, 2 * size); /* r = 0 */
        raw[size - 1] = 1;
        assert_refused(g, raw, 2 * size - 1);
        assert_refused(g, raw, 2 * size + 1);
        assert_refused(g, NULL, 0);
        power(g, &last, 0, true);
        scalar_encode(g, raw, &last);
        assert_ok(ecdsa_decode_raw(g, &a, bytes(raw, 2 * size)));
        raw[size - 1]++; /* the order: its last byte is no ff in any curve */
        assert_refused(g, raw, 2 * size);
    }
}

TEST(ecdsa_encoding, rsv_has_v_from_27_to_30)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups); i++) {
        const struct prime_group *g = group_by_id(ecdsa_groups[i]);
        struct ecdsa_signature    a;
        uint8_t                   rsv[ECDSA_RSV_LEN_MAX] = {0};
        size_t                    size = g->scalar_len;

        rsv[size - 1] = rsv[2 * size - 1] = 1;
        for (unsigned v = 0; v < 256; v++) {
            rsv[2 * size] = (uint8_t)v;
            enum kms_err err = ecdsa_decode_rsv(g, &a, bytes(rsv, 2 * size + 1));
            assert_int_equal(err, v >= 27 && v <= 30 ? KMS_OK : KMS_E_FORMAT);
            if (err == KMS_OK) assert_int_equal(a.recovery_id, v - 27);
        }
        assert_err(KMS_E_FORMAT, ecdsa_decode_rsv(g, &a, bytes(rsv, 2 * size)));
        rsv[2 * size] = 27;
        rsv[size - 1] = 0;
        assert_err(KMS_E_FORMAT, ecdsa_decode_rsv(g, &a, bytes(rsv, 2 * size + 1)));
    }
}
