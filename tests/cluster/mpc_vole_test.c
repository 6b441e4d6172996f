/* SPDX-License-Identifier: Apache-2.0 */
/* The random vector OLE: c + d = a b, and that nothing of a message can be altered unseen. */
#include "cluster/mpc/vole.h"

#include "tests/cluster/mpc_ot_fixture.h"

#define LEN_MAX SCALAR_LEN_MAX
#define ITEMS_MAX 3

static const enum group_id groups[] = {GROUP_SECP256K1, GROUP_P256, GROUP_P384, GROUP_P521};

static struct pprf_full      seeds_bob;
static struct pprf_punctured seeds_alice;
static struct ot_rows        v[VOLE_ROWS(LEN_MAX, ITEMS_MAX)], w[VOLE_ROWS(LEN_MAX, ITEMS_MAX)];
static uint8_t               choices[VOLE_CHOICES_LEN(LEN_MAX, ITEMS_MAX)];
static uint8_t               message_1[VOLE_MESSAGE_1_LEN(LEN_MAX, ITEMS_MAX)], message_2[VOLE_MESSAGE_2_LEN(LEN_MAX)];
static struct scalar         a[VOLE_INPUTS], b[ITEMS_MAX], c[VOLE_INPUTS], d[VOLE_INPUTS];
static struct rng_seeded     rng;

static const struct vole_bob bob = {choices, v};

static void start(const struct vole *p, uint64_t stream)
{
    struct vole_start s = {p, &seeds_bob, &rng.rng};

    (void)rng_seeded_init(&rng, test_seed(), stream);
    ot_fixture_seeds(&seeds_bob, &seeds_alice, &rng.rng);
    assert_ok(vole_bob_start(&bob, b, message_1, &s));
    assert_ok(vole_alice_start(w, p, &seeds_alice, message_1));
    for (unsigned i = 0; i < VOLE_INPUTS; i++) assert_ok(scalar_random(p->group, &a[i], &rng.rng));
}

static void multiply(const struct vole *p, unsigned item)
{
    struct vole_multiply m = {p, item, seeds_alice.delta, w, &rng.rng};

    assert_ok(vole_alice_multiply(c, message_2, &m, a));
}

static void assert_products(const struct vole *p, unsigned item)
{
    for (unsigned i = 0; i < VOLE_INPUTS; i++) {
        SECRET_SCALAR sum, product;
        scalar_add(p->group, &sum, &c[i], &d[i]);
        scalar_mul(p->group, &product, &a[i], &b[item]);
        assert_true(scalar_equal(&sum, &product));
    }
}

static struct vole params(enum group_id id, unsigned items)
{
    return (struct vole){group_by_id(id), ot_fixture_context(), items};
}

TEST(vole, sizes_are_those_of_the_sheet)
{
    assert_int_equal(VOLE_OTS(32), 416);
    assert_int_equal(VOLE_OTS(48), 544);
    assert_int_equal(VOLE_OTS(66), 688);
    assert_int_equal(VOLE_MESSAGE_1_LEN(32, 1), 32 * 68 + 16 + 32);
    assert_int_equal(VOLE_MESSAGE_2_LEN(32), 416 * 3 * 32 + 32 + 32);
}

TEST(vole, shares_sum_to_the_products_on_every_curve)
{
    for (size_t k = 0; k < ARRAY_LEN(groups); k++) {
        struct vole p = params(groups[k], 1);
        for (uint64_t run = 0; run < test_knob("KMS_VOLE_RUNS", 25); run++) {
            start(&p, 100 * k + run);
            multiply(&p, 0);
            assert_ok(vole_bob_finish(d, &bob, &p, 0, message_2));
            assert_products(&p, 0);
        }
    }
}

TEST(vole, inputs_at_the_edges_work)
{
    for (size_t k = 0; k < ARRAY_LEN(groups); k++) {
        struct vole p = params(groups[k], 1);
        start(&p, 1000);
        for (unsigned edge = 0; edge < 9; edge++) {
            for (unsigned i = 0; i < VOLE_INPUTS; i++) {
                unsigned which = i == 0 ? edge % 3 : edge / 3;
                scalar_set_u64(p.group, &a[i], which == 0 ? 0 : 1);
                if (which == 2) scalar_negate(p.group, &a[i], &a[i]);
            }
            multiply(&p, 0);
            assert_ok(vole_bob_finish(d, &bob, &p, 0, message_2));
            assert_products(&p, 0);
        }
    }
}

