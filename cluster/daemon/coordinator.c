/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kms-clusterd coordinator. Happy path: configuration -> identity -> roster -> metadata -> coordinator and API -> links
 * to the nodes, REST listener -> "listening" -> loop -> SIGTERM: drain (what is being asked is answered, five seconds
 * at most) -> 0.
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cluster/api/api.h"
#include "cluster/daemon/daemon.h"
#include "cluster/daemon/runtime.h"
#include "cluster/net/http_server.h"
#include "cluster/net/peer.h"
#include "cluster/net/sync.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define DRAIN_MS 5000
#define DRAIN_CHECK_MS 20

struct coordinator_daemon {
    struct coordinator_options options;
    struct authority          *authority;
    struct credential          credential;
    struct roster              roster;
    struct buf                 roster_statement;
    struct metadata            metadata;
    struct allow_list          allow;
    struct loop                loop;
    struct coordinator        *coordinator;
    struct api                *api;
    struct tls_context        *to_nodes, *rest;
    struct peers              *peers;
    struct http_server        *server;
    struct ticker              ticker;
    struct sync                sync;
    struct loop_task           after;
    uv_timer_t                 drain;
    uint64_t                   drain_until_ms;
    bool                       is_draining;
};

/* ---- running: each event leads to note_activity(), once per batch to on_after() ---- */

static void note_activity(struct coordinator_daemon *d)
{
    loop_later(&d->loop, &d->after);
}

static void on_after(struct loop_task *task)
{
    struct coordinator_daemon *d =
        (struct coordinator_daemon *)((char *)task - offsetof(struct coordinator_daemon, after));

    ticker_rearm(&d->ticker);
    sync_touch(&d->sync);
}

static uint64_t wakeup_ms(void *self)
{
    struct coordinator_daemon *d = self;

    return coordinator_wakeup_ms(d->coordinator);
}

static void tick(void *self)
{
    struct coordinator_daemon *d = self;

    coordinator_on_tick(d->coordinator);
    note_activity(d);
}

static void on_node_up(void *self, unsigned index)
{
    struct coordinator_daemon *d = self;

    coordinator_on_node_up(d->coordinator, index);
    note_activity(d);
}

static void on_node_frame(void *self, unsigned index, struct bytes from_node)
{
    struct coordinator_daemon *d = self;

    coordinator_on_node_frame(d->coordinator, index, from_node);
    note_activity(d);
}

static void on_node_down(void *self, unsigned index)
{
    struct coordinator_daemon *d = self;

    coordinator_on_node_down(d->coordinator, index);
    note_activity(d);
}

static void on_request(void *self, struct http_exchange *exchange)
{
    struct coordinator_daemon *d = self;

    api_handle(d->api, exchange);
    note_activity(d);
}

static uint64_t io_now_ms(void *self)
{
    (void)self;
    return clock_monotonic_ms();
}

static int64_t io_wall_ms(void *self)
{
    (void)self;
    return clock_wall_ms();
}

static void io_node_send(void *self, unsigned index, struct bytes to_node)
{
    struct coordinator_daemon *d = self;

    if (d->peers != NULL) peers_send(d->peers, index, to_node);
}

static void io_node_reset(void *self, unsigned index)
{
    struct coordinator_daemon *d = self;

    if (d->peers != NULL) peers_reset(d->peers, index);
}

static size_t io_node_unsent(void *self, unsigned index)
{
    struct coordinator_daemon *d = self;

    return d->peers == NULL ? 0 : peers_unsent(d->peers, index);
}

/* Where that cannot be told, nothing is free. */
static uint64_t io_disk_free(void *self)
{
    struct coordinator_daemon *d = self;
    struct statvfs             disk;

    return statvfs(d->options.database, &disk) != 0 ? 0 : (uint64_t)disk.f_bavail * disk.f_frsize;
}

/* ---- stopping ---- */

static void on_drain_check(uv_timer_t *timer)
{
    struct coordinator_daemon *d = timer->data;

    if (http_server_connections(d->server) == 0 || clock_monotonic_ms() >= d->drain_until_ms) loop_stop(&d->loop);
}

