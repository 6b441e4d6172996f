/* SPDX-License-Identifier: Apache-2.0 */
/* A peer with the right certificate that does not keep to our rules: raw OpenSSL against a tunnel. */
#include <openssl/ssl.h>

#include "cluster/tunnel/tunnel.h"
#include "tests/support/cluster_pki.h"
#include "tests/support/test.h"

/* tss1, the TLS client, is raw; tss2 is a tunnel. */
struct rig {
    struct cluster_pki     pki;
    struct credential      raw_credential, credential;
    SSL_CTX               *ctx;
    SSL                   *raw;
    BIO                   *raw_in, *raw_out;
    struct tunnel_context *context;
    struct tunnel         *tunnel;
};

static void set_raw_credential(struct rig *r)
{
    struct secret *seed = &r->raw_credential.seed;
    EVP_PKEY      *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->data, seed->len);
    struct buf    *der = &r->raw_credential.certificate_der;

    assert_int_equal(SSL_CTX_use_certificate_ASN1(r->ctx, (int)der->len, der->data), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(r->ctx, key), 1);
    EVP_PKEY_free(key);
}

static void rig_init(struct rig *r, const char *alpn, int version, bool with_certificate)
{
    *r = (struct rig){0};
    cluster_pki_init(&r->pki, 0, "test");
    cluster_pki_issue(&r->pki, &r->raw_credential, "node/tss1");
    cluster_pki_issue(&r->pki, &r->credential, "node/tss2");
    r->ctx = SSL_CTX_new(TLS_client_method());
    if (with_certificate) set_raw_credential(r);
    assert_int_equal(SSL_CTX_set_max_proto_version(r->ctx, version), 1);
    if (alpn != NULL)
        assert_int_equal(SSL_CTX_set_alpn_protos(r->ctx, (const unsigned char *)alpn, (unsigned)strlen(alpn)), 0);
    r->raw = SSL_new(r->ctx);
    r->raw_in = BIO_new(BIO_s_mem());
    r->raw_out = BIO_new(BIO_s_mem());
    SSL_set_bio(r->raw, r->raw_in, r->raw_out);
    SSL_set_connect_state(r->raw);
    assert_ok(tunnel_context_new(&r->context, &r->credential, r->pki.authority));
    assert_ok(tunnel_new(&r->tunnel, r->context, "tss1", r->raw_credential.identity.fingerprint, 0));
}

static void rig_clear(struct rig *r)
{
    SSL_free(r->raw);
    SSL_CTX_free(r->ctx);
    tunnel_free(&r->tunnel);
    tunnel_context_free(&r->context);
    credential_clear(&r->credential);
    credential_clear(&r->raw_credential);
    cluster_pki_clear(&r->pki);
}

static enum kms_err to_tunnel(struct rig *r)
{
    char *data = NULL;

    long         len = BIO_get_mem_data(r->raw_out, &data);
    enum kms_err err = tunnel_receive(r->tunnel, bytes(data, (size_t)len));
    (void)BIO_reset(r->raw_out);
    return err;
}

static enum kms_err shake_hands(struct rig *r)
{
    for (int i = 0; i < 5; i++) {
        BUF_LOCAL back = BUF_INIT(65536);
        (void)SSL_do_handshake(r->raw);
        enum kms_err err = to_tunnel(r);
        if (err != KMS_OK) return err;
        assert_ok(tunnel_output(r->tunnel, &back));
        if (back.len > 0) assert_int_equal(BIO_write(r->raw_in, back.data, (int)back.len), (int)back.len);
    }
    return KMS_OK;
}

static void raw_write(struct rig *r, const void *data, size_t len)
{
    size_t n;

    assert_int_equal(SSL_write_ex(r->raw, data, len, &n), 1);
}

#define ALPN "\x0akms-node/1"

TEST(hostile, a_raw_peer_that_keeps_the_rules_is_accepted)
{
    struct rig   r;
    uint8_t      type;
    struct bytes body;

    rig_init(&r, ALPN, TLS1_3_VERSION, true);
    assert_ok(shake_hands(&r));
    assert_true(tunnel_is_ready(r.tunnel));
    raw_write(&r, "\0\0\0\2\7hi", 7);
    assert_ok(to_tunnel(&r));
    assert_true(tunnel_next(r.tunnel, &type, &body));
    assert_int_equal(type, 7);
    assert_true(bytes_equal_str(body, "hi"));
    rig_clear(&r);
}

TEST(hostile, no_or_another_application_protocol_is_refused)
{
    static const char *const offers[] = {NULL, "\x02h2", "\x0bkms-node/1x", "\x02h2\x0akms-node/1"};

    for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
        struct rig r;
        rig_init(&r, offers[i], TLS1_3_VERSION, true);
        assert_err(KMS_E_CLOSED, shake_hands(&r));
        assert_false(tunnel_is_ready(r.tunnel));
        rig_clear(&r);
    }
}

TEST(hostile, an_older_tls_is_refused)
{
    struct rig r;

    rig_init(&r, ALPN, TLS1_2_VERSION, true);
    assert_err(KMS_E_CLOSED, shake_hands(&r));
    rig_clear(&r);
}

TEST(hostile, no_certificate_is_refused)
{
    struct rig r;

    rig_init(&r, ALPN, TLS1_3_VERSION, false);
    assert_err(KMS_E_CLOSED, shake_hands(&r));
    rig_clear(&r);
}

TEST(hostile, a_key_update_ends_the_tunnel)
{
    struct rig r;

    rig_init(&r, ALPN, TLS1_3_VERSION, true);
    assert_ok(shake_hands(&r));
    assert_int_equal(SSL_key_update(r.raw, SSL_KEY_UPDATE_REQUESTED), 1);
    raw_write(&r, "\0\0\0\0\1", 5);
    assert_err(KMS_E_CLOSED, to_tunnel(&r));
    assert_false(tunnel_is_ready(r.tunnel));
    rig_clear(&r);
}

TEST(hostile, a_message_over_the_maximum_ends_the_tunnel_before_it_is_kept)
{
    static const uint8_t huge[] = {0x00, 0x02, 0x00, 0x01, 0x01}, endless[] = {0xff, 0xff, 0xff, 0xff, 0x01};

    for (int i = 0; i < 2; i++) {
        struct rig r;
        rig_init(&r, ALPN, TLS1_3_VERSION, true);
        assert_ok(shake_hands(&r));
        raw_write(&r, i == 0 ? huge : endless, 5);
        assert_err(KMS_E_CLOSED, to_tunnel(&r));
        rig_clear(&r);
    }
}

TEST(hostile, a_closed_connection_ends_the_tunnel)
{
    struct rig r;

    rig_init(&r, ALPN, TLS1_3_VERSION, true);
    assert_ok(shake_hands(&r));
    (void)SSL_shutdown(r.raw);
    assert_err(KMS_E_CLOSED, to_tunnel(&r));
    rig_clear(&r);
}

TEST(hostile, no_ticket_is_given)
{
    struct rig r;
    BUF_LOCAL  after = BUF_INIT(65536);
    uint8_t    byte;

    rig_init(&r, ALPN, TLS1_3_VERSION, true);
    assert_ok(shake_hands(&r));
    (void)SSL_read(r.raw, &byte, 1);
    assert_ok(tunnel_output(r.tunnel, &after));
    assert_int_equal(after.len, 0);
    assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(r.raw)), 0);
    rig_clear(&r);
}
