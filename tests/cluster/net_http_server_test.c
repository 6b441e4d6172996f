/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server on real sockets: stock clients, slow ones, rude ones, and ones that leave. */
#include "cluster/net/http_server.h"

#include <poll.h>

#include "net_fixture.h"
#include "tests/support/cluster_pki.h"

#define HOST "Host: kms\r\n"
#define HTTP1_BODY (1024u * 1024)

/* Echoes target and body; holds "/hold" until the next request of anybody, or the end. */
struct world {
    struct net_thread     thread;
    struct cluster_pki    pki;
    struct credential     gateway;
    struct tls_context   *tls;
    struct allow_list     allow;
    struct http_server   *server;
    struct http_exchange *held;
    bool                  peer_seen; /* the client's address was told */
};

static void echo(struct http_exchange *e)
{
    const struct http_request *request = http_exchange_request(e);
    BUF_LOCAL                  body = BUF_INIT(4 << 20);

    assert_ok(buf_printf(&body, "%s %s %zu", request->method, request->target, request->body.len));
    http_reply(
        e, &(struct http_response){.status = 200, .content_type = "text/plain", .body = bytes(body.data, body.len)});
}

static void handle(void *self, struct http_exchange *e)
{
    struct world         *w = self;
    struct http_exchange *held = w->held;

    w->peer_seen = strcmp(http_exchange_request(e)->peer, "127.0.0.1") == 0;
    w->held = NULL;
    if (held != NULL) echo(held);
    if (strcmp(http_exchange_request(e)->target, "/hold") == 0)
        w->held = e;
    else
        echo(e);
}

static void world_open(struct world *w, const struct http_server_setup *wanted, bool with_tls)
{
    struct http_server_setup setup = *wanted;

    memset(w, 0, sizeof *w);
    net_thread_init(&w->thread);
    if (with_tls) {
        cluster_pki_init(&w->pki, 0, "test");
        cluster_pki_issue(&w->pki, &w->gateway, "gateway/gw1");
        struct tls_options tls = {.is_server = true, .credential = &w->gateway, .alpn = "http/1.1"};
        assert_ok(tls_context_new(&w->tls, &tls));
    }
    setup.loop = &w->thread.loop;
    setup.tls = w->tls;
    setup.address = "127.0.0.1";
    if (setup.connections_max == 0) setup.connections_max = 64;
    if (setup.per_address_max == 0) setup.per_address_max = 64;
    setup.handler = handle;
    setup.handler_self = w;
    assert_ok(http_server_open(&w->server, &setup));
    net_thread_start(&w->thread);
}

static void end_world(void *arg)
{
    struct world *w = arg;

    http_server_close(&w->server);
    if (w->held != NULL) echo(w->held); /* after its connection: goes nowhere, and is freed */
}

static void world_close(struct world *w)
{
    net_thread_stop(&w->thread, end_world, w);
    loop_clear(&w->thread.loop);
    tls_context_free(&w->tls);
    if (w->pki.authority != NULL) {
        credential_clear(&w->gateway);
        cluster_pki_clear(&w->pki);
    }
}

static struct net_client client_of(const struct world *w)
{
    return net_connect(http_server_port(w->server));
}

static void say(struct net_client *c, const char *text)
{
    net_send(c, bytes_str(text));
}

TEST(http_server, answers_one_request_after_another_on_one_connection)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(1 << 20);

    world_open(&w, &(struct http_server_setup){0}, false);
    struct net_client c = client_of(&w);
    say(&c, "GET /1 HTTP/1.1\r\n" HOST "\r\n");
    net_read_until(&c, &out, "GET /1 0");
    say(&c, "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
    net_read_until(&c, &out, "POST /2 3");
    say(&c, "GET /3 HTTP/1.1\r\n" HOST "\r\nGET /4 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");

    const char *said = net_read_all(&c, &out);
    assert_non_null(strstr(said, "GET /3 0"));
    assert_non_null(strstr(said, "GET /4 0"));
    net_close(&c);
    world_close(&w);
    assert_true(w.peer_seen);
}

TEST(http_server, speaks_tls_1_3_to_curl)
{
    struct world w;
    char         command[256], line[64] = "";

    world_open(&w, &(struct http_server_setup){0}, true);
    (void)snprintf(
        command, sizeof command,
        "curl -sk --tlsv1.3 --max-time 10 -d '{}' -o /dev/null -w '%%{http_code} %%{http_version} %%{size_download}' "
        "https://127.0.0.1:%u/hello",
        http_server_port(w.server));
    FILE *curl = popen(command, "r");
    assert_non_null(curl);
    assert_non_null(fgets(line, sizeof line, curl));
    assert_int_equal(pclose(curl), 0);

    assert_string_equal(line, "200 1.1 13");
    world_close(&w);
}

