/* SPDX-License-Identifier: Apache-2.0 */
/* TLS without sockets: two ends, the bytes carried by hand; who is let in and who is not. */
#include "cluster/net/tls.h"

#include <openssl/ssl.h>

#include "common/base/clock.h"
#include "tests/support/cluster_pki.h"
#include "tests/support/test.h"

#define DAY_S (24 * 60 * 60)

struct side {
    struct tls_context *context;
    struct tls         *tls;
    struct buf          plain; /* what it decrypted */
    enum kms_err        err;   /* the first failure */
};

/* A cluster "test" and another with the same names. */
struct world {
    struct cluster_pki pki, foreign;
    struct credential  node, gateway, client, foreign_gateway, late_gateway;
    struct side        server, peer;
};

static void world_init(struct world *w)
{
    *w = (struct world){0};
    cluster_pki_init(&w->pki, 0, "test");
    cluster_pki_init(&w->foreign, 1, "test");
    cluster_pki_issue(&w->pki, &w->node, "node/tss1");
    cluster_pki_issue(&w->pki, &w->gateway, "gateway/gw1");
    cluster_pki_issue(&w->pki, &w->client, "client/app");
    cluster_pki_issue(&w->foreign, &w->foreign_gateway, "gateway/gw1");
    cluster_pki_issue_dated(&w->pki, &w->late_gateway, "gateway/gw1", clock_wall_s() - 3 * DAY_S, 2);
    w->server.plain = w->peer.plain = BUF_INIT(1 << 20);
}

static void side_clear(struct side *s)
{
    tls_free(&s->tls);
    tls_context_free(&s->context);
    buf_clear(&s->plain);
    s->err = KMS_OK;
}

static void world_clear(struct world *w)
{
    side_clear(&w->server);
    side_clear(&w->peer);
    credential_clear(&w->node);
    credential_clear(&w->gateway);
    credential_clear(&w->client);
    credential_clear(&w->foreign_gateway);
    credential_clear(&w->late_gateway);
    cluster_pki_clear(&w->pki);
    cluster_pki_clear(&w->foreign);
}

/* Moves one side's output to the other. true: there was some. */
static bool carry(struct side *from, struct side *to)
{
    BUF_LOCAL wire = BUF_INIT(1 << 20);

    assert_ok(tls_output(from->tls, &wire));
    if (wire.len == 0) return false;
    if (to->err == KMS_OK) to->err = tls_receive(to->tls, bytes(wire.data, wire.len), &to->plain);
    return true;
}

static void talk(struct world *w)
{
    bool moved = true;

    if (w->peer.err == KMS_OK) w->peer.err = tls_receive(w->peer.tls, BYTES_NONE, &w->peer.plain);
    while (moved) {
        moved = carry(&w->peer, &w->server);
        moved |= carry(&w->server, &w->peer);
    }
}

struct meeting {
    const struct credential *server, *client;       /* the client may have none */
    struct authority        *server_ca, *client_ca; /* whom each believes; the server may ask for no certificate */
    enum role                server_wants, client_wants;
    const char              *client_wants_name;
    const char              *alpn;
};

static void meet(struct world *w, const struct meeting *m)
{
    struct tls_options server = {true, m->server, m->server_ca, m->alpn, "test", m->server_wants};
    struct tls_options client = {false, m->client, m->client_ca, m->alpn, "test", m->client_wants};

    assert_ok(tls_context_new(&w->server.context, &server));
    assert_ok(tls_context_new(&w->peer.context, &client));
    assert_ok(tls_new(&w->server.tls, w->server.context, NULL));
    assert_ok(tls_new(&w->peer.tls, w->peer.context, m->client_wants_name));
    talk(w);
}

static struct meeting usual(const struct world *w)
{
    return (struct meeting){&w->node,  &w->gateway, w->pki.authority, w->pki.authority,
                            ROLE_NONE, ROLE_NODE,   "tss1",           "h2"};
}

