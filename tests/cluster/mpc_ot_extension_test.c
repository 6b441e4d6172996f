/* SPDX-License-Identifier: Apache-2.0 */
/* OT extension: the correlation, its balance, and that an altered message is found. */
#include "cluster/mpc/ot_extension.h"

#include "tests/cluster/mpc_ot_fixture.h"

#define COUNT 416
#define U_LEN (PPRF_TREES * (OT_BLOCK + COUNT / 8))

static struct pprf_full      bob;
static struct pprf_punctured alice;
static struct ot_rows        v[OT_ROWS(OT_EXTENSION_MAX)], w[OT_ROWS(OT_EXTENSION_MAX)];
static uint8_t               choices[OT_EXTENSION_MAX / 8], message[OT_EXTENSION_MESSAGE_LEN(OT_EXTENSION_MAX)];
static struct rng_seeded     rng;

static void set_up(uint64_t stream)
{
    (void)rng_seeded_init(&rng, test_seed(), stream);
    ot_fixture_seeds(&bob, &alice, &rng.rng);
    assert_ok(rng_fill(&rng.rng, choices, sizeof choices));
}

static void receive(const struct ot_context *c, size_t count)
{
    assert_ok(ot_extension_receive(v, message, &bob, &(struct ot_extension_request){c, choices, count, &rng.rng}));
}

/* w_j = v_j ^ beta_j Delta */
static void assert_correlated(size_t count)
{
    for (size_t j = 0; j < count; j++) {
        uint8_t  expected[OT_BLOCK];
        unsigned beta = (unsigned)choices[j / 8] >> (j % 8) & 1;
        for (unsigned i = 0; i < OT_BLOCK; i++) expected[i] = (uint8_t)(ot_row(v, j)[i] ^ (beta ? alice.delta[i] : 0));
        assert_memory_equal(ot_row(w, j), expected, OT_BLOCK);
    }
}

TEST(ot_extension, rows_differ_by_delta_where_the_choice_is_one)
{
    static const size_t counts[] = {8, 120, 128, 136, COUNT, 544, 688, 2048, 2056, 8 * COUNT, OT_EXTENSION_MAX};
    struct ot_context   c = ot_fixture_context();

    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        set_up(i);
        receive(&c, counts[i]);
        assert_ok(ot_extension_send(w, &alice, &c, message, counts[i]));
        assert_correlated(counts[i]);
    }
}

TEST(ot_extension, extreme_choices_and_deltas_work)
{
    struct ot_context c = ot_fixture_context();

    for (int fill = 0; fill < 256; fill += 255) {
        set_up(20);
        memset(choices, fill, sizeof choices);
        receive(&c, COUNT);
        assert_ok(ot_extension_send(w, &alice, &c, message, COUNT));
        assert_correlated(COUNT);
    }
}

/* Ones among the bits of a message and of the rows: within seven sigma of a half. */
static void assert_balanced(const uint8_t *data, size_t len)
{
    double   sigma = 0, ones = 0;
    unsigned sum = 0;

    for (size_t i = 0; i < len; i++) sum += (unsigned)__builtin_popcount(data[i]);
    ones = (double)sum - 4.0 * (double)len;
    sigma = 2.0 * (double)len; /* variance: 8 len / 4 */
    assert_true(ones * ones < 49.0 * sigma);
}

TEST(ot_extension, messages_and_rows_are_balanced_whatever_the_choices)
{
    struct ot_context c = ot_fixture_context();

    for (int fill = 0; fill < 256; fill += 255) {
        set_up(30);
        memset(choices, fill, sizeof choices);
        receive(&c, 4096);
        assert_balanced(message, OT_EXTENSION_MESSAGE_LEN(4096));
        assert_balanced((const uint8_t *)(v + 1), 4096 * OT_BLOCK);
    }
}

TEST(ot_extension, a_session_gives_other_rows_than_another)
{
    static const uint8_t  other_ssid[SSID_LEN] = {0x56};
    static struct ot_rows first[OT_ROWS(COUNT)];
    struct ot_context     c = ot_fixture_context();

    set_up(40);
    receive(&c, COUNT);
    memcpy(first, v, sizeof first);
    c.ssid = other_ssid;
    receive(&c, COUNT);
    for (size_t j = 0; j < COUNT; j++) assert_memory_not_equal(ot_row(first, j), ot_row(v, j), OT_BLOCK);
}

