/* SPDX-License-Identifier: Apache-2.0 */
/* Heartbeats and standing of the nodes. A node is up again with the first heartbeat that it answers on a new link. */
#include "cluster/coordinator/nodes.h"

#include <stdio.h>

#include "cluster/coordinator/internal.h"
#include "common/base/log.h"
#include "common/base/text.h"

#define PENALTY_MS 5000
#define PENALTY_MAX 16
#define WARNING_MS 1000
#define SKEW_MAX_MS 30000 /* requests are fresh for as long */
#define READY_NODES 3     /* enough for a key of 2-of-3 */

static const char *const standing_texts[] = {
    [STANDING_AWAY] = "it does not answer",
    [STANDING_STRANGER] = "it says that it is another node, or of another cluster",
    [STANDING_VERSION] = "its version is not the coordinator's: bring both to one",
    [STANDING_CLOCK] = "its clock differs by more than 30 s from the coordinator's: set both by NTP",
    [STANDING_SEALED] = "it is sealed",
    [STANDING_ROSTER] = "it holds an older roster",
};

static const char *name_of(const struct coordinator *c, unsigned index)
{
    return c->config.nodes[index];
}

static void send_ping(struct coordinator *c, unsigned index, uint64_t now_ms)
{
    struct node_state *n = &c->nodes[index];

    n->ping_sent++;
    n->ping_sent_ms = now_ms;
    n->next_ping_ms = now_ms + c->config.heartbeat_ms;
    to_node_ping(c, index, n->ping_sent);
}

void nodes_on_up(struct coordinator *c, unsigned index)
{
    struct node_state *n = &c->nodes[index];

    if (n->connected) (void)nodes_on_down(c, index, "a new link");
    *n = (struct node_state){.connected = true,
                             .load = n->load,
                             .rtt_ms = n->rtt_ms,
                             .warned_ms = n->warned_ms,
                             .unwarned = n->unwarned,
                             .told = n->told};
    nodes_on_frame(c, index);
    send_ping(c, index, coordinator_now_ms(c));
}

void nodes_on_frame(struct coordinator *c, unsigned index)
{
    c->nodes[index].heard_ms = coordinator_now_ms(c);
}

bool nodes_on_down(struct coordinator *c, unsigned index, const char *why)
{
    struct node_state *n = &c->nodes[index];

    if (!n->connected) return false;
    log_warn("node.down", "node=%s why=\"%s\"", name_of(c, index), why);
    n->connected = false;
    n->up = false;
    relay_on_node_down(c, index);
    requests_on_node_down(c, index);
    return true;
}

/*
 * Shares that stay in doubt are settled between their holders, in their tunnels; nodes cannot open those, so they are
 * opened here for a node that has reported such shares twice (once may be a generation under way).
 */
static void help_to_settle(struct coordinator *c, unsigned index)
{
    for (unsigned peer = 0; peer < c->config.node_count; peer++)
        if (peer != index && nodes_is_serving(c, peer)) (void)relay_open(c, index, peer);
}

/* Beyond a day it is only said to be a day: whatever the node says, there is no overflow. */
static int64_t skew_of(const struct coordinator *c, const Kms__V1__InfoReply *info)
{
    const int64_t day = INT64_C(86400) * 1000, ours = c->config.io.wall_ms(c->config.io.self);

    if (info->wall_ms < ours - day) return -day;
    return info->wall_ms > ours + day ? day : info->wall_ms - ours;
}

