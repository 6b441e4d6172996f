/* SPDX-License-Identifier: Apache-2.0 */
/* Wiping that the compiler cannot remove, and constant-time comparison of secrets. */
#ifndef KMS_COMMON_SECRET_WIPE_H
#define KMS_COMMON_SECRET_WIPE_H

#include <stdbool.h>
#include <stddef.h>

/* CT: leaks len only. In valgrind builds the memory is marked undefined, so that use after a wipe is found. */
void wipe(void *data, size_t len);
/*
 * Overwrites the stack below the caller: what functions that have returned left there (libraries keep digits of scalars
 * in arrays that they do not wipe).
 */
void wipe_stack(void);
/* CT: leaks len only. */
bool secret_equal(const void *a, const void *b, size_t len);

#define WIPE(object) wipe(&(object), sizeof(object))

#endif
