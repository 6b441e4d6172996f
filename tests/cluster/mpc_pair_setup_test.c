/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a set-up: its sealed form, and that burning is for good. */
#include "cluster/mpc/pair_setup.h"

#include "common/secret/wipe.h"
#include "tests/cluster/mpc_ot_fixture.h"

static void make(struct pair_setup *p)
{
    static struct pprf_punctured others;
    static struct pprf_full      theirs;
    struct rng_seeded            rng;

    (void)rng_seeded_init(&rng, test_seed(), 0);
    *p = (struct pair_setup){.generation = 7, .transcript = {1, 2}};
    ot_fixture_seeds(&p->bob, &others, &rng.rng);
    ot_fixture_seeds(&theirs, &p->alice, &rng.rng);
    assert_ok(rng_fill(&rng.rng, p->zero_seed, sizeof p->zero_seed));
}

TEST(pair_setup, is_the_same_after_encoding_and_decoding)
{
    static struct pair_setup a, b;
    SECRET_LOCAL             encoded = SECRET_NONE;

    make(&a);
    assert_ok(pair_setup_encode_sealed(&encoded, &a));
    assert_ok(pair_setup_decode_sealed(&b, secret_view(&encoded)));
    assert_int_equal(b.generation, 7);
    assert_false(b.burned);
    assert_memory_equal(b.transcript, a.transcript, sizeof a.transcript);
    assert_memory_equal(&b.alice, &a.alice, sizeof a.alice);
    assert_memory_equal(&b.bob, &a.bob, sizeof a.bob);
    assert_memory_equal(b.zero_seed, a.zero_seed, sizeof a.zero_seed);
}

TEST(check_28, a_burned_set_up_has_no_seeds_and_stays_burned)
{
    static const struct pair_setup zero;
    static struct pair_setup       a, b;
    SECRET_LOCAL                   encoded = SECRET_NONE;

    make(&a);
    pair_setup_burn(&a);
    assert_memory_equal(&a.alice, &zero.alice, sizeof a.alice);
    assert_memory_equal(&a.bob, &zero.bob, sizeof a.bob);
    assert_memory_equal(a.zero_seed, zero.zero_seed, sizeof a.zero_seed);
    assert_ok(pair_setup_encode_sealed(&encoded, &a));
    assert_in_range(encoded.len, 1, 64);
    assert_ok(pair_setup_decode_sealed(&b, secret_view(&encoded)));
    assert_true(b.burned);
    assert_int_equal(b.generation, 7);
    assert_memory_equal(&b.alice, &zero.alice, sizeof b.alice);
}

TEST(pair_setup, damaged_records_are_refused)
{
    static const struct pair_setup zero;
    static struct pair_setup       a, b;
    SECRET_LOCAL                   encoded = SECRET_NONE;
    SECRET_LOCAL                   longer = SECRET_NONE;

    make(&a);
    assert_ok(pair_setup_encode_sealed(&encoded, &a));
    assert_ok(secret_alloc(&longer, encoded.len + 1));
    memcpy(longer.data, encoded.data, encoded.len);
    assert_err(KMS_E_CORRUPT, pair_setup_decode_sealed(&b, secret_view(&longer)));
    for (size_t len = 0; len < encoded.len; len += 97)
        assert_err(KMS_E_CORRUPT, pair_setup_decode_sealed(&b, bytes(encoded.data, len)));
    assert_memory_equal(&b, &zero, sizeof b);
    encoded.data[0] ^= 3; /* version */
    assert_err(KMS_E_CORRUPT, pair_setup_decode_sealed(&b, secret_view(&encoded)));
    encoded.data[0] ^= 3;
    encoded.data[1 + 8 + 32] = 2; /* burned: neither 0 nor 1 */
    assert_err(KMS_E_CORRUPT, pair_setup_decode_sealed(&b, secret_view(&encoded)));
    encoded.data[1 + 8 + 32] = 1; /* burned, and yet seeds */
    assert_err(KMS_E_CORRUPT, pair_setup_decode_sealed(&b, secret_view(&encoded)));
    encoded.data[1 + 8 + 32] = 0;
    memset(encoded.data + 1, 0, 8); /* generation 0 is none */
    assert_err(KMS_E_CORRUPT, pair_setup_decode_sealed(&b, secret_view(&encoded)));
}