/* The second signal does not wait. */
static void on_terminate(void *self)
{
    struct coordinator_daemon *d = self;

    if (d->is_draining) {
        loop_stop(&d->loop);
        return;
    }
    log_info("coordinator.draining", "connections=%u", http_server_connections(d->server));
    d->is_draining = true;
    d->drain_until_ms = clock_monotonic_ms() + DRAIN_MS;
    http_server_drain(d->server);
    d->drain.data = d;
    CHECK(uv_timer_init(&d->loop.uv, &d->drain) == 0);
    (void)uv_timer_start(&d->drain, on_drain_check, 0, DRAIN_CHECK_MS);
}

/* ---- starting ---- */

static RESULT load_roster(struct coordinator_daemon *d)
{
    const struct common_options *o = &d->options.common;
    struct statement             statement;

    d->roster_statement = BUF_INIT(STATEMENT_ENCODED_MAX);
    enum kms_err err = runtime_load_roster(&d->roster_statement, o->roster);
    if (err == KMS_E_NOT_FOUND) return fail(KMS_E_CONFIG, "no roster %s: kmsctl roster sign makes one", o->roster);
    TRY(err);
    struct bytes encoded = bytes(d->roster_statement.data, d->roster_statement.len);
    TRY_AT(statement_decode(&statement, encoded), "%s", o->roster);
    TRY_AT(roster_from_statement(&d->roster, &statement, d->authority, o->cluster), "%s", o->roster);
    for (unsigned i = 0; i < d->options.node_count; i++)
        if (roster_find(&d->roster, d->options.nodes[i].name) == NULL)
            return fail(KMS_E_CONFIG, "node \"%s\" is not in the roster %s", d->options.nodes[i].name, o->roster);
    return KMS_OK;
}

static RESULT prepare(struct coordinator_daemon *d)
{
    char who[PARTY_NAME_MAX + 16];

    (void)snprintf(who, sizeof who, "coordinator=%s", d->options.common.name);
    TRY(runtime_init(&d->options.common, who));
    for (unsigned i = 0; i < d->options.allow_count; i++) TRY(allow_list_add(&d->allow, d->options.allow[i]));
    TRY(runtime_load_identity(&d->authority, &d->credential, &d->options.common, ROLE_GATEWAY));
    TRY(load_roster(d));
    TRY_AT(metadata_open_sqlite(&d->metadata, d->options.database), "database %s", d->options.database);
    return KMS_OK;
}

static RESULT make_coordinator(struct coordinator_daemon *d)
{
    const struct coordinator_options *o = &d->options;
    struct coordinator_config         config = {
                .authority = d->authority,
                .roster = &d->roster,
                .roster_statement = bytes(d->roster_statement.data, d->roster_statement.len),
                .metadata = &d->metadata,
                .io = {.self = d,
                       .now_ms = io_now_ms,
                       .wall_ms = io_wall_ms,
                       .node_send = io_node_send,
                       .node_reset = io_node_reset,
                       .node_unsent = io_node_unsent,
                       .disk_free = io_disk_free},
                .rng = rng_system(),
                .node_count = o->node_count,
                .heartbeat_ms = (uint32_t)o->heartbeat_ms,
                .heartbeat_misses = (uint32_t)o->heartbeat_misses,
                .sign_deadline_ms = (uint32_t)o->common.sign_deadline_ms,
                .generate_deadline_ms = (uint32_t)o->common.generate_deadline_ms,
                .progress_ms = (uint32_t)o->common.progress_ms,
                .requests_max = (uint32_t)o->requests_max,
                .disk_reserve = (uint64_t)o->audit_reserve_mb << 20,
                .version = KMS_VERSION,
    };

    (void)snprintf(config.cluster, sizeof config.cluster, "%s", o->common.cluster);
    (void)snprintf(config.name, sizeof config.name, "%s", o->common.name);
    (void)snprintf(config.default_algorithm_ed25519, sizeof config.default_algorithm_ed25519, "%s",
                   o->default_algorithm_ed25519);
    for (unsigned i = 0; i < o->node_count; i++)
        (void)snprintf(config.nodes[i], sizeof config.nodes[i], "%s", o->nodes[i].name);
    TRY(coordinator_new(&d->coordinator, &config));
    return api_new(&d->api, d->coordinator, d->authority);
}

/* load_roster() has seen that each is in it. */
static void address_node(struct peer_address *out, const struct node_address *node, const struct roster *roster)
{
    *out = (struct peer_address){.port = (uint16_t)node->port, .has_fingerprint = true};
    (void)snprintf(out->name, sizeof out->name, "%s", node->name);
    (void)snprintf(out->address, sizeof out->address, "%s", node->address);
    memcpy(out->fingerprint, roster_find(roster, node->name)->fingerprint, sizeof out->fingerprint);
}

