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

/* sodium_malloc puts the data at the end of whole pages behind a guard page; the pages that hold it are ours. */
static void guard_pages(void *data, size_t size)
{
    size_t    page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)data / page * page;
    uintptr_t end = ((uintptr_t)data + size + page - 1) / page * page;

    (void)madvise((void *)first, end - first, MADV_WIPEONFORK); /* refused on old kernels: then the child copies */
    (void)madvise((void *)first, end - first, MADV_DONTDUMP);
    if (mlock((void *)first, end - first) != 0) atomic_store(&lock_refused, true);
}

void *secmem_alloc(size_t size)
{
    if (size == 0) size = 1;
    void *data = sodium_malloc(size);
    if (data == NULL) return NULL;
    memset(data, 0, size);
    guard_pages(data, size);
    if (atomic_load(&lock_required) && atomic_load(&lock_refused)) {
        sodium_free(data);
        return NULL;
    }
    return data;
}

void secmem_free(void *data)
{
    sodium_free(data);
}

void secmem_require_lock(bool required)
{
    atomic_store(&lock_required, required);
}

bool secmem_is_locked(void)
{
    return !atomic_load(&lock_refused);
}
