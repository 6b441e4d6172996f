/* SPDX-License-Identifier: Apache-2.0 */
/* What happened in a simulated run, as text, one line per event: the most readable thing to assert. */
#ifndef KMS_TESTS_SUPPORT_TRACE_H
#define KMS_TESTS_SUPPORT_TRACE_H

#include "cluster/protocol/outcome.h"
#include "cluster/protocol/session.h"

/* "  3 2>1 respond broadcast 32": `at_ms` 2 sends to 1; out may be NULL: then nothing is traced. */
void trace_message(struct buf *out, uint64_t at_ms, const char *round, const struct message *, party to);
/* "  3 2 done" or "  3 2 aborted cheating culprits=1 missing=- (signature share does not hold)" */
void trace_end(struct buf *out, uint64_t at_ms, party, enum session_state, const struct outcome *);

/* Fails the test with both texts if they differ. */
void trace_assert(const struct buf *actual, const char *expected);

#endif
