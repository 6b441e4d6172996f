/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that accepts, and a thread for each connection: a test has few. */
#include "tests/support/fake_gateway.h"

#include <arpa/inet.h>
#include <http_parser.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/test.h"

#define CONNECTIONS_MAX 256
#define HEADERS_MAX 16
#define REQUEST_MAX (1024 * 1024 + 65536)

struct fake_gateway {
    struct fake_cluster *cluster;
    SSL_CTX             *tls;
    int                  listener;
    char                 url[64];
    unsigned             port;
    pthread_t            acceptor;
    pthread_mutex_t      lock;
    int                  fds[CONNECTIONS_MAX]; /* -1: free */
    atomic_bool          stopping;
    atomic_uint          threads, requests, connections;
    enum fake_fault      fault;
    unsigned             fault_count;
    char                 agent[64];
};

struct connection {
    struct fake_gateway *gateway;
    int                  fd;
    unsigned             slot;
    SSL                 *ssl;
};

/* One request as it is read. */
struct reading {
    http_parser parser;
    char        target[2048];
    char        names[HEADERS_MAX][40], values[HEADERS_MAX][8192];
    unsigned    headers;
    bool        in_value, complete;
    struct buf  body;
};

static int on_url(http_parser *p, const char *at, size_t len)
{
    struct reading *r = p->data;

    (void)strncat(r->target, at, len);
    return 0;
}

static int on_field(http_parser *p, const char *at, size_t len)
{
    struct reading *r = p->data;

    if (r->in_value) r->headers++;
    r->in_value = false;
    if (r->headers >= HEADERS_MAX) return 1;
    (void)strncat(r->names[r->headers], at, len);
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
    struct reading *r = p->data;

    r->in_value = true;
    (void)strncat(r->values[r->headers], at, len);
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t len)
{
    struct reading *r = p->data;

    return buf_append(&r->body, bytes(at, len)) == KMS_OK ? 0 : 1;
}

static int on_complete(http_parser *p)
{
    struct reading *r = p->data;

    if (r->in_value) r->headers++;
    r->complete = true;
    return 0;
}

static const http_parser_settings reading_callbacks = {.on_url = on_url,
                                                       .on_header_field = on_field,
                                                       .on_header_value = on_value,
                                                       .on_body = on_body,
                                                       .on_message_complete = on_complete};

static const char *header(const struct reading *r, const char *name)
{
    for (unsigned i = 0; i < r->headers; i++)
        if (strcasecmp(r->names[i], name) == 0) return r->values[i];
    return NULL;
}

static bool read_request(struct connection *c, struct reading *r)
{
    char block[8192];

    memset(r, 0, sizeof *r);
    r->body = BUF_INIT(REQUEST_MAX);
    http_parser_init(&r->parser, HTTP_REQUEST);
    r->parser.data = r;
    while (!r->complete) {
        int got = SSL_read(c->ssl, block, sizeof block);
        if (got <= 0) return false;
        if (http_parser_execute(&r->parser, &reading_callbacks, block, (size_t)got) != (size_t)got) return false;
    }
    return true;
}

static void send_bytes(struct connection *c, struct bytes data)
{
    size_t done;

    if (data.len > 0) (void)SSL_write_ex(c->ssl, data.data, data.len, &done);
}

static enum fake_fault take_fault(struct fake_gateway *g)
{
    (void)pthread_mutex_lock(&g->lock);
    enum fake_fault fault = g->fault_count > 0 ? g->fault : FAULT_NONE;
    if (g->fault_count > 0) g->fault_count--;
    (void)pthread_mutex_unlock(&g->lock);
    return fault;
}

static void compose(struct buf *out, const struct fake_reply *reply, bool chunked)
{
    assert_ok(buf_printf(out, "HTTP/1.1 %d X\r\n", reply->status));
    if (reply->etag[0] != '\0') assert_ok(buf_printf(out, "ETag: %s\r\n", reply->etag));
    if (!chunked) {
        assert_ok(buf_printf(out, "Content-Length: %zu\r\n\r\n", reply->body.len));
        assert_ok(buf_append(out, buf_bytes(&reply->body)));
        return;
    }
    assert_ok(buf_append_str(out, "Transfer-Encoding: chunked\r\n\r\n"));
    for (size_t at = 0; at < reply->body.len; at += 100) {
        size_t len = reply->body.len - at < 100 ? reply->body.len - at : 100;
        assert_ok(buf_printf(out, "%zx\r\n", len));
        assert_ok(buf_append(out, bytes(reply->body.data + at, len)));
        assert_ok(buf_append_str(out, "\r\n"));
    }
    assert_ok(buf_append_str(out, "0\r\n\r\n"));
}