TEST(http_server, refuses_tls_1_2)
{
    struct world w;

    world_open(&w, &(struct http_server_setup){0}, true);
    struct net_client c = client_of(&w);
    assert_false(net_start_tls(&c, NULL, "http/1.1", TLS1_2_VERSION));
    net_close(&c);

    c = client_of(&w);
    assert_true(net_start_tls(&c, NULL, "http/1.1", TLS1_3_VERSION));
    net_close(&c);
    world_close(&w);
}

TEST(http_server, delivers_large_answers_and_requests_over_tls)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(4 << 20), body = BUF_INIT(HTTP1_BODY);

    world_open(&w, &(struct http_server_setup){0}, true);
    struct net_client c = client_of(&w);
    assert_true(net_start_tls(&c, NULL, "http/1.1", TLS1_3_VERSION));
    say(&c, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
    memset(buf_reserve(&body, HTTP1_BODY), 'x', HTTP1_BODY);
    net_send(&c, bytes(body.data, HTTP1_BODY));

    net_read_until(&c, &out, "POST / 1048576");
    net_close(&c);
    world_close(&w);
}

TEST(http_server, tells_a_client_with_too_large_a_body_why)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(1 << 20);
    static char  block[65536];

    world_open(&w, &(struct http_server_setup){0}, false);
    struct net_client c = client_of(&w);
    say(&c, "POST / HTTP/1.1\r\n" HOST "Content-Length: 9999999\r\n\r\n");
    for (unsigned i = 0; i < 8; i++) net_send(&c, BYTES_OF(block)); /* goes on sending, as clients do */

    assert_non_null(strstr(net_read_all(&c, &out), "HTTP/1.1 413 "));
    net_close(&c);
    world_close(&w);
}

TEST(http_server, holds_so_many_bytes_of_bodies_that_are_on_their_way)
{
    static char       block[32768];
    struct world      w;
    BUF_LOCAL         out = BUF_INIT(1 << 20);
    struct net_client clients[3];

    world_open(&w, &(struct http_server_setup){.bodies_max = 2 * sizeof block}, false);
    for (unsigned i = 0; i < ARRAY_LEN(clients); i++) {
        clients[i] = client_of(&w);
        say(&clients[i], "POST / HTTP/1.1\r\n" HOST "Content-Length: 40000\r\nExpect: 100-continue\r\n\r\n");
        net_read_until(&clients[i], &out, "100 Continue");
        buf_clear(&out);
        net_send(&clients[i], BYTES_OF(block));
        if (i == 2) break;
        /* another's answer: the server has read what came before */
        struct net_client other = client_of(&w);
        say(&other, "GET /1 HTTP/1.1\r\n" HOST "\r\n");
        net_read_until(&other, &out, "GET /1 0");
        net_close(&other);
        buf_clear(&out);
    }
    assert_non_null(strstr(net_read_all(&clients[2], &out), "HTTP/1.1 503 "));
    for (unsigned i = 0; i < ARRAY_LEN(clients); i++) net_close(&clients[i]);
    world_close(&w);
}

TEST(http_server, survives_a_client_that_leaves_before_its_answer)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(1 << 20);

    world_open(&w, &(struct http_server_setup){0}, false);
    struct net_client gone = client_of(&w);
    say(&gone, "GET /hold HTTP/1.1\r\n" HOST "\r\nGET /hold HTTP/1.1\r\n" HOST "\r\n");
    struct linger reset = {.l_onoff = 1};
    assert_int_equal(setsockopt(gone.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    net_close(&gone);

    struct net_client c = client_of(&w);
    say(&c, "GET /after HTTP/1.1\r\n" HOST "\r\n");
    net_read_until(&c, &out, "GET /after 0");
    net_close(&c);
    world_close(&w);
}

TEST(http_server, answers_a_client_that_has_closed_its_half)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(1 << 20), other_out = BUF_INIT(1 << 20);

    world_open(&w, &(struct http_server_setup){0}, false);
    struct net_client c = client_of(&w), other = client_of(&w);
    say(&c, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
    struct pollfd answered = {.fd = c.fd, .events = POLLIN};
    do { /* until the held request has arrived, and is answered by another's */
        buf_clear(&other_out);
        say(&other, "GET /now HTTP/1.1\r\n" HOST "\r\n");
        net_read_until(&other, &other_out, "GET /now 0");
    } while (poll(&answered, 1, 0) == 0);

    assert_non_null(strstr(net_read_all(&c, &out), "GET /hold 0"));
    net_close(&c);
    net_close(&other);
    world_close(&w);
}

TEST(http_server, drops_a_request_that_comes_too_slowly)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(1 << 20);

    world_open(&w, &(struct http_server_setup){.request_ms = 50, .idle_ms = 60000}, false);
    struct net_client c = client_of(&w);
    say(&c, "GET / HTTP/1.1\r\nHost");

    assert_non_null(strstr(net_read_all(&c, &out), "HTTP/1.1 408 "));
    net_close(&c);
    world_close(&w);
}

