/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 over nghttp2. */
#include "cluster/net/h2.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/check.h"

struct h2 {
    nghttp2_session        *session; /* owned */
    const struct h2_events *events;  /* borrowed */
    void                   *self;    /* borrowed */
    struct h2_stream       *first;   /* owned */
    unsigned                count;
    bool                    is_server;
};

static RESULT h2_error(ssize_t code, const char *what)
{
    return fail(KMS_E_CLOSED, "HTTP/2 %s: %s", what, nghttp2_strerror((int)code));
}

/* ---- streams ---- */

static struct h2_stream *stream_new(struct h2 *h, int32_t id)
{
    struct h2_stream *s = calloc(1, sizeof *s);

    if (s == NULL) return NULL;
    s->h2 = h;
    s->id = id;
    s->out = BUF_INIT(H2_SEND_MAX);
    s->grpc_status = -1;
    s->next = h->first;
    s->at = &h->first;
    if (s->next != NULL) s->next->at = &s->next;
    h->first = s;
    h->count++;
    return s;
}

static void stream_close(struct h2_stream *s)
{
    struct h2 *h = s->h2;

    h->events->on_close(h->self, s);
    *s->at = s->next;
    if (s->next != NULL) s->next->at = s->at;
    h->count--;
    buf_clear(&s->out);
    free(s);
}

static struct h2_stream *stream_of(struct h2 *h, int32_t id)
{
    return nghttp2_session_get_stream_user_data(h->session, id);
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                        .value = (uint8_t *)(uintptr_t)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value),
                        .flags = NGHTTP2_NV_FLAG_NONE};
}

/* ---- what nghttp2 tells ---- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h = user;

    if (!h->is_server || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    struct h2_stream *s = stream_new(h, frame->hd.stream_id);
    if (s == NULL) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return nghttp2_session_set_stream_user_data(session, s->id, s);
}

#define FIELD(wire, member)                                                           \
    {                                                                                 \
        wire, offsetof(struct h2_head, member), sizeof(((struct h2_head *)0)->member) \
    }

static const struct field_row {
    const char *name;
    size_t      offset, size;
} known_fields[] = {
    FIELD(":method", method),
    FIELD(":path", path),
    FIELD(":status", status),
    FIELD("content-type", content_type),
    FIELD("grpc-timeout", grpc_timeout),
    FIELD("grpc-encoding", grpc_encoding),
    FIELD("grpc-status", grpc_status),
    FIELD("grpc-message", grpc_message),
};

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    struct h2_stream *s = stream_of(user, frame->hd.stream_id);

    (void)session, (void)flags;
    for (unsigned i = 0; s != NULL && i < ARRAY_LEN(known_fields); i++) {
        const struct field_row *row = &known_fields[i];
        if (!bytes_equal_str(bytes(name, name_len), row->name)) continue;
        bool fits = value_len < row->size;
        s->head.is_overlong |= !fits;
        (void)snprintf((char *)&s->head + row->offset, row->size, "%.*s", fits ? (int)value_len : (int)row->size - 1,
                       (const char *)value);
    }
    return 0;
}

static void on_peer_end(struct h2 *h, struct h2_stream *s)
{
    if (s->peer_ended) return;
    s->peer_ended = true;
    h->events->on_end(h->self, s);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2        *h = user;
    struct h2_stream *s = frame->hd.stream_id == 0 ? NULL : stream_of(h, frame->hd.stream_id);

    (void)session;
    if (frame->hd.type == NGHTTP2_GOAWAY && h->events->on_goaway != NULL) h->events->on_goaway(h->self);
    if (s == NULL || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)) return 0;
    bool is_head = frame->hd.type == NGHTTP2_HEADERS &&
                   (frame->headers.cat == NGHTTP2_HCAT_REQUEST || frame->headers.cat == NGHTTP2_HCAT_RESPONSE);
    if (is_head) h->events->on_head(h->self, s);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) on_peer_end(h, s);
    return 0;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                         void *user)
{
    struct h2        *h = user;
    struct h2_stream *s = stream_of(h, id);

    (void)session, (void)flags;
    if (s != NULL && !s->peer_ended) h->events->on_data(h->self, s, bytes(data, len));
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
    struct h2_stream *s = stream_of(user, id);

    (void)session, (void)error;
    if (s != NULL) stream_close(s);
    return 0;
}

/* ---- what nghttp2 asks for ---- */

