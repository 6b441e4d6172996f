/* SPDX-License-Identifier: Apache-2.0 */
/* The gRPC server on real sockets: framing, trailers, status codes, deadlines, roles, and who is let in at all. */
#include "cluster/net/grpc_server.h"

#include "common/base/clock.h"
#include "net_grpc_client.h"
#include "tests/support/cluster_pki.h"

struct world {
    struct net_thread   thread;
    struct cluster_pki  pki, foreign;
    struct credential   node, gateway, client, stranger;
    struct tls_context *tls;
    struct grpc_server *server;
    struct grpc_client  c;
    unsigned            closed; /* streams */
    enum kms_err        flood_err;
};

/* ---- a small service ---- */

static enum kms_err echo(void *self, struct bytes request, struct buf *reply)
{
    (void)self;
    if (bytes_equal_str(request, "fail")) return fail(KMS_E_NOT_FOUND, "no such thing: 100%%");
    return buf_append(reply, request);
}

static void on_message(void *self, struct grpc_call *call, struct bytes message)
{
    (void)self;
    assert_ok(grpc_call_send(call, message));
    assert_ok(grpc_call_send(call, bytes_str(grpc_call_peer(call)->name)));
}

static void on_end(void *self, struct grpc_call *call)
{
    (void)self;
    grpc_call_finish(call, GRPC_OK, NULL);
}

static void on_stream_close(void *self, struct grpc_call *call)
{
    struct world *w = self;

    (void)call;
    w->closed++;
}

/* Sends until it may not. */
static void flood(void *self, struct grpc_call *call, struct bytes message)
{
    struct world *w = self;
    static char   block[65536];

    (void)message;
    for (unsigned i = 0; i < 1000 && w->flood_err == KMS_OK; i++) w->flood_err = grpc_call_send(call, BYTES_OF(block));
    grpc_call_abort(call);
}

static enum kms_err get(void *self, const char *path, struct buf *json)
{
    (void)self;
    return strcmp(path, "/health") == 0 ? buf_append_str(json, "{}") : KMS_E_NOT_FOUND;
}

static const struct grpc_method methods[] = {
    {.path = "/t.T/Echo", .roles = ANY_ROLE, .unary = echo},
    {.path = "/t.T/Small", .roles = ANY_ROLE, .request_max = 4, .unary = echo},
    {.path = "/t.T/Gateways", .roles = ROLE_BIT(ROLE_GATEWAY), .unary = echo},
    {.path = "/t.T/Stream", .roles = ANY_ROLE, .on_message = on_message, .on_end = on_end, .on_close = on_stream_close},
    {.path = "/t.T/Flood", .roles = ANY_ROLE, .on_message = flood},
};

/* ---- the world ---- */

/* limits: the setup's, all else is filled in. The caller's certificate is valid for `valid_s` more. */
static void world_open_for(struct world *w, const char *role_and_name, const struct grpc_server_setup *limits,
                           int64_t valid_s)
{
    static struct grpc_service service;

    memset(w, 0, sizeof *w);
    service = (struct grpc_service){.self = w, .methods = methods, .method_count = ARRAY_LEN(methods), .get = get};
    cluster_pki_init(&w->pki, 0, "test");
    cluster_pki_init(&w->foreign, 1, "test");
    cluster_pki_issue(&w->pki, &w->node, "node/tss1");
    cluster_pki_issue_dated(&w->pki, &w->client, role_and_name, clock_wall_s() - 86400 + valid_s, 1);
    cluster_pki_issue(&w->foreign, &w->stranger, "gateway/gw1");
    net_thread_init(&w->thread);
    struct tls_options tls = {
        .is_server = true, .credential = &w->node, .authority = w->pki.authority, .alpn = "h2", .cluster = "test"};
    assert_ok(tls_context_new(&w->tls, &tls));
    struct grpc_server_setup setup = *limits;
    setup.loop = &w->thread.loop;
    setup.tls = w->tls;
    setup.address = "127.0.0.1";
    setup.connections_max = setup.per_address_max = 8;
    setup.service = &service;
    assert_ok(grpc_server_open(&w->server, &setup));
    net_thread_start(&w->thread);
    grpc_client_open(&w->c, grpc_server_port(w->server), &w->client);
}

static void world_open_as(struct world *w, const char *role_and_name, uint64_t idle_ms)
{
    world_open_for(w, role_and_name, &(struct grpc_server_setup){.idle_ms = idle_ms}, 3600);
}

