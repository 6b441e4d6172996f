/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kms-clusterd node. Happy path: configuration -> hardened -> identity -> DEK -> store -> node -> listener -> sandbox
 * -> "listening" -> loop -> SIGTERM: drain (no new connections or links; running sessions end, two seconds at most) ->
 * the last rows on disk -> 0. A failure before the loop ends the process with the exit code of daemon.h.
 */
#include <string.h>

#include "cluster/daemon/daemon.h"
#include "cluster/daemon/node_start.h"
#include "cluster/daemon/runtime.h"
#include "cluster/daemon/sandbox.h"
#include "cluster/net/node_service.h"
#include "cluster/net/sync.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/secret/harden.h"
#include "common/secret/secmem.h"

#define MEMLOCK_NEED (4u * 1024 * 1024)
#define DRAIN_MS 2000

struct node_daemon {
    struct node_options  options;
    struct authority    *authority;
    struct credential    credential;
    struct store         store;
    struct loop          loop;
    struct node_service *service;
    struct node         *node;
    struct tls_context  *tls;
    struct grpc_server  *server;
    struct ticker        ticker;
    struct sync          sync;
    uv_timer_t           drain;
    bool                 is_draining, is_marked, unclean_start;
};

/* ---- running ---- */

static uint64_t wakeup_ms(void *self)
{
    struct node_daemon *d = self;

    return node_wakeup_ms(d->node);
}

static void tick(void *self)
{
    struct node_daemon *d = self;

    node_on_tick(d->node);
    node_service_note_activity(d->service);
}

static void on_activity(void *self)
{
    struct node_daemon *d = self;
    struct node_info    info;

    ticker_rearm(&d->ticker);
    sync_touch(&d->sync);
    if (!d->is_draining) return;
    node_info(d->node, &info);
    if (info.sessions == 0) loop_stop(&d->loop);
}

static void on_drained(uv_timer_t *timer)
{
    struct node_daemon *d = timer->data;

    loop_stop(&d->loop);
}

/* The second signal does not wait. */
static void on_terminate(void *self)
{
    struct node_daemon *d = self;

    if (d->is_draining) {
        loop_stop(&d->loop);
        return;
    }
    log_info("node.draining", "connections=%u", grpc_server_connections(d->server));
    d->is_draining = true;
    grpc_server_drain(d->server);
    node_service_set_draining(d->service);
    d->drain.data = d;
    CHECK(uv_timer_init(&d->loop.uv, &d->drain) == 0);
    (void)uv_timer_start(&d->drain, on_drained, DRAIN_MS, 0);
}

/* ---- starting ---- */

static RESULT prepare(struct node_daemon *d, int password_fd)
{
    char who[PARTY_NAME_MAX + 8];

    (void)snprintf(who, sizeof who, "node=%s", d->options.common.name);
    TRY(runtime_init(&d->options.common, who));
    secmem_require_lock(d->options.require_memlock);
    enum kms_err err = harden_check_memlock(MEMLOCK_NEED);
    if (err != KMS_OK && d->options.require_memlock) return err;
    if (err != KMS_OK) log_warn("node.memlock", "text=\"%s\"", error_text());
    TRY(runtime_load_identity(&d->authority, &d->credential, &d->options.common, ROLE_NODE));
    TRY(node_check_folders(&d->options));
    TRY(node_open_store(&d->store, &d->options, password_fd));
    TRY(node_mark_running(&d->store, &d->unclean_start, clock_wall_s(), BOOT_ID_FILE));
    d->is_marked = true;
    return KMS_OK;
}

/* What the node holds already may be newer, and then wins; without any roster it waits for one to be delivered. */
static RESULT deliver_roster(struct node_daemon *d)
{
    BUF_LOCAL    statement = BUF_INIT(STATEMENT_ENCODED_MAX);
    uint64_t     sequence = 0;
    enum kms_err err = runtime_load_roster(&statement, d->options.common.roster);

    if (err == KMS_E_NOT_FOUND) {
        log_warn("node.no_roster", "path=%s", d->options.common.roster);
        return KMS_OK;
    }
    TRY(err);
    TRY_AT(node_deliver_statement(d->node, bytes(statement.data, statement.len), &sequence), "%s",
           d->options.common.roster);
    log_info("node.roster", "sequence=%llu", (unsigned long long)sequence);
    return KMS_OK;
}

