/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gRPC server over mTLS. Happy path: TLS with the caller's certificate -> HTTP/2 -> a head names a method of the
 * table -> messages -> the reply and its trailers. A head that names none, or whose caller may not, is answered at
 * once; a message that cannot be framed, or is more than may be held, ends its call; what HTTP/2 itself refuses ends
 * the connection.
 */
#include "cluster/net/grpc_server.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "cluster/net/h2.h"
#include "cluster/net/log_limit.h"
#include "common/base/clock.h"
#include "common/base/log.h"

struct grpc_server {
    struct grpc_server_setup setup;
    struct listener         *listener; /* owned */
    bool                     is_draining;
    size_t                   held;            /* bytes received and not handled, of peers that are no gateways */
    struct log_limit         failed, dropped; /* connections: before and after their handshake */
};

struct grpc_call {
    struct h2_stream         *stream; /* borrowed: it outlives the call */
    struct grpc_connection   *connection;
    const struct grpc_method *method;
    struct grpc_frames        frames;
    size_t                    held;     /* bytes in frames, as they were counted last */
    uint64_t                  deadline; /* loop time; 0: none */
    bool                      is_finished;
    void                     *user;
    struct grpc_call         *next, **at;
};

struct grpc_connection {
    struct listener_slot slot; /* first: listener.h */
    struct grpc_server  *server;
    struct h2           *h2;        /* owned */
    struct grpc_call    *calls;     /* owned */
    size_t               held;      /* bytes in the calls' frames */
    uint64_t             heard_at;  /* loop time of the peer's last bytes */
    uint64_t             used_at;   /* loop time of the last call's end */
    bool                 is_pinged; /* since then */
};

static uint64_t loop_now(const struct grpc_connection *c)
{
    return uv_now(&c->server->setup.loop->uv);
}

static bool is_gateway(const struct grpc_connection *c)
{
    return conn_peer(c->slot.conn)->role == ROLE_GATEWAY;
}

/* ---- calls ---- */

/* The peer gets some time to take the end and to end its own half; then the call is reset. */
static void end_call(struct grpc_call *call, enum grpc_status status, const char *text)
{
    char message[240];

    if (call->is_finished) return;
    call->is_finished = true;
    call->deadline = loop_now(call->connection) + call->connection->server->setup.call_ms;
    grpc_message_encode(message, sizeof message, text == NULL ? "" : text);
    h2_end_grpc(call->stream, (int)status, message);
}

void grpc_call_finish(struct grpc_call *call, enum grpc_status status, const char *text)
{
    end_call(call, status, text);
}

void grpc_call_abort(struct grpc_call *call)
{
    call->is_finished = true;
    h2_reset(call->stream, NGHTTP2_CANCEL);
}

RESULT grpc_call_send(struct grpc_call *call, struct bytes message)
{
    uint8_t prefix[GRPC_PREFIX_LEN];

    TRY(grpc_prefix(prefix, message.len));
    return h2_send(call->stream, BYTES_OF(prefix), message);
}

const struct identity *grpc_call_peer(const struct grpc_call *call)
{
    return conn_peer(call->connection->slot.conn);
}

void *grpc_call_user(const struct grpc_call *call)
{
    return call->user;
}

void grpc_call_set_user(struct grpc_call *call, void *user)
{
    call->user = user;
}

/* ---- a request's head ---- */

static void answer_plainly(struct h2_stream *stream, int status, struct bytes json)
{
    enum kms_err err = h2_respond(stream, status, "application/json", (int64_t)json.len);

    if (err == KMS_OK && json.len > 0) err = h2_send(stream, BYTES_NONE, json);
    h2_end(stream);
    if (err != KMS_OK) h2_reset(stream, NGHTTP2_INTERNAL_ERROR);
}

