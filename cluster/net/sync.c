/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grouped durability. A file needs fdatasync when its modification time is not older than the last one's beginning; the
 * kernel's clock for that time is coarse, hence the margin, which costs one more round after the last row at most.
 */
#include "cluster/net/sync.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define COARSE_CLOCK_MS 20

static void on_timer(uv_timer_t *timer);

static bool needs_sync(const struct sync *s)
{
    struct stat info;

    if (fstat(s->fd, &info) != 0) return false;
    int64_t modified_ms = (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
    return modified_ms + COARSE_CLOCK_MS >= s->synced_from_ms;
}

static void arm(struct sync *s)
{
    if (s->is_armed || !s->is_open) return;
    s->is_armed = true;
    (void)uv_timer_start(&s->timer, on_timer, SYNC_INTERVAL_MS, 0);
}

/* In the thread pool: it sees the descriptor and the result, no more. */
static void work(uv_work_t *request)
{
    struct sync *s = request->data;

    s->status = fdatasync(s->fd) == 0 ? 0 : errno;
}

static void on_worked(uv_work_t *request, int cancelled)
{
    struct sync *s = request->data;

    s->is_working = false;
    if (cancelled != 0 || !s->is_open) return;
    if (s->status != 0) s->synced_from_ms = 0;
    if (s->status != s->logged_status && s->status != 0)
        log_error("store.sync", "text=\"fdatasync: %s\"", strerror(s->status));
    s->logged_status = s->status;
    s->rounds++;
    if (needs_sync(s)) arm(s);
}

static void on_timer(uv_timer_t *timer)
{
    struct sync *s = timer->data;

    s->is_armed = false;
    if (s->is_working || !needs_sync(s)) return; /* on_worked() looks again */
    s->synced_from_ms = clock_wall_ms();
    s->work.data = s;
    s->is_working = uv_queue_work(&s->loop->uv, &s->work, work, on_worked) == 0;
}

RESULT sync_open(struct sync *s, struct loop *loop, int fd)
{
    memset(s, 0, sizeof *s);
    s->loop = loop;
    s->fd = fd;
    if (fd < 0) return KMS_OK;
    CHECK(uv_timer_init(&loop->uv, &s->timer) == 0);
    s->timer.data = s;
    s->is_open = true;
    return KMS_OK;
}

void sync_touch(struct sync *s)
{
    arm(s);
}

void sync_close(struct sync *s)
{
    if (!s->is_open) return;
    s->is_open = false;
    uv_close((uv_handle_t *)&s->timer, NULL);
}
