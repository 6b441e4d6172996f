/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks for sessions: clean when taken, kept up to a number, and given back when the thread asks. */
#include "cluster/protocol/pool.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/test.h"

static bool is_mapped(const void *block)
{
    uintptr_t     page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char resident;

    return mincore((void *)((uintptr_t)block / page * page), page, &resident) == 0;
}

TEST(pool, a_block_is_zero_again_when_it_is_taken_again)
{
    const uint8_t zeros[100] = {0};
    uint8_t      *block = pool_take(sizeof zeros);

    assert_non_null(block);
    memset(block, 7, sizeof zeros);
    pool_put(block, sizeof zeros);
    uint8_t *again = pool_take(sizeof zeros);
    assert_ptr_equal(again, block);
    assert_memory_equal(again, zeros, sizeof zeros);
    pool_put(again, sizeof zeros);
    pool_drain();
}

TEST(pool, drains_all_that_the_thread_keeps)
{
    void *blocks[POOL_KEEP];

    for (int i = 0; i < POOL_KEEP; i++) assert_non_null(blocks[i] = pool_take(1));
    for (int i = 0; i < POOL_KEEP; i++) pool_put(blocks[i], 1);
    for (int i = 0; i < POOL_KEEP; i++) assert_true(is_mapped(blocks[i]));
    pool_drain();
    for (int i = 0; i < POOL_KEEP; i++) assert_false(is_mapped(blocks[i]));
    pool_drain();
}

TEST(pool, keeps_no_more_than_it_says_and_nothing_larger_than_a_block)
{
    void *blocks[POOL_KEEP + 1], *large = pool_take(POOL_BLOCK_LEN + 1);

    for (int i = 0; i <= POOL_KEEP; i++) assert_non_null(blocks[i] = pool_take(1));
    for (int i = 0; i <= POOL_KEEP; i++) pool_put(blocks[i], 1);
    assert_false(is_mapped(blocks[POOL_KEEP]));
    assert_non_null(large);
    pool_put(large, POOL_BLOCK_LEN + 1);
    assert_false(is_mapped(large));
    pool_drain();
}