static void answer_get(struct grpc_connection *c, struct h2_stream *stream)
{
    const struct grpc_service *service = c->server->setup.service;
    BUF_LOCAL                  json = BUF_INIT(65536);

    enum kms_err err = service->get == NULL ? KMS_E_NOT_FOUND : service->get(service->self, stream->head.path, &json);
    if (err == KMS_OK)
        answer_plainly(stream, 200, bytes(json.data, json.len));
    else
        answer_plainly(stream, error_http_status(err), BYTES_NONE);
}

static const struct grpc_method *find_method(const struct grpc_service *service, const char *path)
{
    for (size_t i = 0; i < service->method_count; i++)
        if (strcmp(service->methods[i].path, path) == 0) return &service->methods[i];
    return NULL;
}

static void refuse(struct h2_stream *stream, enum grpc_status status, const char *text)
{
    char message[240];

    grpc_message_encode(message, sizeof message, text);
    if (h2_refuse_grpc(stream, (int)status, message) != KMS_OK) h2_reset(stream, NGHTTP2_INTERNAL_ERROR);
}

static bool may_call(const struct grpc_connection *c, const struct grpc_method *method)
{
    return (method->roles & ROLE_BIT(conn_peer(c->slot.conn)->role)) != 0;
}

/* A unary call ends in time, whatever the caller says or leaves out. */
static uint64_t deadline_of(const struct grpc_connection *c, const struct h2_stream *stream, uint64_t timeout_ms)
{
    uint64_t most = c->server->setup.call_ms;

    return loop_now(c) + (stream->head.grpc_timeout[0] != '\0' && timeout_ms < most ? timeout_ms : most);
}

static RESULT call_new(struct grpc_call **out, struct grpc_connection *c, struct h2_stream *stream,
                       const struct grpc_method *method)
{
    uint64_t timeout_ms = 0;

    if (stream->head.grpc_timeout[0] != '\0') TRY(grpc_timeout_parse(&timeout_ms, stream->head.grpc_timeout));
    if (stream->head.grpc_encoding[0] != '\0' && strcmp(stream->head.grpc_encoding, "identity") != 0)
        return fail(KMS_E_UNSUPPORTED, "compressed gRPC messages are not accepted");
    struct grpc_call *call = calloc(1, sizeof *call);
    if (call == NULL) return fail(KMS_E_MEMORY, "gRPC call");
    call->stream = stream;
    call->connection = c;
    call->method = method;
    if (method->unary == NULL) {
        grpc_frames_init(&call->frames);
    } else {
        call->deadline = deadline_of(c, stream, timeout_ms);
        grpc_frames_init_single(&call->frames);
    }
    if (method->request_max != 0) call->frames.message_max = method->request_max;
    call->next = c->calls;
    call->at = &c->calls;
    if (call->next != NULL) call->next->at = &call->next;
    c->calls = call;
    stream->user = call;
    *out = call;
    return KMS_OK;
}

/* After each change of what its frames hold. */
static void count_held(struct grpc_call *call)
{
    struct grpc_connection *c = call->connection;
    size_t                  now = grpc_frames_held(&call->frames);

    c->held += now - call->held;
    if (!is_gateway(c)) c->server->held += now - call->held;
    call->held = now;
}

static void drop_input(struct grpc_call *call)
{
    grpc_frames_clear(&call->frames);
    count_held(call);
}

/* A gateway's Link may have a large message under way. */
static RESULT check_held(const struct grpc_connection *c)
{
    const struct grpc_server *s = c->server;
    size_t                    most = is_gateway(c) ? 2 * (GRPC_PREFIX_LEN + GRPC_MESSAGE_MAX) : s->setup.receive_max;

    if (c->held > most) return fail(KMS_E_BUSY, "this connection holds more than %zu bytes of unfinished calls", most);
    if (!is_gateway(c) && s->held > s->setup.receive_all_max)
        return fail(KMS_E_BUSY, "too many calls are unfinished: try again later");
    return KMS_OK;
}