static void world_open(struct world *w)
{
    world_open_as(w, "gateway/gw1", 0);
}

static void close_server(void *arg)
{
    struct world *w = arg;

    grpc_server_close(&w->server);
}

static void world_close(struct world *w)
{
    grpc_client_close(&w->c);
    net_thread_stop(&w->thread, close_server, w);
    loop_clear(&w->thread.loop);
    tls_context_free(&w->tls);
    credential_clear(&w->node);
    credential_clear(&w->client);
    credential_clear(&w->stranger);
    cluster_pki_clear(&w->pki);
    cluster_pki_clear(&w->foreign);
}

/* One unary call of /t.T/Echo with these fields; checks HTTP and gRPC status ("" where there is none). */
static void assert_call(struct world *w, const struct test_call *fields, struct bytes out, const char *status,
                        const char *grpc_status)
{
    struct test_call call = *fields;

    call.out = BUF_INIT(16 << 20);
    call.in = BUF_INIT(16 << 20);
    assert_ok(buf_append(&call.out, out));
    grpc_client_run(&w->c, &call);
    assert_string_equal(call.status, status);
    assert_string_equal(call.grpc_status, grpc_status);
    test_call_clear(&call);
}

#define ECHO_PATH "/t.T/Echo"
#define ONE_MESSAGE bytes("\0\0\0\0\2hi", 7)

TEST(grpc_server, answers_a_unary_call)
{
    struct world     w;
    struct test_call call;
    struct bytes     reply = BYTES_NONE;

    world_open(&w);
    test_call_init(&call, ECHO_PATH);
    test_call_add(&call, bytes_str("hello"));
    grpc_client_run(&w.c, &call);

    assert_string_equal(call.status, "200");
    assert_string_equal(call.answer_type, "application/grpc");
    assert_string_equal(call.grpc_status, "0");
    assert_true(test_call_message(&call, 0, &reply));
    assert_true(bytes_equal_str(reply, "hello"));
    assert_false(test_call_message(&call, 1, &reply));
    test_call_clear(&call);
    world_close(&w);
}

TEST(grpc_server, tells_a_failure_in_the_trailers)
{
    struct world     w;
    struct test_call call;

    world_open(&w);
    test_call_init(&call, ECHO_PATH);
    test_call_add(&call, bytes_str("fail"));
    grpc_client_run(&w.c, &call);

    assert_string_equal(call.status, "200");
    assert_string_equal(call.grpc_status, "5");
    assert_string_equal(call.grpc_message, "no such thing: 100%25");
    assert_int_equal(call.in.len, 0);
    test_call_clear(&call);
    world_close(&w);
}

TEST(grpc_server, carries_messages_of_the_maximum)
{
    struct world     w;
    struct test_call call;
    struct bytes     reply = BYTES_NONE;
    BUF_LOCAL        large = BUF_INIT(GRPC_MESSAGE_MAX);

    world_open(&w);
    test_call_init(&call, ECHO_PATH);
    memset(buf_reserve(&large, GRPC_MESSAGE_MAX), 'x', GRPC_MESSAGE_MAX);
    test_call_add(&call, bytes(large.data, GRPC_MESSAGE_MAX));
    grpc_client_run(&w.c, &call);

    assert_string_equal(call.grpc_status, "0");
    assert_true(test_call_message(&call, 0, &reply));
    assert_int_equal(reply.len, GRPC_MESSAGE_MAX);
    test_call_clear(&call);
    world_close(&w);
}

TEST(grpc_server, refuses_what_is_no_proper_call)
{
    struct world w;

    world_open(&w);
    assert_call(&w, &(struct test_call){.path = "/t.T/Nothing"}, ONE_MESSAGE, "200", "12");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH, .content_type = "application/json"}, ONE_MESSAGE, "415", "");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH, .content_type = "application/grpc+json"}, ONE_MESSAGE, "415",
                "");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH, .method = "PUT"}, ONE_MESSAGE, "405", "");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH, .encoding = "gzip"}, ONE_MESSAGE, "200", "12");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH, .timeout = "5x"}, ONE_MESSAGE, "200", "3");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, bytes("\0\0\x20\0\1", 5), "200", "8");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, bytes("\1\0\0\0\1x", 6), "200", "12");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, bytes("\0\0\0\0\5hi", 7), "200", "3");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, bytes("\0\0\0\0\1x\0\0\0\0\1y", 12), "200", "3");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, BYTES_NONE, "200", "3");
    assert_call(&w, &(struct test_call){.path = "/t.T/Small"}, bytes("\0\0\0\0\4four", 9), "200", "0");
    assert_call(&w, &(struct test_call){.path = "/t.T/Small"}, bytes("\0\0\0\0\5", 5), "200", "8");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH, .encoding = "identity"}, ONE_MESSAGE, "200", "0");
    world_close(&w);
}

