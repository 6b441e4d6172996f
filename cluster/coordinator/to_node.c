/* SPDX-License-Identifier: Apache-2.0 */
/* ToNode messages: protobuf bytes through one reused buffer. */
#include "cluster/coordinator/to_node.h"

#include "cluster/coordinator/internal.h"
#include "common/base/log.h"

static ProtobufCBinaryData data_of(struct bytes b)
{
    /* protobuf-c takes its inputs as not const, and does not write to them. */
    return (ProtobufCBinaryData){.len = b.len, .data = (uint8_t *)(uintptr_t)b.data};
}

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void send(struct coordinator *c, unsigned index, const Kms__V1__ToNode *message)
{
    if (!c->nodes[index].connected) return;
    c->frame.len = 0;
    size_t   len = kms__v1__to_node__get_packed_size(message);
    uint8_t *at = buf_reserve(&c->frame, len);
    if (at == NULL) {
        log_error("node.send", "node=%s no memory for a message of %zu bytes", c->config.nodes[index], len);
        return;
    }
    c->config.io.node_send(c->config.io.self, index, bytes(at, kms__v1__to_node__pack(message, at)));
}

void to_node_ping(struct coordinator *c, unsigned index, uint64_t id)
{
    Kms__V1__Ping   ping = KMS__V1__PING__INIT;
    Kms__V1__ToNode message = KMS__V1__TO_NODE__INIT;

    ping.id = id;
    message.kind_case = KMS__V1__TO_NODE__KIND_PING;
    message.ping = &ping;
    send(c, index, &message);
}

void to_node_circuit(struct coordinator *c, unsigned index, uint64_t id, unsigned peer, bool open)
{
    Kms__V1__Circuit circuit = KMS__V1__CIRCUIT__INIT;
    Kms__V1__ToNode  message = KMS__V1__TO_NODE__INIT;

    circuit.id = id;
    circuit.peer = text_of(c->config.nodes[peer]);
    circuit.open = open;
    message.kind_case = KMS__V1__TO_NODE__KIND_CIRCUIT;
    message.circuit = &circuit;
    send(c, index, &message);
}

void to_node_relay(struct coordinator *c, unsigned index, uint64_t id, struct bytes data)
{
    Kms__V1__Relay  relay = KMS__V1__RELAY__INIT;
    Kms__V1__ToNode message = KMS__V1__TO_NODE__INIT;

    relay.circuit = id;
    relay.data = data_of(data);
    message.kind_case = KMS__V1__TO_NODE__KIND_RELAY;
    message.relay = &relay;
    send(c, index, &message);
}

void to_node_start(struct coordinator *c, unsigned index, const struct start_message *s)
{
    Kms__V1__Start  start = KMS__V1__START__INIT;
    Kms__V1__ToNode message = KMS__V1__TO_NODE__INIT;
    char           *names[BIRTH_HOLDERS_MAX];
    uint64_t        circuits[BIRTH_HOLDERS_MAX];

    for (unsigned i = 0; i < s->placement->count; i++) {
        unsigned peer = s->placement->nodes[i];
        names[i] = c->config.nodes[peer];
        circuits[i] = peer == index ? 0 : relay_open(c, index, peer);
    }
    start.tag = data_of(bytes(s->tag, SESSION_TAG_LEN));
    start.operation = s->operation;
    start.request = data_of(s->request);
    start.n_nodes = s->placement->count;
    start.nodes = names;
    start.n_circuits = s->placement->count;
    start.circuits = circuits;
    start.budget_ms = s->budget_ms;
    message.kind_case = KMS__V1__TO_NODE__KIND_START;
    message.start = &start;
    send(c, index, &message);
}

void to_node_cancel(struct coordinator *c, unsigned index, const uint8_t tag[SESSION_TAG_LEN])
{
    Kms__V1__Cancel cancel = KMS__V1__CANCEL__INIT;
    Kms__V1__ToNode message = KMS__V1__TO_NODE__INIT;

    cancel.tag = data_of(bytes(tag, SESSION_TAG_LEN));
    message.kind_case = KMS__V1__TO_NODE__KIND_CANCEL;
    message.cancel = &cancel;
    send(c, index, &message);
}

void to_node_commit(struct coordinator *c, unsigned index, struct bytes birth_certificate)
{
    Kms__V1__CommitRequest commit = KMS__V1__COMMIT_REQUEST__INIT;
    Kms__V1__ToNode        message = KMS__V1__TO_NODE__INIT;

    commit.birth_certificate = data_of(birth_certificate);
    message.kind_case = KMS__V1__TO_NODE__KIND_COMMIT;
    message.commit = &commit;
    send(c, index, &message);
}

void to_node_deliver(struct coordinator *c, unsigned index, struct bytes statement)
{
    Kms__V1__DeliverRequest deliver = KMS__V1__DELIVER_REQUEST__INIT;
    Kms__V1__ToNode         message = KMS__V1__TO_NODE__INIT;

    deliver.statement = data_of(statement);
    message.kind_case = KMS__V1__TO_NODE__KIND_DELIVER;
    message.deliver = &deliver;
    send(c, index, &message);
}

void to_node_destroy(struct coordinator *c, unsigned index, const char *key_id, struct bytes request)
{
    Kms__V1__Destroy destroy = KMS__V1__DESTROY__INIT;
    Kms__V1__ToNode  message = KMS__V1__TO_NODE__INIT;

    /* The keyId is the id that comes back: so nothing need be remembered about a deletion that is under way. */
    destroy.id = data_of(bytes_str(key_id));
    destroy.request = data_of(request);
    destroy.key_id = text_of(key_id);
    message.kind_case = KMS__V1__TO_NODE__KIND_DESTROY;
    message.destroy = &destroy;
    send(c, index, &message);
}
