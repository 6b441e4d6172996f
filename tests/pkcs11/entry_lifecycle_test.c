/* SPDX-License-Identifier: Apache-2.0 */
/* C_Initialize and C_Finalize, function lists and interfaces, forks. */
#include <poll.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/backend/gate.h"
#include "tests/pkcs11/fixture_p11.h"

static CK_RV create_mutex(void **mutex)
{
    *mutex = NULL;
    return CKR_OK;
}

static CK_RV use_mutex(void *mutex)
{
    (void)mutex;
    return CKR_OK;
}

static CK_C_INITIALIZE_ARGS args(bool functions, CK_FLAGS flags)
{
    CK_C_INITIALIZE_ARGS a = {.flags = flags};

    if (functions) {
        a.CreateMutex = create_mutex;
        a.DestroyMutex = a.LockMutex = a.UnlockMutex = use_mutex;
    }
    return a;
}

TEST(lifecycle, accepts_all_four_locking_modes_and_no_threads)
{
    const CK_FLAGS flags[] = {0, CKF_OS_LOCKING_OK, CKF_LIBRARY_CANT_CREATE_OS_THREADS,
                              CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS};

    (void)C_Finalize(NULL);
    for (unsigned i = 0; i < 2 * ARRAY_LEN(flags); i++) {
        CK_C_INITIALIZE_ARGS a = args(i % 2 == 1, flags[i / 2]);
        (void)backend_memory_reset(PIN);
        assert_rv(CKR_OK, C_Initialize(&a));
        assert_rv(CKR_OK, C_Finalize(NULL));
    }
}

TEST(lifecycle, refuses_wrong_arguments)
{
    CK_C_INITIALIZE_ARGS some = args(true, 0), reserved = args(false, 0), bad = args(false, 0);

    (void)C_Finalize(NULL);
    (void)backend_memory_reset(PIN);
    some.LockMutex = NULL;
    assert_rv(CKR_ARGUMENTS_BAD, C_Initialize(&some));
    reserved.pReserved = (void *)(uintptr_t) "something of another library";
    assert_rv(CKR_ARGUMENTS_BAD, C_Initialize(&reserved));
    bad.pReserved = (void *)(uintptr_t) "kms-config=bad"; /* what the test's wiring refuses */
    assert_rv(CKR_GENERAL_ERROR, C_Initialize(&bad));
    bad.pReserved = (void *)(uintptr_t) "kms-config=/good";
    assert_rv(CKR_OK, C_Initialize(&bad));
    assert_rv(CKR_ARGUMENTS_BAD, C_Finalize(&bad));
    assert_rv(CKR_OK, C_Finalize(NULL));
}

TEST(lifecycle, knows_whether_it_is_initialized)
{
    CK_ULONG count = 0;

    (void)C_Finalize(NULL);
    (void)backend_memory_reset(PIN);
    assert_rv(CKR_CRYPTOKI_NOT_INITIALIZED, C_GetSlotList(CK_TRUE, NULL, &count));
    assert_rv(CKR_CRYPTOKI_NOT_INITIALIZED, C_Finalize(NULL));
    assert_rv(CKR_CRYPTOKI_NOT_INITIALIZED, C_CloseSession(1));
    assert_rv(CKR_OK, C_Initialize(NULL));
    assert_rv(CKR_CRYPTOKI_ALREADY_INITIALIZED, C_Initialize(NULL));
    assert_rv(CKR_OK, C_Finalize(NULL));
    assert_rv(CKR_OK, C_Initialize(NULL));
}

TEST(lifecycle, has_a_function_behind_every_pointer_of_both_versions)
{
    CK_FUNCTION_LIST *list = NULL;
    CK_INTERFACE     *interface = NULL;
    void            **pointers;

    assert_rv(CKR_ARGUMENTS_BAD, C_GetFunctionList(NULL));
    assert_rv(CKR_OK, C_GetFunctionList(&list));
    assert_int_equal(list->version.major, 2);
    assert_int_equal(list->version.minor, 40);
    pointers = (void **)(void *)&list->C_Initialize;
    for (unsigned i = 0; i < 68; i++) assert_non_null(pointers[i]);
    assert_rv(CKR_OK, C_GetInterface(NULL, NULL, &interface, 0));
    CK_FUNCTION_LIST_3_0 *list3 = interface->pFunctionList;
    assert_int_equal(list3->common.version.major, 3);
    assert_int_equal(sizeof *list3, sizeof(void *) * (1 + 68 + 24));
    pointers = (void **)(void *)&list3->common.C_Initialize;
    for (unsigned i = 0; i < 92; i++) assert_non_null(pointers[i]);
}

TEST(lifecycle, gives_interfaces_by_name_and_version)
{
    CK_UTF8CHAR   name[] = "PKCS 11", other[] = "Vendor";
    CK_VERSION    v240 = {2, 40}, v31 = {3, 1};
    CK_INTERFACE *found, list[2];
    CK_ULONG      count = 1;

    assert_rv(CKR_OK, C_GetInterface(name, &v240, &found, CKF_INTERFACE_FORK_SAFE));
    assert_int_equal(((CK_VERSION *)found->pFunctionList)->minor, 40);
    assert_rv(CKR_ARGUMENTS_BAD, C_GetInterface(name, &v31, &found, 0));
    assert_rv(CKR_ARGUMENTS_BAD, C_GetInterface(other, NULL, &found, 0));
    assert_rv(CKR_ARGUMENTS_BAD, C_GetInterface(name, NULL, NULL, 0));
    assert_rv(CKR_BUFFER_TOO_SMALL, C_GetInterfaceList(list, &count));
    assert_int_equal(count, 2);
    assert_rv(CKR_OK, C_GetInterfaceList(list, &count));
    assert_rv(CKR_ARGUMENTS_BAD, C_GetInterfaceList(list, NULL));
}

