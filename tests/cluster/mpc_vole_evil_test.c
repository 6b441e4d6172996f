/* SPDX-License-Identifier: Apache-2.0 */
/* A cheating Alice, made of the real one's parts: what she can learn of Bob's choices, and what it costs her. */
#include "cluster/mpc/vole.c" /* its functions, one by one; the library's own object is then not linked */

#include "tests/cluster/mpc_ot_fixture.h"

static struct pprf_full      seeds_bob;
static struct pprf_punctured seeds_alice;
static struct ot_rows        v[VOLE_ROWS(32, 1)], w[VOLE_ROWS(32, 1)];
static uint8_t               choices[VOLE_CHOICES_LEN(32, 1)];
static uint8_t               message_1[VOLE_MESSAGE_1_LEN(32, 1)], message_2[VOLE_MESSAGE_2_LEN(32)];
static struct scalar         a[VOLE_INPUTS], b[1], c[VOLE_INPUTS], d[VOLE_INPUTS];
static struct rng_seeded     rng;
static const struct vole_bob bob = {choices, v};

/* As vole_alice_multiply(), with 1 more in one scalar of a~; theta, eta and mu fit that. */
static void cheat(const struct vole *p, size_t scalar)
{
    struct vole_multiply m = {p, 0, seeds_alice.delta, w, &rng.rng};
    struct layout        l = layout_of(p);
    VOLE_PADS_LOCAL      pads = {.rows = NULL};
    struct inputs        in;
    struct challenges    ch;
    SECRET_SCALAR        eta, one, altered;

    memcpy(in.a, a, sizeof a);
    assert_ok(scalar_random(p->group, &in.a[CHECK_COLUMN], &rng.rng));
    assert_ok(vole_pads_init(&pads, p, w, 0));
    assert_ok(correct_all(c, message_2, &pads, &m, &in));
    scalar_set_u64(p->group, &one, 1);
    assert_ok(scalar_decode_raw(p->group, &altered, message_2 + scalar * l.scalar_len));
    scalar_add(p->group, &altered, &altered, &one);
    scalar_encode_raw(p->group, message_2 + scalar * l.scalar_len, &altered);
    assert_ok(make_challenges(&ch, p, 0, bytes(message_2, l.a_len)));
    weigh(p->group, &eta, &ch, in.a);
    scalar_encode_raw(p->group, message_2 + l.eta, &eta);
    assert_ok(make_mu(message_2 + l.mu, &pads, p, 0, &ch));
}

/* The selective failure for which a set-up burns at once: she is found where Bob's choice is 1, and only there. */
TEST(check_28, an_input_that_differs_in_one_ot_is_found_if_bob_selects_it)
{
    struct vole       p = {group_by_id(GROUP_SECP256K1), ot_fixture_context(), 1};
    struct vole_start s = {&p, &seeds_bob, &rng.rng};
    unsigned          found = 0;

    (void)rng_seeded_init(&rng, test_seed(), 0);
    ot_fixture_seeds(&seeds_bob, &seeds_alice, &rng.rng);
    assert_ok(vole_bob_start(&bob, b, message_1, &s));
    assert_ok(vole_alice_start(w, &p, &seeds_alice, message_1));
    for (unsigned i = 0; i < VOLE_INPUTS; i++) assert_ok(scalar_random(p.group, &a[i], &rng.rng));
    for (size_t scalar = 0; scalar < VOLE_OTS(32) * VOLE_WIDTH; scalar += 11) {
        uint8_t choice = choice_of(choices, scalar / VOLE_WIDTH);
        cheat(&p, scalar);
        assert_err(choice != 0 ? KMS_E_PROOF : KMS_OK, vole_bob_finish(d, &bob, &p, 0, message_2));
        found += choice;
    }
    assert_in_range(found, 20, 94); /* of 114 */
}
