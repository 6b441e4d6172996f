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

static size_t backlog_max(const struct coordinator *c)
{
    size_t share = RELAY_BACKLOG_MAX / (c->config.node_count > 1 ? c->config.node_count - 1 : 1);
    return share < RELAY_MAX ? share : RELAY_MAX;
}

/* Counts these bytes where the receiver is behind; false: too many are of this circuit. */
static bool may_queue(struct coordinator *c, unsigned from, unsigned to, size_t len)
{
    const struct coordinator_io *io = &c->config.io;
    struct circuits             *all = &c->circuits;
    struct relay_backlog        *backlog = &all->backlogs[from][to];

    if (io->node_unsent == NULL || io->node_unsent(io->self, to) <= RELAY_QUEUED_MAX) {
        all->epochs[to]++;
        return true;
    }
    if (backlog->epoch != all->epochs[to]) *backlog = (struct relay_backlog){.epoch = all->epochs[to]};
    backlog->bytes += len;
    return backlog->bytes <= backlog_max(c);
}

RESULT relay_on_data(struct coordinator *c, unsigned from, const Kms__V1__Relay *relay)
{
    unsigned to = other_end(c, from, relay->circuit);

    if (relay->data.len > RELAY_MAX)
        return fail(KMS_E_PROTOCOL, "%s: %zu bytes in one relay message, at most %d", c->config.nodes[from],
                    relay->data.len, RELAY_MAX);
    /* What was sent before its sender heard that the circuit had closed is no offence. */
    if (to == COORDINATOR_NODES_MAX) return KMS_OK;
    if (may_queue(c, from, to, relay->data.len)) {
        to_node_relay(c, to, relay->circuit, bytes(relay->data.data, relay->data.len));
        return KMS_OK;
    }
    log_warn("circuit.flooded", "from=%s to=%s", c->config.nodes[from], c->config.nodes[to]);
    relay_close(c, from, to, COORDINATOR_NODES_MAX);
    return KMS_OK;
}

void relay_on_closed(struct coordinator *c, unsigned from, const Kms__V1__CircuitClosed *closed)
{
    unsigned to = other_end(c, from, closed->circuit);

    if (to == COORDINATOR_NODES_MAX) return;
    log_info("circuit.closed", "node=%s peer=%s", c->config.nodes[from], c->config.nodes[to]);
    relay_close(c, from, to, from);
}
