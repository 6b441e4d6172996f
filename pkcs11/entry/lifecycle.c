/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Initialising, finalising, and forks. A forked child may go on with what it inherited as if nothing had happened, and
 * it may also call C_Initialize once more and be told CKR_OK: servers do either.
 */
#include "pkcs11/entry/lifecycle.h"

#include <string.h>

#include "common/base/clock.h"
#include "pkcs11/backend/gate.h"
#include "pkcs11/entry/wiring.h"

#define CONFIG_PREFIX "kms-config="
#define FINALIZE_POLL_MS 1

static struct {
    pthread_mutex_t lock; /* never held while waiting */
    struct provider provider;
    bool            initialized;
    bool            finalizing;
    unsigned        calls;           /* threads between enter and leave with a provider */
    unsigned        fork_count;      /* of the last call */
    unsigned        init_fork_count; /* of the last C_Initialize */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A thread that is cancelled while it is inside would keep its locks and its session for ever. */
static _Thread_local int cancel_state;

static void lock(void)
{
    (void)pthread_mutex_lock(&state.lock);
}

static void unlock(void)
{
    (void)pthread_mutex_unlock(&state.lock);
}

/* The first call of a forked child: what the parent's other threads were doing is not going on here. */
static void heal_after_fork(void)
{
    if (state.fork_count == gate_fork_count()) return;
    state.fork_count = gate_fork_count();
    state.calls = 0;
    state.finalizing = false;
    if (state.initialized) provider_after_fork(&state.provider);
}

CK_RV lifecycle_enter(struct provider **out)
{
    static pthread_once_t first = PTHREAD_ONCE_INIT;

    *out = NULL;
    (void)pthread_once(&first, settings_start_log);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    if (gate_start() != KMS_OK) return CKR_GENERAL_ERROR;
    gate_enter();
    lock();
    heal_after_fork();
    if (state.initialized && !state.finalizing) {
        state.calls++;
        *out = &state.provider;
    }
    unlock();
    return *out != NULL ? CKR_OK : refuse(CKR_CRYPTOKI_NOT_INITIALIZED, "C_Initialize comes first");
}

void lifecycle_leave(struct provider *provider)
{
    lock();
    if (provider != NULL) state.calls--;
    unlock();
    gate_leave();
    (void)pthread_setcancelstate(cancel_state, NULL);
}

/*
 * Locking: the module's own mutexes are the system's whatever the application offers (OS locking, its own functions,
 * both, or neither, which promises one thread); an application on this system whose threads are not the system's does
 * not exist.
 */
static CK_RV check_args(const CK_C_INITIALIZE_ARGS *a)
{
    bool any = a->CreateMutex != NULL || a->DestroyMutex != NULL || a->LockMutex != NULL || a->UnlockMutex != NULL;
    bool all = a->CreateMutex != NULL && a->DestroyMutex != NULL && a->LockMutex != NULL && a->UnlockMutex != NULL;

    if (any && !all) return refuse(CKR_ARGUMENTS_BAD, "all four mutex functions, or none");
    if (a->pReserved != NULL && strncmp(a->pReserved, CONFIG_PREFIX, strlen(CONFIG_PREFIX)) != 0)
        return refuse(CKR_ARGUMENTS_BAD, "pReserved is neither NULL nor \"" CONFIG_PREFIX "<path>\"");
    return CKR_OK;
}

static CK_RV initialize_locked(const char *path)
{
    struct settings settings;
    struct backend  backend;
    bool            login_required;

    if (state.initialized && state.init_fork_count != state.fork_count) {
        state.init_fork_count = state.fork_count;
        return CKR_OK;
    }
    if (state.initialized) return refuse(CKR_CRYPTOKI_ALREADY_INITIALIZED, "C_Initialize was called before");
    enum kms_err err = wiring_open(&settings, &backend, &login_required, path);
    if (err != KMS_OK) return ckr_of(err);
    TRY_CKR(provider_init(&state.provider, &settings, backend, login_required));
    state.initialized = true;
    state.init_fork_count = state.fork_count;
    return CKR_OK;
}

/* What C_Initialize may answer; the log says what it was. */
static CK_RV as_of_initialize(CK_RV rv)
{
    bool own = rv == CKR_OK || rv == CKR_HOST_MEMORY || rv == CKR_CANT_LOCK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED;

    return own ? rv : CKR_GENERAL_ERROR;
}

CK_RV lifecycle_initialize(const CK_C_INITIALIZE_ARGS *args)
{
    const char *path = NULL;

    if (args != NULL) {
        TRY_CKR(check_args(args));
        if (args->pReserved != NULL) path = (const char *)args->pReserved + strlen(CONFIG_PREFIX);
    }
    lock();
    CK_RV rv = initialize_locked(path);
    unlock();
    return as_of_initialize(rv);
}

/* Calls that other threads are in end by their own deadlines. This thread's own call is one of them. */
static void wait_for_calls(void)
{
    for (;;) {
        lock();
        bool alone = state.calls <= 1;
        unlock();
        if (alone) return;
        gate_sleep(clock_monotonic_ms() + FINALIZE_POLL_MS);
    }
}

CK_RV lifecycle_finalize(void)
{
    lock();
    bool first = !state.finalizing;
    state.finalizing = true;
    unlock();
    if (!first) return refuse(CKR_CRYPTOKI_NOT_INITIALIZED, "another thread is in C_Finalize");
    wait_for_calls();
    lock();
    provider_clear(&state.provider);
    state.initialized = state.finalizing = false;
    unlock();
    return CKR_OK;
}