/* True: the connection goes on. */
static bool send_reply(struct connection *c, const struct fake_reply *reply, enum fake_fault fault)
{
    BUF_LOCAL out = BUF_INIT(REQUEST_MAX * 16);

    compose(&out, reply, fault == FAULT_CHUNKED);
    if (fault == FAULT_LOST) return false;
    if (fault == FAULT_SLOW) {
        for (size_t i = 0; i < out.len; i++) send_bytes(c, bytes(out.data + i, 1));
        return true;
    }
    send_bytes(c, bytes(out.data, fault == FAULT_HALF ? out.len / 2 : out.len));
    return fault != FAULT_HALF && fault != FAULT_CLOSE;
}

static void note_agent(struct fake_gateway *g, const char *agent)
{
    (void)pthread_mutex_lock(&g->lock);
    (void)snprintf(g->agent, sizeof g->agent, "%s", agent == NULL ? "" : agent);
    (void)pthread_mutex_unlock(&g->lock);
}

static bool answer(struct connection *c, const struct reading *r, enum fake_fault fault)
{
    struct fake_reply            reply;
    const struct request_headers headers = {
        .signature_input = header(r, "Signature-Input"),
        .signature = header(r, "Signature"),
        .content_digest = header(r, "Content-Digest"),
        .idempotency_key = header(r, "Idempotency-Key"),
        .client_cert = header(r, "Client-Cert"),
        .access_key = header(r, "X-KMS-Access-Key"),
    };

    note_agent(c->gateway, header(r, "User-Agent"));
    fake_cluster_answer(c->gateway->cluster, &reply, http_method_str(r->parser.method), r->target, &headers,
                        header(r, "If-None-Match"), buf_bytes(&r->body));
    bool goes_on = send_reply(c, &reply, fault);
    buf_clear(&reply.body);
    return goes_on;
}

static bool send_text(struct connection *c, const char *text)
{
    send_bytes(c, bytes_str(text));
    return true;
}

static bool misbehave(struct connection *c, const struct reading *r, enum fake_fault fault)
{
    char wait;

    switch (fault) {
    case FAULT_DROP:
        return false;
    case FAULT_GARBAGE:
        return send_text(c, "\x15\x03 this is no HTTP\r\n\r\n");
    case FAULT_SILENT:
        return SSL_read(c->ssl, &wait, 1) > 0; /* until the other side gives up */
    case FAULT_503:
        return send_text(c, "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
    case FAULT_BIG_HEADER:
        (void)send_text(c, "HTTP/1.1 200 X\r\n");
        for (unsigned i = 0; i < 40000; i++) (void)send_text(c, "X-Long: 0123456789012345678901234567890123456789\r\n");
        return false;
    case FAULT_NONE:
    case FAULT_LOST:
    case FAULT_HALF:
    case FAULT_CLOSE:
    case FAULT_CHUNKED:
    case FAULT_SLOW:
        break;
    }
    return answer(c, r, fault);
}

static void serve(struct connection *c)
{
    struct reading *r = malloc(sizeof *r);

    assert_non_null(r);
    for (bool goes_on = true; goes_on && read_request(c, r);) {
        atomic_fetch_add(&c->gateway->requests, 1);
        goes_on = misbehave(c, r, take_fault(c->gateway));
        buf_clear(&r->body);
    }
    buf_clear(&r->body);
    free(r);
}

static void *run_connection(void *argument)
{
    struct connection   *c = argument;
    struct fake_gateway *g = c->gateway;

    c->ssl = SSL_new(g->tls);
    (void)SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) == 1) {
        atomic_fetch_add(&g->connections, 1);
        serve(c);
    }
    SSL_free(c->ssl);
    (void)pthread_mutex_lock(&g->lock);
    close(c->fd);
    g->fds[c->slot] = -1;
    (void)pthread_mutex_unlock(&g->lock);
    free(c);
    atomic_fetch_sub(&g->threads, 1);
    return NULL;
}

