/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs of knowledge: what holds, and that nothing they are bound to can be exchanged (checks 2 and 3). */
#include "cluster/mpc/dlog_proof.h"

#include "tests/support/test.h"

#define POINTS 3

struct proved {
    const struct prime_group *g;
    uint8_t                   ssid[SSID_LEN];
    struct dlog_context       context;
    struct dlog_statement     statement;
    struct scalar             secrets[POINTS];
    struct point              points[POINTS];
    uint8_t                   proof[POINTS * (POINT_LEN_MAX + SCALAR_LEN_MAX) + 128];
    size_t                    len;
};

static void prove(struct proved *p, enum group_id group)
{
    *p = (struct proved){.g = group_by_id(group), .ssid = "the session"};
    p->context = (struct dlog_context){TAG_POK_SHARE, p->ssid, 2, bytes_str("bound")};
    p->statement = (struct dlog_statement){p->g, POINTS, p->points};
    for (unsigned k = 0; k < POINTS; k++) {
        assert_ok(scalar_random(p->g, &p->secrets[k], rng_system()));
        group_base_mul(p->g, &p->points[k], &p->secrets[k]);
    }
    p->len = dlog_proof_len(p->g, POINTS);
    assert_ok(dlog_prove(p->proof, &p->context, &p->statement, p->secrets, rng_system()));
}

static bool holds(const struct proved *p)
{
    return dlog_verify(&p->context, &p->statement, bytes(p->proof, p->len)) == KMS_OK;
}

static const enum group_id groups[] = {GROUP_ED25519, GROUP_SECP256K1, GROUP_P256, GROUP_P384, GROUP_P521};

TEST(dlog_proof, holds_for_who_knows_the_logarithms)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        struct proved p;
        prove(&p, groups[i]);
        assert_true(holds(&p));
    }
}

TEST(check_2, no_flipped_bit_of_a_proof_is_accepted)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        struct proved p;
        prove(&p, groups[i]);
        for (size_t bit = test_seed() % 5; bit < p.len * 8; bit += 5) {
            p.proof[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(holds(&p));
            p.proof[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

TEST(check_2, a_proof_is_bound_to_session_party_purpose_and_context)
{
    struct proved p;

    prove(&p, GROUP_ED25519);
    p.ssid[31] ^= 1;
    assert_false(holds(&p));
    p.ssid[31] ^= 1;
    p.context.pid = 3;
    assert_false(holds(&p));
    p.context.pid = 2;
    p.context.tag = TAG_POK_COEFFICIENT;
    assert_false(holds(&p));
    p.context.tag = TAG_POK_SHARE;
    p.context.more = bytes_str("bounds");
    assert_false(holds(&p));
    p.context.more = bytes_str("bound");
    assert_true(holds(&p));
}

TEST(check_2, a_proof_is_bound_to_every_point_of_its_statement)
{
    for (unsigned k = 0; k < POINTS; k++) {
        struct proved p;
        prove(&p, GROUP_SECP256K1);
        group_negate(p.g, &p.points[k], &p.points[k]);
        assert_false(holds(&p));
    }
}

TEST(check_2, parts_of_two_proofs_do_not_make_a_third)
{
    struct proved p;
    uint8_t       again[sizeof p.proof];
    size_t        one;

    prove(&p, GROUP_ED25519);
    one = dlog_proof_len(p.g, 1);
    assert_ok(dlog_prove(again, &p.context, &p.statement, p.secrets, rng_system()));
    memcpy(p.proof, again, one);
    assert_false(holds(&p));
}

TEST(check_3, a_proof_has_exactly_its_length)
{
    struct proved p;

    prove(&p, GROUP_ED25519);
    size_t       right = p.len, one = dlog_proof_len(p.g, 1);
    const size_t wrong[] = {0, 1, one, right - one, right - 1, right + 1, right + one};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_err(KMS_E_FORMAT, dlog_verify(&p.context, &p.statement, bytes(p.proof, wrong[i])));
}

TEST(dlog_proof, refuses_responses_that_are_not_below_the_order)
{
    struct proved p;

    prove(&p, GROUP_SECP256K1);
    memset(p.proof + p.g->point_len, 0xff, p.g->scalar_len);
    assert_err(KMS_E_FORMAT, dlog_verify(&p.context, &p.statement, bytes(p.proof, p.len)));
}

TEST(dlog_proof, refuses_all_zeros)
{
    struct proved p;

    prove(&p, GROUP_ED25519);
    memset(p.proof, 0, p.len);
    assert_false(holds(&p));
}
