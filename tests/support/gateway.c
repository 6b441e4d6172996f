/* SPDX-License-Identifier: Apache-2.0 */
/* The world around a coordinator: links, clocks, nodes. */
#include "tests/support/gateway.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/crypto/ed25519.h"
#include "tests/support/gateway_fake.h"

static uint64_t io_now(void *self)
{
    return ((struct gateway *)self)->now_ms;
}

static int64_t io_wall(void *self)
{
    return ((struct gateway *)self)->wall_ms;
}

static void push(struct gateway *g, bool to_node, unsigned node, struct bytes frame)
{
    struct gateway_frame *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->to_node = to_node;
    f->node = node;
    f->bytes = BUF_INIT(4 * 1024 * 1024);
    assert_ok(buf_append(&f->bytes, frame));
    *g->last = f;
    g->last = &f->next;
}

static void io_node_send(void *self, unsigned index, struct bytes to_node)
{
    struct gateway *g = self;
    if (g->connected[index]) push(g, true, index, to_node);
}

static void io_node_reset(void *self, unsigned index)
{
    struct gateway *g = self;
    g->resets[index]++;
    g->connected[index] = false;
    if (g->real) node_on_link_down(g->nodes[index], 1);
}

static size_t io_node_unsent(void *self, unsigned index)
{
    return ((struct gateway *)self)->unsent[index];
}

static uint64_t io_disk_free(void *self)
{
    return ((struct gateway *)self)->disk_free;
}

/* A real node's world: self is one of these. */
struct real_world {
    struct gateway *g;
    unsigned        index;
};
static struct real_world worlds[GATEWAY_NODES_MAX];

static uint64_t real_now(void *self)
{
    return ((struct real_world *)self)->g->now_ms;
}

static int64_t real_wall(void *self)
{
    return ((struct real_world *)self)->g->wall_ms;
}

static void real_link_send(void *self, uint32_t link, struct bytes from_node)
{
    struct real_world *w = self;
    (void)link;
    if (w->g->connected[w->index]) push(w->g, false, w->index, from_node);
}

static void real_link_close(void *self, uint32_t link)
{
    (void)self, (void)link;
}

static void make_roster(struct gateway *g, bool same_host)
{
    struct statement statement = {.type = STATEMENT_ROSTER, .sequence = 1, .created = g->wall_ms / 1000};
    BUF_LOCAL        payload = BUF_INIT(STATEMENT_PAYLOAD_MAX);

    g->roster = (struct roster){.sequence = 1, .count = g->node_count};
    (void)snprintf(g->roster.cluster, sizeof g->roster.cluster, "test");
    for (unsigned i = 0; i < g->node_count; i++) {
        struct roster_node *n = &g->roster.nodes[i];
        (void)snprintf(n->name, sizeof n->name, "tss%u", i + 1);
        memcpy(n->fingerprint, g->credentials[i].identity.fingerprint, 32);
        if (same_host && i < 2) (void)snprintf(n->host_label, sizeof n->host_label, "rack1");
    }
    assert_ok(roster_seal(&g->roster));
    assert_ok(roster_encode(&payload, &g->roster));
    (void)snprintf(statement.subject, sizeof statement.subject, "roster/test");
    statement.payload = buf_bytes(&payload);
    assert_ok(statement_sign(&statement, &g->operator));
    g->roster_statement = BUF_INIT(STATEMENT_ENCODED_MAX);
    assert_ok(statement_encode(&g->roster_statement, &statement));
}

static void make_identities(struct gateway *g)
{
    cluster_pki_init(&g->pki, 0, "test");
    for (unsigned i = 0; i < g->node_count; i++) {
        char name[24];
        (void)snprintf(name, sizeof name, "node/tss%u", i + 1);
        cluster_pki_issue(&g->pki, &g->credentials[i], name);
    }
    cluster_pki_issue(&g->pki, &g->app, "client/app");
    cluster_pki_issue(&g->pki, &g->other, "client/other");
    cluster_pki_issue(&g->pki, &g->operator, "operator/admin");
    cluster_pki_issue(&g->pki, &g->auditor, "auditor/auditor");
    cluster_pki_issue(&g->pki, &g->status, "status/status");
}

static void make_coordinator(struct gateway *g, const struct gateway_options *options)
{
    struct coordinator_config config = {
        .cluster = "test",
        .name = "gw1",
        .authority = g->pki.authority,
        .roster = &g->roster,
        .roster_statement = buf_bytes(&g->roster_statement),
        .metadata = &g->metadata,
        .io = {.self = g,
               .now_ms = io_now,
               .wall_ms = io_wall,
               .node_send = io_node_send,
               .node_reset = io_node_reset,
               .node_unsent = io_node_unsent,
               .disk_free = io_disk_free},
        .rng = &g->rng.rng,
        .node_count = g->node_count,
        .heartbeat_ms = 300,
        .heartbeat_misses = 3,
        .sign_deadline_ms = 5000,
        .generate_deadline_ms = 30000,
        .progress_ms = 1000,
        .requests_max = options->requests_max == 0 ? 16 : options->requests_max,
        .disk_reserve = UINT64_C(1) << 30,
        .default_algorithm_ed25519 = "EDDSA",
        .version = "0.1.0",
    };

    for (unsigned i = 0; i < g->node_count; i++)
        (void)snprintf(config.nodes[i], sizeof config.nodes[i], "tss%u", i + 1);
    assert_ok(metadata_open_memory(&g->metadata));
    assert_ok(coordinator_new(&g->coordinator, &config));
    assert_ok(api_new(&g->api, g->coordinator, g->pki.authority));
}

