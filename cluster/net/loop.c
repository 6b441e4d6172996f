/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop. */
#include "cluster/net/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "common/base/check.h"

#define LOOP_SCRATCH_MAX (32u * 1024 * 1024)

enum kms_err loop_error(int uv_status, const char *what)
{
    return fail(KMS_E_SYSTEM, "%s: %s", what, uv_strerror(uv_status));
}

void loop_later(struct loop *l, struct loop_task *task)
{
    if (task->at != NULL) return;
    task->next = NULL;
    task->at = l->last;
    *l->last = task;
    l->last = &task->next;
}

void loop_cancel(struct loop *l, struct loop_task *task)
{
    if (task->at == NULL) return;
    *task->at = task->next;
    if (task->next != NULL)
        task->next->at = task->at;
    else
        l->last = task->at;
    task->next = NULL;
    task->at = NULL;
}

/* A task may ask for others, which run in the same batch. */
static void run_tasks(struct loop *l)
{
    while (l->first != NULL) {
        struct loop_task *task = l->first;
        loop_cancel(l, task);
        task->run(task);
    }
}

static void on_prepare(uv_prepare_t *handle)
{
    run_tasks(handle->data);
}

static void on_check(uv_check_t *handle)
{
    run_tasks(handle->data);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct loop *l = handle->data;

    (void)number;
    if (l->on_terminate != NULL) l->on_terminate(l->terminate_self);
}

RESULT loop_init(struct loop *l)
{
    memset(l, 0, sizeof *l);
    /* libuv writes with write(2): a peer that has gone is an error there, not the end of the process. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail(KMS_E_SYSTEM, "SIGPIPE: %s", strerror(errno));
    l->last = &l->first;
    l->plain = BUF_INIT(LOOP_SCRATCH_MAX);
    l->output = BUF_INIT(LOOP_SCRATCH_MAX);
    int status = uv_loop_init(&l->uv);
    if (status != 0) return loop_error(status, "event loop");
    l->is_open = true;
    l->prepare.data = l->check.data = l;
    CHECK(uv_prepare_init(&l->uv, &l->prepare) == 0 && uv_prepare_start(&l->prepare, on_prepare) == 0);
    CHECK(uv_check_init(&l->uv, &l->check) == 0 && uv_check_start(&l->check, on_check) == 0);
    uv_unref((uv_handle_t *)&l->prepare);
    uv_unref((uv_handle_t *)&l->check);
    return KMS_OK;
}

RESULT loop_on_terminate(struct loop *l, void (*on_terminate)(void *self), void *self)
{
    static const int numbers[] = {SIGTERM, SIGINT};

    l->on_terminate = on_terminate;
    l->terminate_self = self;
    for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
        l->terminate[i].data = l;
        int status = uv_signal_init(&l->uv, &l->terminate[i]);
        if (status == 0) status = uv_signal_start(&l->terminate[i], on_signal, numbers[i]);
        if (status != 0) return loop_error(status, "signal handler");
        uv_unref((uv_handle_t *)&l->terminate[i]);
    }
    return KMS_OK;
}

void loop_run(struct loop *l)
{
    (void)uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

void loop_clear(struct loop *l)
{
    if (!l->is_open) return;
    /* Owners have closed their own by now; what is left here are the handles of the loop itself. */
    (void)uv_run(&l->uv, UV_RUN_NOWAIT);
    uv_walk(&l->uv, close_handle, NULL);
    while (uv_run(&l->uv, UV_RUN_DEFAULT) != 0) continue;
    CHECK(uv_loop_close(&l->uv) == 0);
    buf_clear(&l->plain);
    buf_clear(&l->output);
    l->is_open = false;
}
