/* SPDX-License-Identifier: Apache-2.0 */
/* Guarded, locked memory over libsodium; children of a fork see zeros. */
#include "common/secret/secmem.h"

#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_bool lock_required;
static atomic_bool lock_refused;

RESULT secmem_init(void)
{
    if (sodium_init() < 0) return fail(KMS_E_SYSTEM, "libsodium cannot start (no random numbers?)");
    return KMS_OK;
}

/*
 * Before the data, in the same wiped pages, stands a mark. In a forked child it reads 0, as libsodium's canary does;
 * freeing would take that for an overrun and kill the child, so the child leaves what it inherited where it is.
 */
#define MARK_LEN 16
#define MARK 0x6b6d7373u

/*
 * sodium_malloc puts the data at the end of whole pages behind a guard page; the pages that hold it are ours. false:
 * these pages are not locked. (sodium_malloc locks too, but does not say whether it could.)
 */
static bool guard_pages(void *data, size_t size)
{
    size_t    page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)data / page * page;
    uintptr_t end = ((uintptr_t)data + size + page - 1) / page * page;

    (void)madvise((void *)first, end - first, MADV_WIPEONFORK); /* refused on old kernels: then the child copies */
    (void)madvise((void *)first, end - first, MADV_DONTDUMP);
    if (mlock((void *)first, end - first) == 0) return true;
    atomic_store(&lock_refused, true);
    return false;
}

void *secmem_alloc(size_t size)
{
    const uint32_t mark = MARK;

    if (size == 0) size = 1;
    if (size > SIZE_MAX - MARK_LEN) return NULL;
    uint8_t *whole = sodium_malloc(MARK_LEN + size);
    if (whole == NULL) return NULL;
    memset(whole, 0, MARK_LEN + size);
    memcpy(whole, &mark, sizeof mark);
    /* Judged for this allocation alone: one that was refused under load must not end the process's use for good. */
    if (!guard_pages(whole, MARK_LEN + size) && atomic_load(&lock_required)) {
        sodium_free(whole);
        return NULL;
    }
    return whole + MARK_LEN;
}

void secmem_free(void *data)
{
    uint32_t mark;

    if (data == NULL) return;
    uint8_t *whole = (uint8_t *)data - MARK_LEN;
    memcpy(&mark, whole, sizeof mark);
    if (mark != 0) sodium_free(whole);
}

void secmem_require_lock(bool required)
{
    atomic_store(&lock_required, required);
}

bool secmem_is_locked(void)
{
    return !atomic_load(&lock_refused);
}
