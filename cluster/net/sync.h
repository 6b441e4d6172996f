/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grouped durability: rows that were appended are made durable within 50 ms, all at once, by fdatasync in libuv's
 * thread pool, so that no request waits for the disk (architecture.md section 9). Nothing is done when nothing was
 * written.
 */
#ifndef KMS_CLUSTER_NET_SYNC_H
#define KMS_CLUSTER_NET_SYNC_H

#include <sys/stat.h>

#include "cluster/net/loop.h"

#define SYNC_INTERVAL_MS 50

struct sync {
    struct loop *loop;
    int          fd; /* borrowed; -1: nothing to do */
    uv_timer_t   timer;
    uv_work_t    work;
    bool         is_open, is_armed, is_working;
    int          status, logged_status; /* of the last fdatasync; 0: good */
    int64_t      synced_from_ms;        /* wall clock before the last good fdatasync */
    unsigned     rounds;                /* fdatasyncs so far */
};

/* `fd` stays open until loop_clear(). */
RESULT sync_open(struct sync *, struct loop *, int fd);
/* Something may have been appended. */
void sync_touch(struct sync *);
/* Stops; what runs is waited for by loop_clear(). */
void sync_close(struct sync *);

#endif
