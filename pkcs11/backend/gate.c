/* SPDX-License-Identifier: Apache-2.0 */
/* The fork gate: a read-write lock whose writer is fork(2). */
#include "pkcs11/backend/gate.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"

static pthread_rwlock_t   gate;
static pthread_once_t     once = PTHREAD_ONCE_INIT;
static int                start_result;
static atomic_uint        forks;
static atomic_int         owner;   /* the process that knows its gate to be its own */
static _Thread_local bool forking; /* this thread is between fork's handlers: it holds the gate as a writer */
/* Said before it is so, and until it no longer is: a signal handler that forks may come between. */
static _Thread_local volatile bool inside;

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

/* A thread that is inside forks only out of a signal handler. It cannot wait for itself. */
static void before_fork(void)
{
    if (inside) return;
    (void)pthread_rwlock_wrlock(&gate);
    forking = true;
}

static void after_fork_in_parent(void)
{
    if (!forking) return;
    forking = false;
    (void)pthread_rwlock_unlock(&gate);
}

/* In a child, once: by our handler, or before it, when a handler of the host calls us or fork ran no handlers at all.
 */
static void notice_child(void)
{
    if (atomic_load(&owner) == (int)getpid()) return;
    (void)open_gate();
    forking = false;
    if (inside) (void)pthread_rwlock_rdlock(&gate); /* for the call that goes on here, and will leave */
    atomic_fetch_add(&forks, 1);
    atomic_store(&owner, (int)getpid());
}

static void start(void)
{
    atomic_store(&owner, (int)getpid());
    start_result = open_gate();
    if (start_result == 0) start_result = pthread_atfork(before_fork, after_fork_in_parent, notice_child);
}

RESULT gate_start(void)
{
    (void)pthread_once(&once, start);
    if (start_result != 0) return fail(KMS_E_SYSTEM, "cannot watch for forks: %s", strerror(start_result));
    return KMS_OK;
}

void gate_enter(void)
{
    notice_child();
    if (forking || inside) return;
    inside = true;
    (void)pthread_rwlock_rdlock(&gate);
}

void gate_leave(void)
{
    if (!inside) return;
    (void)pthread_rwlock_unlock(&gate);
    inside = false;
}

/* Code that runs without an entry function around it (tests of a backend) is never inside. */
bool gate_step_out(void)
{
    bool was_inside = inside;

    if (was_inside) gate_leave();
    return was_inside;
}

void gate_step_back(bool was_inside)
{
    if (was_inside) gate_enter();
}

void gate_lock(pthread_mutex_t *mutex)
{
    if (pthread_mutex_trylock(mutex) == 0) return;
    bool was_inside = gate_step_out();
    (void)pthread_mutex_lock(mutex);
    gate_step_back(was_inside);
}

RESULT gate_lock_until(pthread_mutex_t *mutex, uint64_t deadline_ms)
{
    const struct timespec until = {(time_t)(deadline_ms / 1000), (long)(deadline_ms % 1000) * 1000000};

    if (pthread_mutex_trylock(mutex) == 0) return KMS_OK;
    bool was_inside = gate_step_out();
    int  failed = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
    gate_step_back(was_inside);
    return failed == 0 ? KMS_OK : fail(KMS_E_TIMEOUT, "another thread's request is not answered in time");
}

static int poll_once(struct pollfd *fd, nfds_t count, int timeout_ms)
{
    bool was_inside = gate_step_out();
    int  ready = poll(fd, count, timeout_ms);
    int  why = errno;

    gate_step_back(was_inside);
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
