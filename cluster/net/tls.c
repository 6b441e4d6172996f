/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 on memory BIOs. */
#include "cluster/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"

#define RECORD_MAX 16384

struct tls_context {
    SSL_CTX                *ssl_ctx;   /* owned */
    const struct authority *authority; /* borrowed */
    char                    cluster[CLUSTER_NAME_MAX + 1];
    enum role               peer_role;
    bool                    is_server;
    bool                    alpn_required;
    unsigned char           alpn[16]; /* length-prefixed, as on the wire */
    unsigned                alpn_len;
};

struct tls {
    struct tls_context *context; /* borrowed */
    SSL                *ssl;     /* owned; owns both BIOs */
    BIO                *in, *out;
    char                peer_name[PARTY_NAME_MAX + 1];
    struct identity     peer;
    bool                has_peer, is_ready, is_finished;
    char                refusal[160]; /* why the peer's certificate was refused */
};

static RESULT openssl_error(const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char   *reason = code == 0 ? NULL : ERR_reason_error_string(code);

    ERR_clear_error();
    return fail(KMS_E_CLOSED, "%s: %s", what, reason == NULL ? "closed by the peer" : reason);
}

static RESULT check_leaf(struct tls *t, X509 *leaf)
{
    uint8_t *der = NULL;
    int      len = i2d_X509(leaf, &der);

    if (len <= 0 || len > CERTIFICATE_MAX) {
        OPENSSL_free(der);
        return fail(KMS_E_CERTIFICATE, "certificate of %d bytes, at most %d", len, CERTIFICATE_MAX);
    }
    enum kms_err err = identity_verify(&t->peer, t->context->authority, bytes(der, (size_t)len), clock_wall_s());
    OPENSSL_free(der);
    TRY(err);
    const struct identity *peer = &t->peer;
    if (strcmp(peer->cluster, t->context->cluster) != 0)
        return fail(KMS_E_CERTIFICATE, "%s is not of cluster %s", peer->uri, t->context->cluster);
    if (t->context->peer_role != ROLE_NONE && peer->role != t->context->peer_role)
        return fail(KMS_E_CERTIFICATE, "%s where a %s is expected", peer->uri, role_name(t->context->peer_role));
    if (t->peer_name[0] != '\0' && strcmp(peer->name, t->peer_name) != 0)
        return fail(KMS_E_CERTIFICATE, "%s where %s is expected", peer->uri, t->peer_name);
    t->has_peer = true;
    return KMS_OK;
}

/* Replaces OpenSSL's own call: its chain check first, ours after it, so that a refusal is an alert of the handshake. */
static int verify_peer(X509_STORE_CTX *store, void *arg)
{
    SSL        *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *t = SSL_get_app_data(ssl);

    (void)arg;
    if (X509_verify_cert(store) <= 0) {
        int why = X509_STORE_CTX_get_error(store);
        (void)snprintf(t->refusal, sizeof t->refusal, "%s", X509_verify_cert_error_string(why));
        return 0;
    }
    if (check_leaf(t, X509_STORE_CTX_get0_cert(store)) == KMS_OK) return 1;
    (void)snprintf(t->refusal, sizeof t->refusal, "%s", error_text());
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

/* Takes the one protocol that is spoken here, wherever the client lists it. */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *offered,
                       unsigned offered_len, void *arg)
{
    const struct tls_context *c = arg;

    (void)ssl;
    for (unsigned i = 0; i < offered_len && offered[i] < offered_len - i; i += offered[i] + 1u) {
        if (offered[i] != c->alpn[0] || memcmp(offered + i, c->alpn, c->alpn_len) != 0) continue;
        *out = offered + i + 1;
        *out_len = offered[i];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static RESULT use_credential(SSL_CTX *ctx, const struct credential *credential)
{
    const uint8_t *der = credential->certificate_der.data;
    X509          *leaf = d2i_X509(NULL, &der, (long)credential->certificate_der.len);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, credential->seed.data, credential->seed.len);
    bool      ok = leaf != NULL && key != NULL && SSL_CTX_use_certificate(ctx, leaf) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

    X509_free(leaf);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok ? KMS_OK
              : fail(KMS_E_CERTIFICATE, "%s: certificate and private key do not fit", credential->identity.uri);
}

static RESULT require_peer(SSL_CTX *ctx, const struct tls_options *options)
{
    X509_STORE *store = authority_store(options->authority);

    SSL_CTX_set1_cert_store(ctx, store);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_peer, NULL);
    /* Every certificate of a cluster is Ed25519. */
    if (SSL_CTX_set1_sigalgs_list(ctx, "ed25519") != 1) return fail(KMS_E_INTERNAL, "OpenSSL does not know ed25519");
    return KMS_OK;
}