static void call_free(struct grpc_call *call)
{
    drop_input(call);
    *call->at = call->next;
    if (call->next != NULL) call->next->at = call->at;
    free(call);
}

/* One timer for silence and for the calls' deadlines. */
static void set_deadline(struct grpc_connection *c)
{
    uint64_t now = loop_now(c), half = c->server->setup.idle_ms / 2;
    uint64_t at = c->heard_at + (c->is_pinged ? 2 * half : half);

    for (const struct grpc_call *call = c->calls; call != NULL; call = call->next)
        if (call->deadline != 0 && call->deadline < at) at = call->deadline;
    conn_set_deadline(c->slot.conn, at > now ? at - now : 1);
}

static void open_call(struct grpc_connection *c, struct h2_stream *stream, const struct grpc_method *method)
{
    void             *self = c->server->setup.service->self;
    struct grpc_call *call = NULL;

    enum kms_err err = call_new(&call, c, stream, method);
    if (err != KMS_OK) {
        refuse(stream, grpc_status_of(err), error_text());
        return;
    }
    if (h2_respond(stream, 200, "application/grpc", -1) != KMS_OK) {
        h2_reset(stream, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    if (call->deadline != 0) set_deadline(c);
    if (method->on_open != NULL) method->on_open(self, call);
}

static void on_head(void *self, struct h2_stream *stream)
{
    struct grpc_connection   *c = self;
    const struct h2_head     *head = &stream->head;
    const struct grpc_method *method = find_method(c->server->setup.service, head->path);

    if (head->is_overlong)
        answer_plainly(stream, 431, BYTES_NONE);
    else if (strcmp(head->method, "GET") == 0)
        answer_get(c, stream);
    else if (strcmp(head->method, "POST") != 0)
        answer_plainly(stream, 405, BYTES_NONE);
    else if (!grpc_is_content_type(head->content_type))
        answer_plainly(stream, 415, BYTES_NONE);
    else if (method == NULL)
        refuse(stream, GRPC_UNIMPLEMENTED, "no such method");
    else if (!may_call(c, method))
        refuse(stream, GRPC_PERMISSION_DENIED, "not for the role of this certificate");
    else
        open_call(c, stream, method);
}

/* ---- messages ---- */

static void take_messages(struct grpc_call *call)
{
    void        *self = call->connection->server->setup.service->self;
    struct bytes message;

    while (!call->is_finished && grpc_frames_next(&call->frames, &message))
        if (call->method->on_message != NULL) call->method->on_message(self, call, message);
}

static void on_data(void *self, struct h2_stream *stream, struct bytes in)
{
    struct grpc_call *call = stream->user;

    (void)self;
    if (call == NULL || call->is_finished) return;
    enum kms_err err = grpc_frames_receive(&call->frames, in);
    if (err == KMS_OK && call->method->unary == NULL) take_messages(call);
    count_held(call);
    if (err == KMS_OK) err = check_held(call->connection);
    if (err != KMS_OK) end_call(call, grpc_status_of(err), error_text());
    if (call->is_finished) drop_input(call);
}

static void answer_unary(struct grpc_call *call)
{
    BUF_LOCAL    reply = BUF_INIT(GRPC_MESSAGE_MAX);
    struct bytes message;

    if (!grpc_frames_next(&call->frames, &message) || !grpc_frames_is_empty(&call->frames)) {
        end_call(call, GRPC_INVALID_ARGUMENT, "a unary call has exactly one message");
        return;
    }
    enum kms_err err = call->method->unary(call->connection->server->setup.service->self, message, &reply);
    if (err == KMS_OK) err = grpc_call_send(call, bytes(reply.data, reply.len));
    end_call(call, grpc_status_of(err), err == KMS_OK ? NULL : error_text());
}

static void on_end(void *self, struct h2_stream *stream)
{
    struct grpc_connection *c = self;
    struct grpc_call       *call = stream->user;

    if (call == NULL || call->is_finished) return;
    if (call->method->unary != NULL) {
        answer_unary(call);
        drop_input(call);
    } else if (!grpc_frames_is_empty(&call->frames)) {
        end_call(call, GRPC_INVALID_ARGUMENT, "the last message is cut off");
    } else if (call->method->on_end != NULL) {
        call->method->on_end(c->server->setup.service->self, call);
    }
}

static void on_stream_close(void *self, struct h2_stream *stream)
{
    struct grpc_connection *c = self;
    struct grpc_call       *call = stream->user;

    if (call == NULL) return;
    call->is_finished = true;
    if (call->method->on_close != NULL) call->method->on_close(c->server->setup.service->self, call);
    call_free(call);
    c->used_at = loop_now(c);
}

static void on_output(void *self)
{
    struct grpc_connection *c = self;

    conn_wants_write(c->slot.conn);
}

static const struct h2_events h2_events = {
    .on_head = on_head, .on_data = on_data, .on_end = on_end, .on_close = on_stream_close, .on_output = on_output};

/* ---- connections ---- */

static void on_open(void *self)
{
    struct grpc_connection *c = self;

    c->heard_at = c->used_at = loop_now(c);
    enum kms_err err = h2_new(&c->h2, true, is_gateway(c) ? H2_STREAMS_MAX : GRPC_STREAMS_MAX, &h2_events, c);
    if (err != KMS_OK) {
        conn_close(c->slot.conn, err);
        return;
    }
    log_debug("grpc.open", "peer=%s address=%s", conn_peer(c->slot.conn)->uri, conn_address(c->slot.conn));
    if (c->server->is_draining) h2_goaway(c->h2);
    conn_wants_write(c->slot.conn);
    set_deadline(c);
}

static enum kms_err on_bytes(void *self, struct bytes in)
{
    struct grpc_connection *c = self;

    c->heard_at = loop_now(c);
    c->is_pinged = false;
    return h2_receive(c->h2, in);
}

static enum kms_err fill(void *self, struct buf *out)
{
    struct grpc_connection *c = self;
    size_t                  before = out->len;

    TRY(h2_output(c->h2, out, CONN_FILL_MAX));
    if (out->len == before && !h2_is_alive(c->h2)) conn_finish(c->slot.conn);
    return KMS_OK;
}

static void expire_calls(struct grpc_connection *c)
{
    uint64_t now = loop_now(c);

    for (struct grpc_call *call = c->calls; call != NULL; call = call->next) {
        if (call->deadline == 0 || call->deadline > now) continue;
        bool ended_before = call->is_finished;
        end_call(call, GRPC_DEADLINE_EXCEEDED, "not done in time: within grpc-timeout, and 10 s at most");
        drop_input(call);
        if (!ended_before) continue;
        call->deadline = 0;
        grpc_call_abort(call);
    }
}

/* Not kept alive by pings: a connection is for calls. */
static RESULT check_idle(const struct grpc_connection *c)
{
    uint64_t now = loop_now(c), idle_ms = c->server->setup.idle_ms;

    if (now - c->heard_at >= idle_ms)
        return fail(KMS_E_TIMEOUT, "nothing heard for %llu ms", (unsigned long long)(now - c->heard_at));
    if (c->calls == NULL && now - c->used_at >= idle_ms)
        return fail(KMS_E_TIMEOUT, "no call for %llu ms", (unsigned long long)(now - c->used_at));
    return KMS_OK;
}

static void on_deadline(void *self)
{
    struct grpc_connection *c = self;

    expire_calls(c);
    if (conn_peer(c->slot.conn)->not_after < clock_wall_s()) {
        conn_close(c->slot.conn,
                   fail(KMS_E_CERTIFICATE, "the certificate of %s has expired", conn_peer(c->slot.conn)->uri));
        return;
    }
    enum kms_err err = check_idle(c);
    if (err != KMS_OK) {
        conn_close(c->slot.conn, err);
        return;
    }
    if (loop_now(c) - c->heard_at >= c->server->setup.idle_ms / 2 && !c->is_pinged) {
        c->is_pinged = true;
        h2_ping(c->h2);
    }
    set_deadline(c);
}

/* Anybody can make handshakes fail. */
static void note_closed(struct grpc_connection *c, enum kms_err why, const char *text)
{
    struct log_limit *limit = c->h2 == NULL ? &c->server->failed : &c->server->dropped;
    unsigned          count = log_limit_count(limit, loop_now(c));

    if (count > 0)
        log_info(c->h2 == NULL ? "grpc.failed" : "grpc.closed", "address=%s count=%u error=%s text=\"%s\"",
                 conn_address(c->slot.conn), count, error_name(why), text);
}

static void on_closed(void *self, enum kms_err why, const char *text)
{
    struct grpc_connection *c = self;

    if (why != KMS_OK && c->server != NULL) note_closed(c, why, text);
    h2_free(&c->h2);
    listener_release(&c->slot);
    free(c);
}

static const struct conn_events conn_events = {
    .on_open = on_open, .on_data = on_bytes, .fill = fill, .on_deadline = on_deadline, .on_closed = on_closed};

static struct listener_slot *new_connection(void *owner)
{
    struct grpc_connection *c = calloc(1, sizeof *c);

    if (c != NULL) c->server = owner;
    return c == NULL ? NULL : &c->slot;
}

static void free_connection(struct listener_slot *slot)
{
    free(slot);
}

/* ---- the server ---- */

RESULT grpc_server_open(struct grpc_server **out, const struct grpc_server_setup *setup)
{
    struct grpc_server *s = calloc(1, sizeof *s);

    if (s == NULL) return fail(KMS_E_MEMORY, "gRPC server");
    s->setup = *setup;
    if (s->setup.idle_ms == 0) s->setup.idle_ms = GRPC_IDLE_MS;
    if (s->setup.call_ms == 0) s->setup.call_ms = GRPC_CALL_MS;
    if (s->setup.receive_max == 0) s->setup.receive_max = GRPC_RECEIVE_MAX;
    if (s->setup.receive_all_max == 0) s->setup.receive_all_max = GRPC_RECEIVE_ALL_MAX;
    struct listener_setup listen = {
        .loop = setup->loop,
        .tls = setup->tls,
        .address = setup->address,
        .port = setup->port,
        .connections_max = setup->connections_max,
        .per_address_max = setup->per_address_max,
        .events = &conn_events,
        .new_slot = new_connection,
        .free_slot = free_connection,
        .owner = s,
    };
    enum kms_err err = listener_open(&s->listener, &listen);
    if (err != KMS_OK) {
        free(s);
        return err;
    }
    *out = s;
    return KMS_OK;
}

static void drain_one(struct listener_slot *slot, void *arg)
{
    struct grpc_connection *c = (struct grpc_connection *)slot;

    (void)arg;
    if (c->h2 != NULL) h2_goaway(c->h2);
}

void grpc_server_drain(struct grpc_server *s)
{
    s->is_draining = true;
    listener_stop(s->listener);
    listener_each(s->listener, drain_one, NULL);
}

/* Calls end while the service still lives. */
static void end_streams(struct listener_slot *slot, void *arg)
{
    struct grpc_connection *c = (struct grpc_connection *)slot;

    (void)arg;
    conn_close(slot->conn, KMS_OK);
    h2_free(&c->h2);
    c->server = NULL;
}

void grpc_server_close(struct grpc_server **s)
{
    if (*s == NULL) return;
    listener_each((*s)->listener, end_streams, NULL);
    listener_close(&(*s)->listener);
    free(*s);
    *s = NULL;
}

uint16_t grpc_server_port(const struct grpc_server *s)
{
    return listener_port(s->listener);
}

unsigned grpc_server_connections(const struct grpc_server *s)
{
    return listener_count(s->listener);
}
