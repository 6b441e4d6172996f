/* SPDX-License-Identifier: Apache-2.0 */
/* Circuits and their tunnels: opened and fed by a coordinator, who can break them and learns nothing from them. */
#include "cluster/node/circuits.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cluster/node/settle.h"
#include "cluster/node/state.h"
#include "cluster/node/statements.h"
#include "common/base/log.h"

#define RELAY_PIECE_MAX (128 * 1024)

struct circuit *circuits_find(const struct link *link, uint64_t id)
{
    for (struct circuit *c = link->circuits; c != NULL; c = c->next)
        if (c->id == id && c->doomed == NULL) return c;
    return NULL;
}

struct circuit *circuits_to(const struct node *node, const char *peer)
{
    for (const struct link *l = node->links; l != NULL; l = l->next)
        for (struct circuit *c = l->circuits; c != NULL; c = c->next)
            if (c->doomed == NULL && c->greeted && strcmp(circuit_peer(c), peer) == 0) return c;
    return NULL;
}

const char *circuit_peer(const struct circuit *c)
{
    return tunnel_peer(c->tunnel);
}

static void send_closed(struct node *node, struct link *link, uint64_t id, const char *why)
{
    Kms__V1__FromNode      message = KMS__V1__FROM_NODE__INIT;
    Kms__V1__CircuitClosed closed = KMS__V1__CIRCUIT_CLOSED__INIT;

    closed.circuit = id;
    closed.why = (char *)(uintptr_t)why;
    message.kind_case = KMS__V1__FROM_NODE__KIND_CIRCUIT_CLOSED;
    message.circuit_closed = &closed;
    links_send(node, link, &message);
}

/* Each costs locked memory, whichever of its gateway's links it is on. */
static enum kms_err check_room(const struct node *node, const struct link *link, const char *peer)
{
    unsigned count = 0;

    for (const struct link *l = node->links; l != NULL; l = l->next) {
        if (!links_same_gateway(l, link)) continue;
        for (const struct circuit *c = l->circuits; c != NULL; c = c->next) count += strcmp(circuit_peer(c), peer) == 0;
    }
    if (count < CIRCUITS_PER_PEER_MAX) return KMS_OK;
    return fail(KMS_E_BUSY, "%u circuits to node %s are open for gateway %s", count, peer, link->gateway.name);
}

static enum kms_err new_circuit(struct node *node, struct link *link, uint64_t id, const char *peer)
{
    const struct roster_node *listed = roster_find(&node->roster, peer);

    if (!node->serving) return fail(KMS_E_UNAVAILABLE, "no roster lists this node's certificate");
    if (id == 0 || circuits_find(link, id) != NULL) return fail(KMS_E_ARGUMENT, "circuit %" PRIu64 " is taken", id);
    if (listed == NULL) return fail(KMS_E_NOT_FOUND, "the peer is not in the roster");
    TRY(check_room(node, link, listed->name));
    struct circuit *c = calloc(1, sizeof *c);
    if (c == NULL) return fail(KMS_E_MEMORY, "no memory for a circuit");
    enum kms_err err = tunnel_new(&c->tunnel, node->tunnels, peer, listed->fingerprint, node_now_ms(node));
    if (err != KMS_OK) {
        free(c);
        return err;
    }
    c->link = link;
    c->id = id;
    c->opened_ms = node_now_ms(node);
    c->dirty = true;
    c->next = link->circuits;
    link->circuits = c;
    link->circuit_count++;
    return KMS_OK;
}

void circuits_open(struct node *node, struct link *link, uint64_t id, const char *peer)
{
    if (new_circuit(node, link, id, peer) != KMS_OK) send_closed(node, link, id, error_text());
}

void circuits_close(struct node *node, struct link *link, uint64_t id)
{
    struct circuit *c = circuits_find(link, id);

    if (c != NULL) circuit_doom(node, c, "closed by the coordinator");
}

void circuit_doom(struct node *node, struct circuit *c, const char *why)
{
    if (c->doomed != NULL) return;
    c->doomed = why;
    node->doomed = node->dirty = true;
    log_info("circuit.down", "circuit=%" PRIu64 " peer=%s why=\"%s\"", c->id, circuit_peer(c), why);
}

void circuits_doom_all(struct node *node, const char *why)
{
    for (struct link *l = node->links; l != NULL; l = l->next)
        for (struct circuit *c = l->circuits; c != NULL; c = c->next) circuit_doom(node, c, why);
}

/* What the peer said, now that TLS has told who it is. Types that are not known are of a newer peer: left alone. */
static void dispatch(struct node *node, struct circuit *c, uint8_t type, struct bytes body)
{
    switch (type) {
    case TUNNEL_PROTOCOL:
        runs_on_message(node, c, body);
        break;
    case TUNNEL_VOUCHER:
        settle_on_voucher(node, c, body);
        break;
    case TUNNEL_QUERY:
        settle_on_query(node, c, body);
        break;
    case TUNNEL_ABANDONMENT:
        settle_on_abandonment(node, c, body);
        break;
    case TUNNEL_STATEMENT:
        statements_on_gossip(node, c, body);
        break;
    default:
        log_debug("circuit.unknown_message", "peer=%s type=%u", circuit_peer(c), type);
        break;
    }
}

