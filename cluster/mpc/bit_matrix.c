/* SPDX-License-Identifier: Apache-2.0 */
/* Transposition by exchanging ever smaller squares beside the diagonal (Eklundh 1972). */
#include "cluster/mpc/bit_matrix.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "column 0 is the lowest bit of a word");

/* A square of 64: row k is first[2 k]. */
static void transpose_64(uint64_t *first)
{
    uint64_t upper = UINT64_MAX; /* columns whose number has no bit `side` */

    for (unsigned side = 32; side > 0; side /= 2) {
        upper ^= upper << side;
        for (unsigned k = 0; k < 64; k = (k + side + 1) & ~side) {
            uint64_t *a = first + 2 * k, *b = first + 2 * (k + side);
            uint64_t  both = (*a >> side ^ *b) & upper;
            *b ^= both;
            *a ^= both << side;
        }
    }
}

void bit_matrix_transpose(uint8_t rows[128][16])
{
    uint64_t *word = (uint64_t *)(void *)rows; /* [128][2] */

    for (unsigned square = 0; square < 4; square++) transpose_64(word + square / 2 * 128 + square % 2);
    for (unsigned k = 0; k < 64; k++) {
        uint64_t right = word[2 * k + 1];
        word[2 * k + 1] = word[128 + 2 * k];
        word[128 + 2 * k] = right;
    }
}
