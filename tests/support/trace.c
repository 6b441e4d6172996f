/* SPDX-License-Identifier: Apache-2.0 */
/* Traces as text. */
#include "tests/support/trace.h"

#include <stdio.h>

#include "tests/support/test.h"

void trace_message(struct buf *out, uint64_t at_ms, const char *round, const struct message *m, party to)
{
    if (out == NULL) return;
    assert_ok(buf_printf(out, "%3u %u>%u %s %s %zu\n", (unsigned)at_ms, m->from, to,
                         m->round == MESSAGE_ROUND_ABORT ? "abort" : round,
                         m->kind == MESSAGE_DIRECT ? "direct" : "broadcast", m->body.len));
}

static void append_set(struct buf *out, const char *name, struct party_set set)
{
    const char *separator = "=";

    assert_ok(buf_printf(out, " %s%s", name, party_set_is_empty(set) ? "=-" : ""));
    for (party p = party_set_next(set, 0); p != 0; p = party_set_next(set, p), separator = ",")
        assert_ok(buf_printf(out, "%s%u", separator, p));
}

void trace_end(struct buf *out, uint64_t at_ms, party who, enum session_state state, const struct outcome *o)
{
    if (out == NULL) return;
    if (state == SESSION_DONE) {
        assert_ok(buf_printf(out, "%3u %u done\n", (unsigned)at_ms, who));
        return;
    }
    assert_ok(buf_printf(out, "%3u %u aborted %s", (unsigned)at_ms, who, abort_reason_name(o->reason)));
    append_set(out, "culprits", o->culprits);
    append_set(out, "missing", o->missing);
    assert_ok(buf_printf(out, " (%s)\n", o->text));
}

void trace_assert(const struct buf *actual, const char *expected)
{
    if (strcmp(buf_str(actual), expected) == 0) return;
    fail_msg("the run went otherwise.\n--- expected\n%s--- actual\n%s", expected, buf_str(actual));
}
