/* SPDX-License-Identifier: Apache-2.0 */
/* Wiping that the compiler cannot remove. */
#include "common/secret/wipe.h"

#include <sodium.h>

#ifdef KMS_CTIME
#include <valgrind/memcheck.h>
#endif

void wipe(void *data, size_t len)
{
    if (len == 0) return;
    sodium_memzero(data, len);
#ifdef KMS_CTIME
    VALGRIND_MAKE_MEM_UNDEFINED(data, len);
#endif
}

#define STACK_DEPTH 8192 /* bytes: deeper than anything of libsodium or libsecp256k1 that we call */

void wipe_stack(void)
{
    sodium_stackzero(STACK_DEPTH);
}

bool secret_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}