TEST(http_server, drops_a_connection_that_stays_silent)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(1 << 20);

    world_open(&w, &(struct http_server_setup){.request_ms = 60000, .idle_ms = 50}, false);
    struct net_client c = client_of(&w);
    say(&c, "\r\n\r\n"); /* white space between requests is not one */

    assert_string_equal(net_read_all(&c, &out), "");
    net_close(&c);
    world_close(&w);
}

TEST(http_server, refuses_addresses_that_are_not_allowed)
{
    struct world      w;
    struct allow_list nobody_here = {0};
    BUF_LOCAL         out = BUF_INIT(1 << 20);

    assert_ok(allow_list_add(&nobody_here, "192.0.2.0/24"));
    world_open(&w, &(struct http_server_setup){.allow = &nobody_here}, false);
    struct net_client c = client_of(&w);
    say(&c, "GET / HTTP/1.1\r\n" HOST "\r\n");

    assert_string_equal(net_read_all(&c, &out), "");
    net_close(&c);
    world_close(&w);
}

/* Two may be connected; a third is closed; when one leaves there is room again. */
static void assert_limit_of_two(const struct http_server_setup *setup)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(1 << 20);

    world_open(&w, setup, false);
    struct net_client one = client_of(&w), two = client_of(&w);
    say(&one, "GET /1 HTTP/1.1\r\n" HOST "\r\n");
    net_read_until(&one, &out, "GET /1 0");
    say(&two, "GET /2 HTTP/1.1\r\n" HOST "\r\n");
    net_read_until(&two, &out, "GET /2 0");

    struct net_client three = client_of(&w);
    buf_clear(&out);
    say(&three, "GET /3 HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(net_read_all(&three, &out), "");
    net_close(&three);

    say(&one, "GET /4 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_non_null(strstr(net_read_all(&one, &out), "GET /4 0"));
    net_close(&one);
    for (bool served = false; !served; net_close(&three)) { /* until the server has seen the first one leave */
        three = client_of(&w);
        buf_clear(&out);
        say(&three, "GET /5 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
        served = strstr(net_read_all(&three, &out), "GET /5 0") != NULL;
    }
    net_close(&two);
    world_close(&w);
}

TEST(http_server, limits_connections)
{
    assert_limit_of_two(&(struct http_server_setup){.connections_max = 2});
}

TEST(http_server, limits_connections_of_one_address)
{
    assert_limit_of_two(&(struct http_server_setup){.per_address_max = 2});
}

static void drain(void *arg)
{
    struct world *w = arg;

    http_server_drain(w->server);
}

TEST(http_server, drains)
{
    struct world w;
    BUF_LOCAL    out = BUF_INIT(1 << 20), idle_out = BUF_INIT(1 << 20);

    world_open(&w, &(struct http_server_setup){0}, false);
    struct net_client idle = client_of(&w), busy = client_of(&w);
    say(&idle, "GET /1 HTTP/1.1\r\n" HOST "\r\n");
    net_read_until(&idle, &idle_out, "GET /1 0");
    say(&busy, "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    net_read_until(&busy, &out, "100 Continue");
    w.thread.arg = &w;
    w.thread.job = drain;
    assert_int_equal(uv_async_send(&w.thread.wake), 0);

    buf_clear(&idle_out);
    assert_string_equal(net_read_all(&idle, &idle_out), "");
    say(&busy, "ok");
    assert_non_null(strstr(net_read_all(&busy, &out), "connection: close\r\n"));
    assert_non_null(strstr(buf_str(&out), "POST /2 2"));
    net_close(&idle);
    net_close(&busy);
    world_close(&w);
}

TEST(http_server, names_the_address_it_cannot_listen_on)
{
    struct loop              loop;
    struct http_server      *server = NULL;
    struct http_server_setup setup = {.loop = &loop, .address = "not an address", .handler = handle};

    assert_ok(loop_init(&loop));
    assert_err(KMS_E_CONFIG, http_server_open(&server, &setup));
    setup.address = "192.0.2.1";
    assert_err(KMS_E_SYSTEM, http_server_open(&server, &setup));
    assert_non_null(strstr(error_text(), "192.0.2.1"));
    assert_null(server);
    loop_clear(&loop);
}
