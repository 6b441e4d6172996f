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

static const uint8_t       zeros[32];
static const struct hedge *hedge(void)
{
    static struct hedge h;

    h = (struct hedge){rng_system(), zeros, zeros, 2};
    return &h;
}

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
    assert_ok(dlog_prove(p->proof, &p->context, &p->statement, p->secrets, hedge()));
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
    assert_ok(dlog_prove(again, &p.context, &p.statement, p.secrets, hedge()));
    memcpy(p.proof, again, one);
    assert_false(holds(&p));
}

static enum kms_err stuck(void *self UNUSED, void *out, size_t len)
{
    memset(out, 42, len);
    return KMS_OK;
}

/* The first message of a proof of one secret, by a generator that is stuck, with one thing other than in case 0. */
static void first_message(uint8_t R[32], const struct proved *p, unsigned which)
{
    const uint8_t         one[32] = {1};
    struct rng            generator = {stuck, NULL};
    struct hedge          h = {&generator, which == 1 ? one : zeros, which == 2 ? one : zeros, which == 3 ? 3 : 2};
    struct dlog_context   c = p->context;
    struct dlog_statement s = {p->g, 1, which == 6 ? &p->points[1] : p->points};
    uint8_t               proof[64];

    if (which == 4) c.tag = TAG_POK_COEFFICIENT;
    if (which == 5) c.more = bytes_str("bounds");
    assert_ok(dlog_prove(proof, &c, &s, which == 6 ? &p->secrets[1] : p->secrets, &h));
    memcpy(R, proof, 32);
}

/* check 40: salt, session, prover, purpose, context and secret; the last case is the first again. */
TEST(check_40, a_stuck_generator_does_not_repeat_the_nonce_of_another_proof)
{
    enum { SAME = 7 };
    struct proved p;
    uint8_t       R[SAME + 1][32];

    prove(&p, GROUP_ED25519);
    for (unsigned i = 0; i <= SAME; i++) {
        first_message(R[i], &p, i);
        for (unsigned j = 0; j < i && i < SAME; j++) assert_memory_not_equal(R[i], R[j], 32);
    }
    assert_memory_equal(R[SAME], R[0], 32);
}

TEST(check_40, a_stuck_generator_gives_each_point_of_a_proof_its_own_nonce)
{
    struct proved p;
    struct rng    generator = {stuck, NULL};
    struct hedge  h = {&generator, zeros, zeros, 2};
    size_t        one;

    prove(&p, GROUP_ED25519);
    one = dlog_proof_len(p.g, 1);
    p.secrets[1] = p.secrets[0];
    p.points[1] = p.points[0];
    assert_ok(dlog_prove(p.proof, &p.context, &p.statement, p.secrets, &h));
    assert_true(holds(&p));
    assert_memory_not_equal(p.proof, p.proof + one, p.g->point_len);
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
