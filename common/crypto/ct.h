/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Branch-free words, and the marks that valgrind follows. A mask is 0 or all ones. The barrier hides from the compiler
 * that a mask has only two values, so that it cannot turn arithmetic on it back into a branch.
 */
#ifndef KMS_COMMON_CRYPTO_CT_H
#define KMS_COMMON_CRYPTO_CT_H

#include <stddef.h>
#include <stdint.h>

#ifdef KMS_CTIME
#include <valgrind/memcheck.h>
#endif

static inline uint64_t ct_barrier(uint64_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

/* bit: 0 or 1. */
static inline uint64_t ct_mask(uint64_t bit)
{
    return ct_barrier(0 - bit);
}

/* All ones if value is 0. */
static inline uint64_t ct_is_zero(uint64_t value)
{
    return ct_mask(1 ^ ((value | (0 - value)) >> 63));
}

/* mask ? a : b */
static inline uint64_t ct_select(uint64_t mask, uint64_t a, uint64_t b)
{
    return b ^ (mask & (a ^ b));
}

/* From here on the bytes are public: a result that the protocol reveals. Each use says why at its place. */
static inline void ct_declassify(const void *data, size_t len)
{
#ifdef KMS_CTIME
    (void)VALGRIND_MAKE_MEM_DEFINED(data, len);
#else
    (void)data, (void)len;
#endif
}

#endif
