/* SPDX-License-Identifier: Apache-2.0 */
/* Key shares: what is consistent, what is refused, and the sealed form. Shares are dealt here from a known polynomial.
 */
#include "cluster/protocol/key_share.h"

#include "cluster/protocol/lagrange.h"
#include "common/secret/wipe.h"
#include "tests/support/test.h"

/* f(x) = a_0 + a_1 x + ..., by Horner, with t coefficients from the seed. */
static void value_at(const struct prime_group *g, struct scalar *out, const struct scalar *a, unsigned t, unsigned x)
{
    SECRET_SCALAR at;

    scalar_set_u64(g, &at, x);
    *out = a[t - 1];
    for (unsigned k = t - 1; k-- > 0;) {
        scalar_mul(g, out, out, &at);
        scalar_add(g, out, out, &a[k]);
    }
}

static void deal(struct key_share *out, enum group_id group, unsigned t, unsigned n, party self)
{
    const struct prime_group *g = group_by_id(group);
    struct rng_seeded         rng;
    struct scalar             a[PARTIES_MAX];

    *out = (struct key_share){.group = g, .t = t, .n = n, .self = self, .epoch = 1};
    rng_seeded_init(&rng, test_seed(), t * 100 + n);
    for (unsigned k = 0; k < t; k++) assert_ok(scalar_random(g, &a[k], &rng.rng));
    group_base_mul(g, &out->public_key, &a[0]);
    for (unsigned i = 1; i <= n; i++) {
        SECRET_SCALAR x;
        value_at(g, &x, a, t, i);
        group_base_mul(g, &out->public_shares[i], &x);
        if (i == self) out->secret_share = x;
    }
}

static const struct {
    enum group_id group;
    unsigned      t, n;
} kinds[] = {{GROUP_ED25519, 2, 3}, {GROUP_SECP256K1, 2, 3}, {GROUP_ED25519, 3, 5}, {GROUP_SECP256K1, 16, 16},
             {GROUP_P256, 2, 3},    {GROUP_P384, 3, 5},      {GROUP_P521, 16, 16}};

TEST(key_share, comes_back_from_its_sealed_form)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        SECRET_KEY_SHARE k = {0}, back = {0};
        SECRET_LOCAL     sealed = SECRET_NONE;
        SECRET_LOCAL     again = SECRET_NONE;
        deal(&k, kinds[i].group, kinds[i].t, kinds[i].n, 2);
        memset(k.chain_code, 7, sizeof k.chain_code);
        assert_ok(key_share_encode_sealed(&sealed, &k));
        assert_ok(key_share_decode_sealed(&back, secret_view(&sealed)));
        assert_true(scalar_equal(&back.secret_share, &k.secret_share));
        assert_int_equal(back.self, 2);
        assert_memory_equal(back.chain_code, k.chain_code, 32);
        assert_ok(key_share_encode_sealed(&again, &back));
        assert_true(bytes_equal(secret_view(&sealed), secret_view(&again)));
    }
}

TEST(key_share, no_flipped_bit_of_its_keys_is_accepted)
{
    SECRET_KEY_SHARE k = {0}, back = {0};
    SECRET_LOCAL     sealed = SECRET_NONE;

    deal(&k, GROUP_ED25519, 2, 3, 1);
    assert_ok(key_share_encode_sealed(&sealed, &k));
    for (size_t bit = 0; bit < sealed.len * 8; bit++) {
        size_t at = bit / 8;
        /* epoch, chain code and transcript are free; the store's AEAD protects them */
        if ((at >= 9 && at < 13) || (at >= sealed.len - 96 && at < sealed.len - 32)) continue;
        sealed.data[at] ^= (uint8_t)(1u << bit % 8);
        assert_err(KMS_E_CORRUPT, key_share_decode_sealed(&back, secret_view(&sealed)));
        assert_null(back.group);
        sealed.data[at] ^= (uint8_t)(1u << bit % 8);
    }
}

TEST(key_share, refuses_every_truncation_and_any_byte_more)
{
    SECRET_KEY_SHARE k = {0}, back = {0};
    SECRET_LOCAL     sealed = SECRET_NONE;
    uint8_t          longer[512] = {0};

    deal(&k, GROUP_SECP256K1, 2, 2, 1);
    assert_ok(key_share_encode_sealed(&sealed, &k));
    for (size_t len = 0; len < sealed.len; len++)
        assert_err(KMS_E_CORRUPT, key_share_decode_sealed(&back, bytes(sealed.data, len)));
    memcpy(longer, sealed.data, sealed.len);
    assert_err(KMS_E_CORRUPT, key_share_decode_sealed(&back, bytes(longer, sealed.len + 1)));
}

/* check 20: each X_i, X and x_self altered in turn, to other valid values. */
TEST(check_20, a_public_share_that_was_exchanged_is_found)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        SECRET_KEY_SHARE k = {0};
        struct point     G;
        SECRET_SCALAR    one;
        deal(&k, kinds[i].group, kinds[i].t, kinds[i].n, 1);
        scalar_set_u64(k.group, &one, 1);
        group_base_mul(k.group, &G, &one);
        for (unsigned j = 0; j <= k.n; j++) {
            SECRET_KEY_SHARE bad = k;
            struct point    *p = j == 0 ? &bad.public_key : &bad.public_shares[j];
            group_add(k.group, p, p, &G);
            assert_err(KMS_E_CORRUPT, key_share_check(&bad));
        }
        scalar_add(k.group, &k.secret_share, &k.secret_share, &one);
        assert_err(KMS_E_CORRUPT, key_share_check(&k));
    }
}

TEST(check_20, what_was_altered_after_its_check_is_refused_at_the_start_of_a_session)
{
    SECRET_KEY_SHARE k = {0};
    struct party_set quorum = {1u << 1 | 1u << 3};

    deal(&k, GROUP_ED25519, 2, 3, 1);
    assert_ok(key_share_check_quorum(&k, quorum)); /* never checked: computed */
    assert_ok(key_share_check(&k));
    assert_ok(key_share_check_quorum(&k, quorum)); /* checked: compared */
    for (unsigned j = 0; j <= 3; j++) {
        SECRET_KEY_SHARE bad = k;
        struct point    *p = j == 0 ? &bad.public_key : &bad.public_shares[j];
        group_negate(k.group, p, p);
        assert_err(KMS_E_CORRUPT, key_share_check_quorum(&bad, quorum));
        wipe(bad.checked, sizeof bad.checked);
        if (j != 2) assert_err(KMS_E_CORRUPT, key_share_check_quorum(&bad, quorum));
    }
    k.t = 3;
    assert_err(KMS_E_CORRUPT, key_share_check_quorum(&k, quorum));
}

TEST(lagrange, interpolates_the_secret_from_every_quorum)
{
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    struct rng_seeded         rng;
    struct scalar             a[3];
    SECRET_SCALAR             sum, lambda, x;

    rng_seeded_init(&rng, test_seed(), 1);
    for (unsigned k = 0; k < 3; k++) assert_ok(scalar_random(g, &a[k], &rng.rng));
    for (uint32_t mask = 2; mask < 64; mask += 2) {
        struct party_set S = {mask};
        if (party_set_count(S) < 3) continue;
        scalar_zero(&sum);
        for (party i = party_set_next(S, 0); i != 0; i = party_set_next(S, i)) {
            lagrange_at_zero(g, &lambda, S, i);
            value_at(g, &x, a, 3, i);
            scalar_mul(g, &x, &x, &lambda);
            scalar_add(g, &sum, &sum, &x);
        }
        assert_true(scalar_equal(&sum, &a[0]));
    }
}