static void take_report(struct coordinator *c, unsigned index, const Kms__V1__InfoReply *info)
{
    struct node_state *n = &c->nodes[index];

    bool in_doubt = n->pending > 0 && info->pending > 0;
    n->is_itself = strcmp(info->node, name_of(c, index)) == 0 && strcmp(info->cluster, c->config.cluster) == 0;
    n->sealed = info->sealed;
    n->roster_sequence = info->roster_sequence;
    n->keys = info->keys;
    n->pending = info->pending;
    n->sessions = info->sessions;
    (void)snprintf(n->version, sizeof n->version, "%s",
                   text_is_name(info->version, sizeof n->version - 1) ? info->version : "");
    n->skew_ms = skew_of(c, info);
    if (in_doubt && nodes_is_serving(c, index)) help_to_settle(c, index);
    if (n->roster_sequence < c->roster.sequence && c->roster_statement.len > 0)
        to_node_deliver(c, index, buf_bytes(&c->roster_statement));
    unsigned newer = n->roster_sequence > c->roster.sequence ? nodes_count_warning(c, index) : 0;
    if (newer > 0)
        log_warn("roster.old", "node=%s count=%u holds roster %llu, this coordinator %llu: give it the new one",
                 name_of(c, index), newer, (unsigned long long)n->roster_sequence,
                 (unsigned long long)c->roster.sequence);
}

static void tell_standing(struct coordinator *c, unsigned index)
{
    struct node_state *n = &c->nodes[index];
    enum node_standing standing = nodes_standing(c, index);

    if (standing == n->told) return;
    n->told = standing;
    if (standing == STANDING_SERVING)
        log_info("node.used", "node=%s", name_of(c, index));
    else
        log_warn("node.not_used", "node=%s version=%s ours=%s skew_ms=%lld why=\"%s\"", name_of(c, index), n->version,
                 c->config.version, (long long)n->skew_ms, standing_texts[standing]);
}

void nodes_on_pong(struct coordinator *c, unsigned index, const Kms__V1__Pong *pong)
{
    struct node_state *n = &c->nodes[index];

    if (pong->info == NULL || pong->id <= n->ping_answered || pong->id > n->ping_sent) return;
    uint32_t rtt = (uint32_t)(coordinator_now_ms(c) - n->ping_sent_ms);
    if (pong->id == n->ping_sent) n->rtt_ms = n->up ? (7 * n->rtt_ms + rtt) / 8 : rtt;
    n->ping_answered = pong->id;
    take_report(c, index, pong->info);
    bool is_new = !n->up;
    n->up = true;
    if (is_new) log_info("node.up", "node=%s rtt_ms=%u", name_of(c, index), n->rtt_ms);
    tell_standing(c, index);
    if (is_new) destroy_on_node_up(c);
}

static bool is_silent(const struct coordinator *c, unsigned index, uint64_t now_ms)
{
    const struct node_state *n = &c->nodes[index];
    const uint64_t           misses = c->config.heartbeat_misses, silence_ms = now_ms - n->heard_ms;

    return n->ping_sent - n->ping_answered >= misses && silence_ms >= misses * c->config.heartbeat_ms &&
           silence_ms >= requests_silence_ms(c, index);
}

static void tick_node(struct coordinator *c, unsigned index, uint64_t now_ms)
{
    struct node_state *n = &c->nodes[index];

    if (!n->connected || now_ms < n->next_ping_ms) return;
    if (is_silent(c, index, now_ms)) {
        if (nodes_on_down(c, index, "heartbeats not answered")) c->config.io.node_reset(c->config.io.self, index);
        return;
    }
    send_ping(c, index, now_ms);
}

void nodes_on_tick(struct coordinator *c, uint64_t now_ms)
{
    for (unsigned i = 0; i < c->config.node_count; i++) tick_node(c, i, now_ms);
}

uint64_t nodes_wakeup_ms(const struct coordinator *c)
{
    uint64_t at = UINT64_MAX;

    for (unsigned i = 0; i < c->config.node_count; i++)
        if (c->nodes[i].connected && c->nodes[i].next_ping_ms < at) at = c->nodes[i].next_ping_ms;
    return at;
}

/* "0.1" of "0.1.0"; nodes and coordinators of one major.minor speak the same. */
static size_t minor_len(const char *version)
{
    size_t major = strcspn(version, ".");
    return version[major] == '\0' ? major : major + 1 + strcspn(version + major + 1, ".-+");
}

static bool is_our_version(const struct coordinator *c, const char *version)
{
    size_t len = minor_len(c->config.version);
    return minor_len(version) == len && memcmp(version, c->config.version, len) == 0;
}

