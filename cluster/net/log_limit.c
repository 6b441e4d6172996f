/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what is not logged. */
#include "cluster/net/log_limit.h"

unsigned log_limit_count(struct log_limit *l, uint64_t now_ms)
{
    l->count++;
    if (l->at != 0 && now_ms - l->at < LOG_LIMIT_MS) return 0;
    unsigned count = l->count;
    l->at = now_ms;
    l->count = 0;
    return count;
}
