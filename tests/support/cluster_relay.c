/* SPDX-License-Identifier: Apache-2.0 */
/* The coordinator in the tester's hands: circuits, and frames that wait until they are delivered, changed or lost. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/cluster_sim_internal.h"

struct sim_item {
    struct sim_item *next;
    struct sim_relay relay;
    bool             held;
};

static void item_free(struct sim_item *item)
{
    buf_clear(&item->relay.data);
    free(item);
}

void sim_drop_queue(struct cluster_sim *s)
{
    while (s->first != NULL) {
        struct sim_item *item = s->first;
        s->first = item->next;
        item_free(item);
    }
    s->last = &s->first;
}

static struct sim_circuit *circuit_by_id(struct cluster_sim *s, uint64_t id)
{
    for (unsigned i = 0; i < s->circuit_count; i++)
        if (s->circuits[i].id == id) return &s->circuits[i];
    return NULL;
}

uint64_t sim_circuit_between(const struct cluster_sim *s, unsigned a, unsigned b)
{
    for (unsigned i = s->circuit_count; i-- > 0;) {
        const struct sim_circuit *c = &s->circuits[i];
        if (c->open && ((c->a == a && c->b == b) || (c->a == b && c->b == a))) return c->id;
    }
    return 0;
}

static void send_circuit(struct cluster_sim *s, unsigned node, const struct sim_circuit *c, bool open)
{
    Kms__V1__ToNode  m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Circuit circuit = KMS__V1__CIRCUIT__INIT;

    circuit.id = c->id;
    circuit.peer = s->nodes[c->a == node ? c->b : c->a].name;
    circuit.open = open;
    m.kind_case = KMS__V1__TO_NODE__KIND_CIRCUIT;
    m.circuit = &circuit;
    sim_send(s, node, &m);
}

void sim_join(struct cluster_sim *s, unsigned a, unsigned b)
{
    assert_true(s->circuit_count < SIM_CIRCUITS_MAX);
    struct sim_circuit *c = &s->circuits[s->circuit_count++];
    *c = (struct sim_circuit){.id = ++s->next_circuit, .a = a, .b = b, .open = true};
    send_circuit(s, a, c, true);
    send_circuit(s, b, c, true);
}

void sim_join_all(struct cluster_sim *s)
{
    for (unsigned a = 0; a < s->count; a++)
        for (unsigned b = a + 1; b < s->count; b++)
            if (s->nodes[a].node != NULL && s->nodes[b].node != NULL) sim_join(s, a, b);
}

/* As a coordinator does: an end that is gone is closed at the other end too. */
static void close_circuit(struct cluster_sim *s, struct sim_circuit *c)
{
    if (!c->open) return;
    c->open = false;
    send_circuit(s, c->a, c, false);
    send_circuit(s, c->b, c, false);
}

void sim_close_circuit(struct cluster_sim *s, unsigned a, unsigned b)
{
    struct sim_circuit *c = circuit_by_id(s, sim_circuit_between(s, a, b));

    assert_non_null(c);
    close_circuit(s, c);
}

void sim_close_circuits_of(struct cluster_sim *s, unsigned node)
{
    for (unsigned i = 0; i < s->circuit_count; i++)
        if (s->circuits[i].a == node || s->circuits[i].b == node) close_circuit(s, &s->circuits[i]);
}

void sim_send(struct cluster_sim *s, unsigned node, const Kms__V1__ToNode *m)
{
    struct sim_node *n = &s->nodes[node];
    size_t           len = kms__v1__to_node__get_packed_size(m);

    if (n->node == NULL || n->link == 0) return;
    uint8_t *frame = malloc(len + 1);
    assert_non_null(frame);
    (void)kms__v1__to_node__pack(m, frame);
    node_on_link_frame(n->node, n->link, bytes(frame, len));
    free(frame);
}

/* ---- what nodes say ---- */

static void enqueue(struct cluster_sim *s, const struct sim_relay *relay, bool held)
{
    struct sim_item *item = calloc(1, sizeof *item);

    assert_non_null(item);
    item->relay = *relay;
    item->held = held;
    item->relay.data = BUF_INIT(1 << 22);
    assert_ok(buf_append(&item->relay.data, buf_bytes(&relay->data)));
    *s->last = item;
    s->last = &item->next;
}

