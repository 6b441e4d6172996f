/* SPDX-License-Identifier: Apache-2.0 */
/* The relay. An id holds its pair of nodes, so that a node's claim about a circuit is checked against the table. */
#include "cluster/coordinator/relay.h"

#include "cluster/coordinator/internal.h"
#include "common/base/log.h"

#define INDEX_BITS 6
#define INDEX_MASK (COORDINATOR_NODES_MAX - 1)
_Static_assert(COORDINATOR_NODES_MAX == 1 << INDEX_BITS, "an index fits its bits in a circuit's id");

static uint64_t *circuit_of(struct coordinator *c, unsigned a, unsigned b)
{
    return a < b ? &c->circuits.ids[a][b] : &c->circuits.ids[b][a];
}

uint64_t relay_open(struct coordinator *c, unsigned a, unsigned b)
{
    uint64_t *id = circuit_of(c, a, b);

    if (*id != 0) return *id;
    *id = ++c->circuits.count << (2 * INDEX_BITS) | (uint64_t)a << INDEX_BITS | b;
    to_node_circuit(c, a, *id, b, true);
    to_node_circuit(c, b, *id, a, true);
    return *id;
}

void relay_close(struct coordinator *c, unsigned a, unsigned b, unsigned told)
{
    uint64_t *id = circuit_of(c, a, b), closed = *id;

    if (closed == 0) return;
    *id = 0;
    if (told != a) to_node_circuit(c, a, closed, b, false);
    if (told != b) to_node_circuit(c, b, closed, a, false);
    requests_on_circuit_closed(c, a, b);
}

void relay_on_node_down(struct coordinator *c, unsigned index)
{
    for (unsigned peer = 0; peer < c->config.node_count; peer++)
        if (peer != index) relay_close(c, index, peer, index);
}

/* The other end of an open circuit; COORDINATOR_NODES_MAX if there is no such circuit or `from` is not an end of it. */
static unsigned other_end(struct coordinator *c, unsigned from, uint64_t id)
{
    unsigned a = (unsigned)(id >> INDEX_BITS & INDEX_MASK), b = (unsigned)(id & INDEX_MASK);

    if (a == b || id == 0 || *circuit_of(c, a, b) != id || (from != a && from != b)) return COORDINATOR_NODES_MAX;
    return from == a ? b : a;
}

RESULT relay_on_data(struct coordinator *c, unsigned from, const Kms__V1__Relay *relay)
{
    unsigned to = other_end(c, from, relay->circuit);

    if (relay->data.len > RELAY_MAX)
        return fail(KMS_E_PROTOCOL, "%s: %zu bytes in one relay message, at most %d", c->config.nodes[from],
                    relay->data.len, RELAY_MAX);
    /* What was sent before its sender heard that the circuit had closed is no offence. */
    if (to != COORDINATOR_NODES_MAX) to_node_relay(c, to, relay->circuit, bytes(relay->data.data, relay->data.len));
    return KMS_OK;
}

void relay_on_closed(struct coordinator *c, unsigned from, const Kms__V1__CircuitClosed *closed)
{
    unsigned to = other_end(c, from, closed->circuit);

    if (to == COORDINATOR_NODES_MAX) return;
    log_info("circuit.closed", "node=%s peer=%s", c->config.nodes[from], c->config.nodes[to]);
    relay_close(c, from, to, from);
}
