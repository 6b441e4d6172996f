/* SPDX-License-Identifier: Apache-2.0 */
/* What the node and the coordinator do alike: start, identity, time, drain, stop. */
#ifndef KMS_CLUSTER_DAEMON_RUNTIME_H
#define KMS_CLUSTER_DAEMON_RUNTIME_H

#include "cluster/daemon/options.h"
#include "cluster/net/loop.h"
#include "common/document/roster.h"

/* daemon.h says what they mean. */
enum exit_code { EXIT_STOPPED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONFIG = 3, EXIT_PASSWORD = 4 };

/* Prints the failure and gives its exit code. */
int runtime_exit(const char *role, enum kms_err);

/* Hardening, libraries, log. `who`: "node=tss1". */
RESULT runtime_init(const struct common_options *, const char *who);
/* The CA, and this party's certificate and key, which must be valid now and for `role` and the configured name. */
RESULT runtime_load_identity(struct authority **, struct credential *, const struct common_options *, enum role role);
/* The roster's statement, encoded. KMS_E_NOT_FOUND: there is no such file. */
RESULT runtime_load_roster(struct buf *statement, const char *path);
/* One line on standard output, flushed: connections are accepted. */
void runtime_say_listening(const char *address, uint16_t port);

/* Calls `tick` when the time of `wakeup_ms` (monotonic; UINT64_MAX: never) has come. */
struct ticker {
    uv_timer_t timer;
    uint64_t (*wakeup_ms)(void *self);
    void (*tick)(void *self);
    void    *self;
    uint64_t armed_for_ms; /* 0: not armed */
    bool     is_open;
};
void ticker_open(struct ticker *, struct loop *, uint64_t (*wakeup_ms)(void *self), void (*tick)(void *self),
                 void *self);
/* After anything that may have changed the time. */
void ticker_rearm(struct ticker *);
void ticker_close(struct ticker *);

#endif
