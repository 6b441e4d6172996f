/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of secmem for sessions. A guarded allocation costs eight system calls, which a signature would feel; so each
 * thread keeps a few blocks of one size, wiped, for its next sessions. Larger ones come from secmem directly.
 */
#ifndef KMS_CLUSTER_PROTOCOL_POOL_H
#define KMS_CLUSTER_PROTOCOL_POOL_H

#include <stddef.h>

#define POOL_BLOCK_LEN (24 * 1024)
#define POOL_KEEP 32 /* blocks per thread */

/* Zeroed; NULL when memory is refused. */
void *pool_take(size_t len);
/* Wipes. len as it was taken; accepts NULL. */
void pool_put(void *block, size_t len);
/*
 * Gives back what the calling thread keeps. For whoever owns the thread, when its last session is gone: a thread that
 * ends without it leaks at most POOL_KEEP wiped blocks. (cluster/node does so as it ends; the daemons have one thread.)
 */
void pool_drain(void);

#endif
