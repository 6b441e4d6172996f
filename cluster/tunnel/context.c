/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS settings of all tunnels: version 1.3 only, both sides authenticated, nothing resumed, renewed or sent early.
 */
#include "cluster/tunnel/context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct tunnel_context {
    SSL_CTX                 *ssl;     /* owned */
    const struct credential *self;    /* borrowed */
    struct secret            scratch; /* owned */
};

/* Length-prefixed, as RFC 7301 3.1 has it. */
static const unsigned char alpn[] = "\x0a" TUNNEL_ALPN;

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                       unsigned in_len, void *arg)
{
    (void)ssl, (void)arg;
    /* Exactly our one protocol: an offer of more is somebody else. */
    if (!bytes_equal(bytes(in, in_len), bytes(alpn, sizeof alpn - 1))) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = alpn + 1;
    *out_len = alpn[0];
    return SSL_TLSEXT_ERR_OK;
}

static bool set_rules(SSL_CTX *ctx)
{
    X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(ctx);

    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(ctx, 0); /* the CA signs leaves, nothing between */
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    /* A node's certificate serves at both ends of a tunnel; which one is not in it. */
    return X509_VERIFY_PARAM_set_purpose(verify, X509_PURPOSE_ANY) == 1 &&
           SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
           SSL_CTX_set_max_early_data(ctx, 0) == 1 && SSL_CTX_set_recv_max_early_data(ctx, 0) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_groups_list(ctx, "X25519") == 1 && SSL_CTX_set1_sigalgs_list(ctx, "ed25519") == 1 &&
           SSL_CTX_set_alpn_protos(ctx, alpn, sizeof alpn - 1) == 0;
}

static bool set_credential(SSL_CTX *ctx, const struct credential *self)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, self->seed.data, self->seed.len);

    bool done = key != NULL &&
                SSL_CTX_use_certificate_ASN1(ctx, (int)self->certificate_der.len, self->certificate_der.data) == 1 &&
                SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    return done;
}

RESULT tunnel_context_new(struct tunnel_context **out, const struct credential *self, const struct authority *authority)
{
    *out = NULL;
    if (self->identity.role != ROLE_NODE) return fail(KMS_E_CONFIG, "%s is no node's certificate", self->identity.uri);
    if (self->seed.len != 32) return fail(KMS_E_STATE, "the key of %s is locked", self->identity.uri);
    struct tunnel_context *c = calloc(1, sizeof *c);
    if (c == NULL) return fail(KMS_E_MEMORY, "tunnels: no memory");
    ERR_clear_error();
    c->self = self;
    c->ssl = SSL_CTX_new(TLS_method());
    if (c->ssl == NULL || !set_rules(c->ssl) || !set_credential(c->ssl, self)) {
        tunnel_context_free(&c);
        return fail(KMS_E_CONFIG, "tunnels of %s: OpenSSL refuses the settings, the certificate or the key",
                    self->identity.name);
    }
    SSL_CTX_set1_cert_store(c->ssl, authority_store(authority));
    *out = c;
    return KMS_OK;
}

void tunnel_context_free(struct tunnel_context **context)
{
    struct tunnel_context *c = *context;

    *context = NULL;
    if (c == NULL) return;
    SSL_CTX_free(c->ssl);
    secret_clear(&c->scratch);
    free(c);
}

SSL_CTX *tunnel_context_ssl(const struct tunnel_context *c)
{
    return c->ssl;
}

const struct identity *tunnel_context_identity(const struct tunnel_context *c)
{
    return &c->self->identity;
}

uint8_t *tunnel_context_scratch(struct tunnel_context *c, size_t len)
{
    size_t size = len < 16384 ? 16384 : len;

    if (c->scratch.len < len && secret_alloc(&c->scratch, size) != KMS_OK) return NULL;
    return c->scratch.data;
}

bool tunnel_context_peer_certificate(const SSL *ssl, uint8_t der[CERTIFICATE_MAX], struct bytes *out)
{
    X509    *certificate = SSL_get0_peer_certificate(ssl);
    uint8_t *end = der;

    int len = certificate == NULL ? -1 : i2d_X509(certificate, NULL);
    if (len <= 0 || len > CERTIFICATE_MAX || i2d_X509(certificate, &end) != len) return false;
    *out = bytes(der, (size_t)len);
    return true;
}