static void assert_refused(const struct ot_context *c)
{
    static const struct ot_rows zero[OT_ROWS(COUNT)];

    assert_err(KMS_E_PROOF, ot_extension_send(w, &alice, c, message, COUNT));
    assert_memory_equal(w, zero, sizeof zero);
}

/* check 27: one bit of u, x^ or the hash of t^. An altered u also alters every challenge, so it is found even where it
 * is not read.
 */
TEST(check_27, every_bit_of_u_x_and_t_is_checked)
{
    struct ot_context c = ot_fixture_context();
    size_t            bits = 8 * OT_EXTENSION_MESSAGE_LEN(COUNT);

    set_up(50);
    receive(&c, COUNT);
    for (size_t bit = 0; bit < bits; bit += bit < 8 * U_LEN ? 53 : 1) {
        ot_fixture_flip(message, bit);
        assert_refused(&c);
        ot_fixture_flip(message, bit);
    }
    assert_ok(ot_extension_send(w, &alice, &c, message, COUNT));
}

/* Bob with a wrong leaf: selective failure, which is why the first failure burns the set-up. */
TEST(check_27, an_inconsistent_receiver_is_found_unless_he_guesses_delta)
{
    struct ot_context c = ot_fixture_context();
    unsigned          passed = 0, runs = 400;

    for (uint64_t stream = 0; stream < runs; stream++) {
        set_up(1000 + stream);
        ot_fixture_flip(bob.leaf[3][5], 0);
        receive(&c, COUNT);
        enum kms_err err = ot_extension_send(w, &alice, &c, message, COUNT);
        assert_true(err == KMS_OK || err == KMS_E_PROOF);
        /* Alice does not have leaf Delta_3: if that is the altered one, nothing is wrong for her. */
        assert_int_equal(err == KMS_OK, ot_fixture_missing(alice.delta, 3) == 5);
        passed += err == KMS_OK;
    }
    assert_in_range(passed, 3,
                    65); /* 25 +- 5 sigma: the one in sixteen for which a set-up burns at the first failure */
}

/* check 29: a message for (i, j) is nothing to (j, i), to another session, or of another length. */
TEST(check_29, extensions_are_bound_to_session_pair_direction_and_length)
{
    static const uint8_t other_ssid[SSID_LEN] = {0x56};
    struct ot_context    c = ot_fixture_context(), others[] = {c, c, c};

    others[0].ssid = other_ssid;
    others[1] = (struct ot_context){c.ssid, c.bob, c.alice};
    others[2].bob = 3;
    set_up(60);
    receive(&c, COUNT);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) assert_refused(&others[i]);
    assert_err(KMS_E_PROOF, ot_extension_send(w, &alice, &c, message, COUNT - 8));
}

/* Pads, as a caller makes them: choice 0 is TMMO(w), choice 1 TMMO(w ^ Delta). */
TEST(ot_extension, bob_knows_the_pad_of_his_choice_only)
{
    struct ot_context c = ot_fixture_context();
    CRH_LOCAL         crh = {NULL};

    set_up(70);
    receive(&c, COUNT);
    assert_ok(ot_extension_send(w, &alice, &c, message, COUNT));
    assert_ok(ot_context_crh(&crh, &c));
    for (size_t j = 0; j < COUNT; j++) {
        struct crh_tweak tweak = {OT_DOMAIN_PAD, (uint32_t)j, 0, 0};
        uint8_t          in[3][OT_BLOCK], pad[3][OT_BLOCK];
        unsigned         beta = (unsigned)choices[j / 8] >> (j % 8) & 1;
        for (unsigned i = 0; i < OT_BLOCK; i++) {
            in[0][i] = ot_row(w, j)[i];
            in[1][i] = (uint8_t)(in[0][i] ^ alice.delta[i]);
            in[2][i] = ot_row(v, j)[i];
        }
        assert_ok(crh_expand(&crh, pad[0], in[0], tweak, (struct crh_shape){3, 1}));
        assert_memory_equal(pad[2], pad[beta], OT_BLOCK);
        assert_memory_not_equal(pad[2], pad[1 - beta], OT_BLOCK);
    }
}