static void greet(struct node *node, struct circuit *c)
{
    c->greeted = true;
    statements_greet(node, c);
    settle_greet(node, c);
}

void circuits_on_relay(struct node *node, struct link *link, uint64_t id, struct bytes data)
{
    struct circuit *c = circuits_find(link, id);
    struct bytes    body;
    uint8_t         type;

    /* What was on its way when the circuit was closed; and what a relay makes up. */
    if (c == NULL) return;
    c->dirty = true;
    if (tunnel_receive(c->tunnel, data) != KMS_OK) {
        log_failure(LOG_INFO, "tunnel.ended", KMS_E_CLOSED);
        circuit_doom(node, c, "the tunnel ended");
        return;
    }
    if (tunnel_is_ready(c->tunnel) && !c->greeted) greet(node, c);
    while (c->doomed == NULL && link->doomed == NULL && tunnel_next(c->tunnel, &type, &body))
        dispatch(node, c, type, body);
}

RESULT circuit_admit(const struct circuit *c)
{
    if (c->greeted || c->early < CIRCUIT_EARLY_MAX) return KMS_OK;
    return fail(KMS_E_BUSY, "%u sessions have begun before the tunnel to node %s was ready", c->early, circuit_peer(c));
}

void circuit_take(struct circuit *c)
{
    c->run_count++;
    if (!c->greeted) c->early++;
}

void circuit_send(struct node *node, struct circuit *c, enum tunnel_type type, struct bytes body)
{
    if (c->doomed != NULL) return;
    c->dirty = true;
    if (tunnel_send(c->tunnel, (uint8_t)type, body) != KMS_OK)
        circuit_doom(node, c, "the tunnel does not take messages");
}

void circuits_tick(struct node *node, uint64_t now_ms)
{
    for (struct link *l = node->links; l != NULL; l = l->next)
        for (struct circuit *c = l->circuits; c != NULL; c = c->next) {
            if (!c->greeted && now_ms - c->opened_ms >= CIRCUIT_HANDSHAKE_MS)
                circuit_doom(node, c, "no handshake in time");
            /* A stale tunnel takes no new sessions; it goes when the last one has ended. */
            if (c->run_count == 0 && tunnel_is_stale(c->tunnel, now_ms)) circuit_doom(node, c, "grown old");
        }
}

static void free_circuit(struct link *link, struct circuit *c)
{
    tunnel_free(&c->tunnel);
    free(c);
    link->circuit_count--;
}

static void reap_link(struct node *node, struct link *link)
{
    struct circuit **at = &link->circuits;

    while (*at != NULL) {
        struct circuit *c = *at;
        if (c->doomed == NULL) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        send_closed(node, link, c->id, c->doomed);
        free_circuit(link, c);
    }
}

void circuits_reap(struct node *node)
{
    for (struct link *l = node->links; l != NULL; l = l->next) reap_link(node, l);
}

void circuits_clear(struct node *node, struct link *link)
{
    (void)node;
    while (link->circuits != NULL) {
        struct circuit *c = link->circuits;
        link->circuits = c->next;
        free_circuit(link, c);
    }
}

static void send_relay(struct node *node, struct circuit *c, struct bytes data)
{
    Kms__V1__FromNode message = KMS__V1__FROM_NODE__INIT;
    Kms__V1__Relay    relay = KMS__V1__RELAY__INIT;

    relay.circuit = c->id;
    relay.data = (ProtobufCBinaryData){.len = data.len, .data = (uint8_t *)(uintptr_t)data.data};
    message.kind_case = KMS__V1__FROM_NODE__KIND_RELAY;
    message.relay = &relay;
    links_send(node, c->link, &message);
}

/* One Relay frame for everything that the event gave a tunnel to say. */
static void flush(struct node *node, struct circuit *c)
{
    c->dirty = false;
    node->relay.len = 0;
    if (tunnel_output(c->tunnel, &node->relay) != KMS_OK) {
        circuit_doom(node, c, "more to send than fits");
        return;
    }
    for (size_t sent = 0; sent < node->relay.len;) {
        size_t piece = node->relay.len - sent < RELAY_PIECE_MAX ? node->relay.len - sent : RELAY_PIECE_MAX;
        send_relay(node, c, bytes(node->relay.data + sent, piece));
        sent += piece;
    }
}

void circuits_flush(struct node *node)
{
    for (struct link *l = node->links; l != NULL; l = l->next)
        for (struct circuit *c = l->circuits; c != NULL; c = c->next)
            if (c->dirty && c->doomed == NULL) flush(node, c);
}
