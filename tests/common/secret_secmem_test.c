/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for secrets: what is promised about overruns, forks and dumps is tried in child processes. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/secret/harden.h"
#include "common/secret/secmem.h"
#include "common/secret/secret.h"
#include "common/secret/wipe.h"
#include "tests/support/test.h"

#ifdef __SANITIZE_ADDRESS__
#define MLOCK_IS_REPLACED true /* AddressSanitizer makes mlock(2) do nothing */
#else
#define MLOCK_IS_REPLACED false
#endif

/* Runs body in a child; its wait status. The child has no cmocka: it reports by exit code. */
static int in_child(int (*body)(void *), void *argument)
{
    int   status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(126); /* sanitizers describe the crash that is wanted here */
        for (int i = 1; i < NSIG; i++) (void)signal(i, SIG_DFL);
        _exit(body(argument));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static bool exited_with(int status, int code)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

static bool was_killed(int status)
{
    return WIFSIGNALED(status);
}

TEST(secmem, is_zeroed_and_writable)
{
    for (size_t size = 0; size < 9000; size += 333) {
        uint8_t *data = secmem_alloc(size);

        assert_non_null(data);
        for (size_t i = 0; i < size; i++) assert_int_equal(data[i], 0);
        memset(data, 0xa5, size);
        secmem_free(data);
    }
    secmem_free(NULL);
}

/* Offsets are volatile so that the compiler cannot see the mistake. */
static int touch(void *argument)
{
    volatile uint8_t *at = argument;

    *at = 1;
    return 0;
}

TEST(secmem, overrun_by_one_byte_kills)
{
    for (size_t size = 1; size < 5000; size += 1233) {
        uint8_t *data = secmem_alloc(size);

        assert_non_null(data);
        assert_true(exited_with(in_child(touch, data + size - 1), 0));
        assert_true(was_killed(in_child(touch, data + size)));
        secmem_free(data);
    }
}

TEST(secmem, underrun_by_a_page_kills)
{
    uint8_t *data = secmem_alloc(32);

    assert_non_null(data);
    assert_true(was_killed(in_child(touch, data - 4096)));
    secmem_free(data);
}

static int use_after_free(void *unused)
{
    uint8_t *data = secmem_alloc(32);

    (void)unused;
    secmem_free(data);
    return touch(data);
}

TEST(secmem, use_after_free_kills)
{
    assert_true(was_killed(in_child(use_after_free, NULL)));
}

static int sees_zeros(void *argument)
{
    const uint8_t *data = argument;

    for (size_t i = 0; i < 5000; i++)
        if (data[i] != 0) return 1;
    return 0;
}

TEST(secmem, forked_children_see_zeros)
{
    uint8_t *data = secmem_alloc(5000);

    assert_non_null(data);
    memset(data, 0x5a, 5000);

    assert_true(exited_with(in_child(sees_zeros, data), 0));
    assert_int_equal(data[4999], 0x5a);
    secmem_free(data);
}

static int frees_and_allocates(void *argument)
{
    secmem_free(argument);
    uint8_t *mine = secmem_alloc(64);
    if (mine == NULL) return 1;
    memset(mine, 1, 64);
    secmem_free(mine);
    return 0;
}

TEST(secmem, forked_children_may_free_and_allocate)
{
    uint8_t *data = secmem_alloc(64);

    assert_non_null(data);
    memset(data, 0x5a, 64);

    assert_true(exited_with(in_child(frees_and_allocates, data), 0));
    secmem_free(data);
}

/* The lines of /proc/self/smaps for the mapping that holds an address. */
static bool has_vm_flag(const void *address, const char *flag)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char  line[512];
    bool  inside = false, found = false;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long first, end;
        if (sscanf(line, "%lx-%lx ", &first, &end) == 2)
            inside = (unsigned long)(uintptr_t)address - first < end - first;
        if (inside && strncmp(line, "VmFlags:", 8) == 0) found = strstr(line, flag) != NULL;
    }
    fclose(file);
    return found;
}

TEST(secmem, is_left_out_of_dumps_and_forks_and_locked)
{
    uint8_t *data = secmem_alloc(32);

    assert_non_null(data);
    assert_true(has_vm_flag(data, " dd")); /* do not dump */
    assert_true(has_vm_flag(data, " wf")); /* wipe on fork */
    if (secmem_is_locked() && !MLOCK_IS_REPLACED) assert_true(has_vm_flag(data, " lo"));
    secmem_free(data);
}

static int alloc_without_locking(void *required)
{
    struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) return 2;
    if (geteuid() == 0 && setuid(65534) != 0) return 3; /* root ignores the limit */
    secmem_require_lock(required != NULL);
    void *data = secmem_alloc(32);
    if (secmem_is_locked()) return 4;
    int got = data == NULL ? 1 : 0;
    secmem_free(data);
    return got;
}

TEST(secmem, without_locking_fails_only_if_it_is_required)
{
    int required;

    if (MLOCK_IS_REPLACED) skip();
    assert_true(exited_with(in_child(alloc_without_locking, NULL), 0));
    assert_true(exited_with(in_child(alloc_without_locking, &required), 1));
}

/* Takes blocks until one is refused, gives them back, and wants one again. */
static int alloc_after_refusal(void *unused)
{
    enum { BLOCKS = 64, BLOCK = 16384 };
    struct rlimit some = {BLOCKS * BLOCK / 4, BLOCKS * BLOCK / 4};
    void         *blocks[BLOCKS];
    unsigned      count = 0;

    (void)unused;
    if (setrlimit(RLIMIT_MEMLOCK, &some) != 0) return 2;
    if (geteuid() == 0 && setuid(65534) != 0) return 3;
    secmem_require_lock(true);
    while (count < BLOCKS && (blocks[count] = secmem_alloc(BLOCK)) != NULL) count++;
    if (count == 0 || count == BLOCKS) return 4;
    while (count > 0) secmem_free(blocks[--count]);
    return secmem_alloc(BLOCK) != NULL ? 0 : 5;
}

TEST(secmem, a_refused_allocation_does_not_end_its_use)
{
    if (MLOCK_IS_REPLACED) skip();
    assert_true(exited_with(in_child(alloc_after_refusal, NULL), 0));
}

static int memlock_is_refused(void *unused)
{
    struct rlimit small = {65536, 65536};

    (void)unused;
    if (setrlimit(RLIMIT_MEMLOCK, &small) != 0) return 2;
    if (geteuid() == 0 && setuid(65534) != 0) return 3;
    if (harden_check_memlock(4096) != KMS_OK) return 4;
    return harden_check_memlock(1 << 20) == KMS_E_SYSTEM && strstr(error_text(), "ulimit") != NULL ? 0 : 5;
}

TEST(harden, says_when_memory_cannot_be_locked)
{
    if (MLOCK_IS_REPLACED) skip();
    assert_true(exited_with(in_child(memlock_is_refused, NULL), 0));
}

static int hardened(void *unused)
{
    struct rlimit core;

    (void)unused;
    if (harden_process() != KMS_OK) return 1;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0) return 2;
    return prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) == 0 ? 0 : 3;
}

TEST(harden, forbids_core_dumps_and_tracing)
{
    assert_true(exited_with(in_child(hardened, NULL), 0));
}
