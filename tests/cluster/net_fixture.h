/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of cluster/net: a loop in a thread of its own, with servers opened before it starts, and blocking clients
 * in the test's thread, so that a test reads from top to bottom. Ten seconds without an answer are a failure.
 */
#ifndef KMS_TESTS_CLUSTER_NET_FIXTURE_H
#define KMS_TESTS_CLUSTER_NET_FIXTURE_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/net/loop.h"
#include "common/identity/credential.h"
#include "tests/support/test.h"

#define ANSWER_S 10

/* ---- the loop ---- */

struct net_thread {
    struct loop loop;
    pthread_t   thread;
    uv_async_t  wake;
    void (*job)(void *arg); /* to run in the loop's thread */
    void *arg;
    bool  is_last; /* the job ends the loop */
};

static void net_on_wake(uv_async_t *async)
{
    struct net_thread *t = async->data;

    if (t->job != NULL) t->job(t->arg);
    t->job = NULL;
    if (t->is_last) loop_stop(&t->loop);
}

static void *net_main(void *arg)
{
    struct net_thread *t = arg;

    loop_run(&t->loop);
    return NULL;
}

/* Then servers may be opened; then net_thread_start(). */
UNUSED static void net_thread_init(struct net_thread *t)
{
    memset(t, 0, sizeof *t);
    assert_ok(loop_init(&t->loop));
    assert_int_equal(uv_async_init(&t->loop.uv, &t->wake, net_on_wake), 0);
    t->wake.data = t;
}

UNUSED static void net_thread_start(struct net_thread *t)
{
    assert_int_equal(pthread_create(&t->thread, NULL, net_main, t), 0);
}

/* Ends the loop after a last job in its thread; then the servers may be closed, then loop_clear(). */
UNUSED static void net_thread_stop(struct net_thread *t, void (*job)(void *arg), void *arg)
{
    t->job = job;
    t->arg = arg;
    t->is_last = true;
    assert_int_equal(uv_async_send(&t->wake), 0);
    assert_int_equal(pthread_join(t->thread, NULL), 0);
}

/* ---- clients ---- */

struct net_client {
    int      fd;
    SSL_CTX *ctx; /* NULL: plain */
    SSL     *ssl;
};

UNUSED static struct net_client net_connect(uint16_t port)
{
    struct net_client  c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval     limit = {.tv_sec = ANSWER_S};
    int                on = 1;

    assert_true(c.fd >= 0);
    assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    assert_int_equal(connect(c.fd, (struct sockaddr *)&to, sizeof to), 0);
    return c;
}

static void net_use(SSL_CTX *ctx, const struct credential *credential)
{
    const uint8_t *der = credential->certificate_der.data;
    X509          *leaf = d2i_X509(NULL, &der, (long)credential->certificate_der.len);
    EVP_PKEY      *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, credential->seed.data, 32);

    assert_int_equal(SSL_CTX_use_certificate(ctx, leaf), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    X509_free(leaf);
    EVP_PKEY_free(key);
}

/* A stock OpenSSL client. credential may be NULL. Returns whether the handshake succeeded from its side. */
UNUSED static bool net_start_tls(struct net_client *c, const struct credential *credential, const char *alpn,
                                 int version)
{
    unsigned char wire[16];

    c->ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(c->ctx);
    SSL_CTX_set_max_proto_version(c->ctx, version);
    wire[0] = (unsigned char)strlen(alpn);
    memcpy(wire + 1, alpn, wire[0]);
    assert_int_equal(SSL_CTX_set_alpn_protos(c->ctx, wire, 1u + wire[0]), 0);
    if (credential != NULL) net_use(c->ctx, credential);
    c->ssl = SSL_new(c->ctx);
    SSL_set_fd(c->ssl, c->fd);
    return SSL_connect(c->ssl) == 1;
}

UNUSED static void net_send(struct net_client *c, struct bytes data)
{
    while (data.len > 0) {
        int take = data.len < 16384 ? (int)data.len : 16384;
        int sent = c->ssl == NULL ? (int)send(c->fd, data.data, (size_t)take, MSG_NOSIGNAL)
                                  : SSL_write(c->ssl, data.data, take);
        if (sent <= 0) return; /* the server has closed: what it says is read next */
        data = bytes(data.data + sent, data.len - (size_t)sent);
    }
}

/* Bytes, or 0 at the end (also of a reset connection). */
UNUSED static size_t net_receive(struct net_client *c, void *out, size_t most)
{
    int got = c->ssl == NULL ? (int)recv(c->fd, out, most, 0) : SSL_read(c->ssl, out, (int)most);

    return got < 0 ? 0 : (size_t)got;
}

/* Everything until the server closes. */
UNUSED static const char *net_read_all(struct net_client *c, struct buf *out)
{
    char   block[16384];
    size_t got;

    while ((got = net_receive(c, block, sizeof block)) > 0) assert_ok(buf_append(out, bytes(block, got)));
    return buf_str(out);
}

/* Until `text` has come. */
UNUSED static const char *net_read_until(struct net_client *c, struct buf *out, const char *text)
{
    char block[4096];

    while (strstr(buf_str(out), text) == NULL) {
        size_t got = net_receive(c, block, sizeof block);
        if (got == 0) fail_msg("closed before \"%s\": %s", text, buf_str(out));
        assert_ok(buf_append(out, bytes(block, got)));
    }
    return buf_str(out);
}

UNUSED static void net_close(struct net_client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    if (c->fd >= 0) (void)close(c->fd);
    *c = (struct net_client){.fd = -1};
}

#endif
