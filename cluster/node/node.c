/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node: made from its store, then one event at a time. Handlers only mark what has to end. Every event ends in
 * settle_event(): sessions without their link or circuit are cancelled, what has ended is reported and freed, and what
 * the tunnels have to say is sent. So no handler ends or frees what another still works on.
 */
#include "cluster/node/node.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cluster/node/catalogue.h"
#include "cluster/node/destroy.h"
#include "cluster/node/generate.h"
#include "cluster/node/settle.h"
#include "cluster/node/sign.h"
#include "cluster/node/state.h"
#include "cluster/node/statements.h"
#include "common/base/log.h"
#include "common/secret/wipe.h"

#define FRAME_MAX (REQUEST_ENCODED_MAX + 65536)
#define OUT_MAX (4 * 1024 * 1024)
#define SECOND_MS 1000
#define MINUTE_MS 60000

/* ---- making it ---- */

static enum kms_err check_config(const struct node_config *c)
{
    const struct identity *self = &c->credential->identity;

    if (self->role != ROLE_NODE) return fail(KMS_E_CONFIG, "%s is no node's certificate", self->uri);
    if (strcmp(self->cluster, c->cluster) != 0)
        return fail(KMS_E_CONFIG, "the certificate of %s is not of cluster %s", self->uri, c->cluster);
    if (c->sessions_max < 1 || c->progress_ms < 1 || c->sign_deadline_ms < 1 || c->generate_deadline_ms < 1)
        return fail(KMS_E_CONFIG, "node %s: sessions_max and the deadlines must be at least 1", self->name);
    return KMS_OK;
}

static enum kms_err open_parts(struct node *node)
{
    static const struct replay_limits limits = {.per_client = REPLAY_PER_CLIENT_MAX, .total = REPLAY_MAX};

    node->out = node->relay = BUF_INIT(OUT_MAX);
    node->message = BUF_INIT(MESSAGE_BODY_MAX + 256);
    /* Whole from the start: a buffer that grows would leave its old copy, unwiped, on the heap. */
    if (buf_reserve(&node->message, MESSAGE_BODY_MAX + 256) == NULL)
        return fail(KMS_E_MEMORY, "no memory for messages");
    TRY(tunnel_context_new(&node->tunnels, node->config.credential, node->config.authority));
    TRY(identity_cache_new(&node->identities, node->config.authority));
    TRY(replay_new(&node->replay, limits));
    TRY(statements_load(node));
    TRY(keys_load(node));
    return journal_open(node);
}

RESULT node_new(struct node **out, const struct node_config *config)
{
    *out = NULL;
    TRY(check_config(config));
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL) return fail(KMS_E_MEMORY, "no memory for the node");
    node->config = *config;
    node->runs.wakeup_ms = UINT64_MAX;
    node->next_second_ms = node_now_ms(node) + SECOND_MS;
    node->next_minute_ms = node_now_ms(node) + MINUTE_MS;
    enum kms_err err = open_parts(node);
    if (err != KMS_OK) {
        node_free(&node);
        return err;
    }
    log_info("node.loaded", "keys=%zu pending=%zu roster=%" PRIu64, node->keys.active, node->keys.pending,
             node->roster.sequence);
    *out = node;
    return KMS_OK;
}

void node_free(struct node **gone)
{
    struct node *node = *gone;

    *gone = NULL;
    if (node == NULL) return;
    runs_clear(node);
    links_clear(node);
    shares_clear(&node->shares);
    keys_clear(node);
    replay_free(&node->replay);
    identity_cache_free(&node->identities);
    tunnel_context_free(&node->tunnels);
    if (node->message.data != NULL) wipe(node->message.data, node->message.cap);
    buf_clear(&node->message);
    buf_clear(&node->roster_statement);
    buf_clear(&node->out);
    buf_clear(&node->relay);
    free(node);
}

/* ---- after every event ---- */

