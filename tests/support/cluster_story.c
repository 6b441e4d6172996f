/* SPDX-License-Identifier: Apache-2.0 */
/* What tests do with a simulated cluster again and again: requests, keys, signatures. */
#include <stdio.h>

#include "cluster/frost/frost.h"
#include "cluster/node/state.h"
#include "tests/support/cluster_sim_internal.h"

const char sim_message[] = "attack at dawn";

void sim_request(struct cluster_sim *s, struct signed_request *r, const struct credential *c,
                 const char *method_and_path, const char *body)
{
    const char *path = strchr(method_and_path, ' ');

    *r = (struct signed_request){.body = bytes_str(body)};
    assert_non_null(path);
    (void)snprintf(r->method, sizeof r->method, "%.*s", (int)(path - method_and_path), method_and_path);
    (void)snprintf(r->path, sizeof r->path, "%s", path + 1);
    assert_ok(signed_request_sign(r, c, sim_wall_s(s), 60));
}

void sim_start_init(struct cluster_sim *s, struct sim_start *start, Kms__V1__Operation operation,
                    const struct signed_request *r, uint32_t mask)
{
    *start = (struct sim_start){.operation = operation, .request = BUF_INIT(REQUEST_ENCODED_MAX)};
    assert_ok(signed_request_encode(&start->request, r));
    for (unsigned i = 0; i < s->count; i++)
        if ((mask >> i & 1) != 0) start->names[start->count++] = s->nodes[i].name;
    assert_ok(rng_fill(rng_system(), start->tag, sizeof start->tag));
}

void sim_start_clear(struct sim_start *start)
{
    buf_clear(&start->request);
}

static unsigned index_of(const struct cluster_sim *s, const char *name)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->nodes[i].name, name) == 0) return i;
    return SIM_NODES_MAX;
}

void sim_send_start(struct cluster_sim *s, unsigned node, const struct sim_start *start)
{
    Kms__V1__ToNode m = KMS__V1__TO_NODE__INIT;
    Kms__V1__Start  f = KMS__V1__START__INIT;
    uint64_t        circuits[SIM_NODES_MAX + 1];
    bool            given = false;

    memcpy(circuits, start->circuits, sizeof circuits);
    for (unsigned i = 0; i < start->count; i++) given |= circuits[i] != 0;
    for (unsigned i = 0; i < start->count && !given; i++) {
        unsigned peer = index_of(s, start->names[i]);
        circuits[i] = peer == node || peer == SIM_NODES_MAX ? 0 : sim_circuit_between(s, node, peer);
    }
    f.tag = (ProtobufCBinaryData){.len = 16, .data = (uint8_t *)(uintptr_t)start->tag};
    f.operation = start->operation;
    f.request = (ProtobufCBinaryData){.len = start->request.len, .data = start->request.data};
    f.item = start->item;
    f.nodes = (char **)(uintptr_t)start->names;
    f.n_nodes = f.n_circuits = start->count;
    f.circuits = circuits;
    f.budget_ms = start->budget_ms;
    m.kind_case = KMS__V1__TO_NODE__KIND_START;
    m.start = &f;
    sim_send(s, node, &m);
}

void sim_begin(struct cluster_sim *s, Kms__V1__Operation operation, const struct signed_request *r, uint32_t mask)
{
    struct sim_start start;

    sim_start_init(s, &start, operation, r, mask);
    for (unsigned i = 0; i < s->count; i++) {
        s->nodes[i].result.have = false;
        if ((mask >> i & 1) != 0) sim_send_start(s, i, &start);
    }
    sim_start_clear(&start);
}

void sim_generate_body(char out[256], unsigned t, unsigned n)
{
    (void)snprintf(out, 256,
                   "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\",\"algo_type\":\"EDDSA\",\"size\":32},"
                   "\"shard_properties\":{\"shard_count\":%u,\"threshold\":%u,\"all_of_n\":%s},\"label\":\"a key\"}",
                   n, t, t == n ? "true" : "false");
}

static unsigned bits(uint32_t mask)
{
    return (unsigned)__builtin_popcount(mask);
}

void sim_begin_key(struct cluster_sim *s, unsigned t, uint32_t mask)
{
    struct signed_request r;
    char                  body[256];

    sim_generate_body(body, t, bits(mask));
    sim_request(s, &r, &s->owner, "POST /api/v1/keys/generate", body);
    sim_begin(s, KMS__V1__OPERATION__OPERATION_GENERATE, &r, mask);
}

