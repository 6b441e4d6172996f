/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node-to-node TLS 1.3 connection on memory BIOs.
 *
 * Bytes from the relay go into the reading BIO and all plaintext comes out at once, into `in`; messages are cut from
 * there. What is sent before the handshake has finished and the peer is known waits in `waiting`. Plaintext holds
 * shares, so it lives in secmem and is wiped when it has been used. After the first failure the tunnel is dead for
 * good.
 */
#include "cluster/tunnel/tunnel.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/tunnel/context.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

#define HEADER_LEN 5 /* u32 length, u8 type */
#define FRAME_MAX (HEADER_LEN + TUNNEL_MESSAGE_MAX)
#define RECEIVE_MAX (256 * 1024) /* from the relay in one call */
#define WAITING_MAX (2 * FRAME_MAX)
#define IN_MAX (FRAME_MAX + RECEIVE_MAX)
#define QUEUE_START 4096

/* Plaintext that waits: bytes from..to of memory that is wiped when it moves or goes. */
struct queue {
    struct secret memory; /* owned */
    size_t        from, to;
};

struct tunnel {
    struct tunnel_context *context; /* borrowed */
    SSL                   *ssl;     /* owned, with both BIOs */
    BIO                   *from_relay, *to_relay;
    char                   peer[PARTY_NAME_MAX + 1];
    uint8_t                fingerprint[32];
    uint64_t               born_ms, records;
    size_t                 checked; /* of `in`: up to the first message whose length is not known yet */
    size_t                 given;   /* of `in`: the message that tunnel_next() gave last */
    struct queue           in, waiting;
    bool                   ready; /* handshake done, peer is who was expected */
    bool                   dead;
};

static size_t queue_len(const struct queue *q)
{
    return q->to - q->from;
}

/* Room for `more` bytes at q->to; NULL over `max`. */
static uint8_t *queue_room(struct queue *q, size_t more, size_t max)
{
    size_t len = queue_len(q), size = q->memory.len == 0 ? QUEUE_START : q->memory.len;

    if (more > max || len > max - more) return NULL;
    if (q->memory.len - q->to >= more) return q->memory.data + q->to;
    while (size < len + more) size *= 2;
    if (size == q->memory.len) {
        memmove(q->memory.data, q->memory.data + q->from, len);
    } else {
        struct secret bigger = SECRET_NONE; /* moved */
        if (secret_alloc(&bigger, size) != KMS_OK) return NULL;
        if (len > 0) memcpy(bigger.data, q->memory.data + q->from, len);
        secret_clear(&q->memory);
        q->memory = bigger;
    }
    q->from = 0;
    q->to = len;
    return q->memory.data + q->to;
}

static void queue_drop(struct queue *q, size_t len)
{
    wipe(q->memory.data + q->from, len);
    q->from += len;
    if (q->from == q->to) q->from = q->to = 0;
}

/* The one way to die: everything that waits is wiped. */
static enum kms_err die(struct tunnel *t, const char *why)
{
    t->dead = true;
    t->ready = false;
    t->checked = t->given = 0;
    secret_clear(&t->in.memory);
    secret_clear(&t->waiting.memory);
    t->in = t->waiting = (struct queue){.memory = SECRET_NONE};
    return fail(KMS_E_CLOSED, "tunnel to %s: %s", t->peer, why);
}

/*
 * Sees each record and handshake message. After the handshake no handshake message is expected: we send no ticket and
 * no key update, so one that arrives is an attempt at something that was switched off.
 */
static void watch(int write, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
    struct tunnel *t = arg;

    (void)version, (void)data, (void)len, (void)ssl;
    if (type == SSL3_RT_HEADER) t->records++;
    if (type == SSL3_RT_HANDSHAKE && write == 0 && t->ready) t->dead = true;
}

static enum kms_err setup(struct tunnel *t, bool client)
{
    t->ssl = SSL_new(tunnel_context_ssl(t->context));
    t->from_relay = BIO_new(BIO_s_mem());
    t->to_relay = BIO_new(BIO_s_mem());
    if (t->ssl == NULL || t->from_relay == NULL || t->to_relay == NULL) {
        BIO_free(t->from_relay);
        BIO_free(t->to_relay);
        return fail(KMS_E_MEMORY, "tunnel to %s: no memory for TLS", t->peer);
    }
    SSL_set_bio(t->ssl, t->from_relay, t->to_relay);
    SSL_set_msg_callback(t->ssl, watch);
    SSL_set_msg_callback_arg(t->ssl, t);
    if (client)
        SSL_set_connect_state(t->ssl);
    else
        SSL_set_accept_state(t->ssl);
    return KMS_OK;
}