TEST(grpc_server, refuses_a_path_that_is_too_long)
{
    struct world w;
    static char  path[400];

    world_open(&w);
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    assert_call(&w, &(struct test_call){.path = path}, ONE_MESSAGE, "431", "");
    world_close(&w);
}

TEST(grpc_server, honours_the_callers_deadline)
{
    struct world     w;
    struct test_call call;

    world_open(&w);
    test_call_init(&call, ECHO_PATH);
    call.timeout = "30m";
    call.keep_open = true; /* the message never comes */
    grpc_client_start(&w.c, &call);
    while (call.grpc_status[0] == '\0' && !w.c.is_closed) grpc_client_turn(&w.c);

    assert_string_equal(call.grpc_status, "4");
    test_call_clear(&call);
    world_close(&w);
}

/* A call whose client sends `out` and then nothing: waits for its status. */
static void assert_unfinished_call(struct world *w, struct test_call *call, struct bytes out, const char *grpc_status)
{
    call->out = BUF_INIT(16 << 20);
    call->in = BUF_INIT(16 << 20);
    call->keep_open = true;
    assert_ok(buf_append(&call->out, out));
    grpc_client_start(&w->c, call);
    while (call->grpc_status[0] == '\0' && !w->c.is_closed) grpc_client_turn(&w->c);
    assert_string_equal(call->grpc_status, grpc_status);
}

TEST(grpc_server, ends_a_unary_call_in_time_whatever_its_caller_says)
{
    static const char *const timeouts[] = {NULL, "1H"};
    struct world             w;

    world_open_for(&w, "client/app", &(struct grpc_server_setup){.call_ms = 30}, 3600);
    for (unsigned i = 0; i < ARRAY_LEN(timeouts); i++) {
        struct test_call call = {.path = ECHO_PATH, .timeout = timeouts[i]};
        assert_unfinished_call(&w, &call, BYTES_NONE, "4");
        test_call_clear(&call);
    }
    world_close(&w);
}

/* Its half stays open after the answer: the stream's place is not the client's for ever. */
TEST(grpc_server, resets_a_call_that_its_client_does_not_end)
{
    struct world     w;
    struct test_call call = {.path = ECHO_PATH};

    world_open_for(&w, "client/app", &(struct grpc_server_setup){.call_ms = 30, .idle_ms = 60}, 3600);
    assert_unfinished_call(&w, &call, BYTES_NONE, "4");
    grpc_client_finish(&w.c, &call);
    assert_true(call.is_closed);
    test_call_clear(&call);
    world_close(&w);
}

TEST(grpc_server, refuses_a_second_unary_message_when_it_comes)
{
    struct world     w;
    struct test_call call = {.path = ECHO_PATH};

    world_open(&w);
    assert_unfinished_call(&w, &call, bytes("\0\0\0\0\1x\0", 7), "3");
    test_call_clear(&call);
    world_close(&w);
}

/* Opens calls that never finish their message of 1,000 bytes, until one is refused; gives back how many were not. */
static unsigned count_held_calls(struct world *w, unsigned most)
{
    static struct test_call calls[16];
    static uint8_t          message[1000] = {[2] = 1}; /* of 65,536 bytes */
    unsigned                refused = 0, held;

    for (unsigned i = 0; i < most; i++) {
        test_call_init(&calls[i], ECHO_PATH);
        calls[i].keep_open = true;
        assert_ok(buf_append(&calls[i].out, BYTES_OF(message)));
        grpc_client_start(&w->c, &calls[i]);
    }
    while (refused == 0 && !w->c.is_closed) {
        grpc_client_turn(&w->c);
        for (unsigned i = 0; i < most; i++) refused += strcmp(calls[i].grpc_status, "8") == 0;
    }
    held = most - refused;
    for (unsigned i = 0; i < most; i++) test_call_clear(&calls[i]);
    return held;
}