static int submit_trailers(struct h2_stream *s)
{
    char       status[12];
    nghttp2_nv trailers[2];

    (void)snprintf(status, sizeof status, "%d", s->grpc_status);
    trailers[0] = field("grpc-status", status);
    trailers[1] = field("grpc-message", s->grpc_message);
    return nghttp2_submit_trailer(s->h2->session, s->id, trailers, s->grpc_message[0] == '\0' ? 1 : 2);
}

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *at, size_t most, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    struct h2_stream *s = source->ptr;
    size_t            take = s->out.len - s->sent < most ? s->out.len - s->sent : most;

    (void)session, (void)id, (void)user;
    if (take > 0) memcpy(at, s->out.data + s->sent, take);
    s->sent += take;
    if (s->sent == s->out.len) s->out.len = s->sent = 0;
    if (s->out.len > 0 || !s->is_ended) return take > 0 ? (ssize_t)take : NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (s->grpc_status < 0) return (ssize_t)take;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return submit_trailers(s) == 0 ? (ssize_t)take : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* ---- a connection ---- */

static int make_session(struct h2 *h)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option            *option;

    if (nghttp2_session_callbacks_new(&callbacks) != 0) return NGHTTP2_ERR_NOMEM;
    if (nghttp2_option_new(&option) != 0) {
        nghttp2_session_callbacks_del(callbacks);
        return NGHTTP2_ERR_NOMEM;
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_option_set_no_closed_streams(option, 1);
    int code = h->is_server ? nghttp2_session_server_new2(&h->session, callbacks, h, option)
                            : nghttp2_session_client_new2(&h->session, callbacks, h, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return code;
}

static int submit_settings(struct h2 *h, unsigned streams_max)
{
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 16384},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    };
    /* A server says nothing about push: it is the client who would be pushed to. */
    size_t count = h->is_server ? ARRAY_LEN(settings) - 1 : ARRAY_LEN(settings);

    int code = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, count);
    return code != 0 ? code : nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, H2_WINDOW);
}

RESULT h2_new(struct h2 **out, bool is_server, unsigned streams_max, const struct h2_events *events, void *self)
{
    struct h2 *h = calloc(1, sizeof *h);

    if (h == NULL) return fail(KMS_E_MEMORY, "HTTP/2 connection");
    h->is_server = is_server;
    h->events = events;
    h->self = self;
    int code = make_session(h);
    if (code == 0) code = submit_settings(h, streams_max);
    if (code != 0) {
        h2_free(&h);
        return h2_error(code, "connection");
    }
    *out = h;
    return KMS_OK;
}

void h2_free(struct h2 **h)
{
    if (*h == NULL) return;
    while ((*h)->first != NULL) stream_close((*h)->first);
    nghttp2_session_del((*h)->session);
    free(*h);
    *h = NULL;
}

RESULT h2_receive(struct h2 *h, struct bytes in)
{
    ssize_t used = nghttp2_session_mem_recv(h->session, in.data, in.len);

    if (used < 0) return h2_error(used, "input");
    h->events->on_output(h->self);
    return KMS_OK;
}

RESULT h2_output(struct h2 *h, struct buf *out, size_t most)
{
    size_t stop = out->len + most;

    while (out->len < stop) {
        const uint8_t *data;
        ssize_t        len = nghttp2_session_mem_send(h->session, &data);
        if (len < 0) return h2_error(len, "output");
        if (len == 0) return KMS_OK;
        TRY(buf_append(out, bytes(data, (size_t)len)));
    }
    return KMS_OK;
}

bool h2_is_alive(const struct h2 *h)
{
    return nghttp2_session_want_read(h->session) != 0 || nghttp2_session_want_write(h->session) != 0;
}

/* Submissions fail only without memory; then the connection's next output says so. */
static void submitted(struct h2 *h, int code)
{
    (void)code;
    h->events->on_output(h->self);
}

void h2_ping(struct h2 *h)
{
    submitted(h, nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL));
}

void h2_goaway(struct h2 *h)
{
    int32_t last = nghttp2_session_get_last_proc_stream_id(h->session);

    submitted(h, nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0));
}