/* Runs first: their last words go through circuits, their results through links, and both can doom more of them. */
static void end_runs(struct node *node)
{
    while (node->dirty) {
        node->dirty = false;
        if (node->doomed) {
            node->doomed = false;
            runs_cancel_doomed(node);
        }
        while (runs_reap(node)) continue;
    }
}

static void settle_event(struct node *node)
{
    do {
        end_runs(node);
        circuits_reap(node);
        circuits_flush(node);
    } while (node->dirty);
    links_reap(node);
}

/* ---- frames ---- */

static void send_info(struct node *node, struct link *link, const Kms__V1__Ping *ping)
{
    Kms__V1__FromNode  message = KMS__V1__FROM_NODE__INIT;
    Kms__V1__Pong      pong = KMS__V1__PONG__INIT;
    Kms__V1__InfoReply reply = KMS__V1__INFO_REPLY__INIT;
    struct node_info   info;

    node_info(node, &info);
    reply.node = info.node;
    reply.cluster = info.cluster;
    reply.version = (char *)(uintptr_t)info.version;
    reply.sealed = info.sealed;
    reply.roster_sequence = info.roster_sequence;
    reply.roster_hash = (ProtobufCBinaryData){.len = sizeof info.roster_hash, .data = info.roster_hash};
    reply.sessions = info.sessions;
    reply.keys = info.keys;
    reply.pending = info.pending;
    reply.wall_ms = node->config.io.wall_ms(node->config.io.self);
    pong.id = ping->id;
    pong.info = &reply;
    message.kind_case = KMS__V1__FROM_NODE__KIND_PONG;
    message.pong = &pong;
    links_send(node, link, &message);
}

static void on_circuit(struct node *node, struct link *link, const Kms__V1__Circuit *c)
{
    if (c->open)
        circuits_open(node, link, c->id, c->peer);
    else
        circuits_close(node, link, c->id);
}

static void on_start(struct node *node, struct link *link, const Kms__V1__Start *start)
{
    if (start->tag.len != SESSION_TAG_LEN)
        links_doom(node, link, "a Start without a proper tag");
    else if (start->operation == KMS__V1__OPERATION__OPERATION_GENERATE)
        generate_start(node, link, start);
    else if (start->operation == KMS__V1__OPERATION__OPERATION_SIGN)
        sign_start(node, link, start);
    else
        links_doom(node, link, "a Start of an unknown operation");
}

static void on_cancel(struct node *node, struct link *link, const Kms__V1__Cancel *cancel)
{
    if (cancel->tag.len == SESSION_TAG_LEN) runs_cancel_tag(node, link, cancel->tag.data);
}

static void on_commit(struct node *node, const Kms__V1__CommitRequest *commit)
{
    const char *state;

    enum kms_err err =
        settle_commit(node, bytes(commit->birth_certificate.data, commit->birth_certificate.len), &state);
    if (err != KMS_OK) complaints_add(node, COMPLAINT_COMMIT, err);
}

static void on_deliver(struct node *node, const Kms__V1__DeliverRequest *deliver)
{
    uint64_t sequence;

    enum kms_err err = statements_take(node, bytes(deliver->statement.data, deliver->statement.len), &sequence);
    if (err != KMS_OK) complaints_add(node, COMPLAINT_STATEMENT, err);
}