static RESULT configure(struct tls_context *c, const struct tls_options *options)
{
    SSL_CTX *ctx = c->ssl_ctx;

    if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 || SSL_CTX_set_num_tickets(ctx, 0) != 1 ||
        SSL_CTX_set_max_early_data(ctx, 0) != 1)
        return fail(KMS_E_INTERNAL, "OpenSSL refuses TLS 1.3");
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
    if (options->credential != NULL) TRY(use_credential(ctx, options->credential));
    if (options->authority != NULL) TRY(require_peer(ctx, options));
    c->alpn[0] = (unsigned char)strlen(options->alpn);
    memcpy(c->alpn + 1, options->alpn, c->alpn[0]);
    c->alpn_len = 1u + c->alpn[0];
    if (options->is_server)
        SSL_CTX_set_alpn_select_cb(ctx, select_alpn, c);
    else if (SSL_CTX_set_alpn_protos(ctx, c->alpn, c->alpn_len) != 0)
        return fail(KMS_E_MEMORY, "ALPN");
    return KMS_OK;
}

RESULT tls_context_new(struct tls_context **out, const struct tls_options *options)
{
    if (strlen(options->alpn) >= sizeof((struct tls_context *)0)->alpn)
        return fail(KMS_E_ARGUMENT, "ALPN %s", options->alpn);
    if (!options->is_server && options->authority == NULL)
        return fail(KMS_E_ARGUMENT, "a TLS client needs the cluster's CA");
    struct tls_context *c = calloc(1, sizeof *c);
    if (c == NULL) return fail(KMS_E_MEMORY, "TLS context");
    c->ssl_ctx = SSL_CTX_new(options->is_server ? TLS_server_method() : TLS_client_method());
    c->authority = options->authority;
    c->peer_role = options->peer_role;
    c->is_server = options->is_server;
    c->alpn_required = strcmp(options->alpn, "h2") == 0;
    (void)snprintf(c->cluster, sizeof c->cluster, "%s", options->cluster == NULL ? "" : options->cluster);
    enum kms_err err = c->ssl_ctx == NULL ? fail(KMS_E_MEMORY, "TLS context") : configure(c, options);
    if (err != KMS_OK) {
        tls_context_free(&c);
        return err;
    }
    *out = c;
    return KMS_OK;
}

void tls_context_free(struct tls_context **c)
{
    if (*c == NULL) return;
    SSL_CTX_free((*c)->ssl_ctx);
    free(*c);
    *c = NULL;
}

RESULT tls_new(struct tls **out, struct tls_context *context, const char *peer_name)
{
    struct tls *t = calloc(1, sizeof *t);

    if (t == NULL) return fail(KMS_E_MEMORY, "TLS connection");
    t->context = context;
    t->ssl = SSL_new(context->ssl_ctx);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (t->ssl == NULL || t->in == NULL || t->out == NULL) {
        BIO_free(t->in);
        BIO_free(t->out);
        SSL_free(t->ssl);
        free(t);
        return fail(KMS_E_MEMORY, "TLS connection");
    }
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_app_data(t->ssl, t);
    if (peer_name != NULL) (void)snprintf(t->peer_name, sizeof t->peer_name, "%s", peer_name);
    if (context->is_server)
        SSL_set_accept_state(t->ssl);
    else
        SSL_set_connect_state(t->ssl);
    *out = t;
    return KMS_OK;
}

