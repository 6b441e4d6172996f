/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inner products over GF(2^128) = GF(2)[x] / (x^128 + x^7 + x^2 + x + 1): the universal hash of the OT extension's
 * check. An element is 16 bytes, coefficient of x^i in bit i % 8 of byte i / 8. The products are added up first and
 * reduced once.
 */
#ifndef KMS_CLUSTER_MPC_GF128_H
#define KMS_CLUSTER_MPC_GF128_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GF128_LEN 16

/* sum over k < count of a_k b_k: a_k at a + 16 k, b_k at b + stride k. */
struct gf128_terms {
    const uint8_t *a; /* borrowed */
    const uint8_t *b; /* borrowed */
    size_t         stride;
    size_t         count;
};

/* By carry-less multiplication where the processor has it. CT: leaks count. */
void gf128_inner_product(uint8_t out[GF128_LEN], struct gf128_terms);
/* The same in C alone. CT: leaks count. */
void gf128_inner_product_portable(uint8_t out[GF128_LEN], struct gf128_terms);
bool gf128_is_accelerated(void);

#endif
