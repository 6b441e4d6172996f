/* SPDX-License-Identifier: Apache-2.0 */
/* TLS over a socket that never blocks and never raises SIGPIPE in the host process. */
#include "pkcs11/backend/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/base/clock.h"
#include "pkcs11/backend/gate.h"

struct link_context {
    SSL_CTX                *tls;
    BIO_METHOD             *method;
    const struct authority *authority; /* borrowed */
    const char             *cluster;   /* borrowed */
};

struct link {
    int      fd;
    unsigned fork_count; /* gate_fork_count() when it was opened */
    SSL     *ssl;        /* owned */
    char     peer[SETTINGS_GATEWAY_LEN];
};

/* A socket BIO of our own: OpenSSL's writes with write(2), and a peer that has gone would kill the host by SIGPIPE. */
static int bio_write(BIO *bio, const char *data, int len)
{
    const struct link *link = BIO_get_data(bio);
    ssize_t            done = send(link->fd, data, (size_t)len, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    if (done < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return (int)done;
}

static int bio_read(BIO *bio, char *out, int size)
{
    const struct link *link = BIO_get_data(bio);
    ssize_t            done = recv(link->fd, out, (size_t)size, 0);

    BIO_clear_retry_flags(bio);
    if (done < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return (int)done;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static RESULT tls_fault(enum kms_err code, const char *peer, const char *doing)
{
    unsigned long why = ERR_peek_last_error();

    ERR_clear_error();
    return fail(code, "gateway %s: %s: %s", peer, doing, why == 0 ? "connection lost" : ERR_reason_error_string(why));
}

static RESULT fill_context(struct link_context *c)
{
    c->tls = SSL_CTX_new(TLS_client_method());
    c->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kms link");
    if (c->tls == NULL || c->method == NULL) return fail(KMS_E_MEMORY, "TLS context");
    BIO_meth_set_write(c->method, bio_write);
    BIO_meth_set_read(c->method, bio_read);
    BIO_meth_set_ctrl(c->method, bio_control);
    if (SSL_CTX_set_min_proto_version(c->tls, TLS1_3_VERSION) != 1)
        return fail(KMS_E_SYSTEM, "OpenSSL without TLS 1.3");
    SSL_CTX_set1_cert_store(c->tls, authority_store(c->authority));
    SSL_CTX_set_verify(c->tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_verify_depth(c->tls, 1);
    SSL_CTX_set_session_cache_mode(c->tls, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(c->tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return KMS_OK;
}

RESULT link_context_new(struct link_context **out, const struct authority *authority, const char *cluster)
{
    struct link_context *c = calloc(1, sizeof *c);

    *out = NULL;
    if (c == NULL) return fail(KMS_E_MEMORY, "TLS context");
    c->authority = authority;
    c->cluster = cluster;
    enum kms_err err = fill_context(c);
    if (err != KMS_OK) link_context_free(&c);
    *out = c;
    return err;
}

void link_context_free(struct link_context **c)
{
    if (*c == NULL) return;
    SSL_CTX_free((*c)->tls);
    BIO_meth_free((*c)->method);
    free(*c);
    *c = NULL;
}

static RESULT wait_for(const struct link *link, short events, uint64_t deadline_ms)
{
    struct pollfd fd = {.fd = link->fd, .events = events};

    TRY_AT(gate_poll(&fd, deadline_ms), "gateway %s", link->peer);
    return KMS_OK;
}

static RESULT connect_to(struct link *link, const struct address *address, uint64_t deadline_ms)
{
    int       one = 1, why = 0;
    socklen_t len = sizeof why;

    link->fd = socket(address->data.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0) return fail(KMS_E_SYSTEM, "socket: %s", strerror(errno));
    (void)setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(link->fd, (const struct sockaddr *)&address->data, address->len) == 0) return KMS_OK;
    if (errno != EINPROGRESS) return fail(KMS_E_UNAVAILABLE, "gateway %s: connect: %s", link->peer, strerror(errno));
    TRY(wait_for(link, POLLOUT, deadline_ms));
    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &why, &len) != 0) why = errno;
    if (why != 0) return fail(KMS_E_UNAVAILABLE, "gateway %s: connect: %s", link->peer, strerror(why));
    return KMS_OK;
}

/* Addresses that do not answer leave their share of the time to those behind them. */
static RESULT dial(struct link *link, struct gateway *gateway, uint64_t deadline_ms)
{
    struct address_list list;
    enum kms_err        err = KMS_E_UNAVAILABLE;

    TRY(addresses_find(&gateway->addresses, &list, gateway->host, gateway->port, gateway->is_address));
    for (unsigned i = 0; i < list.count; i++) {
        uint64_t now = clock_monotonic_ms();
        uint64_t left = now < deadline_ms ? deadline_ms - now : 0;
        err = connect_to(link, &list.items[i], now + left / (list.count - i));
        if (err == KMS_OK) return KMS_OK;
        if (link->fd >= 0) close(link->fd);
        link->fd = -1;
    }
    addresses_distrust(&gateway->addresses);
    return err;
}

/* After an OpenSSL call that gave `result`: waits for what it wants, or says why it failed. */
static RESULT tls_wait(struct link *link, int result, const char *doing, uint64_t deadline_ms)
{
    switch (SSL_get_error(link->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(link, POLLIN, deadline_ms);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(link, POLLOUT, deadline_ms);
    default:
        return tls_fault(KMS_E_CLOSED, link->peer, doing);
    }
}

static RESULT prepare_tls(struct link *link, struct link_context *c, const struct gateway *gateway)
{
    link->ssl = SSL_new(c->tls);
    BIO *bio = link->ssl == NULL ? NULL : BIO_new(c->method);
    if (bio == NULL) return fail(KMS_E_MEMORY, "TLS connection");
    BIO_set_data(bio, link);
    BIO_set_init(bio, 1);
    SSL_set_bio(link->ssl, bio, bio);
    X509_VERIFY_PARAM *param = SSL_get0_param(link->ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    int set = gateway->is_address
                  ? X509_VERIFY_PARAM_set1_ip_asc(param, gateway->host)
                  : SSL_set1_host(link->ssl, gateway->host) && SSL_set_tlsext_host_name(link->ssl, gateway->host);
    if (set != 1) return fail(KMS_E_CONFIG, "gateway %s: not a host name or address", gateway->authority);
    return KMS_OK;
}

static RESULT handshake(struct link *link, uint64_t deadline_ms)
{
    for (;;) {
        ERR_clear_error();
        int result = SSL_connect(link->ssl);
        if (result == 1) return KMS_OK;
        long verified = SSL_get_verify_result(link->ssl);
        if (verified != X509_V_OK)
            return fail(KMS_E_CERTIFICATE,
                        "gateway %s: certificate: %s (is `ca` the cluster's CA, and the host name in the certificate?)",
                        link->peer, X509_verify_cert_error_string(verified));
        TRY(tls_wait(link, result, "TLS handshake", deadline_ms));
    }
}

static RESULT check_role(const struct link *link, const struct link_context *c)
{
    struct identity who;
    unsigned char  *der = NULL;
    int             len = i2d_X509(SSL_get0_peer_certificate(link->ssl), &der);

    if (len < 0) return fail(KMS_E_CERTIFICATE, "gateway %s: no certificate", link->peer);
    enum kms_err err = identity_verify(&who, c->authority, bytes(der, (size_t)len), clock_wall_s());
    OPENSSL_free(der);
    TRY_AT(err, "gateway %s", link->peer);
    if (who.role != ROLE_GATEWAY || strcmp(who.cluster, c->cluster) != 0)
        return fail(KMS_E_CERTIFICATE, "gateway %s: its certificate is not a gateway's of cluster %s", link->peer,
                    c->cluster);
    return KMS_OK;
}

static RESULT establish(struct link *link, struct link_context *c, struct gateway *gateway, uint64_t deadline_ms)
{
    TRY(dial(link, gateway, deadline_ms));
    TRY(prepare_tls(link, c, gateway));
    TRY(handshake(link, deadline_ms));
    return check_role(link, c);
}

RESULT link_open(struct link **out, struct link_context *c, struct gateway *gateway, uint64_t deadline_ms)
{
    struct link *link = calloc(1, sizeof *link);

    *out = NULL;
    if (link == NULL) return fail(KMS_E_MEMORY, "connection");
    link->fd = -1;
    link->fork_count = gate_fork_count();
    memcpy(link->peer, gateway->authority, sizeof link->peer);
    enum kms_err err = establish(link, c, gateway, deadline_ms);
    if (err != KMS_OK) link_close(&link);
    *out = link;
    return err;
}

RESULT link_send(struct link *link, struct bytes data, uint64_t deadline_ms)
{
    while (data.len > 0) {
        size_t done = 0;
        ERR_clear_error();
        int result = SSL_write_ex(link->ssl, data.data, data.len, &done);
        if (result != 1) TRY(tls_wait(link, result, "sending", deadline_ms));
        data = bytes(data.data + done, data.len - done);
    }
    return KMS_OK;
}

RESULT link_receive(struct link *link, void *out, size_t size, size_t *got, uint64_t deadline_ms)
{
    *got = 0;
    for (;;) {
        ERR_clear_error();
        int result = SSL_read_ex(link->ssl, out, size, got);
        if (result == 1 || SSL_get_error(link->ssl, result) == SSL_ERROR_ZERO_RETURN) return KMS_OK;
        TRY(tls_wait(link, result, "receiving", deadline_ms));
    }
}

bool link_is_idle(struct link *link)
{
    char byte;

    /* Between requests a TLS 1.3 server has nothing to say; anything on the socket is a close or a fault. */
    return recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN && SSL_pending(link->ssl) == 0;
}

void link_close(struct link **link)
{
    struct link *l = *link;

    if (l == NULL) return;
    *link = NULL;
    if (l->ssl != NULL && l->fork_count == gate_fork_count() && SSL_is_init_finished(l->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(l->ssl); /* sends close_notify once; its answer is not waited for */
        ERR_clear_error();
    }
    SSL_free(l->ssl);
    if (l->fd >= 0) close(l->fd);
    free(l);
}