void tls_free(struct tls **t)
{
    if (*t == NULL) return;
    SSL_free((*t)->ssl);
    free(*t);
    *t = NULL;
}

static RESULT finish_handshake(struct tls *t)
{
    const unsigned char *alpn;
    unsigned             alpn_len;

    SSL_get0_alpn_selected(t->ssl, &alpn, &alpn_len);
    if (t->context->alpn_required && alpn_len == 0)
        return fail(KMS_E_CLOSED, "the peer does not speak HTTP/2 (ALPN h2)");
    if (t->context->authority != NULL && !t->has_peer) return fail(KMS_E_CERTIFICATE, "the peer has no certificate");
    t->is_ready = true;
    return KMS_OK;
}

static RESULT handshake(struct tls *t)
{
    int done = SSL_do_handshake(t->ssl);

    if (done == 1) return finish_handshake(t);
    int why = SSL_get_error(t->ssl, done);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return KMS_OK;
    if (t->refusal[0] != '\0') {
        ERR_clear_error();
        return fail(KMS_E_CERTIFICATE, "the peer's certificate is refused: %s", t->refusal);
    }
    return openssl_error("TLS handshake");
}

static RESULT decrypt(struct tls *t, struct buf *plain)
{
    for (;;) {
        uint8_t *at = buf_reserve(plain, RECORD_MAX);
        if (at == NULL) return fail(KMS_E_TOO_LARGE, "more than %zu bytes at once", plain->max);
        int got = SSL_read(t->ssl, at, RECORD_MAX);
        if (got <= 0) return (SSL_get_error(t->ssl, got) == SSL_ERROR_WANT_READ) ? KMS_OK : KMS_E_CLOSED;
        plain->len += (size_t)got;
        plain->data[plain->len] = '\0';
    }
}

RESULT tls_receive(struct tls *t, struct bytes from_network, struct buf *plain)
{
    ERR_clear_error();
    if (from_network.len > INT32_MAX ||
        (from_network.len > 0 && BIO_write(t->in, from_network.data, (int)from_network.len) <= 0))
        return fail(KMS_E_MEMORY, "TLS input of %zu bytes", from_network.len);
    if (!t->is_ready) TRY(handshake(t));
    if (!t->is_ready || decrypt(t, plain) == KMS_OK) return KMS_OK;
    t->is_finished = (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
    return t->is_finished && ERR_peek_error() == 0 ? KMS_OK : openssl_error("TLS record");
}

RESULT tls_send(struct tls *t, struct bytes plain)
{
    ERR_clear_error();
    while (plain.len > 0) {
        size_t take = plain.len < RECORD_MAX ? plain.len : RECORD_MAX;
        if (SSL_write(t->ssl, plain.data, (int)take) != (int)take) return openssl_error("TLS output");
        plain = bytes(plain.data + take, plain.len - take);
    }
    return KMS_OK;
}

void tls_shutdown(struct tls *t)
{
    if (t->is_ready) (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
}

RESULT tls_output(struct tls *t, struct buf *out)
{
    size_t pending = BIO_ctrl_pending(t->out);

    if (pending == 0) return KMS_OK;
    uint8_t *at = pending > TLS_OUTPUT_MAX ? NULL : buf_reserve(out, pending);
    if (at == NULL) return fail(KMS_E_BUSY, "%zu bytes wait for a peer that does not read", pending);
    int got = BIO_read(t->out, at, (int)pending);
    if (got != (int)pending) return fail(KMS_E_INTERNAL, "TLS output: %d of %zu bytes", got, pending);
    out->len += pending;
    out->data[out->len] = '\0';
    return KMS_OK;
}

bool tls_is_ready(const struct tls *t)
{
    return t->is_ready;
}

bool tls_is_finished(const struct tls *t)
{
    return t->is_finished;
}

const struct identity *tls_peer(const struct tls *t)
{
    return t->is_ready && t->has_peer ? &t->peer : NULL;
}
