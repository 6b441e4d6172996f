/* SPDX-License-Identifier: Apache-2.0 */
/* /healthz, /readyz, capabilities, nodes and status. */
#include "cluster/api/api_state.h"
#include "cluster/api/handlers.h"
#include "cluster/api/json_out.h"
#include "cluster/protocol/scheme.h"

enum kms_err cluster_health(struct call *call)
{
    JSON_OUT_LOCAL o = json_out_object();

    call->logged = true;
    json_out_text(&o, "status", "ok");
    call_reply_json(call, 200, o.item, NULL);
    return KMS_OK;
}

enum kms_err cluster_ready(struct call *call)
{
    JSON_OUT_LOCAL            o = json_out_object();
    struct coordinator_status status;

    call->logged = true;
    coordinator_state(call->api->coordinator, &status);
    if (!status.ready)
        return fail(KMS_E_QUORUM, "%u of %u nodes are up: 3 are needed for 2-of-3", status.nodes_up, status.nodes);
    json_out_text(&o, "status", "ready");
    call_reply_json(call, 200, o.item, NULL);
    return KMS_OK;
}

enum kms_err cluster_capabilities(struct call *call)
{
    static const char *const curves[] = {"ED25519"};
    JSON_OUT_LOCAL           o = json_out_object();
    struct json_out          eddsa = json_out_object();
    cJSON                   *algorithms = cJSON_CreateArray();

    json_out_text(&eddsa, "algo_type", coordinator_algorithm_name(ALGORITHM_EDDSA));
    json_out_texts(&eddsa, "curves", curves, ARRAY_LEN(curves));
    json_out_texts(&eddsa, "default_for", curves, ARRAY_LEN(curves));
    if (!cJSON_AddItemToArray(algorithms, eddsa.item)) json_out_clear(&eddsa);
    json_out_item(&o, "algorithms", algorithms);
    json_out_text(&o, "version", call->api->config->version);
    call_reply_json(call, 200, o.item, NULL);
    return KMS_OK;
}

static cJSON *node_json(const struct node_view *n)
{
    struct json_out o = json_out_object();

    json_out_text(&o, "node", n->node);
    json_out_bool(&o, "up", n->up);
    json_out_bool(&o, "serving", n->serving);
    json_out_text(&o, "why", n->why);
    json_out_bool(&o, "sealed", n->sealed);
    json_out_text(&o, "version", n->version);
    json_out_number(&o, "keys", (double)n->keys);
    json_out_number(&o, "pending", (double)n->pending);
    json_out_number(&o, "sessions", n->sessions);
    json_out_number(&o, "rosterSequence", (double)n->roster_sequence);
    json_out_number(&o, "rttMs", n->rtt_ms);
    json_out_text(&o, "host_label", n->host_label);
    return o.item;
}

enum kms_err cluster_nodes(struct call *call)
{
    JSON_OUT_LOCAL o = json_out_object();
    cJSON         *items = cJSON_CreateArray();

    json_out_item(&o, "items", items);
    for (unsigned i = 0; !o.failed && i < call->api->config->node_count; i++) {
        struct node_view view;
        coordinator_node(call->api->coordinator, i, &view);
        cJSON *item = node_json(&view);
        if (cJSON_AddItemToArray(items, item)) continue;
        cJSON_Delete(item);
        return fail(KMS_E_MEMORY, "a list of nodes");
    }
    call_reply_json(call, 200, o.item, NULL);
    return KMS_OK;
}

enum kms_err cluster_status(struct call *call)
{
    JSON_OUT_LOCAL                   o = json_out_object();
    const struct coordinator_config *config = call->api->config;
    struct metadata                 *m = config->metadata;
    struct coordinator_status        status;
    uint64_t                         keys = 0;

    TRY(m->ops->key_count(m->self, &keys));
    coordinator_state(call->api->coordinator, &status);
    json_out_text(&o, "cluster", config->cluster);
    json_out_text(&o, "name", config->name);
    json_out_text(&o, "version", config->version);
    json_out_bool(&o, "ready", status.ready);
    json_out_number(&o, "nodesUp", status.nodes_up);
    json_out_number(&o, "nodes", status.nodes);
    json_out_number(&o, "keys", (double)keys);
    json_out_number(&o, "requests", (double)status.requests);
    json_out_number(&o, "signatures", (double)status.signatures);
    json_out_number(&o, "failures", (double)status.failures);
    json_out_number(&o, "uptimeSeconds", (double)status.uptime_s);
    json_out_number(&o, "rosterSequence", (double)status.roster_sequence);
    call_reply_json(call, 200, o.item, NULL);
    return KMS_OK;
}