TEST(grpc_server, holds_so_many_bytes_of_a_connection)
{
    struct world w;

    world_open_for(&w, "client/app", &(struct grpc_server_setup){.receive_max = 3500}, 3600);
    assert_int_equal(count_held_calls(&w, 4), 3);
    world_close(&w);
}

TEST(grpc_server, holds_so_many_bytes_of_all_that_are_no_gateways)
{
    struct world       w;
    struct grpc_client other;
    struct test_call   call = {.path = ECHO_PATH};
    static uint8_t     message[2000] = {[2] = 1};

    world_open_for(&w, "client/app", &(struct grpc_server_setup){.receive_all_max = 3500}, 3600);
    grpc_client_open(&other, grpc_server_port(w.server), &w.client);
    assert_int_equal(count_held_calls(&w, 4), 3);
    struct grpc_client first = w.c;
    w.c = other;
    assert_unfinished_call(&w, &call, BYTES_OF(message), "8");
    test_call_clear(&call);
    grpc_client_close(&first); /* what it held is free again */
    while (grpc_server_connections(w.server) > 1) grpc_client_run(&w.c, &(struct test_call){.path = "/none"});
    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, ONE_MESSAGE, "200", "0");
    world_close(&w);
}

/* What nghttp2 then enforces. */
static uint32_t streams_allowed(const char *role_and_name)
{
    struct world w;

    world_open_as(&w, role_and_name, 0);
    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, ONE_MESSAGE, "200", "0");
    uint32_t most = nghttp2_session_get_remote_settings(w.c.session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    world_close(&w);
    return most;
}

TEST(grpc_server, gives_a_client_few_streams_and_a_gateway_many)
{
    assert_int_equal(streams_allowed("client/app"), GRPC_STREAMS_MAX);
    assert_int_equal(streams_allowed("gateway/gw1"), 128);
}

TEST(grpc_server, does_not_keep_a_connection_for_pings)
{
    struct world w;

    world_open_as(&w, "client/app", 60);
    while (!w.c.is_closed) grpc_client_turn(&w.c); /* answers every PING */
    world_close(&w);
}

TEST(grpc_server, lets_a_method_be_called_by_its_roles_only)
{
    struct world w;

    world_open_as(&w, "client/app", 0);
    assert_call(&w, &(struct test_call){.path = "/t.T/Gateways"}, ONE_MESSAGE, "200", "7");
    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, ONE_MESSAGE, "200", "0");
    world_close(&w);

    world_open(&w);
    assert_call(&w, &(struct test_call){.path = "/t.T/Gateways"}, ONE_MESSAGE, "200", "0");
    world_close(&w);
}

TEST(grpc_server, streams_both_ways)
{
    struct world     w;
    struct test_call call;
    struct bytes     message = BYTES_NONE;

    world_open(&w);
    test_call_init(&call, "/t.T/Stream");
    test_call_add(&call, bytes_str("one"));
    call.keep_open = true;
    grpc_client_start(&w.c, &call);
    while (!test_call_message(&call, 1, &message) && !w.c.is_closed) grpc_client_turn(&w.c);
    assert_true(bytes_equal_str(message, "gw1"));
    test_call_add(&call, bytes_str("two"));
    call.keep_open = false;
    assert_int_equal(nghttp2_session_resume_data(w.c.session, call.id), 0);
    grpc_client_finish(&w.c, &call);

    assert_string_equal(call.grpc_status, "0");
    assert_true(test_call_message(&call, 2, &message));
    assert_true(bytes_equal_str(message, "two"));
    test_call_clear(&call);
    world_close(&w);
    assert_int_equal(w.closed, 1);
}

TEST(grpc_server, ends_streams_with_their_connection)
{
    struct world     w;
    struct test_call call;
    struct bytes     message = BYTES_NONE;

    world_open(&w);
    test_call_init(&call, "/t.T/Stream");
    test_call_add(&call, bytes_str("one"));
    call.keep_open = true;
    grpc_client_start(&w.c, &call);
    while (!test_call_message(&call, 0, &message) && !w.c.is_closed) grpc_client_turn(&w.c);
    assert_int_equal(w.closed, 0);
    world_close(&w);

    assert_int_equal(w.closed, 1);
    test_call_clear(&call);
}

