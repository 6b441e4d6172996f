/* SPDX-License-Identifier: Apache-2.0 */
/* Transposition, bit by bit. */
#include "cluster/mpc/bit_matrix.h"

#include "tests/support/test.h"

static unsigned bit(uint8_t m[128][16], unsigned row, unsigned column)
{
    return (unsigned)m[row][column / 8] >> (column % 8) & 1;
}

TEST(bit_matrix, rows_become_columns)
{
    static uint8_t    before[128][16] __attribute__((aligned(16))), after[128][16] __attribute__((aligned(16)));
    struct rng_seeded r;

    assert_ok(rng_fill(rng_seeded_init(&r, test_seed(), 0), before, sizeof before));
    memcpy(after, before, sizeof after);
    bit_matrix_transpose(after);
    for (unsigned i = 0; i < 128; i++)
        for (unsigned j = 0; j < 128; j++) assert_int_equal(bit(after, i, j), bit(before, j, i));
    bit_matrix_transpose(after);
    assert_memory_equal(after, before, sizeof after);
}
