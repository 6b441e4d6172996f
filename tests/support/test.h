/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The harness: cmocka with a main of ours. TEST(suite, says_what_holds) { ... } registers itself. The seed is printed,
 * and set by KMS_TEST_SEED; one test alone: KMS_TEST_ONLY=part_of_its_name. test_seed() is the run's seed.
 */
#ifndef KMS_TESTS_SUPPORT_TEST_H
#define KMS_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* cmocka's fail() has the name of ours; its fail_msg() is built on it. */
#pragma push_macro("fail")
#undef fail
#include <cmocka.h>
#undef fail
#pragma pop_macro("fail")
#undef fail_msg
#define fail_msg(...)              \
    do {                           \
        print_error(__VA_ARGS__);  \
        print_error("\n");         \
        _fail(__FILE__, __LINE__); \
    } while (0)

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/crypto/rng.h"

struct test_case {
    const char *name;
    void (*run)(void **state);
    struct test_case *next;
};
void test_register(struct test_case *);

#define TEST(suite, says)                                                                                      \
    static void                              suite##_##says(void **state);                                     \
    static struct test_case                  suite##_##says##_case = {#suite "." #says, suite##_##says, NULL}; \
    __attribute__((constructor)) static void suite##_##says##_register(void)                                   \
    {                                                                                                          \
        test_register(&suite##_##says##_case);                                                                 \
    }                                                                                                          \
    static void suite##_##says(void **state UNUSED)

/* assert_ok(f(..)) prints the error's text; assert_err(KMS_E_RANGE, f(..)). */
#define assert_ok(expr) test_assert_err(KMS_OK, (expr), #expr, __FILE__, __LINE__)
#define assert_err(code, expr) test_assert_err((code), (expr), #expr, __FILE__, __LINE__)
void test_assert_err(enum kms_err expected, enum kms_err got, const char *what, const char *file, int line);

uint64_t test_seed(void);
/* A knob from the environment: test_knob("KMS_SIM_RUNS", 200). */
unsigned long test_knob(const char *name, unsigned long otherwise);
/* A fresh directory below $TMPDIR, removed when the program ends. */
const char *test_directory(void);
/* Reads a file of tests/ ("vectors/rfc9591.json"). */
void test_read_file(struct buf *out, const char *relative_path);

/* Deterministic randomness: SHA-512 counter mode over the seed. Lives in tests only. */
struct rng_seeded {
    struct rng rng;
    uint8_t    key[32];
    uint64_t   counter;
};
struct rng *rng_seeded_init(struct rng_seeded *, uint64_t seed, uint64_t stream);
uint64_t    rng_seeded_below(struct rng_seeded *, uint64_t bound); /* 0..bound-1 */

#endif
