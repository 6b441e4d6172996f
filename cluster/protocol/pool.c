/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks a thread keeps: the only state in this folder, never shared, so it needs no lock. */
#include "cluster/protocol/pool.h"

#include <string.h>

#include "common/secret/secmem.h"
#include "common/secret/wipe.h"

static _Thread_local struct {
    void    *blocks[POOL_KEEP];
    unsigned count;
} kept;

void *pool_take(size_t len)
{
    if (len > POOL_BLOCK_LEN) return secmem_alloc((len + 15) & ~(size_t)15); /* ends at a page: so it is aligned */
    if (kept.count == 0) return secmem_alloc(POOL_BLOCK_LEN);
    void *block = kept.blocks[--kept.count];
    memset(block, 0, len); /* under valgrind what was wiped is undefined */
    return block;
}

void pool_put(void *block, size_t len)
{
    if (block == NULL) return;
    if (len > POOL_BLOCK_LEN || kept.count == POOL_KEEP) {
        secmem_free(block);
        return;
    }
    wipe(block, len);
    kept.blocks[kept.count++] = block;
}

void pool_drain(void)
{
    while (kept.count > 0) secmem_free(kept.blocks[--kept.count]);
}
