/* SPDX-License-Identifier: Apache-2.0 */
/* Made, freed, and fed: what comes in goes to the part that it concerns. */
#include "cluster/coordinator/coordinator.h"

#include <stdio.h>
#include <stdlib.h>

#include "cluster/coordinator/internal.h"
#include "common/base/log.h"

#define FRAME_MAX (RELAY_MAX + REQUEST_ENCODED_MAX + 4096)

static RESULT check_config(const struct coordinator_config *config)
{
    if (config->node_count < 1 || config->node_count > COORDINATOR_NODES_MAX)
        return fail(KMS_E_CONFIG, "%u nodes: 1 to %d belong here", config->node_count, COORDINATOR_NODES_MAX);
    for (unsigned i = 0; i < config->node_count; i++)
        for (unsigned j = 0; j < i; j++)
            if (strcmp(config->nodes[i], config->nodes[j]) == 0)
                return fail(KMS_E_CONFIG, "node %s is configured twice", config->nodes[i]);
    if (config->heartbeat_ms == 0 || config->heartbeat_misses == 0 || config->progress_ms == 0 ||
        config->requests_max == 0)
        return fail(KMS_E_CONFIG, "heartbeat_ms, heartbeat_misses, progress_ms and requests_max cannot be 0");
    if (strcmp(config->default_algorithm_ed25519, "EDDSA") != 0)
        return fail(KMS_E_CONFIG, "default_algorithm_ed25519: only EDDSA signs with ED25519");
    return KMS_OK;
}

static RESULT set_up(struct coordinator *c, const struct coordinator_config *config)
{
    c->config = *config;
    c->roster = *config->roster;
    c->config.roster = &c->roster;
    c->roster_statement = BUF_INIT(STATEMENT_ENCODED_MAX);
    c->frame = BUF_INIT(FRAME_MAX);
    c->started_ms = coordinator_now_ms(c);
    TRY(buf_append(&c->roster_statement, config->roster_statement));
    c->config.roster_statement = buf_bytes(&c->roster_statement);
    return requests_init(c);
}

RESULT coordinator_new(struct coordinator **out, const struct coordinator_config *config)
{
    *out = NULL;
    TRY(check_config(config));
    struct coordinator *c = calloc(1, sizeof *c);
    if (c == NULL) return fail(KMS_E_MEMORY, "a coordinator");
    enum kms_err err = set_up(c, config);
    if (err != KMS_OK) coordinator_free(&c);
    *out = c;
    return err;
}

void coordinator_free(struct coordinator **coordinator)
{
    struct coordinator *c = *coordinator;

    if (c == NULL) return;
    coordinator_abandon(c);
    requests_clear(c);
    buf_clear(&c->roster_statement);
    buf_clear(&c->frame);
    free(c);
    *coordinator = NULL;
}

void coordinator_on_node_up(struct coordinator *c, unsigned index)
{
    if (index < c->config.node_count) nodes_on_up(c, index);
}

void coordinator_on_node_down(struct coordinator *c, unsigned index)
{
    if (index < c->config.node_count) (void)nodes_on_down(c, index, "the connection was closed");
}

static RESULT dispatch(struct coordinator *c, unsigned from, const Kms__V1__FromNode *message)
{
    switch (message->kind_case) {
    case KMS__V1__FROM_NODE__KIND_PONG:
        nodes_on_pong(c, from, message->pong);
        return KMS_OK;
    case KMS__V1__FROM_NODE__KIND_RELAY:
        return relay_on_data(c, from, message->relay);
    case KMS__V1__FROM_NODE__KIND_CIRCUIT_CLOSED:
        relay_on_closed(c, from, message->circuit_closed);
        return KMS_OK;
    case KMS__V1__FROM_NODE__KIND_RESULT:
        requests_on_result(c, from, message->result);
        return KMS_OK;
    case KMS__V1__FROM_NODE__KIND_DESTROYED:
        destroy_on_destroyed(c, from, message->destroyed);
        return KMS_OK;
    case KMS__V1__FROM_NODE__KIND_FETCHED:
        return KMS_OK; /* never asked for here */
    case KMS__V1__FROM_NODE__KIND__NOT_SET:
    case _KMS__V1__FROM_NODE__KIND__CASE_IS_INT_SIZE:
        break;
    }
    return fail(KMS_E_PROTOCOL, "%s: a message of no kind", c->config.nodes[from]);
}

void coordinator_on_node_frame(struct coordinator *c, unsigned index, struct bytes from_node)
{
    enum kms_err err;

    if (index >= c->config.node_count || !c->nodes[index].connected) return;
    Kms__V1__FromNode *message = NULL;
    if (from_node.len <= FRAME_MAX) message = kms__v1__from_node__unpack(NULL, from_node.len, from_node.data);
    if (message == NULL) {
        err = fail(KMS_E_PROTOCOL, "%s: not a message, or too long (%zu bytes)", c->config.nodes[index], from_node.len);
    } else {
        err = dispatch(c, index, message);
        kms__v1__from_node__free_unpacked(message, NULL);
    }
    if (err == KMS_OK) {
        nodes_on_frame(c, index);
        return;
    }
    if (nodes_count_warning(c, index) > 0) log_failure(LOG_WARN, "node.protocol", err);
    if (nodes_on_down(c, index, "it broke the protocol")) c->config.io.node_reset(c->config.io.self, index);
}

void coordinator_on_tick(struct coordinator *c)
{
    uint64_t now = coordinator_now_ms(c);

    nodes_on_tick(c, now);
    requests_on_tick(c, now);
    destroy_on_tick(c, now);
    if (c->ticker != NULL) c->ticker(c->ticker_arg);
}

uint64_t coordinator_wakeup_ms(const struct coordinator *c)
{
    uint64_t nodes = nodes_wakeup_ms(c), requests = requests_wakeup_ms(c), at = coordinator_now_ms(c) + 1000;

    if (nodes < at) at = nodes;
    if (requests < at) at = requests;
    return c->sweep.next_ms < at ? c->sweep.next_ms : at;
}

RESULT coordinator_log(struct coordinator *c, struct log_record *row)
{
    struct metadata *m = c->config.metadata;

    (void)snprintf(row->service_name, sizeof row->service_name, "%s", c->config.name);
    TRY_AT(m->ops->log_append(m->self, row), "the operation log cannot be written, so nothing is done");
    return KMS_OK;
}

void coordinator_set_ticker(struct coordinator *c, void (*tick)(void *arg), void *arg)
{
    c->ticker = tick;
    c->ticker_arg = arg;
}

const struct coordinator_config *coordinator_configuration(const struct coordinator *c)
{
    return &c->config;
}
