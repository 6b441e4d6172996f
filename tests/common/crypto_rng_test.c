/* SPDX-License-Identifier: Apache-2.0 */
/* The system's randomness: forks do not repeat it, and failure leaves nothing half filled. */
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

TEST(rng, self_test_passes)
{
    assert_ok(rng_self_test());
}

TEST(rng, fills_every_length)
{
    uint8_t out[300] = {0};

    assert_ok(rng_fill(rng_system(), out, 0));
    for (size_t len = 1; len < sizeof out - 1; len++) {
        out[len] = 0x5a;
        assert_ok(rng_fill(rng_system(), out, len));
        assert_int_equal(out[len], 0x5a);
    }
}

TEST(rng, the_kernel_gives_at_most_256_bytes_at_once)
{
    uint8_t draws[2][257] = {{0}};

    for (int i = 0; i < 2; i++) assert_ok(rng_fill(rng_kernel(), draws[i], 256));
    assert_memory_not_equal(draws[0] + 224, draws[1] + 224, 32);
    assert_err(KMS_E_RANDOM, rng_fill(rng_kernel(), draws[0], 257));
}

TEST(rng, forked_child_draws_other_numbers)
{
    uint8_t mine[32], childs[32];
    int     ends[2];

    assert_ok(rng_fill(rng_system(), mine, sizeof mine)); /* seeded before the fork */
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool done = rng_fill(rng_system(), childs, sizeof childs) == KMS_OK;
        _exit(done && write(ends[1], childs, sizeof childs) == sizeof childs ? 0 : 1);
    }
    assert_ok(rng_fill(rng_system(), mine, sizeof mine));
    assert_int_equal(read(ends[0], childs, sizeof childs), sizeof childs);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_memory_not_equal(mine, childs, sizeof mine);
}

static enum kms_err fill_half(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0xff, len / 2);
    return fail(KMS_E_RANDOM, "broken");
}

TEST(rng, failure_leaves_zeros)
{
    struct rng broken = {.fill = fill_half};
    uint8_t    out[32];

    memset(out, 1, sizeof out);
    assert_err(KMS_E_RANDOM, rng_fill(&broken, out, sizeof out));
    assert_memory_equal(out, ((uint8_t[32]){0}), sizeof out);
}