/* The peer is who was expected, with the very certificate that the roster lists: checked before a byte of data is used.
 */
static enum kms_err check_peer(struct tunnel *t)
{
    const struct identity *self = tunnel_context_identity(t->context);
    struct identity        peer;
    uint8_t                der[CERTIFICATE_MAX], fingerprint[32];
    struct bytes           certificate;
    const unsigned char   *alpn;
    unsigned               alpn_len;

    SSL_get0_alpn_selected(t->ssl, &alpn, &alpn_len);
    if (!bytes_equal_str(bytes(alpn, alpn_len), TUNNEL_ALPN)) return die(t, "the peer speaks another protocol (ALPN)");
    if (!tunnel_context_peer_certificate(t->ssl, der, &certificate)) return die(t, "the peer showed no certificate");
    sha256(fingerprint, certificate);
    if (identity_parse(&peer, certificate) != KMS_OK) return die(t, "the peer's certificate names nobody");
    if (peer.role != ROLE_NODE) return die(t, "the peer is no node");
    if (strcmp(peer.cluster, self->cluster) != 0) return die(t, "the peer is of another cluster");
    if (strcmp(peer.name, t->peer) != 0) return die(t, "the peer is another node");
    if (memcmp(fingerprint, t->fingerprint, sizeof fingerprint) != 0)
        return die(t, "the peer's certificate is not the one in the roster");
    t->ready = true;
    return KMS_OK;
}

static enum kms_err handshake(struct tunnel *t)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(t->ssl);
    if (rc == 1) return check_peer(t);
    int error = SSL_get_error(t->ssl, rc);
    return error == SSL_ERROR_WANT_READ ? KMS_OK : die(t, "the TLS handshake failed");
}

RESULT tunnel_new(struct tunnel **out, struct tunnel_context *context, const char *peer,
                  const uint8_t peer_fingerprint[32], uint64_t now_ms)
{
    const char *self = tunnel_context_identity(context)->name;
    int         order = strcmp(self, peer);

    *out = NULL;
    if (order == 0) return fail(KMS_E_ARGUMENT, "%s does not open a tunnel to itself", self);
    if (!text_is_name(peer, PARTY_NAME_MAX)) return fail(KMS_E_ARGUMENT, "a tunnel's peer needs a name");
    struct tunnel *t = calloc(1, sizeof *t);
    if (t == NULL) return fail(KMS_E_MEMORY, "tunnel to %s: no memory", peer);
    t->context = context;
    t->born_ms = now_ms;
    (void)snprintf(t->peer, sizeof t->peer, "%s", peer);
    memcpy(t->fingerprint, peer_fingerprint, sizeof t->fingerprint);
    enum kms_err err = setup(t, order < 0);
    if (err == KMS_OK) err = handshake(t);
    if (err != KMS_OK) {
        tunnel_free(&t);
        return err;
    }
    *out = t;
    return KMS_OK;
}

void tunnel_free(struct tunnel **tunnel)
{
    struct tunnel *t = *tunnel;

    *tunnel = NULL;
    if (t == NULL) return;
    SSL_free(t->ssl);
    secret_clear(&t->in.memory);
    secret_clear(&t->waiting.memory);
    free(t);
}