TEST(lifecycle, shows_one_slot_with_its_token_and_mechanisms)
{
    CK_ULONG          count = 0;
    CK_SLOT_ID        slots[4];
    CK_TOKEN_INFO     token;
    CK_MECHANISM_INFO mechanism;

    fixture_start(PIN);
    assert_rv(CKR_OK, C_GetSlotList(CK_TRUE, NULL, &count));
    assert_int_equal(count, 1);
    count = 0;
    assert_rv(CKR_BUFFER_TOO_SMALL, C_GetSlotList(CK_TRUE, slots, &count));
    assert_rv(CKR_OK, C_GetSlotList(CK_TRUE, slots, &count));
    assert_int_equal(slots[0], SLOT);
    assert_rv(CKR_OK, C_GetTokenInfo(SLOT, &token));
    assert_memory_equal(token.label, "kms-ed25519                     ", 32);
    assert_true((token.flags & CKF_LOGIN_REQUIRED) != 0 && (token.flags & CKF_TOKEN_INITIALIZED) != 0);
    assert_rv(CKR_SLOT_ID_INVALID, C_GetTokenInfo(1, &token));
    assert_rv(CKR_OK, C_GetMechanismInfo(SLOT, CKM_EDDSA, &mechanism));
    assert_true((mechanism.flags & (CKF_SIGN | CKF_VERIFY)) == (CKF_SIGN | CKF_VERIFY));
    assert_rv(CKR_MECHANISM_INVALID, C_GetMechanismInfo(SLOT, CKM_RSA_PKCS, &mechanism));
    assert_rv(CKR_NO_EVENT, C_WaitForSlotEvent(CKF_DONT_BLOCK, slots, NULL));
    assert_rv(CKR_FUNCTION_NOT_SUPPORTED, C_InitToken(SLOT, NULL, 0, NULL));
}

/* The thread sanitizer takes the lock that a child makes anew for the one that its parent holds. */
#if defined(__SANITIZE_THREAD__)
#define FORKS false
#else
#define FORKS true
#endif

/* Runs `child` in a forked process: its result is 0 or the line that failed. */
static int in_child(int (*child)(void))
{
    int   status = -1;
    pid_t pid = fork();

    if (pid == 0) _exit(child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static CK_SESSION_HANDLE   shared_session;
static struct fixture_pair shared_pair;

static int go_on(void)
{
    CK_BYTE signature[64];

    if (fixture_sign(shared_session, shared_pair.private_key, "child", signature) != CKR_OK) return 1;
    if (C_Initialize(NULL) != CKR_OK) return 2;
    if (C_Initialize(NULL) != CKR_CRYPTOKI_ALREADY_INITIALIZED) return 3;
    if (fixture_sign(shared_session, shared_pair.private_key, "child", signature) != CKR_OK) return 4;
    return C_Finalize(NULL) == CKR_OK && C_Initialize(NULL) == CKR_OK ? 0 : 5;
}

TEST(lifecycle, lets_a_forked_child_go_on_and_initialize)
{
    CK_BYTE signature[64];

    if (!FORKS) skip();
    shared_session = fixture_ready(NULL);
    shared_pair = fixture_pair(shared_session);
    assert_int_equal(in_child(go_on), 0);

    assert_rv(CKR_OK, fixture_sign(shared_session, shared_pair.private_key, "parent", signature));
    assert_rv(CKR_CRYPTOKI_ALREADY_INITIALIZED, C_Initialize(NULL));
}

static atomic_bool in_sign, may_leave;

static void wait_in_sign(void)
{
    atomic_store(&in_sign, true);
    gate_leave();
    while (!atomic_load(&may_leave)) (void)poll(NULL, 0, 1);
    gate_enter();
}

static void *sign_slowly(void *session)
{
    CK_BYTE signature[64];

    return fixture_sign(*(CK_SESSION_HANDLE *)session, shared_pair.private_key, "slow", signature) == CKR_OK ? session
                                                                                                             : NULL;
}

static int use_both_sessions(void)
{
    CK_BYTE           signature[64];
    CK_SESSION_HANDLE other;

    /* The session that the parent's other thread is in can be used here, and a new one too. */
    if (fixture_sign(shared_session, shared_pair.private_key, "child", signature) != CKR_OK) return 1;
    if (C_OpenSession(SLOT, RW, NULL, NULL, &other) != CKR_OK) return 2;
    if (fixture_sign(other, shared_pair.private_key, "child", signature) != CKR_OK) return 3;
    return C_Finalize(NULL) == CKR_OK ? 0 : 4;
}

TEST(lifecycle, survives_a_fork_while_another_thread_signs)
{
    struct backend_memory *memory;
    pthread_t              thread;
    void                  *result;

    if (!FORKS) skip();
    shared_session = fixture_ready(&memory);
    shared_pair = fixture_pair(shared_session);
    memory->meanwhile = wait_in_sign;
    assert_int_equal(pthread_create(&thread, NULL, sign_slowly, &shared_session), 0);
    while (!atomic_load(&in_sign)) (void)poll(NULL, 0, 1);
    memory->meanwhile = NULL;
    assert_int_equal(in_child(use_both_sessions), 0);
    atomic_store(&may_leave, true);
    assert_int_equal(pthread_join(thread, &result), 0);

    assert_non_null(result);
}
