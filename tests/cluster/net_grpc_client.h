/* SPDX-License-Identifier: Apache-2.0 */
/* A blocking gRPC client for tests, on nghttp2 itself and stock OpenSSL: it can also say what a good client would not.
 */
#ifndef KMS_TESTS_CLUSTER_NET_GRPC_CLIENT_H
#define KMS_TESTS_CLUSTER_NET_GRPC_CLIENT_H

#include <nghttp2/nghttp2.h>

#include "cluster/net/grpc.h"
#include "net_fixture.h"

#define CALL_HEADERS_MAX 12

/* One request and what came back. */
struct test_call {
    const char *method, *path, *content_type, *timeout, *encoding; /* NULL: left out, or the usual */
    struct buf  out;                                               /* what to send; owned */
    size_t      sent;
    bool        keep_open; /* do not end our half */
    int32_t     id;
    char        status[8], grpc_status[8], grpc_message[256], answer_type[64];
    struct buf  in; /* answered body; owned */
    bool        is_closed;
};

struct grpc_client {
    struct net_client net;
    nghttp2_session  *session;
    bool              is_closed, got_goaway;
};

static struct test_call *call_at(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static int client_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                            const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    struct test_call *call = call_at(session, frame->hd.stream_id);
    struct bytes      key = bytes(name, name_len);

    (void)flags, (void)user;
    if (call == NULL) return 0;
    if (bytes_equal_str(key, ":status"))
        (void)snprintf(call->status, sizeof call->status, "%.*s", (int)value_len, value);
    if (bytes_equal_str(key, "grpc-status"))
        (void)snprintf(call->grpc_status, sizeof call->grpc_status, "%.*s", (int)value_len, value);
    if (bytes_equal_str(key, "grpc-message"))
        (void)snprintf(call->grpc_message, sizeof call->grpc_message, "%.*s", (int)value_len, value);
    if (bytes_equal_str(key, "content-type"))
        (void)snprintf(call->answer_type, sizeof call->answer_type, "%.*s", (int)value_len, value);
    return 0;
}

static int client_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                          void *user)
{
    struct test_call *call = call_at(session, id);

    (void)flags, (void)user;
    if (call != NULL) assert_ok(buf_append(&call->in, bytes(data, len)));
    return 0;
}

static int client_on_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
    struct test_call *call = call_at(session, id);

    (void)error, (void)user;
    if (call != NULL) call->is_closed = true;
    return 0;
}

static int client_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct grpc_client *c = user;

    (void)session;
    c->got_goaway |= frame->hd.type == NGHTTP2_GOAWAY;
    return 0;
}

static ssize_t client_read(nghttp2_session *session, int32_t id, uint8_t *at, size_t most, uint32_t *flags,
                           nghttp2_data_source *source, void *user)
{
    struct test_call *call = source->ptr;
    size_t            take = call->out.len - call->sent < most ? call->out.len - call->sent : most;

    (void)session, (void)id, (void)user;
    if (take > 0) memcpy(at, call->out.data + call->sent, take);
    call->sent += take;
    if (call->sent == call->out.len && !call->keep_open) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return take == 0 && call->keep_open ? NGHTTP2_ERR_DEFERRED : (ssize_t)take;
}

UNUSED static void grpc_client_open(struct grpc_client *c, uint16_t port, const struct credential *credential)
{
    nghttp2_session_callbacks *callbacks;

    memset(c, 0, sizeof *c);
    c->net = net_connect(port);
    assert_true(net_start_tls(&c->net, credential, "h2", TLS1_3_VERSION));
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, client_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, client_on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, client_on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, client_on_frame);
    assert_int_equal(nghttp2_session_client_new(&c->session, callbacks, c), 0);
    nghttp2_session_callbacks_del(callbacks);
    assert_int_equal(nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0), 0);
}

UNUSED static void grpc_client_close(struct grpc_client *c)
{
    nghttp2_session_del(c->session);
    net_close(&c->net);
}

UNUSED static void grpc_client_flush(struct grpc_client *c)
{
    const uint8_t *data;
    ssize_t        len;

    while ((len = nghttp2_session_mem_send(c->session, &data)) > 0) net_send(&c->net, bytes(data, (size_t)len));
}

/* One exchange of bytes with the server. */
UNUSED static void grpc_client_turn(struct grpc_client *c)
{
    uint8_t block[16384];

    grpc_client_flush(c);
    size_t got = net_receive(&c->net, block, sizeof block);
    c->is_closed = got == 0;
    if (got > 0) assert_int_equal(nghttp2_session_mem_recv(c->session, block, got), got);
}

UNUSED static void test_call_init(struct test_call *call, const char *path)
{
    *call = (struct test_call){.path = path, .out = BUF_INIT(16 << 20), .in = BUF_INIT(16 << 20)};
}

UNUSED static void test_call_clear(struct test_call *call)
{
    buf_clear(&call->out);
    buf_clear(&call->in);
}

UNUSED static void test_call_add(struct test_call *call, struct bytes message)
{
    uint8_t prefix[GRPC_PREFIX_LEN];

    assert_ok(grpc_prefix(prefix, message.len));
    assert_ok(buf_append(&call->out, BYTES_OF(prefix)));
    assert_ok(buf_append(&call->out, message));
}

static nghttp2_nv call_field(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

UNUSED static void grpc_client_start(struct grpc_client *c, struct test_call *call)
{
    nghttp2_nv            head[CALL_HEADERS_MAX];
    size_t                count = 0;
    nghttp2_data_provider provider = {.source.ptr = call, .read_callback = client_read};
    bool                  is_get = call->method != NULL && strcmp(call->method, "GET") == 0;

    head[count++] = call_field(":method", call->method == NULL ? "POST" : call->method);
    head[count++] = call_field(":scheme", "https");
    head[count++] = call_field(":path", call->path);
    head[count++] = call_field(":authority", "kms");
    if (!is_get) {
        head[count++] = call_field("te", "trailers");
        head[count++] =
            call_field("content-type", call->content_type == NULL ? "application/grpc" : call->content_type);
    }
    if (call->timeout != NULL) head[count++] = call_field("grpc-timeout", call->timeout);
    if (call->encoding != NULL) head[count++] = call_field("grpc-encoding", call->encoding);
    call->id = nghttp2_submit_request(c->session, NULL, head, count, is_get ? NULL : &provider, call);
    assert_true(call->id > 0);
}

/* Until the call has ended, or the connection. */
UNUSED static void grpc_client_finish(struct grpc_client *c, struct test_call *call)
{
    while (!call->is_closed && !c->is_closed) grpc_client_turn(c);
}

UNUSED static void grpc_client_run(struct grpc_client *c, struct test_call *call)
{
    grpc_client_start(c, call);
    grpc_client_finish(c, call);
}

/* The i-th message of the answer; false: it has not come. */
UNUSED static bool test_call_message(const struct test_call *call, unsigned i, struct bytes *out)
{
    size_t at = 0;

    for (;; i--) {
        if (call->in.len - at < GRPC_PREFIX_LEN) return false;
        const uint8_t *p = call->in.data + at;
        size_t         len = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
        if (call->in.len - at - GRPC_PREFIX_LEN < len) return false;
        *out = bytes(p + GRPC_PREFIX_LEN, len);
        at += GRPC_PREFIX_LEN + len;
        if (i == 0) return true;
    }
}

#endif
