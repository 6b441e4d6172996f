/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that wait for each other, are cancelled, and are overtaken by a logout; hosts that fork with handlers. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/backend/gate.h"
#include "tests/pkcs11/fixture_p11.h"

#define FINDERS 4

static atomic_uint within;
static atomic_bool go_on;

/* Outside the gate, as a backend is that waits for the network. */
static void wait_within(void)
{
    atomic_fetch_add(&within, 1);
    bool was_inside = gate_step_out();
    while (!atomic_load(&go_on)) (void)poll(NULL, 0, 1);
    gate_step_back(was_inside);
}

static void until_within(unsigned count)
{
    while (atomic_load(&within) < count) (void)poll(NULL, 0, 1);
}

static void block(struct backend_memory *memory)
{
    atomic_store(&within, 0);
    atomic_store(&go_on, false);
    memory->meanwhile = wait_within;
}

struct finder {
    pthread_t  thread;
    atomic_int id;
    CK_RV      rv;
};

static void *find_all(void *argument)
{
    struct finder    *f = argument;
    CK_SESSION_HANDLE session = fixture_session(RW);

    atomic_store(&f->id, (int)gettid());
    f->rv = C_FindObjectsInit(session, NULL, 0);
    return NULL;
}

/* What Linux says of the thread: 'S', it waits. All that a finder can wait for here is another one's look. */
static char state_of(const struct finder *f)
{
    char path[64], state = '?';

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", atomic_load(&f->id));
    FILE *file = fopen(path, "r");
    if (file == NULL) return state;
    if (fscanf(file, "%*d %*s %c", &state) != 1) state = '?';
    (void)fclose(file);
    return state;
}

TEST(thread, shares_the_failure_of_a_look_with_those_who_waited_for_it)
{
    struct backend_memory *memory;
    struct finder          finders[FINDERS] = {0};

    backend_memory_refresh_ms = 0;
    (void)fixture_ready(&memory);
    backend_memory_refresh_ms = 3600000;
    memory->fail_with = KMS_E_TIMEOUT;
    block(memory);
    for (unsigned i = 0; i < FINDERS; i++) {
        assert_int_equal(pthread_create(&finders[i].thread, NULL, find_all, &finders[i]), 0);
        if (i == 0) until_within(1);
        while (i > 0 && (atomic_load(&finders[i].id) == 0 || state_of(&finders[i]) != 'S')) (void)poll(NULL, 0, 1);
    }
    atomic_store(&go_on, true);
    for (unsigned i = 0; i < FINDERS; i++) {
        assert_int_equal(pthread_join(finders[i].thread, NULL), 0);
        assert_rv(CKR_DEVICE_ERROR, finders[i].rv);
    }
    assert_int_equal(memory->lists, 1);
}

TEST(thread, waits_for_the_look_of_another_one_to_its_own_deadline)
{
    struct backend_memory *memory;
    struct finder          first = {0};
    CK_SESSION_HANDLE      session;

    backend_memory_timeout_ms = 50;
    session = fixture_ready(&memory);
    backend_memory_timeout_ms = 5000;
    block(memory);
    assert_int_equal(pthread_create(&first.thread, NULL, find_all, &first), 0);
    until_within(1);
    assert_rv(CKR_DEVICE_ERROR, C_FindObjectsInit(session, NULL, 0));
    atomic_store(&go_on, true);
    assert_int_equal(pthread_join(first.thread, NULL), 0);
    assert_rv(CKR_OK, first.rv);
}

static CK_RV sign_once(void)
{
    CK_BYTE           signature[64];
    CK_SESSION_HANDLE session = fixture_session(RW);
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE     private_key = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE key;

    (void)fixture_find(session, &private_key, 1, &key);
    CK_RV rv = fixture_sign(session, key, "m", signature);
    (void)C_CloseSession(session);
    return rv;
}

static void *sign_and_end(void *rv)
{
    *(CK_RV *)rv = sign_once();
    pthread_testcancel();
    *(CK_RV *)rv = CKR_FUNCTION_CANCELED;
    return NULL;
}

TEST(thread, ends_its_call_before_it_is_cancelled)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    pthread_t              thread;
    CK_RV                  rv = CKR_GENERAL_ERROR;
    void                  *result;

    (void)fixture_pair(session);
    (void)fixture_find(session, NULL, 0, NULL);
    block(memory);
    assert_int_equal(pthread_create(&thread, NULL, sign_and_end, &rv), 0);
    until_within(1);
    assert_int_equal(pthread_cancel(thread), 0);
    atomic_store(&go_on, true);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_true(result == PTHREAD_CANCELED);
    assert_rv(CKR_OK, rv);
    assert_rv(CKR_OK, C_Finalize(NULL)); /* which waits for calls that have not ended */
}

/* fork's handlers cannot be taken back, so they ask whether they are wanted. */
static bool  handlers_wanted;
static CK_RV in_prepare, in_parent, in_child;

static CK_RV ask(void)
{
    CK_INFO info;

    return C_GetInfo(&info);
}

static void prepare(void)
{
    if (handlers_wanted) in_prepare = ask();
}

static void parent(void)
{
    if (handlers_wanted) in_parent = ask();
}

static void child(void)
{
    if (handlers_wanted) in_child = C_Initialize(NULL);
}

/* Before the module's own: its prepare then runs last, its parent and child first. */
__attribute__((constructor)) static void register_handlers(void)
{
    (void)pthread_atfork(prepare, parent, child);
}

static int exit_of(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#if defined(__SANITIZE_THREAD__)
#define FORKS false
#else
#define FORKS true
#endif

TEST(thread, may_be_called_by_the_fork_handlers_of_its_host)
{
    CK_SESSION_HANDLE   session = fixture_ready(NULL);
    struct fixture_pair pair = fixture_pair(session);
    CK_BYTE             signature[64];

    if (!FORKS) skip();
    handlers_wanted = true;
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(5);
        bool all = in_child == CKR_OK && C_Initialize(NULL) == CKR_CRYPTOKI_ALREADY_INITIALIZED &&
                   fixture_sign(session, pair.private_key, "child", signature) == CKR_OK;
        _exit(all ? 0 : 1);
    }
    handlers_wanted = false;
    assert_int_equal(exit_of(pid), 0);
    assert_rv(CKR_OK, in_prepare);
    assert_rv(CKR_OK, in_parent);
    assert_rv(CKR_OK, fixture_sign(session, pair.private_key, "parent", signature));
    pid = fork();
    if (pid == 0) _exit(0);
    assert_int_equal(exit_of(pid), 0);
}

static void fork_in_handler(int number)
{
    (void)number;
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    (void)waitpid(pid, NULL, 0);
}

static void raise_within(void)
{
    (void)raise(SIGUSR1);
}

/* The thread is inside the gate when its own signal handler forks. */
TEST(thread, can_fork_out_of_a_signal_handler_that_interrupts_it)
{
    struct backend_memory *memory;
    CK_SESSION_HANDLE      session = fixture_ready(&memory);
    struct fixture_pair    pair = fixture_pair(session);
    CK_BYTE                signature[64];

    if (!FORKS) skip();
    assert_true(signal(SIGUSR1, fork_in_handler) != SIG_ERR);
    memory->meanwhile = raise_within;
    (void)alarm(20);
    for (unsigned i = 0; i < 5; i++) assert_rv(CKR_OK, fixture_sign(session, pair.private_key, "m", signature));
    (void)alarm(0);
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    assert_int_equal(exit_of(pid), 0);
}