TEST(vole, one_extension_serves_several_items)
{
    for (size_t k = 0; k < ARRAY_LEN(groups); k++) {
        struct vole p = params(groups[k], ITEMS_MAX);
        start(&p, 2000);
        assert_false(scalar_equal(&b[0], &b[1]));
        for (unsigned item = 0; item < ITEMS_MAX; item++) {
            multiply(&p, item);
            assert_ok(vole_bob_finish(d, &bob, &p, item, message_2));
            assert_products(&p, item);
            assert_err(KMS_E_PROOF, vole_bob_finish(d, &bob, &p, (item + 1) % ITEMS_MAX, message_2));
        }
    }
}

TEST(vole, no_two_runs_give_equal_shares)
{
    struct vole   p = params(GROUP_SECP256K1, 1);
    SECRET_SCALAR before;

    start(&p, 3000);
    multiply(&p, 0);
    assert_false(scalar_equal(&c[0], &c[1]));
    before = b[0];
    start(&p, 3001);
    assert_false(scalar_equal(&before, &b[0]));
}

/* Bytes of a~ as a whole are uniform, whatever the inputs: ones among all bits. */
TEST(vole, the_message_is_balanced_whatever_the_inputs)
{
    struct vole p = params(GROUP_SECP256K1, 1);

    for (int edge = 0; edge < 2; edge++) {
        double ones = 0, bits = 8.0 * (double)VOLE_OTS(32) * VOLE_WIDTH * 32;
        start(&p, 4000);
        for (unsigned i = 0; i < VOLE_INPUTS; i++) scalar_set_u64(p.group, &a[i], (uint64_t)edge);
        multiply(&p, 0);
        for (size_t i = 0; i < (size_t)(bits / 8); i++) ones += __builtin_popcount(message_2[i]);
        ones -= bits / 2;
        assert_true(ones * ones < 49.0 * bits / 4);
    }
}

static void assert_refused(const struct vole *p, enum kms_err expected)
{
    enum kms_err err = vole_bob_finish(d, &bob, p, 0, message_2);

    assert_true(err == KMS_E_PROOF || (err == KMS_E_FORMAT && expected == KMS_E_FORMAT));
    for (unsigned i = 0; i < VOLE_INPUTS; i++) assert_true(scalar_is_zero(&d[i]));
}

/* check 27: one bit of a~, eta or mu. The first bits of a scalar may make it no scalar. */
TEST(check_27, every_bit_of_a_eta_and_mu_is_checked)
{
    for (size_t k = 0; k < ARRAY_LEN(groups); k++) {
        struct vole p = params(groups[k], 1);
        size_t      len = VOLE_MESSAGE_2_LEN(p.group->scalar_len), tail = p.group->scalar_len + 32;
        start(&p, 5000);
        multiply(&p, 0);
        for (size_t bit = 0; bit < 8 * len; bit += bit / 8 < len - tail ? 8 * len / 150 + 1 : 5) {
            ot_fixture_flip(message_2, bit);
            assert_refused(&p, KMS_E_FORMAT);
            ot_fixture_flip(message_2, bit);
        }
        assert_ok(vole_bob_finish(d, &bob, &p, 0, message_2));
        assert_products(&p, 0);
    }
}

/* A number that is not below q is seen by anybody: no secret, no proof. */
TEST(vole, numbers_beyond_the_order_are_a_wrong_format)
{
    struct vole p = params(GROUP_SECP256K1, 1);

    start(&p, 6000);
    multiply(&p, 0);
    memset(message_2 + 77 * 32, 0xff, 32);
    assert_err(KMS_E_FORMAT, vole_bob_finish(d, &bob, &p, 0, message_2));
    multiply(&p, 0);
    memset(message_2 + 416 * 3 * 32, 0xff, 32); /* eta */
    assert_err(KMS_E_FORMAT, vole_bob_finish(d, &bob, &p, 0, message_2));
}

/* check 29 */
TEST(check_29, products_are_bound_to_session_pair_direction_and_group)
{
    static const uint8_t other_ssid[SSID_LEN] = {0x56};
    struct vole          p = params(GROUP_SECP256K1, 1), others[] = {p, p, p, p};

    others[0].context.ssid = other_ssid;
    others[1].context = (struct ot_context){p.context.ssid, p.context.bob, p.context.alice};
    others[2].context.bob = 3;
    others[3].group = group_by_id(GROUP_P256);
    start(&p, 8000);
    multiply(&p, 0);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) assert_refused(&others[i], KMS_E_FORMAT);
    for (size_t i = 0; i < 3; i++) assert_err(KMS_E_PROOF, vole_alice_start(w, &others[i], &seeds_alice, message_1));
}
