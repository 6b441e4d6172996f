/* SPDX-License-Identifier: Apache-2.0 */
/* The replay table by itself: bounds, expiry, and many clients. */
#include "cluster/node/replay.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "tests/support/test.h"

#define NOW 1000000

static const uint8_t hash_a[32] = {1}, hash_b[32] = {2};

static enum kms_err use(struct replay *r, const char *client, unsigned nonce, const uint8_t hash[32], int64_t expires,
                        int64_t now)
{
    char               text[16];
    struct replay_item item = {.access_key = client, .nonce = text, .request_hash = hash, .expires_s = expires};

    (void)snprintf(text, sizeof text, "n%u", nonce);
    return replay_use(r, &item, now);
}

static struct replay *table(unsigned per_client, unsigned total)
{
    struct replay *r;

    assert_ok(replay_new(&r, (struct replay_limits){.per_client = per_client, .total = total}));
    return r;
}

TEST(replay, counts_attempts_and_knows_requests_apart)
{
    struct replay *r = table(10, 10);

    for (int i = 0; i < REPLAY_ATTEMPTS_MAX; i++) assert_ok(use(r, "a", 1, hash_a, NOW + 60, NOW));
    assert_err(KMS_E_ATTEMPTS, use(r, "a", 1, hash_a, NOW + 60, NOW));
    assert_err(KMS_E_REPLAY, use(r, "a", 1, hash_b, NOW + 60, NOW));
    assert_ok(use(r, "b", 1, hash_b, NOW + 60, NOW)); /* another client's nonce */
    assert_ok(use(r, "a", 2, hash_b, NOW + 60, NOW));
    assert_int_equal(replay_count(r), 3);
    replay_free(&r);
}

/* Access key and nonce do not run into each other. */
TEST(replay, does_not_mix_access_key_and_nonce)
{
    struct replay     *r = table(10, 10);
    struct replay_item one = {"ab", "c", hash_a, NOW + 9}, two = {"a", "bc", hash_b, NOW + 9};

    assert_ok(replay_use(r, &one, NOW));
    assert_ok(replay_use(r, &two, NOW));
    replay_free(&r);
}

TEST(replay, is_full_for_one_client_and_not_for_another)
{
    struct replay *r = table(3, 100);

    for (unsigned i = 0; i < 3; i++) assert_ok(use(r, "a", i, hash_a, NOW + 60, NOW));
    assert_err(KMS_E_BUSY, use(r, "a", 3, hash_a, NOW + 60, NOW));
    assert_ok(use(r, "a", 2, hash_a, NOW + 60, NOW)); /* what is known is not refused */
    assert_ok(use(r, "b", 3, hash_a, NOW + 60, NOW));
    replay_free(&r);
}

TEST(replay, is_full_in_all_and_evicts_nothing)
{
    struct replay *r = table(100, 4);
    char           client[8];

    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(client, sizeof client, "c%u", i);
        assert_ok(use(r, client, 1, hash_a, NOW + 60, NOW));
    }
    assert_err(KMS_E_BUSY, use(r, "new", 1, hash_a, NOW + 60, NOW));
    assert_err(KMS_E_REPLAY, use(r, "c0", 1, hash_b, NOW + 60, NOW));
    replay_free(&r);
}

TEST(replay, forgets_only_after_the_last_second)
{
    struct replay *r = table(10, 10);

    assert_ok(use(r, "a", 1, hash_a, NOW + 60, NOW));
    replay_expire(r, NOW + 60);
    assert_err(KMS_E_REPLAY, use(r, "a", 1, hash_b, NOW + 60, NOW + 60));
    replay_expire(r, NOW + 61);
    assert_int_equal(replay_count(r), 0);
    replay_free(&r);
}

TEST(replay, refuses_what_lives_too_long_or_is_dead)
{
    struct replay *r = table(10, 10);

    assert_err(KMS_E_EXPIRED, use(r, "a", 1, hash_a, NOW - 1, NOW));
    assert_err(KMS_E_EXPIRED, use(r, "a", 1, hash_a, NOW + 100000, NOW));
    assert_int_equal(replay_count(r), 0);
    replay_free(&r);
}

TEST(replay, forgets_everything_after_a_long_sleep)
{
    struct replay *r = table(1000, 1000);

    for (unsigned i = 0; i < 300; i++) assert_ok(use(r, "a", i, hash_a, NOW + i, NOW));
    replay_expire(r, NOW + 1000000);
    assert_int_equal(replay_count(r), 0);
    replay_free(&r);
}

/* A clock that jumps ahead has swept the table; when it is back, what it would know cannot be told from what is new. */
TEST(replay, does_not_take_again_what_was_swept)
{
    struct replay *r = table(10, 10);

    assert_ok(use(r, "a", 1, hash_a, NOW + 60, NOW));
    replay_expire(r, NOW + 101);
    assert_err(KMS_E_EXPIRED, use(r, "a", 1, hash_b, NOW + 60, NOW));
    assert_err(KMS_E_EXPIRED, use(r, "a", 2, hash_a, NOW + 100, NOW));
    assert_int_equal(replay_count(r), 0);
    assert_ok(use(r, "a", 3, hash_a, NOW + 101, NOW));
    replay_free(&r);
}

/* Against a plain model, with growth, over many clients and a moving clock. */
TEST(replay, agrees_with_a_simple_model)
{
    enum { CLIENTS = 40, NONCES = 60 };
    static int64_t    expires[CLIENTS][NONCES];
    static unsigned   attempts[CLIENTS][NONCES];
    struct rng_seeded rng;
    struct replay    *r = table(100000, 100000);
    int64_t           now = NOW;

    memset(attempts, 0, sizeof attempts);
    (void)rng_seeded_init(&rng, test_seed(), 1);
    for (int i = 0; i < 50000; i++) {
        unsigned c = (unsigned)rng_seeded_below(&rng, CLIENTS), n = (unsigned)rng_seeded_below(&rng, NONCES);
        char     client[16];
        (void)snprintf(client, sizeof client, "client%u", c);
        if (rng_seeded_below(&rng, 50) == 0) now += (int64_t)rng_seeded_below(&rng, 40);
        if (attempts[c][n] > 0 && expires[c][n] < now) attempts[c][n] = 0;
        int64_t      until = attempts[c][n] > 0 ? expires[c][n] : now + (int64_t)rng_seeded_below(&rng, 300);
        enum kms_err want = attempts[c][n] >= REPLAY_ATTEMPTS_MAX ? KMS_E_ATTEMPTS : KMS_OK;
        assert_int_equal(use(r, client, n, hash_a, until, now), want);
        if (want == KMS_OK) attempts[c][n]++;
        expires[c][n] = until;
    }
    replay_free(&r);
}

TEST(replay, costs_less_than_a_microsecond_or_two)
{
    struct replay *r = table(200000, 200000);

    uint64_t start = clock_monotonic_us();
    for (unsigned i = 0; i < 100000; i++) assert_ok(use(r, "a", i, hash_a, NOW + 60, NOW));
    print_message("    %.2f us per request\n", (double)(clock_monotonic_us() - start) / 100000);
    assert_int_equal(replay_count(r), 100000);
    replay_free(&r);
}