static RESULT make_node(struct node_daemon *d)
{
    const struct node_options *o = &d->options;
    struct node_config         config = {
                .credential = &d->credential,
                .authority = d->authority,
                .store = &d->store,
                .io = node_service_io(d->service),
                .rng = rng_system(),
                .sign_deadline_ms = (uint32_t)o->common.sign_deadline_ms,
                .generate_deadline_ms = (uint32_t)o->common.generate_deadline_ms,
                .progress_ms = (uint32_t)o->common.progress_ms,
                .sessions_max = (uint32_t)o->sessions_max,
                .deletion_wait_s = (uint64_t)o->deletion_wait_days * 24 * 60 * 60,
                .unclean_start = d->unclean_start,
                .version = KMS_VERSION,
    };

    (void)snprintf(config.cluster, sizeof config.cluster, "%s", o->common.cluster);
    TRY(node_new(&d->node, &config));
    return deliver_roster(d);
}

static RESULT listen_for_peers(struct node_daemon *d)
{
    const struct common_options *o = &d->options.common;
    struct tls_options           tls = {.is_server = true,
                                        .credential = &d->credential,
                                        .authority = d->authority,
                                        .alpn = "h2",
                                        .cluster = o->cluster,
                                        .peer_role = ROLE_NONE};

    TRY(tls_context_new(&d->tls, &tls));
    struct grpc_server_setup setup = {.loop = &d->loop,
                                      .tls = d->tls,
                                      .address = o->listen,
                                      .port = (uint16_t)o->port,
                                      .connections_max = (unsigned)o->connections_max,
                                      .per_address_max = (unsigned)o->per_address_max,
                                      .service = node_service_table(d->service)};
    return grpc_server_open(&d->server, &setup);
}

static void no_work(uv_work_t *request)
{
    (void)request;
}

static void no_work_done(uv_work_t *request, int status)
{
    (void)status;
    loop_stop(request->data);
}

/* libuv makes its pool with the first job: before the sandbox, so that nothing depends on what that lets through. */
static RESULT start_thread_pool(struct loop *loop)
{
    uv_work_t request = {.data = loop};
    int       status = uv_queue_work(&loop->uv, &request, no_work, no_work_done);

    if (status != 0) return loop_error(status, "thread pool");
    loop_run(loop);
    return KMS_OK;
}

static RESULT start(struct node_daemon *d, int password_fd)
{
    TRY(prepare(d, password_fd));
    TRY(loop_init(&d->loop));
    TRY(loop_on_terminate(&d->loop, on_terminate, d));
    TRY(start_thread_pool(&d->loop));
    TRY(node_service_new(&d->service, &d->loop));
    TRY(make_node(d));
    TRY(sync_open(&d->sync, &d->loop, store_sync_fd(&d->store)));
    ticker_open(&d->ticker, &d->loop, wakeup_ms, tick, d);
    node_service_on_activity(d->service, on_activity, d);
    node_service_set_node(d->service, d->node);
    TRY(listen_for_peers(d));
    return sandbox_forbid_calling_out();
}

/* In reverse; what was never made is skipped. */
static void stop(struct node_daemon *d)
{
    grpc_server_close(&d->server);
    ticker_close(&d->ticker);
    sync_close(&d->sync);
    loop_clear(&d->loop);
    node_free(&d->node);
    node_service_free(&d->service);
    if (d->is_marked && node_mark_stopped(&d->store) != KMS_OK) log_failure(LOG_ERROR, "node.stop", KMS_E_STORAGE);
    store_close(&d->store);
    tls_context_free(&d->tls);
    credential_clear(&d->credential);
    authority_free(&d->authority);
}

static int run(struct node_daemon *d, int password_fd)
{
    enum kms_err err = start(d, password_fd);

    if (err == KMS_OK) {
        runtime_say_listening(d->options.common.listen, grpc_server_port(d->server));
        loop_run(&d->loop);
        log_info("node.stopped", "clean=%d", d->is_draining);
    }
    int code = runtime_exit("node", err);
    stop(d);
    return code;
}

int daemon_node(int argc, char **argv)
{
    static struct node_daemon daemon;
    struct role_arguments     arguments;
    int                       code;

    if (!options_parse(&arguments, &code, argc, argv)) return code;
    enum kms_err err = options_load_node(&daemon.options, arguments.config);
    return err != KMS_OK ? runtime_exit("node", err) : run(&daemon, arguments.password_fd);
}