static RESULT link_nodes(struct coordinator_daemon *d)
{
    const struct coordinator_options *o = &d->options;
    struct peer_address               nodes[PEERS_MAX];
    struct tls_options                tls = {.credential = &d->credential,
                                             .authority = d->authority,
                                             .alpn = "h2",
                                             .cluster = o->common.cluster,
                                             .peer_role = ROLE_NODE};

    for (unsigned i = 0; i < o->node_count; i++) address_node(&nodes[i], &o->nodes[i], &d->roster);
    TRY(tls_context_new(&d->to_nodes, &tls));
    struct peers_setup setup = {.loop = &d->loop,
                                .tls = d->to_nodes,
                                .nodes = nodes,
                                .node_count = o->node_count,
                                .rng = rng_system(),
                                .on_up = on_node_up,
                                .on_frame = on_node_frame,
                                .on_down = on_node_down,
                                .self = d};
    return peers_new(&d->peers, &setup);
}

static RESULT listen_for_clients(struct coordinator_daemon *d)
{
    const struct common_options *o = &d->options.common;
    struct tls_options           tls = {.is_server = true, .credential = &d->credential, .alpn = "http/1.1"};

    if (d->options.tls)
        TRY(tls_context_new(&d->rest, &tls));
    else
        log_warn("coordinator.plain_http", "address=%s", o->listen);
    struct http_server_setup setup = {.loop = &d->loop,
                                      .tls = d->rest,
                                      .address = o->listen,
                                      .port = (uint16_t)o->port,
                                      .connections_max = (unsigned)o->connections_max,
                                      .per_address_max = (unsigned)o->per_address_max,
                                      .allow = &d->allow,
                                      .handler = on_request,
                                      .body_max = api_body_max,
                                      .handler_self = d};
    return http_server_open(&d->server, &setup);
}

static RESULT start(struct coordinator_daemon *d)
{
    TRY(prepare(d));
    TRY(loop_init(&d->loop));
    d->after.run = on_after;
    TRY(make_coordinator(d));
    TRY(loop_on_terminate(&d->loop, on_terminate, d));
    TRY(sync_open(&d->sync, &d->loop, d->metadata.ops->sync_fd(d->metadata.self)));
    ticker_open(&d->ticker, &d->loop, wakeup_ms, tick, d);
    TRY(listen_for_clients(d));
    return link_nodes(d);
}

static void sync_metadata(struct coordinator_daemon *d)
{
    int fd = d->metadata.ops == NULL ? -1 : d->metadata.ops->sync_fd(d->metadata.self);

    if (fd >= 0 && fdatasync(fd) != 0) log_error("coordinator.stop", "text=\"fdatasync: %s\"", strerror(errno));
}

/* In reverse; what was never made is skipped. The API and the coordinator answer what they hold before the loop ends.
 */
static void stop(struct coordinator_daemon *d)
{
    http_server_close(&d->server);
    peers_close(&d->peers);
    ticker_close(&d->ticker);
    sync_close(&d->sync);
    loop_clear(&d->loop);
    api_free(&d->api);
    coordinator_free(&d->coordinator);
    sync_metadata(d);
    metadata_close(&d->metadata);
    tls_context_free(&d->rest);
    tls_context_free(&d->to_nodes);
    buf_clear(&d->roster_statement);
    credential_clear(&d->credential);
    authority_free(&d->authority);
}

static int run(struct coordinator_daemon *d)
{
    enum kms_err err = start(d);

    if (err == KMS_OK) {
        runtime_say_listening(d->options.common.listen, http_server_port(d->server));
        loop_run(&d->loop);
        log_info("coordinator.stopped", "drained=%d", http_server_connections(d->server) == 0);
    }
    int code = runtime_exit("coordinator", err);
    stop(d);
    return code;
}

int daemon_coordinator(int argc, char **argv)
{
    static struct coordinator_daemon daemon;
    struct role_arguments            arguments;
    int                              code;

    if (!options_parse(&arguments, &code, argc, argv)) return code;
    enum kms_err err = options_load_coordinator(&daemon.options, arguments.config);
    return err != KMS_OK ? runtime_exit("coordinator", err) : run(&daemon);
}