enum node_standing nodes_standing(const struct coordinator *c, unsigned index)
{
    const struct node_state *n = &c->nodes[index];

    if (!n->up) return STANDING_AWAY;
    if (!n->is_itself) return STANDING_STRANGER;
    if (!is_our_version(c, n->version)) return STANDING_VERSION;
    if (n->skew_ms > SKEW_MAX_MS || n->skew_ms < -SKEW_MAX_MS) return STANDING_CLOCK;
    if (n->sealed) return STANDING_SEALED;
    return n->roster_sequence < c->roster.sequence ? STANDING_ROSTER : STANDING_SERVING;
}

bool nodes_is_serving(const struct coordinator *c, unsigned index)
{
    return nodes_standing(c, index) == STANDING_SERVING;
}

unsigned nodes_count_serving(const struct coordinator *c)
{
    unsigned count = 0;

    for (unsigned i = 0; i < c->config.node_count; i++) count += nodes_is_serving(c, i) ? 1 : 0;
    return count;
}

unsigned nodes_find(const struct coordinator *c, const char *name)
{
    for (unsigned i = 0; i < c->config.node_count; i++)
        if (strcmp(c->config.nodes[i], name) == 0) return i;
    return COORDINATOR_NODES_MAX;
}

unsigned nodes_count_warning(struct coordinator *c, unsigned index)
{
    struct node_state *n = &c->nodes[index];
    uint64_t           now = coordinator_now_ms(c);

    n->unwarned++;
    if (n->warned_ms != 0 && now - n->warned_ms < WARNING_MS) return 0;
    unsigned count = n->unwarned;
    n->warned_ms = now;
    n->unwarned = 0;
    return count;
}

void nodes_penalize(struct coordinator *c, unsigned index, unsigned points)
{
    struct node_state *n = &c->nodes[index];

    n->penalty = nodes_penalty(c, index) + points;
    if (n->penalty > PENALTY_MAX) n->penalty = PENALTY_MAX;
    n->penalty_until_ms = coordinator_now_ms(c) + PENALTY_MS;
}

void nodes_praise(struct coordinator *c, unsigned index)
{
    c->nodes[index].penalty = 0;
}

unsigned nodes_penalty(const struct coordinator *c, unsigned index)
{
    const struct node_state *n = &c->nodes[index];
    return n->penalty > 0 && coordinator_now_ms(c) < n->penalty_until_ms ? n->penalty : 0;
}

const char *nodes_host_label(const struct coordinator *c, unsigned index)
{
    const struct roster_node *node = roster_find(&c->roster, name_of(c, index));
    return node == NULL || node->host_label[0] == '\0' ? name_of(c, index) : node->host_label;
}

void coordinator_node(const struct coordinator *c, unsigned index, struct node_view *out)
{
    const struct node_state *n = &c->nodes[index];

    *out = (struct node_view){
        .node = name_of(c, index),
        .host_label = nodes_host_label(c, index),
        .up = n->up,
        .serving = nodes_is_serving(c, index),
        .why = standing_texts[nodes_standing(c, index)],
        .sealed = n->sealed,
        .version = n->version,
        .keys = n->keys,
        .pending = n->pending,
        .roster_sequence = n->roster_sequence,
        .sessions = n->sessions,
        .rtt_ms = n->rtt_ms,
    };
}

void coordinator_state(const struct coordinator *c, struct coordinator_status *out)
{
    *out = (struct coordinator_status){
        .ready = nodes_count_serving(c) >= READY_NODES,
        .nodes = c->config.node_count,
        .requests = c->count_requests,
        .signatures = c->count_signatures,
        .failures = c->count_failures,
        .uptime_s = (coordinator_now_ms(c) - c->started_ms) / 1000,
        .roster_sequence = c->roster.sequence,
    };
    for (unsigned i = 0; i < c->config.node_count; i++) out->nodes_up += c->nodes[i].up ? 1 : 0;
}
