/* SPDX-License-Identifier: Apache-2.0 */
/* The harness: registration, the seed, scratch directories. */
#include "tests/support/test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/crypto/group.h"
#include "common/secret/secmem.h"

#define CASES_MAX 512

static struct test_case *first_case, **last_case = &first_case;
static uint64_t          seed;
static char              scratch[512];

void test_register(struct test_case *c)
{
    *last_case = c;
    last_case = &c->next;
}

void test_assert_err(enum kms_err expected, enum kms_err got, const char *what, const char *file, int line)
{
    if (got == expected) return;
    print_error("%s: %s (\"%s\" at %s), expected %s\n", what, error_name(got), error_text(), error_where(),
                error_name(expected));
    _fail(file, line);
}

uint64_t test_seed(void)
{
    return seed;
}

unsigned long test_knob(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoul(text, NULL, 10);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info, (void)type, (void)ftw;
    return remove(path);
}

static void remove_scratch(void)
{
    (void)nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_directory(void)
{
    static unsigned count;
    static char     path[sizeof scratch + 16];

    if (scratch[0] == '\0') {
        const char *base = getenv("TMPDIR");
        (void)snprintf(scratch, sizeof scratch, "%s/kms-test-XXXXXX", base == NULL ? "/tmp" : base);
        assert_non_null(mkdtemp(scratch));
        atexit(remove_scratch);
    }
    (void)snprintf(path, sizeof path, "%s/%u", scratch, count++);
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

void test_read_file(struct buf *out, const char *relative_path)
{
    char path[1024], block[4096];

    (void)snprintf(path, sizeof path, "%s/%s", TESTS_DIR, relative_path);
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("%s: %s", path, strerror(errno));
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) assert_ok(buf_append(out, bytes(block, n)));
    fclose(file);
}

/* Weak: a fuzz target that runs a simulated cluster links this file too, and has a main of its own. */
__attribute__((weak)) int main(int argc, char **argv)
{
    struct CMUnitTest tests[CASES_MAX];
    size_t            count = 0;
    const char       *only = getenv("KMS_TEST_ONLY");

    (void)argc;
    seed = test_knob("KMS_TEST_SEED", (unsigned long)time(NULL));
    printf("# seed: KMS_TEST_SEED=%llu %s\n", (unsigned long long)seed, argv[0]);
    if (secmem_init() != KMS_OK || group_init() != KMS_OK) {
        fprintf(stderr, "start: %s\n", error_text());
        return 1;
    }
    for (struct test_case *c = first_case; c != NULL && count < CASES_MAX; c = c->next)
        if (only == NULL || strstr(c->name, only) != NULL)
            tests[count++] = (struct CMUnitTest){.name = c->name, .test_func = c->run};
    if (count == 0) {
        fprintf(stderr, "no test%s%s\n", only == NULL ? "" : " matches KMS_TEST_ONLY=", only == NULL ? "" : only);
        return 1;
    }
    int failed = _cmocka_run_group_tests(argv[0], tests, count, NULL, NULL);
    if (failed != 0) fprintf(stderr, "failed with KMS_TEST_SEED=%llu\n", (unsigned long long)seed);
    return failed == 0 ? 0 : 1;
}