static void make_real_node(struct gateway *g, unsigned i)
{
    struct store       inner;
    struct secret      dek = SECRET_NONE;
    struct node_config config = {
        .cluster = "test",
        .credential = &g->credentials[i],
        .authority = g->pki.authority,
        .store = &g->stores[i],
        .io = {.self = &worlds[i],
               .now_ms = real_now,
               .wall_ms = real_wall,
               .link_send = real_link_send,
               .link_close = real_link_close},
        .rng = rng_system(),
        .sign_deadline_ms = 5000,
        .generate_deadline_ms = 30000,
        .progress_ms = 1000,
        .sessions_max = 64,
        .version = "0.1.0",
    };

    worlds[i] = (struct real_world){.g = g, .index = i};
    assert_ok(secret_copy(&dek, BYTES_OF(g->credentials[i].identity.fingerprint)));
    assert_ok(store_open_memory(&inner));
    assert_ok(store_open_sealed(&g->stores[i], &inner, &dek, g->credentials[i].identity.name));
    secret_clear(&dek);
    assert_ok(node_new(&g->nodes[i], &config));
}

void gateway_init(struct gateway *g, const struct gateway_options *options)
{
    *g = (struct gateway){.node_count = options->node_count == 0 ? 4 : options->node_count, .real = options->real};
    g->last = &g->first;
    g->trace = BUF_INIT(1024 * 1024);
    g->disk_free = UINT64_C(1) << 40;
    g->now_ms = 1000000;
    g->wall_ms = clock_wall_ms();
    (void)rng_seeded_init(&g->rng, test_seed(), 7);
    make_identities(g);
    make_roster(g, options->same_host);
    make_coordinator(g, options);
    fake_init(g);
    for (unsigned i = 0; g->real && i < g->node_count; i++) make_real_node(g, i);
    for (unsigned i = 0; i < g->node_count; i++) gateway_link_up(g, i);
    gateway_run(g);
    gateway_pass(g, 400);
}

void gateway_clear(struct gateway *g)
{
    api_free(&g->api);
    coordinator_free(&g->coordinator);
    metadata_close(&g->metadata);
    for (struct gateway_frame *f = g->first, *next; f != NULL; f = next) {
        next = f->next;
        buf_clear(&f->bytes);
        free(f);
    }
    fake_clear(g);
    for (unsigned i = 0; i < g->node_count; i++) {
        if (g->real) node_free(&g->nodes[i]);
        store_close(&g->stores[i]);
        credential_clear(&g->credentials[i]);
    }
    credential_clear(&g->app);
    credential_clear(&g->other);
    credential_clear(&g->operator);
    credential_clear(&g->auditor);
    credential_clear(&g->status);
    buf_clear(&g->roster_statement);
    buf_clear(&g->trace);
    cluster_pki_clear(&g->pki);
}

void gateway_link_up(struct gateway *g, unsigned node)
{
    struct identity gateway = {.role = ROLE_GATEWAY};

    g->connected[node] = true;
    if (g->real) {
        assert_ok(identity_parse_uri(&gateway, "spiffe://test/gateway/gw1"));
        node_on_link_up(g->nodes[node], 1, &gateway);
    }
    coordinator_on_node_up(g->coordinator, node);
}

static void drop_frames(struct gateway *g, unsigned node)
{
    for (struct gateway_frame *f = g->first; f != NULL; f = f->next)
        if (f->node == node) f->bytes.len = 0;
}

void gateway_link_down(struct gateway *g, unsigned node)
{
    g->connected[node] = false;
    drop_frames(g, node);
    if (g->real) node_on_link_down(g->nodes[node], 1);
    coordinator_on_node_down(g->coordinator, node);
}

static void deliver(struct gateway *g, const struct gateway_frame *f)
{
    if (!g->connected[f->node] || f->bytes.len == 0) return;
    if (!f->to_node)
        coordinator_on_node_frame(g->coordinator, f->node, buf_bytes(&f->bytes));
    else if (g->real)
        node_on_link_frame(g->nodes[f->node], 1, buf_bytes(&f->bytes));
    else
        fake_on_frame(g, f->node, buf_bytes(&f->bytes));
}

void gateway_run(struct gateway *g)
{
    while (g->first != NULL) {
        struct gateway_frame *f = g->first;
        g->first = f->next;
        if (g->first == NULL) g->last = &g->first;
        deliver(g, f);
        buf_clear(&f->bytes);
        free(f);
    }
}

void gateway_pass(struct gateway *g, unsigned ms)
{
    for (unsigned passed = 0; passed < ms; passed += 10) {
        g->now_ms += 10;
        g->wall_ms += 10;
        coordinator_on_tick(g->coordinator);
        for (unsigned i = 0; g->real && i < g->node_count; i++) node_on_tick(g->nodes[i]);
        gateway_run(g);
    }
}

void gateway_inject(struct gateway *g, unsigned node, const Kms__V1__FromNode *message)
{
    size_t   len = kms__v1__from_node__get_packed_size(message);
    uint8_t *frame = malloc(len + 1);

    assert_non_null(frame);
    (void)kms__v1__from_node__pack(message, frame);
    push(g, false, node, bytes(frame, len));
    free(frame);
}