enum sim_fate sim_cut_when_vouched(void *arg, struct sim_relay *r)
{
    struct cluster_sim *s = arg;

    (void)r;
    for (unsigned i = 0; i < s->count; i++)
        if (s->nodes[i].node != NULL && s->nodes[i].node->keys.count > 0) return SIM_DROP;
    return SIM_PASS;
}

static void come_up(struct cluster_sim *s, unsigned i)
{
    s->nodes[i].puts_left = -1;
    if (s->nodes[i].node != NULL) return;
    assert_ok(sim_boot(s, i));
    sim_link(s, i);
}

void sim_heal(struct cluster_sim *s)
{
    s->on_relay = NULL;
    s->on_step = NULL;
    sim_run(s);
    for (unsigned i = 0; i < s->count; i++) come_up(s, i);
    sim_advance(s, 31000);
    for (unsigned a = 0; a < s->count; a++)
        for (unsigned b = a + 1; b < s->count; b++) {
            if (sim_circuit_between(s, a, b) != 0) sim_close_circuit(s, a, b);
            sim_join(s, a, b);
        }
    sim_run(s);
    sim_advance(s, 125000);
}

void sim_make_key(struct cluster_sim *s, unsigned t, uint32_t mask, char key_id[KEY_ID_LEN + 1])
{
    struct birth_certificate c;
    BUF_LOCAL                certificate = BUF_INIT(BIRTH_ENCODED_MAX);

    sim_begin_key(s, t, mask);
    sim_run(s);
    assert_true(sim_collect(s, mask, &certificate));
    sim_commit(s, mask, buf_bytes(&certificate));
    assert_ok(birth_decode(&c, buf_bytes(&certificate)));
    memcpy(key_id, c.body.key_id, KEY_ID_LEN + 1);
    for (unsigned i = 0; i < s->count; i++)
        if ((mask >> i & 1) != 0) assert_string_equal(sim_key_state(s, i, key_id), "ACTIVE");
}

void sim_sign(struct cluster_sim *s, const char *key_id, uint32_t mask)
{
    struct signed_request r;
    char                  target[128];

    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(s, &r, &s->owner, target, "{\"data\":\"61747461636b206174206461776e\",\"dataType\":\"RAW\"}");
    sim_begin(s, KMS__V1__OPERATION__OPERATION_SIGN, &r, mask);
    sim_run(s);
}

void sim_assert_signed(struct cluster_sim *s, const char *key_id, uint32_t mask)
{
    for (unsigned i = 0; i < s->count; i++) {
        const struct sim_result *r = &s->nodes[i].result;
        if ((mask >> i & 1) == 0) continue;
        if (!r->have || r->error != KMS_OK) fail_msg("%s: %s", s->nodes[i].name, r->have ? r->detail : "no result");
        const struct key *key = keys_find(s->nodes[i].node, key_id);
        assert_non_null(key);
        assert_ok(frost_scheme.verify(group_by_id(GROUP_ED25519), bytes(r->signature, r->signature_len),
                                      bytes(key->body.public_key, 32), bytes_str(sim_message)));
    }
}

bool sim_collect(struct cluster_sim *s, uint32_t mask, struct buf *certificate)
{
    struct birth_certificate all = {0};

    for (unsigned i = 0; i < s->count; i++) {
        const struct sim_result *r = &s->nodes[i].result;
        struct birth_certificate one;
        if ((mask >> i & 1) == 0 || !r->have || r->birth_certificate.len == 0) continue;
        assert_ok(birth_decode(&one, buf_bytes(&r->birth_certificate)));
        if (all.count == 0) all.body = one.body;
        assert_string_equal(all.body.key_id, one.body.key_id);
        all.signatures[all.count++] = one.signatures[0];
    }
    if (all.count == 0) return false;
    assert_ok(birth_encode(certificate, &all));
    return all.count == all.body.n && birth_verify(&all, s->pki.authority) == KMS_OK;
}

void sim_commit(struct cluster_sim *s, uint32_t mask, struct bytes certificate)
{
    Kms__V1__ToNode        m = KMS__V1__TO_NODE__INIT;
    Kms__V1__CommitRequest commit = KMS__V1__COMMIT_REQUEST__INIT;

    commit.birth_certificate =
        (ProtobufCBinaryData){.len = certificate.len, .data = (uint8_t *)(uintptr_t)certificate.data};
    m.kind_case = KMS__V1__TO_NODE__KIND_COMMIT;
    m.commit = &commit;
    for (unsigned i = 0; i < s->count; i++)
        if ((mask >> i & 1) != 0) sim_send(s, i, &m);
}
