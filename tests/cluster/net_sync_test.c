/* SPDX-License-Identifier: Apache-2.0 */
/* Grouped durability: a round after rows, none without, one for many. */
#include "cluster/net/sync.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/support/test.h"

struct world {
    struct loop loop;
    struct sync sync;
    uv_timer_t  step;
    int         fd;
    unsigned    rows_left;
    bool        timed_out;
};

static void world_open(struct world *w)
{
    char path[600];

    memset(w, 0, sizeof *w);
    (void)snprintf(path, sizeof path, "%s/log", test_directory());
    w->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(w->fd >= 0);
    assert_ok(loop_init(&w->loop));
    assert_ok(sync_open(&w->sync, &w->loop, w->fd));
}

static void world_close(struct world *w)
{
    sync_close(&w->sync);
    loop_clear(&w->loop);
    (void)close(w->fd);
}

/* Until the sync has nothing to do: it keeps the loop alive while it has. */
static void run_until_idle(struct world *w)
{
    loop_run(&w->loop);
    assert_false(w->sync.is_armed || w->sync.is_working);
}

static void append(struct world *w)
{
    assert_int_equal(write(w->fd, "row", 3), 3);
    sync_touch(&w->sync);
}

TEST(sync, makes_many_rows_durable_in_few_rounds)
{
    struct world w;

    world_open(&w);
    for (unsigned i = 0; i < 1000; i++) append(&w);
    run_until_idle(&w);

    assert_in_range(w.sync.rounds, 1, 2);
    assert_int_equal(w.sync.status, 0);
    world_close(&w);
}

TEST(sync, does_nothing_when_nothing_was_written)
{
    struct world w;

    world_open(&w);
    append(&w);
    run_until_idle(&w);
    unsigned rounds = w.sync.rounds;
    for (unsigned i = 0; i < 3; i++) {
        sync_touch(&w.sync);
        run_until_idle(&w);
    }

    assert_int_equal(w.sync.rounds, rounds);
    world_close(&w);
}

static void on_step(uv_timer_t *timer)
{
    struct world *w = timer->data;

    append(w);
    if (--w->rows_left == 0) (void)uv_timer_stop(timer);
}

/* The last row is never left out, wherever in a round it comes. */
TEST(sync, begins_a_round_after_the_last_row)
{
    struct world w;
    struct stat  info;

    world_open(&w);
    w.rows_left = 60;
    w.step.data = &w;
    assert_int_equal(uv_timer_init(&w.loop.uv, &w.step), 0);
    assert_int_equal(uv_timer_start(&w.step, on_step, 1, 3), 0);
    run_until_idle(&w);

    assert_int_equal(fstat(w.fd, &info), 0);
    int64_t modified_ms = (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
    assert_true(w.sync.synced_from_ms > modified_ms);
    assert_in_range(w.sync.rounds, 2, 20);
    world_close(&w);
}

TEST(sync, has_nothing_to_do_without_a_descriptor)
{
    struct loop loop;
    struct sync sync;

    assert_ok(loop_init(&loop));
    assert_ok(sync_open(&sync, &loop, -1));
    sync_touch(&sync);
    loop_run(&loop);

    assert_int_equal(sync.rounds, 0);
    sync_close(&sync);
    loop_clear(&loop);
}

TEST(sync, reports_a_descriptor_that_cannot_be_synced)
{
    struct world w;

    world_open(&w);
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    w.sync.fd = pipes[1];
    sync_touch(&w.sync);
    (void)uv_run(&w.loop.uv, UV_RUN_ONCE); /* the timer */
    while (w.sync.rounds == 0) (void)uv_run(&w.loop.uv, UV_RUN_ONCE);

    assert_int_not_equal(w.sync.status, 0);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    w.sync.fd = w.fd;
    world_close(&w);
}