TEST(grpc_server, bounds_what_it_holds_for_a_caller_that_does_not_read)
{
    struct world     w;
    struct test_call call;

    world_open(&w);
    test_call_init(&call, "/t.T/Flood");
    test_call_add(&call, bytes_str("go"));
    grpc_client_run(&w.c, &call);

    assert_int_equal(w.flood_err, KMS_E_BUSY);
    test_call_clear(&call);
    world_close(&w);
}

TEST(grpc_server, answers_an_ordinary_get)
{
    struct world     w;
    struct test_call call;

    world_open(&w);
    test_call_init(&call, "/health");
    call.method = "GET";
    grpc_client_run(&w.c, &call);
    assert_string_equal(call.status, "200");
    assert_string_equal(call.answer_type, "application/json");
    assert_string_equal(buf_str(&call.in), "{}");
    test_call_clear(&call);

    assert_call(&w, &(struct test_call){.path = "/other", .method = "GET"}, BYTES_NONE, "404", "");
    world_close(&w);
}

TEST(grpc_server, drops_what_does_not_speak_http_2)
{
    struct world      w;
    BUF_LOCAL         out = BUF_INIT(1 << 20);
    struct net_client c;

    world_open(&w);
    c = net_connect(grpc_server_port(w.server));
    assert_true(net_start_tls(&c, &w.client, "h2", TLS1_3_VERSION));
    net_send(&c, bytes_str("GET /health HTTP/1.1\r\nHost: kms\r\n\r\n"));
    (void)net_read_all(&c, &out);
    net_close(&c);
    c = net_connect(grpc_server_port(w.server));
    net_send(&c, bytes_str("GET /health HTTP/1.1\r\nHost: kms\r\n\r\n"));
    buf_clear(&out);
    (void)net_read_all(&c, &out);
    assert_null(strstr(buf_str(&out), "HTTP/"));
    net_close(&c);

    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, ONE_MESSAGE, "200", "0");
    world_close(&w);
}

/* In TLS 1.3 a client learns of its refusal with the first bytes it reads. */
static bool is_let_in(struct world *w, const struct credential *credential, const char *alpn, int version)
{
    struct net_client c = net_connect(grpc_server_port(w->server));
    uint8_t           first[64];

    bool in = net_start_tls(&c, credential, alpn, version) && net_receive(&c, first, sizeof first) > 0;
    net_close(&c);
    return in;
}

TEST(grpc_server, lets_in_certificates_of_its_ca_only)
{
    struct world w;

    world_open(&w);
    assert_true(is_let_in(&w, &w.client, "h2", TLS1_3_VERSION));
    assert_false(is_let_in(&w, NULL, "h2", TLS1_3_VERSION));
    assert_false(is_let_in(&w, &w.stranger, "h2", TLS1_3_VERSION));
    assert_false(is_let_in(&w, &w.client, "h2", TLS1_2_VERSION));
    assert_false(is_let_in(&w, &w.client, "http/1.1", TLS1_3_VERSION));
    world_close(&w);
}

TEST(grpc_server, drops_a_silent_peer_that_does_not_answer_a_ping)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(1 << 20);

    world_open_as(&w, "gateway/gw1", 60);
    grpc_client_flush(&w.c); /* says hello, and then reads without an answer */
    (void)net_read_all(&w.c.net, &out);
    w.c.is_closed = true;
    world_close(&w);
}

TEST(grpc_server, drops_a_peer_whose_certificate_ends)
{
    struct world w;

    struct test_call call;

    world_open_for(&w, "gateway/gw1", &(struct grpc_server_setup){.idle_ms = 1000}, 1);
    test_call_init(&call, "/t.T/Stream");
    call.keep_open = true;
    grpc_client_start(&w.c, &call);
    while (!w.c.is_closed) grpc_client_turn(&w.c); /* it answers every ping, so silence is not the reason */

    assert_true(clock_wall_s() > w.client.identity.not_after);
    test_call_clear(&call);
    world_close(&w);
}

static void drain(void *arg)
{
    struct world *w = arg;

    grpc_server_drain(w->server);
}

TEST(grpc_server, drains)
{
    struct world w;

    world_open(&w);
    assert_call(&w, &(struct test_call){.path = ECHO_PATH}, ONE_MESSAGE, "200", "0");
    w.thread.arg = &w;
    w.thread.job = drain;
    assert_int_equal(uv_async_send(&w.thread.wake), 0);
    while (!w.c.is_closed) grpc_client_turn(&w.c);

    assert_true(w.c.got_goaway);
    world_close(&w);
}