TEST(tls, lets_two_of_a_cluster_talk)
{
    struct world   w;
    struct meeting m;

    world_init(&w);
    m = usual(&w);
    meet(&w, &m);

    assert_true(tls_is_ready(w.server.tls) && tls_is_ready(w.peer.tls));
    assert_string_equal(tls_peer(w.server.tls)->uri, "spiffe://test/gateway/gw1");
    assert_string_equal(tls_peer(w.peer.tls)->uri, "spiffe://test/node/tss1");
    assert_ok(tls_send(w.peer.tls, bytes_str("ping")));
    assert_ok(tls_send(w.server.tls, bytes_str("pong")));
    talk(&w);
    assert_string_equal(buf_str(&w.server.plain), "ping");
    assert_string_equal(buf_str(&w.peer.plain), "pong");
    world_clear(&w);
}

/* The server refuses; the client hears of it as soon as it listens. */
static void assert_server_refuses(const struct credential *client, enum role wanted, enum kms_err why, struct world *w)
{
    struct meeting m = usual(w);

    m.client = client;
    m.server_wants = wanted;
    meet(w, &m);

    assert_int_equal(w->server.err, why);
    assert_false(tls_is_ready(w->server.tls));
    assert_null(tls_peer(w->server.tls));
    assert_int_equal(w->peer.err, KMS_E_CLOSED);
}

TEST(tls, refuses_a_client_without_a_certificate)
{
    struct world w;

    world_init(&w);
    assert_server_refuses(NULL, ROLE_NONE, KMS_E_CLOSED, &w);
    world_clear(&w);
}

TEST(tls, refuses_a_client_of_another_ca_with_the_same_name)
{
    struct world w;

    world_init(&w);
    assert_server_refuses(&w.foreign_gateway, ROLE_NONE, KMS_E_CERTIFICATE, &w);
    world_clear(&w);
}

TEST(tls, refuses_a_client_whose_certificate_has_expired)
{
    struct world w;

    world_init(&w);
    assert_server_refuses(&w.late_gateway, ROLE_NONE, KMS_E_CERTIFICATE, &w);
    world_clear(&w);
}

TEST(tls, refuses_a_client_of_another_role)
{
    struct world w;

    world_init(&w);
    assert_server_refuses(&w.client, ROLE_GATEWAY, KMS_E_CERTIFICATE, &w);
    assert_non_null(strstr(error_text(), "alert"));
    world_clear(&w);
}

static void assert_client_refuses(struct meeting m, struct world *w)
{
    meet(w, &m);

    assert_int_equal(w->peer.err, KMS_E_CERTIFICATE);
    assert_false(tls_is_ready(w->peer.tls));
    assert_false(tls_is_ready(w->server.tls));
}

TEST(tls, refuses_a_server_of_another_role_name_or_ca)
{
    struct world   w;
    struct meeting m;

    world_init(&w);
    m = usual(&w);
    m.server = &w.gateway;
    assert_client_refuses(m, &w);
    world_clear(&w);

    world_init(&w);
    m = usual(&w);
    m.client_wants_name = "tss2";
    assert_client_refuses(m, &w);
    world_clear(&w);

    world_init(&w);
    m = usual(&w);
    m.client_ca = w.foreign.authority;
    assert_client_refuses(m, &w);
    world_clear(&w);
}

TEST(tls, refuses_another_cluster_of_the_same_ca)
{
    struct world       w;
    struct meeting     m;
    struct cluster_pki other;

    world_init(&w);
    other = w.pki;
    (void)strcpy(other.cluster, "other");
    credential_clear(&w.gateway);
    cluster_pki_issue(&other, &w.gateway, "gateway/gw1");
    m = usual(&w);
    meet(&w, &m);

    assert_int_equal(w.server.err, KMS_E_CERTIFICATE);
    world_clear(&w);
}