static void dispatch(struct node *node, struct link *link, const Kms__V1__ToNode *m)
{
    switch ((int)m->kind_case) {
    case KMS__V1__TO_NODE__KIND_PING:
        send_info(node, link, m->ping);
        break;
    case KMS__V1__TO_NODE__KIND_CIRCUIT:
        on_circuit(node, link, m->circuit);
        break;
    case KMS__V1__TO_NODE__KIND_RELAY:
        circuits_on_relay(node, link, m->relay->circuit, bytes(m->relay->data.data, m->relay->data.len));
        break;
    case KMS__V1__TO_NODE__KIND_START:
        on_start(node, link, m->start);
        break;
    case KMS__V1__TO_NODE__KIND_CANCEL:
        on_cancel(node, link, m->cancel);
        break;
    case KMS__V1__TO_NODE__KIND_COMMIT:
        on_commit(node, m->commit);
        break;
    case KMS__V1__TO_NODE__KIND_DELIVER:
        on_deliver(node, m->deliver);
        break;
    case KMS__V1__TO_NODE__KIND_DESTROY:
        destroy_on_frame(node, link, m->destroy);
        break;
    case KMS__V1__TO_NODE__KIND_FETCH:
        catalogue_on_frame(node, link, m->fetch);
        break;
    case KMS__V1__TO_NODE__KIND__NOT_SET:
    default: /* of a newer coordinator */
        log_debug("link.unknown_frame", "link=%" PRIu32, link->id);
        break;
    }
}

void node_on_link_up(struct node *node, uint32_t id, const struct identity *gateway)
{
    enum kms_err err = links_add(node, id, gateway);

    if (err == KMS_OK) {
        log_info("link.up", "link=%" PRIu32 " gateway=%s", id, gateway->name);
        return;
    }
    complaints_add(node, COMPLAINT_LINK, err);
    node->config.io.link_close(node->config.io.self, id);
}

void node_on_link_frame(struct node *node, uint32_t id, struct bytes to_node)
{
    struct link *link = links_find(node, id);

    if (link == NULL) return;
    Kms__V1__ToNode *m = to_node.len > FRAME_MAX ? NULL : kms__v1__to_node__unpack(NULL, to_node.len, to_node.data);
    if (m == NULL) {
        links_doom(node, link, "a malformed frame");
    } else {
        dispatch(node, link, m);
        kms__v1__to_node__free_unpacked(m, NULL);
    }
    settle_event(node);
}

void node_on_link_down(struct node *node, uint32_t id)
{
    struct link *link = links_find(node, id);

    if (link == NULL) return;
    link->gone = true;
    links_doom(node, link, "closed by the coordinator");
    settle_event(node);
}

/* ---- time ---- */

void node_on_tick(struct node *node)
{
    uint64_t now_ms = node_now_ms(node);

    runs_tick(node, now_ms);
    if (now_ms >= node->next_second_ms) {
        node->next_second_ms = now_ms + SECOND_MS;
        circuits_tick(node, now_ms);
        complaints_tick(node, now_ms);
        replay_expire(node->replay, journal_pass(node));
    }
    if (now_ms >= node->next_minute_ms) {
        node->next_minute_ms = now_ms + MINUTE_MS;
        settle_all(node);
        destroy_due(node);
    }
    settle_event(node);
}

uint64_t node_wakeup_ms(const struct node *node)
{
    uint64_t wakeup = node->runs.wakeup_ms;

    if (node->next_second_ms < wakeup) wakeup = node->next_second_ms;
    return node->next_minute_ms < wakeup ? node->next_minute_ms : wakeup;
}

/* ---- unary calls ---- */

void node_info(const struct node *node, struct node_info *out)
{
    *out = (struct node_info){
        .version = node->config.version == NULL ? "" : node->config.version,
        .serving = node->serving,
        .roster_sequence = node->roster.sequence,
        .keys = node->keys.active,
        .pending = node->keys.pending,
        .sessions = node->runs.count,
    };
    memcpy(out->node, node_name(node), sizeof out->node);
    memcpy(out->cluster, node->config.cluster, sizeof out->cluster);
    memcpy(out->roster_hash, node->roster.hash, sizeof out->roster_hash);
}

RESULT node_deliver_statement(struct node *node, struct bytes encoded, uint64_t *sequence)
{
    enum kms_err err = statements_take(node, encoded, sequence);

    settle_event(node);
    return err;
}

RESULT node_commit(struct node *node, struct bytes birth_certificate, const char **state)
{
    enum kms_err err = settle_commit(node, birth_certificate, state);

    settle_event(node);
    return err;
}
