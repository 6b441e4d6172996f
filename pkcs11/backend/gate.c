/* SPDX-License-Identifier: Apache-2.0 */
/* The fork gate: a read-write lock whose writer is fork(2). */
#include "pkcs11/backend/gate.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"

static pthread_rwlock_t   gate;
static pthread_once_t     once = PTHREAD_ONCE_INIT;
static int                start_result;
static atomic_uint        forks;
static _Thread_local bool inside;

static int open_gate(void)
{
    pthread_rwlockattr_t attributes;

    /* A fork must not starve behind threads that come and go; no thread enters twice. */
    int failed = pthread_rwlockattr_init(&attributes);
    if (failed != 0) return failed;
    failed = pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    if (failed == 0) failed = pthread_rwlock_init(&gate, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes);
    return failed;
}

static void before_fork(void)
{
    (void)pthread_rwlock_wrlock(&gate);
}

static void after_fork_in_parent(void)
{
    (void)pthread_rwlock_unlock(&gate);
}

static void after_fork_in_child(void)
{
    (void)open_gate();
    atomic_fetch_add(&forks, 1);
}

static void start(void)
{
    start_result = open_gate();
    if (start_result == 0) start_result = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

RESULT gate_start(void)
{
    (void)pthread_once(&once, start);
    if (start_result != 0) return fail(KMS_E_SYSTEM, "cannot watch for forks: %s", strerror(start_result));
    return KMS_OK;
}

void gate_enter(void)
{
    (void)pthread_rwlock_rdlock(&gate);
    inside = true;
}

void gate_leave(void)
{
    inside = false;
    (void)pthread_rwlock_unlock(&gate);
}

/* Code that runs without an entry function around it (tests of a backend) is never inside. */
static bool step_out(void)
{
    bool was_inside = inside;

    if (was_inside) gate_leave();
    return was_inside;
}

static void step_back(bool was_inside)
{
    if (was_inside) gate_enter();
}

void gate_lock(pthread_mutex_t *mutex)
{
    if (pthread_mutex_trylock(mutex) == 0) return;
    bool was_inside = step_out();
    (void)pthread_mutex_lock(mutex);
    step_back(was_inside);
}

static int poll_once(struct pollfd *fd, nfds_t count, int timeout_ms)
{
    bool was_inside = step_out();
    int  ready = poll(fd, count, timeout_ms);
    int  why = errno;

    step_back(was_inside);
    errno = why;
    return ready;
}

RESULT gate_poll(struct pollfd *fd, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now = clock_monotonic_ms();
        if (now >= deadline_ms) return fail(KMS_E_TIMEOUT, "no answer in time");
        uint64_t left = deadline_ms - now;
        int      ready = poll_once(fd, 1, left > 60000 ? 60000 : (int)left);
        if (ready > 0) return KMS_OK;
        if (ready < 0 && errno != EINTR) return fail(KMS_E_SYSTEM, "poll: %s", strerror(errno));
    }
}

void gate_sleep(uint64_t until_ms)
{
    for (uint64_t now; (now = clock_monotonic_ms()) < until_ms;) {
        uint64_t left = until_ms - now;
        (void)poll_once(NULL, 0, left > 60000 ? 60000 : (int)left);
    }
}

unsigned gate_fork_count(void)
{
    return atomic_load(&forks);
}
