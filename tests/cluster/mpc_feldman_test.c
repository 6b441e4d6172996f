/* SPDX-License-Identifier: Apache-2.0 */
/* Sharing polynomials, Feldman's check, and hash commitments. */
#include "cluster/mpc/feldman.h"

#include "cluster/mpc/commitment.h"
#include "tests/support/test.h"

static const uint8_t zeros[32];

static void random_polynomial(const struct prime_group *g, struct polynomial *out, unsigned count)
{
    struct hedge h = {rng_system(), zeros, zeros, 1};

    assert_ok(polynomial_random(g, out, count, &h, TAG_COEFFICIENT_HEDGE));
}

static const enum group_id groups[] = {GROUP_ED25519, GROUP_SECP256K1, GROUP_P256, GROUP_P384, GROUP_P521};

TEST(feldman, every_share_of_a_polynomial_is_on_its_commitment)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct prime_group *g = group_by_id(groups[i]);
        for (unsigned t = 1; t <= PARTIES_MAX; t += 5) {
            SECRET_POLYNOMIAL f;
            struct feldman    F;
            random_polynomial(g, &f, t);
            feldman_commit(g, &F, &f);
            for (party x = 1; x <= PARTIES_MAX; x++) {
                SECRET_SCALAR share;
                polynomial_evaluate(g, &share, &f, x);
                assert_ok(feldman_check(g, &F, x, &share));
                if (t > 1) assert_err(KMS_E_PROOF, feldman_check(g, &F, x == 1 ? 2 : 1, &share));
            }
        }
    }
}

TEST(feldman, a_share_off_by_one_is_refused)
{
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    SECRET_POLYNOMIAL         f;
    SECRET_SCALAR             share, one;
    struct feldman            F;

    random_polynomial(g, &f, 3);
    feldman_commit(g, &F, &f);
    polynomial_evaluate(g, &share, &f, 4);
    scalar_set_u64(g, &one, 1);
    scalar_add(g, &share, &share, &one);
    assert_err(KMS_E_PROOF, feldman_check(g, &F, 4, &share));
    scalar_zero(&share);
    assert_err(KMS_E_PROOF, feldman_check(g, &F, 4, &share));
}

TEST(feldman, sums_of_commitments_are_commitments_of_sums)
{
    const struct prime_group *g = group_by_id(GROUP_ED25519);
    SECRET_POLYNOMIAL         a, b;
    SECRET_SCALAR             x, y;
    struct feldman            A, B;

    random_polynomial(g, &a, 4);
    random_polynomial(g, &b, 4);
    feldman_commit(g, &A, &a);
    feldman_commit(g, &B, &b);
    feldman_add(g, &A, &B);
    polynomial_evaluate(g, &x, &a, 9);
    polynomial_evaluate(g, &y, &b, 9);
    scalar_add(g, &x, &x, &y);
    assert_ok(feldman_check(g, &A, 9, &x));
}

static enum kms_err stuck(void *self UNUSED, void *out, size_t len)
{
    memset(out, 42, len);
    return KMS_OK;
}

TEST(check_40, a_stuck_generator_gives_each_coefficient_of_each_session_another_value)
{
    const struct prime_group *g = group_by_id(GROUP_ED25519);
    const uint8_t             one[32] = {1};
    struct rng                generator = {stuck, NULL};
    struct hedge              h[] = {{&generator, zeros, zeros, 1},
                                     {&generator, one, zeros, 1},
                                     {&generator, zeros, one, 1},
                                     {&generator, zeros, zeros, 2}};
    struct polynomial         f[ARRAY_LEN(h)];

    for (size_t i = 0; i < ARRAY_LEN(h); i++) {
        assert_ok(polynomial_random(g, &f[i], 2, &h[i], TAG_COEFFICIENT_HEDGE));
        assert_false(scalar_equal(&f[i].coefficient[0], &f[i].coefficient[1]));
        for (size_t j = 0; j < i; j++)
            for (unsigned k = 0; k < 2; k++) assert_false(scalar_equal(&f[i].coefficient[k], &f[j].coefficient[k]));
    }
}

/* check 5: who and where is inside a commitment, so a copy is of no use to its copier. */
TEST(check_5, a_commitment_binds_purpose_session_party_value_and_randomness)
{
    uint8_t                   ssid[SSID_LEN] = {1}, other[SSID_LEN] = {2}, r[32] = {3}, s[32] = {4}, C[COMMITMENT_LEN];
    struct commitment_context c = {TAG_COMMIT, ssid, 1};

    commitment_make(C, c, bytes_str("value"), r);
    assert_ok(commitment_check(C, c, bytes_str("value"), r));
    assert_err(KMS_E_PROOF, commitment_check(C, c, bytes_str("valuf"), r));
    assert_err(KMS_E_PROOF, commitment_check(C, c, bytes_str("value"), s));
    c.pid = 2;
    assert_err(KMS_E_PROOF, commitment_check(C, c, bytes_str("value"), r));
    c = (struct commitment_context){TAG_COMMIT, other, 1};
    assert_err(KMS_E_PROOF, commitment_check(C, c, bytes_str("value"), r));
    c = (struct commitment_context){TAG_CHAIN_CODE, ssid, 1};
    assert_err(KMS_E_PROOF, commitment_check(C, c, bytes_str("value"), r));
}
