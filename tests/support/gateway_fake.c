/* SPDX-License-Identifier: Apache-2.0 */
/* What scripted nodes answer. */
#include "tests/support/gateway_fake.h"

#include <stdio.h>

#include "cluster/protocol/scheme.h"
#include "common/crypto/ed25519.h"
#include "common/document/policy.h"
#include "common/wire/json.h"

void fake_init(struct gateway *g)
{
    uint8_t seed[32];

    assert_ok(rng_fill(&g->rng.rng, seed, sizeof seed));
    assert_ok(secret_copy(&g->seed, BYTES_OF(seed)));
    assert_ok(ed25519_public(g->public_key, &g->seed));
    for (unsigned i = 0; i < g->node_count; i++) g->fakes[i].roster_sequence = 1;
}

static void forget_start(struct fake_node *f)
{
    if (f->last != NULL) kms__v1__start__free_unpacked(f->last, NULL);
    f->last = NULL;
}

void fake_clear(struct gateway *g)
{
    for (unsigned i = 0; i < g->node_count; i++) forget_start(&g->fakes[i]);
    secret_clear(&g->seed);
}

static void on_ping(struct gateway *g, unsigned node, const Kms__V1__Ping *ping)
{
    Kms__V1__InfoReply info = KMS__V1__INFO_REPLY__INIT;
    Kms__V1__Pong      pong = KMS__V1__PONG__INIT;
    Kms__V1__FromNode  from = KMS__V1__FROM_NODE__INIT;

    if (g->fakes[node].behaviour == FAKE_DEAF) return;
    info.node = g->credentials[node].identity.name;
    info.cluster = g->roster.cluster;
    info.version = (char *)(uintptr_t)(g->fakes[node].version == NULL ? "0.1.0" : g->fakes[node].version);
    info.wall_ms = g->wall_ms + g->fakes[node].skew_ms;
    info.roster_sequence = g->fakes[node].roster_sequence;
    info.pending = g->fakes[node].pending;
    pong.id = ping->id;
    pong.info = &info;
    from.kind_case = KMS__V1__FROM_NODE__KIND_PONG;
    from.pong = &pong;
    gateway_inject(g, node, &from);
}

static void send_result(struct gateway *g, unsigned node, Kms__V1__Result *result)
{
    Kms__V1__FromNode from = KMS__V1__FROM_NODE__INIT;

    from.kind_case = KMS__V1__FROM_NODE__KIND_RESULT;
    from.result = result;
    gateway_inject(g, node, &from);
}