/* A plain OpenSSL client with these limits, against our server; true: the handshake succeeds. */
static bool stock_client_succeeds(struct world *w, int max_version, const unsigned char *alpn, unsigned alpn_len)
{
    struct tls_options server = {.is_server = true, .credential = &w->node, .alpn = alpn_len == 0 ? "http/1.1" : "h2"};
    SSL_CTX           *ctx = SSL_CTX_new(TLS_client_method());
    SSL               *ssl;
    BUF_LOCAL          wire = BUF_INIT(1 << 16);
    uint8_t            block[16384];
    bool               done = false;

    assert_ok(tls_context_new(&w->server.context, &server));
    assert_ok(tls_new(&w->server.tls, w->server.context, NULL));
    SSL_CTX_set_max_proto_version(ctx, max_version);
    if (alpn_len > 0) assert_int_equal(SSL_CTX_set_alpn_protos(ctx, alpn, alpn_len), 0);
    ssl = SSL_new(ctx);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    for (unsigned turn = 0; turn < 4 && w->server.err == KMS_OK; turn++) {
        done = SSL_do_handshake(ssl) == 1;
        int got = BIO_read(SSL_get_wbio(ssl), block, sizeof block);
        if (got > 0) w->server.err = tls_receive(w->server.tls, bytes(block, (size_t)got), &w->server.plain);
        wire.len = 0;
        assert_ok(tls_output(w->server.tls, &wire));
        if (wire.len > 0) (void)BIO_write(SSL_get_rbio(ssl), wire.data, (int)wire.len);
    }
    done = done && tls_is_ready(w->server.tls);
    if (done) assert_int_equal(SSL_SESSION_has_ticket(SSL_get_session(ssl)), 0);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return done;
}

TEST(tls, speaks_version_1_3_only)
{
    struct world w;

    world_init(&w);
    assert_true(stock_client_succeeds(&w, TLS1_3_VERSION, NULL, 0));
    world_clear(&w);
    world_init(&w);
    assert_false(stock_client_succeeds(&w, TLS1_2_VERSION, NULL, 0));
    world_clear(&w);
}

TEST(tls, requires_its_protocol)
{
    static const unsigned char both[] = "\x08http/1.1\x02h2", other[] = "\x08http/1.1";
    struct world               w;

    world_init(&w);
    assert_true(stock_client_succeeds(&w, TLS1_3_VERSION, both, sizeof both - 1));
    world_clear(&w);
    world_init(&w);
    assert_false(stock_client_succeeds(&w, TLS1_3_VERSION, other, sizeof other - 1));
    world_clear(&w);
}

TEST(tls, ends_on_a_record_that_was_touched)
{
    struct world   w;
    struct meeting m;
    BUF_LOCAL      wire = BUF_INIT(1 << 16);

    world_init(&w);
    m = usual(&w);
    meet(&w, &m);
    assert_ok(tls_send(w.peer.tls, bytes_str("ping")));
    assert_ok(tls_output(w.peer.tls, &wire));
    wire.data[wire.len - 1] ^= 1;

    assert_err(KMS_E_CLOSED, tls_receive(w.server.tls, bytes(wire.data, wire.len), &w.server.plain));
    assert_int_equal(w.server.plain.len, 0);
    world_clear(&w);
}

TEST(tls, says_goodbye)
{
    struct world   w;
    struct meeting m;

    world_init(&w);
    m = usual(&w);
    meet(&w, &m);
    assert_ok(tls_send(w.peer.tls, bytes_str("last")));
    tls_shutdown(w.peer.tls);
    talk(&w);

    assert_string_equal(buf_str(&w.server.plain), "last");
    assert_true(tls_is_finished(w.server.tls));
    world_clear(&w);
}

TEST(tls, refuses_a_key_of_another_certificate)
{
    struct world        w;
    struct tls_context *context = NULL;
    struct credential   mixed;

    world_init(&w);
    mixed = (struct credential){w.node.identity, w.node.certificate_der, w.gateway.seed};
    struct tls_options options = {.is_server = true, .credential = &mixed, .alpn = "h2"};

    assert_err(KMS_E_CERTIFICATE, tls_context_new(&context, &options));
    assert_null(context);
    world_clear(&w);
}
