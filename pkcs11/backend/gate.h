/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fork gate: a thread is inside while it works in the module and outside while it waits (for the network, for a
 * lock that may be held over the network, for a name server). A fork of the host process waits until no thread is
 * inside, so the child always finds our structures, and our OpenSSL's, whole and unlocked: only locks taken with
 * gate_lock() can be held at that moment, and their owners re-initialise them in the child (gate_fork_count() tells).
 */
#ifndef KMS_PKCS11_BACKEND_GATE_H
#define KMS_PKCS11_BACKEND_GATE_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

/*
 * A host's own fork handlers may call the module: between them it enters nothing, as nobody else is inside. A fork out
 * of a signal handler that interrupted the module finds it as it was interrupted; fork(2) then allows the child no more
 * than exec and _exit.
 */
/* Registers with pthread_atfork, once; idempotent. */
RESULT gate_start(void);
void   gate_enter(void);
void   gate_leave(void);

/* Around a wait that is none of those below. */
bool gate_step_out(void);
void gate_step_back(bool was_inside);

/* A mutex that its owner may hold while it waits. */
void gate_lock(pthread_mutex_t *);
/* KMS_E_TIMEOUT: not locked. deadline_ms: of clock_monotonic_ms(). */
RESULT gate_lock_until(pthread_mutex_t *, uint64_t deadline_ms);
/* poll(2) from outside, to a deadline of clock_monotonic_ms(), going on after signals. KMS_E_TIMEOUT, KMS_E_SYSTEM. */
RESULT gate_poll(struct pollfd *, uint64_t deadline_ms);
/* Waits until then. */
void gate_sleep(uint64_t until_ms);

/* How many forks lie between the first process and this one: what was made under another count was inherited. */
unsigned gate_fork_count(void);

#endif