static void read_word(const cJSON *body, const char *name, char *out, size_t size)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, name);
    (void)snprintf(out, size, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

static int number_of(const cJSON *body, const char *name, int otherwise)
{
    const cJSON *shards = cJSON_GetObjectItemCaseSensitive(body, "shard_properties");
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(shards, name);
    return cJSON_IsNumber(item) ? item->valueint : otherwise;
}

void fake_birth(struct gateway *g, unsigned node, const Kms__V1__Start *start, const char *label, struct buf *out)
{
    struct signed_request    request;
    struct birth_certificate birth = {.count = 1};
    struct birth_body       *b = &birth.body;
    struct identity          who;
    JSON_LOCAL              *body = NULL;

    assert_ok(signed_request_decode(&request, bytes(start->request.data, start->request.len)));
    assert_ok(identity_parse(&who, request.certificate_der));
    assert_ok(json_parse(&body, request.body));
    *b = (struct birth_body){
        .version = 1, .epoch = 1, .algorithm = ALGORITHM_EDDSA, .group = GROUP_ED25519, .authorization = 1};
    b->n = (uint16_t)number_of(body, "shard_count", 3);
    b->t = (uint16_t)number_of(body, "threshold", 2);
    b->created = request.created;
    memcpy(b->cluster, "test", 5);
    memcpy(b->owner, who.uri, sizeof b->owner);
    memcpy(b->public_key, g->public_key, 32);
    memcpy(b->roster_hash, g->roster.hash, 32);
    if (label != NULL)
        (void)snprintf(b->label, sizeof b->label, "%s", label);
    else
        read_word(body, "label", b->label, sizeof b->label);
    for (size_t i = 0; i < start->n_nodes; i++) (void)snprintf(b->nodes[i], sizeof b->nodes[i], "%s", start->nodes[i]);
    /* Stands for a session id: another attempt, another key. */
    memcpy(b->ssid, start->tag.data, start->tag.len);
    policy_builtin_hash(b->policy_hash);
    assert_ok(signed_request_hash(b->request_hash, &request));
    birth_key_id(b->key_id, b->cluster, b->request_hash, b->ssid, bytes(b->public_key, 32));
    memcpy(birth.signatures[0].node, g->credentials[node].identity.name, sizeof birth.signatures[0].node);
    birth.signatures[0].certificate_der = buf_bytes(&g->credentials[node].certificate_der);
    assert_ok(birth_sign(birth.signatures[0].signature, b, &g->credentials[node]));
    assert_ok(birth_encode(out, &birth));
}

static void answer_generate(struct gateway *g, unsigned node, const Kms__V1__Start *start)
{
    Kms__V1__Result   result = KMS__V1__RESULT__INIT;
    Kms__V1__Start    begun = *start;
    struct fake_node *f = &g->fakes[node];
    BUF_LOCAL         birth = BUF_INIT(BIRTH_ENCODED_MAX);

    if (f->keeps) begun.tag.data = f->kept;
    fake_birth(g, node, &begun, g->fakes[node].behaviour == FAKE_LIES ? "another label" : NULL, &birth);
    result.tag = start->tag;
    result.birth_certificate = (ProtobufCBinaryData){.len = birth.len, .data = birth.data};
    send_result(g, node, &result);
}

static void answer_sign(struct gateway *g, unsigned node, const Kms__V1__Start *start)
{
    Kms__V1__Result       result = KMS__V1__RESULT__INIT;
    struct signed_request request;
    JSON_LOCAL           *body = NULL;
    BUF_LOCAL             data = BUF_INIT(65536);
    struct json_object    o;
    uint8_t               signature[64];
    bool                  present;

    assert_ok(signed_request_decode(&request, bytes(start->request.data, start->request.len)));
    assert_ok(json_parse(&body, request.body));
    assert_ok(json_object_begin(&o, body, "request"));
    assert_ok(json_get_hex(&o, "data", 65536, &data, &present));
    assert_ok(ed25519_sign(signature, &g->seed, buf_bytes(&data)));
    if (g->fakes[node].behaviour == FAKE_LIES) signature[0] ^= 1;
    result.tag = start->tag;
    result.signature = (ProtobufCBinaryData){.len = 64, .data = signature};
    send_result(g, node, &result);
}

static void answer_error(struct gateway *g, unsigned node, const Kms__V1__Start *start)
{
    Kms__V1__Result result = KMS__V1__RESULT__INIT;
    char           *missing = (char *)(uintptr_t)g->fakes[node].missing;

    result.tag = start->tag;
    result.error = (int32_t)g->fakes[node].error;
    result.missing = &missing;
    result.n_missing = missing == NULL ? 0 : 1;
    send_result(g, node, &result);
}

static void remember_start(struct gateway *g, unsigned node, const Kms__V1__Start *start)
{
    struct fake_node *f = &g->fakes[node];
    uint8_t           copy[8192];
    size_t            len = kms__v1__start__get_packed_size(start);

    f->starts++;
    if (f->starts == 1 && start->tag.len == sizeof f->kept) memcpy(f->kept, start->tag.data, sizeof f->kept);
    forget_start(f);
    if (len <= sizeof copy) f->last = kms__v1__start__unpack(NULL, kms__v1__start__pack(start, copy), copy);
    assert_ok(buf_printf(&g->trace, "%s: start %s", g->credentials[node].identity.name,
                         start->operation == KMS__V1__OPERATION__OPERATION_SIGN ? "sign" : "generate"));
    for (size_t i = 0; i < start->n_nodes; i++) assert_ok(buf_printf(&g->trace, " %s", start->nodes[i]));
    assert_ok(buf_append_str(&g->trace, "\n"));
}

static void on_start(struct gateway *g, unsigned node, const Kms__V1__Start *start)
{
    struct fake_node   *f = &g->fakes[node];
    enum fake_behaviour behaviour = f->behaviour;

    remember_start(g, node, start);
    if (behaviour == FAKE_SILENT || behaviour == FAKE_DEAF) return;
    if (behaviour == FAKE_FAILS)
        answer_error(g, node, start);
    else if (start->operation == KMS__V1__OPERATION__OPERATION_SIGN)
        answer_sign(g, node, start);
    else
        answer_generate(g, node, start);
    if (f->times > 0 && --f->times == 0) f->behaviour = FAKE_ANSWERS;
}

static void on_destroy(struct gateway *g, unsigned node, const Kms__V1__Destroy *destroy)
{
    Kms__V1__Destroyed destroyed = KMS__V1__DESTROYED__INIT;
    Kms__V1__FromNode  from = KMS__V1__FROM_NODE__INIT;
    bool               waits = g->fakes[node].forgets;

    g->fakes[node].destroys++;
    if (g->fakes[node].behaviour == FAKE_SILENT) return;
    destroyed.id = destroy->id;
    destroyed.state = (char *)(uintptr_t)(waits ? "PENDING_DELETION" : "DELETED");
    destroyed.due = g->wall_ms / 1000 + (waits ? 3600 : 0);
    from.kind_case = KMS__V1__FROM_NODE__KIND_DESTROYED;
    from.destroyed = &destroyed;
    gateway_inject(g, node, &from);
}

static void on_circuit(struct gateway *g, unsigned node, const Kms__V1__Circuit *circuit)
{
    assert_ok(buf_printf(&g->trace, "%s: circuit %s %s\n", g->credentials[node].identity.name, circuit->peer,
                         circuit->open ? "open" : "close"));
}

static void on_relay(struct gateway *g, unsigned node, const Kms__V1__Relay *relay)
{
    assert_ok(buf_printf(&g->trace, "%s: relay %.*s\n", g->credentials[node].identity.name, (int)relay->data.len,
                         (const char *)relay->data.data));
}

void fake_on_frame(struct gateway *g, unsigned node, struct bytes to_node)
{
    Kms__V1__ToNode  *m = kms__v1__to_node__unpack(NULL, to_node.len, to_node.data);
    struct fake_node *f = &g->fakes[node];

    assert_non_null(m);
    if (m->kind_case == KMS__V1__TO_NODE__KIND_PING) on_ping(g, node, m->ping);
    if (m->kind_case == KMS__V1__TO_NODE__KIND_START) on_start(g, node, m->start);
    if (m->kind_case == KMS__V1__TO_NODE__KIND_DESTROY) on_destroy(g, node, m->destroy);
    if (m->kind_case == KMS__V1__TO_NODE__KIND_CIRCUIT) on_circuit(g, node, m->circuit);
    if (m->kind_case == KMS__V1__TO_NODE__KIND_RELAY) on_relay(g, node, m->relay);
    if (m->kind_case == KMS__V1__TO_NODE__KIND_COMMIT) f->commits++;
    if (m->kind_case == KMS__V1__TO_NODE__KIND_CANCEL) f->cancels++;
    if (m->kind_case == KMS__V1__TO_NODE__KIND_DELIVER) {
        f->delivers++;
        f->roster_sequence = 1;
    }
    kms__v1__to_node__free_unpacked(m, NULL);
}