static void start_connection(struct fake_gateway *g, int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    pthread_t          thread;

    *c = (struct connection){.gateway = g, .fd = fd};
    (void)pthread_mutex_lock(&g->lock);
    while (g->fds[c->slot] != -1) c->slot++;
    g->fds[c->slot] = fd;
    (void)pthread_mutex_unlock(&g->lock);
    atomic_fetch_add(&g->threads, 1);
    if (pthread_create(&thread, NULL, run_connection, c) != 0) abort();
    (void)pthread_detach(thread);
}

static void *run_acceptor(void *argument)
{
    struct fake_gateway *g = argument;

    while (!atomic_load(&g->stopping)) {
        struct pollfd p = {.fd = g->listener, .events = POLLIN};
        if (poll(&p, 1, 20) <= 0) continue;
        int fd = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) start_connection(g, fd);
    }
    return NULL;
}

static void listen_on(struct fake_gateway *g, unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int       one = 1;

    g->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(g->listener >= 0);
    assert_int_equal(setsockopt(g->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(g->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(g->listener, 64), 0);
    assert_int_equal(getsockname(g->listener, (struct sockaddr *)&address, &len), 0);
    g->port = ntohs(address.sin_port);
    (void)snprintf(g->url, sizeof g->url, "https://127.0.0.1:%u", g->port);
}

struct fake_gateway *fake_gateway_start(struct fake_cluster *cluster, const char *certificate, unsigned port)
{
    struct fake_gateway *g = calloc(1, sizeof *g);
    char                 path[1024];

    assert_non_null(g);
    (void)signal(SIGPIPE, SIG_IGN); /* this server's writes; the module's own never raise it */
    *g = (struct fake_gateway){.cluster = cluster, .lock = PTHREAD_MUTEX_INITIALIZER};
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) g->fds[i] = -1;
    g->tls = SSL_CTX_new(TLS_server_method());
    (void)snprintf(path, sizeof path, "%s/%s.cert", cluster->directory, certificate);
    assert_int_equal(SSL_CTX_use_certificate_file(g->tls, path, SSL_FILETYPE_PEM), 1);
    (void)snprintf(path, sizeof path, "%s/%s.key", cluster->directory, certificate);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(g->tls, path, SSL_FILETYPE_PEM), 1);
    listen_on(g, port);
    assert_int_equal(pthread_create(&g->acceptor, NULL, run_acceptor, g), 0);
    return g;
}

void fake_gateway_close_connections(struct fake_gateway *g)
{
    (void)pthread_mutex_lock(&g->lock);
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
        if (g->fds[i] >= 0) (void)shutdown(g->fds[i], SHUT_RDWR);
    (void)pthread_mutex_unlock(&g->lock);
    while (atomic_load(&g->threads) > 0) (void)poll(NULL, 0, 1);
}

void fake_gateway_stop(struct fake_gateway **gateway)
{
    struct fake_gateway *g = *gateway;

    atomic_store(&g->stopping, true);
    (void)pthread_join(g->acceptor, NULL);
    close(g->listener);
    fake_gateway_close_connections(g);
    SSL_CTX_free(g->tls);
    free(g);
    *gateway = NULL;
}

unsigned fake_gateway_port(const struct fake_gateway *g)
{
    return g->port;
}

const char *fake_gateway_url(const struct fake_gateway *g)
{
    return g->url;
}

void fake_gateway_fault(struct fake_gateway *g, enum fake_fault fault, unsigned count)
{
    (void)pthread_mutex_lock(&g->lock);
    g->fault = fault;
    g->fault_count = count;
    (void)pthread_mutex_unlock(&g->lock);
}

unsigned fake_gateway_requests(const struct fake_gateway *g)
{
    return atomic_load(&g->requests);
}

void fake_gateway_agent(struct fake_gateway *g, char out[64])
{
    (void)pthread_mutex_lock(&g->lock);
    memcpy(out, g->agent, sizeof g->agent);
    (void)pthread_mutex_unlock(&g->lock);
}

unsigned fake_gateway_connections(const struct fake_gateway *g)
{
    return atomic_load(&g->connections);
}
