/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines that others can cause, kept few: a full disk of them would stop what the log is for. */
#include "cluster/node/complaints.h"

#include "cluster/node/state.h"

#define PAUSE_MS 1000

static const char *const events[COMPLAINTS] = {
    [COMPLAINT_QUERY] = "settle.query",
    [COMPLAINT_VOUCHER] = "settle.voucher",
    [COMPLAINT_ABANDONMENT] = "settle.abandonment",
    [COMPLAINT_GOSSIP] = "statement.gossip",
    [COMPLAINT_MESSAGE] = "session.malformed_message",
    [COMPLAINT_COMMIT] = "key.commit_refused",
    [COMPLAINT_STATEMENT] = "statement.refused",
    [COMPLAINT_LINK] = "link.refused",
};

static void say_unsaid(struct complaints *c, enum complaint what)
{
    if (c->unsaid[what] > 0) log_warn(events[what], "and %u more like it", c->unsaid[what]);
    c->unsaid[what] = 0;
}

void complaints_add(struct node *node, enum complaint what, enum kms_err err)
{
    struct complaints *c = &node->complaints;
    uint64_t           now_ms = node_now_ms(node);

    if (now_ms < c->next_ms[what]) {
        c->unsaid[what]++;
        return;
    }
    c->next_ms[what] = now_ms + PAUSE_MS;
    log_failure(LOG_WARN, events[what], err);
}

void complaints_tick(struct node *node, uint64_t now_ms)
{
    for (int i = 0; i < COMPLAINTS; i++)
        if (now_ms >= node->complaints.next_ms[i]) say_unsaid(&node->complaints, (enum complaint)i);
}
