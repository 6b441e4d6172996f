/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for long-lived secrets: guard pages, locked, not dumped, zero in forked children. A thin face over
 * libsodium's guarded allocation. Where locking is refused (RLIMIT_MEMLOCK) the memory is used unlocked unless
 * secmem_require_lock(true) was called; secmem_is_locked() tells.
 */
#ifndef KMS_COMMON_SECRET_SECMEM_H
#define KMS_COMMON_SECRET_SECMEM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

/* Once per process, before anything else here; idempotent and thread-safe. */
RESULT secmem_init(void);
/* Zeroed; NULL when memory (or, if required, locking) is refused. */
void *secmem_alloc(size_t size);
/* Wipes; accepts NULL. */
void secmem_free(void *);
void secmem_require_lock(bool required);
bool secmem_is_locked(void); /* false once any allocation could not be locked */

#endif