static size_t message_len(const struct queue *q, size_t at)
{
    const uint8_t *p = q->memory.data + q->from + at;

    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* Refuses a length over the maximum as soon as it can be read, before the bytes it announces are kept. */
static enum kms_err check_lengths(struct tunnel *t)
{
    while (t->checked + HEADER_LEN <= queue_len(&t->in)) {
        size_t len = message_len(&t->in, t->checked);
        if (len > TUNNEL_MESSAGE_MAX) return die(t, "a message is over the maximum");
        t->checked += HEADER_LEN + len;
    }
    return KMS_OK;
}

static enum kms_err read_plaintext(struct tunnel *t)
{
    for (;;) {
        size_t   n, room = SSL3_RT_MAX_PLAIN_LENGTH;
        uint8_t *at = queue_room(&t->in, room, IN_MAX);
        if (at == NULL) return die(t, "more was received than fits");
        ERR_clear_error();
        int rc = SSL_read_ex(t->ssl, at, room, &n);
        if (t->dead) return die(t, "a handshake message after the handshake");
        if (rc != 1 && SSL_get_error(t->ssl, rc) == SSL_ERROR_WANT_READ) return KMS_OK;
        if (rc != 1) return die(t, "a record does not authenticate, or the peer closed");
        t->in.to += n;
        TRY(check_lengths(t));
    }
}

static enum kms_err write_frame(struct tunnel *t, struct bytes frame)
{
    size_t n;

    ERR_clear_error();
    if (SSL_write_ex(t->ssl, frame.data, frame.len, &n) != 1 || n != frame.len) return die(t, "TLS refused to write");
    return KMS_OK;
}

static enum kms_err write_waiting(struct tunnel *t)
{
    struct queue *q = &t->waiting;

    if (queue_len(q) == 0) return KMS_OK;
    TRY(write_frame(t, bytes(q->memory.data + q->from, queue_len(q))));
    secret_clear(&q->memory);
    *q = (struct queue){.memory = SECRET_NONE};
    return KMS_OK;
}

RESULT tunnel_receive(struct tunnel *t, struct bytes from_relay)
{
    if (t->dead) return fail(KMS_E_CLOSED, "tunnel to %s: closed", t->peer);
    if (from_relay.len > RECEIVE_MAX) return die(t, "the relay sent too much at once");
    if (from_relay.len == 0) return KMS_OK;
    if (BIO_write(t->from_relay, from_relay.data, (int)from_relay.len) != (int)from_relay.len)
        return die(t, "no memory for what the relay sent");
    if (!t->ready) {
        TRY(handshake(t));
        if (!t->ready) return KMS_OK;
        TRY(write_waiting(t));
    }
    return read_plaintext(t);
}

bool tunnel_next(struct tunnel *t, uint8_t *type, struct bytes *body)
{
    struct queue *q = &t->in;

    /* The message given last is wiped only now: its body was borrowed until this call. */
    if (t->given > 0) {
        t->checked -= t->given;
        queue_drop(q, t->given);
        t->given = 0;
    }
    if (t->dead || queue_len(q) < HEADER_LEN) return false;
    size_t len = message_len(q, 0);
    if (queue_len(q) < HEADER_LEN + len) return false;
    *type = q->memory.data[q->from + 4];
    *body = bytes(q->memory.data + q->from + HEADER_LEN, len);
    t->given = HEADER_LEN + len;
    return true;
}

static void put_frame(uint8_t *out, uint8_t type, struct bytes body)
{
    uint32_t len = (uint32_t)body.len;

    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(len >> (24 - 8 * i));
    out[4] = type;
    if (body.len > 0) memcpy(out + HEADER_LEN, body.data, body.len);
}

RESULT tunnel_send(struct tunnel *t, uint8_t type, struct bytes body)
{
    size_t len = HEADER_LEN + body.len;

    if (t->dead) return fail(KMS_E_CLOSED, "tunnel to %s: closed", t->peer);
    if (body.len > TUNNEL_MESSAGE_MAX)
        return fail(KMS_E_TOO_LARGE, "tunnel to %s: a message of %zu bytes", t->peer, body.len);
    if (!t->ready) {
        uint8_t *at = queue_room(&t->waiting, len, WAITING_MAX);
        if (at == NULL) return fail(KMS_E_BUSY, "tunnel to %s: too much waits for its handshake", t->peer);
        put_frame(at, type, body);
        t->waiting.to += len;
        return KMS_OK;
    }
    uint8_t *frame = tunnel_context_scratch(t->context, len);
    if (frame == NULL) return fail(KMS_E_MEMORY, "tunnel to %s: no memory for a message", t->peer);
    put_frame(frame, type, body);
    enum kms_err err = write_frame(t, bytes(frame, len));
    wipe(frame, len);
    return err;
}

RESULT tunnel_output(struct tunnel *t, struct buf *out)
{
    char *data = NULL;

    long len = BIO_get_mem_data(t->to_relay, &data);
    if (len <= 0) return KMS_OK;
    TRY(buf_append(out, bytes(data, (size_t)len)));
    (void)BIO_reset(t->to_relay);
    return KMS_OK;
}

bool tunnel_is_ready(const struct tunnel *t)
{
    return t->ready;
}

bool tunnel_is_stale(const struct tunnel *t, uint64_t now_ms)
{
    return t->dead || now_ms - t->born_ms >= TUNNEL_MAX_AGE_MS || t->records >= TUNNEL_MAX_RECORDS;
}

const char *tunnel_peer(const struct tunnel *t)
{
    return t->peer;
}
