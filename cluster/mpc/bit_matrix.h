/* SPDX-License-Identifier: Apache-2.0 */
/* Transposition of 128 x 128 bits in place; column j of a row is bit j % 8 of byte j / 8. */
#ifndef KMS_CLUSTER_MPC_BIT_MATRIX_H
#define KMS_CLUSTER_MPC_BIT_MATRIX_H

#include <stdint.h>

/* rows: aligned to 8 bytes. CT: leaks nothing. */
void bit_matrix_transpose(uint8_t rows[128][16]);

#endif
