/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: libuv, the signals that end a daemon, and tasks that run once at the end of a batch of callbacks.
 * Output is collected while a batch runs and written by such a task, so that what a batch causes is one write per
 * connection. One loop and one thread own everything in cluster/net.
 */
#ifndef KMS_CLUSTER_NET_LOOP_H
#define KMS_CLUSTER_NET_LOOP_H

#include <uv.h>

#include "common/base/buf.h"

#define LOOP_INPUT_MAX 65536

/* Embedded in the object that wants it; zeroed before its first use. */
struct loop_task {
    void (*run)(struct loop_task *);
    struct loop_task  *next;
    struct loop_task **at; /* what points here; NULL: not queued */
};

struct loop {
    uv_loop_t          uv;
    uv_prepare_t       prepare; /* after timers, before the poll */
    uv_check_t         check;   /* after the poll */
    uv_signal_t        terminate[2];
    struct loop_task  *first;
    struct loop_task **last;
    void (*on_terminate)(void *self); /* SIGTERM or SIGINT */
    void      *terminate_self;
    struct buf plain; /* scratch of the callback that runs: what was decrypted, what goes out */
    struct buf output;
    uint8_t    input[LOOP_INPUT_MAX]; /* what was read from a socket */
    bool       is_open;
};

RESULT loop_init(struct loop *);
/* Closes what is still open and waits for it; accepts a zeroed loop. */
void   loop_clear(struct loop *);
RESULT loop_on_terminate(struct loop *, void (*on_terminate)(void *self), void *self);
/* Until loop_stop(). */
void loop_run(struct loop *);
void loop_stop(struct loop *);

/* Runs the task once at the end of this batch of callbacks; again only if asked again. */
void loop_later(struct loop *, struct loop_task *);
void loop_cancel(struct loop *, struct loop_task *);

/* KMS_E_SYSTEM with libuv's text. */
enum kms_err loop_error(int uv_status, const char *what);

#endif