unsigned h2_stream_count(const struct h2 *h)
{
    return h->count;
}

RESULT h2_request(struct h2_stream **out, struct h2 *h, const char *path, const char *authority, void *user)
{
    nghttp2_nv head[] = {
        field(":method", "POST"),
        field(":scheme", "https"),
        field(":path", path),
        field(":authority", authority),
        field("te", "trailers"),
        field("content-type", "application/grpc"),
        field("user-agent", "kms-clusterd/" KMS_VERSION),
    };
    struct h2_stream *s = stream_new(h, 0);

    if (s == NULL) return fail(KMS_E_MEMORY, "HTTP/2 stream");
    s->user = user;
    s->has_head = true;
    nghttp2_data_provider provider = {.source.ptr = s, .read_callback = read_data};
    s->id = nghttp2_submit_request(h->session, NULL, head, ARRAY_LEN(head), &provider, s);
    if (s->id < 0) {
        int code = s->id;
        stream_close(s);
        return h2_error(code, "request");
    }
    h->events->on_output(h->self);
    *out = s;
    return KMS_OK;
}

RESULT h2_respond(struct h2_stream *s, int status, const char *content_type, int64_t content_length)
{
    char       code[12], length[24];
    nghttp2_nv head[3];
    size_t     count = 2;

    CHECK(!s->has_head);
    (void)snprintf(code, sizeof code, "%d", status);
    head[0] = field(":status", code);
    head[1] = field("content-type", content_type);
    if (content_length >= 0) {
        (void)snprintf(length, sizeof length, "%lld", (long long)content_length);
        head[count++] = field("content-length", length);
    }
    nghttp2_data_provider provider = {.source.ptr = s, .read_callback = read_data};
    int                   err = nghttp2_submit_response(s->h2->session, s->id, head, count, &provider);
    if (err != 0) return h2_error(err, "response");
    s->has_head = true;
    s->h2->events->on_output(s->h2->self);
    return KMS_OK;
}

RESULT h2_refuse_grpc(struct h2_stream *s, int grpc_status, const char *message)
{
    char status[12];

    CHECK(!s->has_head);
    (void)snprintf(status, sizeof status, "%d", grpc_status);
    nghttp2_nv head[] = {field(":status", "200"), field("content-type", "application/grpc"),
                         field("grpc-status", status), field("grpc-message", message)};
    int        err = nghttp2_submit_response(s->h2->session, s->id, head, ARRAY_LEN(head), NULL);
    if (err != 0) return h2_error(err, "response");
    s->has_head = true;
    s->is_ended = true;
    s->h2->events->on_output(s->h2->self);
    return KMS_OK;
}

static void resume(struct h2_stream *s)
{
    submitted(s->h2, nghttp2_session_resume_data(s->h2->session, s->id));
}

RESULT h2_send(struct h2_stream *s, struct bytes prefix, struct bytes data)
{
    size_t unsent = s->out.len - s->sent;

    if (s->is_ended) return fail(KMS_E_STATE, "HTTP/2 stream %d has ended", (int)s->id);
    if (data.len > H2_SEND_MAX || unsent + prefix.len + data.len > H2_SEND_MAX)
        return fail(KMS_E_BUSY, "HTTP/2 stream %d: %zu bytes are unsent", (int)s->id, unsent);
    buf_consume(&s->out, s->sent);
    s->sent = 0;
    if (buf_reserve(&s->out, prefix.len + data.len) == NULL) return fail(KMS_E_MEMORY, "HTTP/2 output");
    TRY(buf_append(&s->out, prefix));
    TRY(buf_append(&s->out, data));
    resume(s);
    return KMS_OK;
}

void h2_end(struct h2_stream *s)
{
    if (s->is_ended) return;
    s->is_ended = true;
    resume(s);
}

void h2_end_grpc(struct h2_stream *s, int grpc_status, const char *message)
{
    if (s->is_ended) return;
    s->grpc_status = grpc_status;
    (void)snprintf(s->grpc_message, sizeof s->grpc_message, "%s", message);
    h2_end(s);
}

void h2_reset(struct h2_stream *s, uint32_t http2_error)
{
    submitted(s->h2, nghttp2_submit_rst_stream(s->h2->session, NGHTTP2_FLAG_NONE, s->id, http2_error));
}