static void on_relay(struct sim_node *n, const Kms__V1__Relay *frame)
{
    struct cluster_sim *s = n->sim;
    struct sim_circuit *c = circuit_by_id(s, frame->circuit);

    if (c == NULL || !c->open) return;
    struct sim_relay relay = {.circuit = c->id, .from = n->index, .number = s->relays++, .data = BUF_INIT(1 << 22)};
    relay.to = c->a == n->index ? c->b : c->a;
    assert_ok(buf_append(&relay.data, bytes(frame->data.data, frame->data.len)));
    if (s->seen.len + relay.data.len <= SIM_SEEN_MAX) assert_ok(buf_append(&s->seen, buf_bytes(&relay.data)));
    enum sim_fate fate = s->on_relay == NULL ? SIM_PASS : s->on_relay(s->arg, &relay);
    if (fate != SIM_DROP) enqueue(s, &relay, fate == SIM_HOLD);
    if (fate == SIM_REPEAT) enqueue(s, &relay, false);
    buf_clear(&relay.data);
}

static void on_result(struct sim_node *n, const Kms__V1__Result *frame)
{
    struct sim_result *r = &n->result;

    assert_int_equal(frame->tag.len, 16);
    r->have = true;
    r->count++;
    memcpy(r->tag, frame->tag.data, 16);
    r->error = error_from_number(frame->error);
    (void)snprintf(r->detail, sizeof r->detail, "%s", frame->detail);
    r->signature_len = frame->signature.len;
    if (frame->signature.len == 64) memcpy(r->signature, frame->signature.data, 64);
    r->birth_certificate.len = 0;
    assert_ok(buf_append(&r->birth_certificate, bytes(frame->birth_certificate.data, frame->birth_certificate.len)));
    r->missing = (unsigned)frame->n_missing;
}

static void on_destroyed(struct sim_node *n, const Kms__V1__Destroyed *frame)
{
    n->destroyed_error = error_from_number(frame->error);
    n->destroyed_due = frame->due;
    (void)snprintf(n->destroyed_state, sizeof n->destroyed_state, "%s", frame->state);
    (void)snprintf(n->result.detail, sizeof n->result.detail, "%s", frame->detail);
}

void sim_on_frame(struct sim_node *n, struct bytes from_node)
{
    Kms__V1__FromNode *m = kms__v1__from_node__unpack(NULL, from_node.len, from_node.data);

    assert_non_null(m);
    if (m->kind_case == KMS__V1__FROM_NODE__KIND_RELAY) on_relay(n, m->relay);
    if (m->kind_case == KMS__V1__FROM_NODE__KIND_RESULT) on_result(n, m->result);
    if (m->kind_case == KMS__V1__FROM_NODE__KIND_DESTROYED) on_destroyed(n, m->destroyed);
    if (m->kind_case == KMS__V1__FROM_NODE__KIND_CIRCUIT_CLOSED) {
        struct sim_circuit *c = circuit_by_id(n->sim, m->circuit_closed->circuit);
        n->circuits_closed++;
        /* Told to the other end at the next delivery, not from within this node's event. */
        if (c != NULL && c->open) {
            struct sim_relay end = {.circuit = c->id, .from = n->index, .to = c->a == n->index ? c->b : c->a};
            c->open = false;
            enqueue(n->sim, &end, false);
        }
    }
    kms__v1__from_node__free_unpacked(m, NULL);
}

/* ---- delivery ---- */

static void deliver(struct cluster_sim *s, struct sim_relay *relay)
{
    struct sim_circuit *c = circuit_by_id(s, relay->circuit);
    Kms__V1__ToNode     m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Relay      frame = KMS__V1__RELAY__INIT;

    if (c == NULL) return;
    if (relay->data.len == 0) {
        send_circuit(s, relay->to, c, false);
        return;
    }
    frame.circuit = relay->circuit;
    frame.data = (ProtobufCBinaryData){.len = relay->data.len, .data = relay->data.data};
    m.kind_case = KMS__V1__TO_NODE__KIND_RELAY;
    m.relay = &frame;
    sim_send(s, relay->to, &m);
}

/* The first that is not held; a held one is freed from waiting when one of its direction has overtaken it. */
static struct sim_item *take_next(struct cluster_sim *s)
{
    struct sim_item **at = &s->first;

    while (*at != NULL && (*at)->held) at = &(*at)->next;
    struct sim_item *item = *at;
    if (item == NULL) return NULL;
    *at = item->next;
    if (s->last == &item->next) s->last = at;
    for (struct sim_item *i = s->first; i != NULL; i = i->next)
        if (i->relay.from == item->relay.from && i->relay.to == item->relay.to) i->held = false;
    return item;
}

void sim_release(struct cluster_sim *s)
{
    for (struct sim_item *i = s->first; i != NULL; i = i->next) i->held = false;
}

void sim_run(struct cluster_sim *s)
{
    for (struct sim_item *item; (item = take_next(s)) != NULL;) {
        deliver(s, &item->relay);
        item_free(item);
        s->steps++;
        if (s->on_step != NULL) s->on_step(s->arg, s);
    }
}
