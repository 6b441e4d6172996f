/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon does at start against leaks. */
#include "common/secret/harden.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void raise_memlock(void)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    struct rlimit limit;

    if (setrlimit(RLIMIT_MEMLOCK, &all) == 0) return;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_MEMLOCK, &limit);
}

RESULT harden_process(void)
{
    struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0) return fail(KMS_E_SYSTEM, "setrlimit(RLIMIT_CORE): %s", strerror(errno));
    if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) != 0)
        return fail(KMS_E_SYSTEM, "prctl(PR_SET_DUMPABLE): %s", strerror(errno));
    raise_memlock();
    return KMS_OK;
}

RESULT harden_check_memlock(size_t need)
{
    void *probe = mmap(NULL, need, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (probe == MAP_FAILED) return fail(KMS_E_SYSTEM, "mmap of %zu bytes: %s", need, strerror(errno));
    int refused = mlock(probe, need);
    int why = errno;
    (void)munmap(probe, need);
    if (refused != 0)
        return fail(KMS_E_SYSTEM, "cannot lock %zu bytes of memory (%s): raise LimitMEMLOCK of the unit or `ulimit -l`",
                    need, strerror(why));
    return KMS_OK;
}
