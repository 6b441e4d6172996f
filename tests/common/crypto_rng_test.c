/* SPDX-License-Identifier: Apache-2.0 */
/* The system's randomness: forks do not repeat it, and failure leaves nothing half filled. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <seccomp.h>
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

/* In a child whose getrandom(2) fails with `number`: 0 if test says so. */
static int child_without_getrandom(int number, bool (*test)(void))
{
    int   status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        if (filter == NULL || seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)number), SCMP_SYS(getrandom), 0) != 0 ||
            seccomp_load(filter) != 0)
            _exit(2);
        _exit(test() ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool self_test_refuses(void)
{
    return rng_self_test() == KMS_E_RANDOM && strstr(error_text(), "getrandom") != NULL;
}

static bool kernel_refuses_and_leaves_zeros(void)
{
    uint8_t out[32];

    memset(out, 1, sizeof out);
    return rng_fill(rng_kernel(), out, sizeof out) == KMS_E_RANDOM && memcmp(out, (uint8_t[32]){0}, sizeof out) == 0;
}

TEST(rng, refuses_to_start_where_getrandom_fails)
{
    assert_int_equal(child_without_getrandom(EAGAIN, self_test_refuses), 0); /* not seeded yet */
    assert_int_equal(child_without_getrandom(ENOSYS, self_test_refuses), 0);
}

TEST(rng, the_kernels_failure_is_an_error_and_leaves_zeros)
{
    assert_int_equal(child_without_getrandom(ENOSYS, kernel_refuses_and_leaves_zeros), 0);
}

/* What openssl.cnf can do to a process, in a library context that is this thread's default for the moment. */
static enum kms_err self_test_with(const char *generator, const char *cipher, const char *digest, enum kms_err *filled)
{
    uint8_t       out[32];
    OSSL_LIB_CTX *other = OSSL_LIB_CTX_new();

    assert_non_null(other);
    assert_int_equal(RAND_set_DRBG_type(other, generator, NULL, cipher, digest), 1);
    OSSL_LIB_CTX *usual = OSSL_LIB_CTX_set0_default(other);
    enum kms_err  err = rng_self_test();
    *filled = rng_fill(rng_system(), out, sizeof out);
    (void)OSSL_LIB_CTX_set0_default(usual);
    OSSL_LIB_CTX_free(other);
    return err;
}

TEST(rng, refuses_to_start_with_another_generator_than_ctr_drbg_on_aes_256)
{
    enum kms_err filled;

    assert_err(KMS_OK, self_test_with("CTR-DRBG", "AES-256-CTR", NULL, &filled));
    assert_err(KMS_E_RANDOM, self_test_with("CTR-DRBG", "AES-128-CTR", NULL, &filled));
    assert_err(KMS_E_RANDOM, self_test_with("HASH-DRBG", NULL, "SHA256", &filled));
    assert_err(KMS_E_RANDOM, self_test_with("NO-SUCH-DRBG", NULL, NULL, &filled));
    assert_err(KMS_E_RANDOM, filled);
    assert_ok(rng_self_test());
}
