/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TCP connection.
 *
 * Happy path: accepted or connected -> handshake -> on_open -> bytes in (on_data), bytes out (fill) -> conn_finish: the
 * last bytes, close_notify, FIN -> the peer's FIN -> on_closed. Failures (refused, reset, TLS, deadline, an owner's
 * error) all go through conn_close(), and the memory through maybe_free(), called when the last handle has closed.
 *
 *   CONNECTING -> HANDSHAKING -> OPEN -> FINISHING -> LINGERING -> CLOSING
 *        every state -> CLOSING
 *
 * LINGERING has sent FIN and discards what still comes: closing a socket with unread input would be a reset, and the
 * peer would lose our last answer.
 */
#include "cluster/net/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

enum conn_state { CONN_CONNECTING, CONN_HANDSHAKING, CONN_OPEN, CONN_FINISHING, CONN_LINGERING, CONN_CLOSING };

#define MAY(state) (1u << (state))

static const struct state_row {
    const char *name;
    unsigned    next;
} states[] = {
    [CONN_CONNECTING] = {"connecting", MAY(CONN_HANDSHAKING) | MAY(CONN_CLOSING)},
    [CONN_HANDSHAKING] = {"handshaking", MAY(CONN_OPEN) | MAY(CONN_CLOSING)},
    [CONN_OPEN] = {"open", MAY(CONN_FINISHING) | MAY(CONN_CLOSING)},
    [CONN_FINISHING] = {"finishing", MAY(CONN_LINGERING) | MAY(CONN_CLOSING)},
    [CONN_LINGERING] = {"lingering", MAY(CONN_CLOSING)},
    [CONN_CLOSING] = {"closing", 0},
};

struct conn {
    struct loop              *loop;   /* borrowed */
    const struct conn_events *events; /* borrowed */
    void                     *self;   /* borrowed */
    enum conn_state           state;
    uv_tcp_t                  tcp;
    uv_timer_t                timer;
    uv_connect_t              connect;
    uv_write_t                write;
    uv_shutdown_t             shutdown;
    struct loop_task          flush;
    struct tls               *tls;      /* owned; NULL: plain */
    struct buf                unsent;   /* what the socket did not take at once; in flight while is_writing */
    uint64_t                  guard_at; /* ours: handshake, write, linger; loop time, 0: none */
    uint64_t                  owner_at; /* conn_set_deadline */
    unsigned                  handles;  /* not closed yet */
    bool                      is_accepted, is_writing, is_paused, said_goodbye;
    enum kms_err              why;
    char                      why_text[200];
    char                      address[INET6_ADDRSTRLEN];
};

static void move(struct conn *c, enum conn_state next)
{
    CHECK((states[c->state].next & MAY(next)) != 0);
    c->state = next;
}

static void advance(struct conn *c);
static void start_reading(struct conn *c);

/* ---- deadlines: one timer for the earlier of two ---- */

static void on_timer(uv_timer_t *timer);

static void arm(struct conn *c)
{
    uint64_t at = c->guard_at;

    if (at == 0 || (c->owner_at != 0 && c->owner_at < at)) at = c->owner_at;
    if (at == 0) {
        (void)uv_timer_stop(&c->timer);
        return;
    }
    uint64_t now = uv_now(&c->loop->uv);
    (void)uv_timer_start(&c->timer, on_timer, at > now ? at - now : 0, 0);
}

static void set_guard(struct conn *c, uint64_t ms)
{
    if (ms == 0 && c->guard_at == 0) return;
    c->guard_at = ms == 0 ? 0 : uv_now(&c->loop->uv) + ms;
    arm(c);
}

static void on_guard(struct conn *c)
{
    if (c->state == CONN_LINGERING) {
        conn_close(c, KMS_OK);
        return;
    }
    (void)fail(KMS_E_TIMEOUT, "%s %s: nothing moves", c->address, states[c->state].name);
    conn_close(c, KMS_E_TIMEOUT);
}

static void on_timer(uv_timer_t *timer)
{
    struct conn *c = timer->data;
    uint64_t     now = uv_now(&c->loop->uv);

    if (c->guard_at != 0 && c->guard_at <= now) {
        c->guard_at = 0;
        on_guard(c);
    } else if (c->owner_at != 0 && c->owner_at <= now) {
        c->owner_at = 0;
        if (c->state == CONN_OPEN) c->events->on_deadline(c->self);
    }
    if (c->state != CONN_CLOSING) arm(c);
}

void conn_set_deadline(struct conn *c, uint64_t ms)
{
    if (c->state == CONN_CLOSING) return;
    c->owner_at = ms == 0 ? 0 : uv_now(&c->loop->uv) + ms;
    arm(c);
}

/* ---- the end ---- */

static void maybe_free(uv_handle_t *handle)
{
    struct conn *c = handle->data;

    if (--c->handles > 0) return;
    if (c->events != NULL) c->events->on_closed(c->self, c->why, c->why_text);
    tls_free(&c->tls);
    buf_clear(&c->unsent);
    free(c);
}

/* An alert or goodbye, if the socket takes it at once. */
static void send_last_words(struct conn *c)
{
    struct buf *out = &c->loop->output;

    if (c->tls == NULL || c->is_writing || c->state == CONN_CONNECTING) return;
    out->len = 0;
    if (!c->said_goodbye) tls_shutdown(c->tls);
    if (tls_output(c->tls, out) != KMS_OK || out->len == 0) return;
    uv_buf_t vector = uv_buf_init((char *)out->data, (unsigned)out->len);
    (void)uv_try_write((uv_stream_t *)&c->tcp, &vector, 1);
}

void conn_close(struct conn *c, enum kms_err why)
{
    if (c->state == CONN_CLOSING) return;
    c->why = why;
    (void)snprintf(c->why_text, sizeof c->why_text, "%s", why == KMS_OK ? "" : error_text());
    send_last_words(c);
    move(c, CONN_CLOSING);
    loop_cancel(c->loop, &c->flush);
    uv_close((uv_handle_t *)&c->tcp, maybe_free);
    uv_close((uv_handle_t *)&c->timer, maybe_free);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct conn *c = request->handle->data;

    if (status != 0) conn_close(c, KMS_OK);
}

static void linger(struct conn *c)
{
    move(c, CONN_LINGERING);
    set_guard(c, CONN_LINGER_MS);
    start_reading(c);
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0) conn_close(c, KMS_OK);
}

void conn_finish(struct conn *c)
{
    if (c->state == CONN_OPEN) {
        move(c, CONN_FINISHING);
        conn_wants_write(c);
    } else if (c->state < CONN_OPEN) {
        conn_close(c, KMS_OK);
    }
}

/* ---- output ---- */

static void on_written(uv_write_t *request, int status)
{
    struct conn *c = request->handle->data;

    c->is_writing = false;
    c->unsent.len = 0;
    if (c->state == CONN_CLOSING) return;
    set_guard(c, 0);
    if (status != 0)
        conn_close(c, loop_error(status, "write"));
    else
        conn_wants_write(c);
}

/* Straight to the socket; what it does not take is kept and written by the loop. */
static RESULT write_out(struct conn *c, const struct buf *out)
{
    uv_buf_t vector = uv_buf_init((char *)out->data, (unsigned)out->len);
    int      done = uv_try_write((uv_stream_t *)&c->tcp, &vector, 1);

    if (done < 0 && done != UV_EAGAIN) return loop_error(done, "write");
    size_t sent = done < 0 ? 0 : (size_t)done;
    if (sent == out->len) return KMS_OK;
    TRY(buf_append(&c->unsent, bytes(out->data + sent, out->len - sent)));
    vector = uv_buf_init((char *)c->unsent.data, (unsigned)c->unsent.len);
    int status = uv_write(&c->write, (uv_stream_t *)&c->tcp, &vector, 1, on_written);
    if (status != 0) return loop_error(status, "write");
    c->is_writing = true;
    set_guard(c, CONN_WRITE_MS);
    return KMS_OK;
}

/* One batch of output: plain bytes of the owner, TLS records of them. *any: there was something. */
static RESULT write_batch(struct conn *c, bool *any)
{
    struct buf *plain = &c->loop->plain, *out = &c->loop->output;

    plain->len = 0;
    *any = false;
    if (c->state == CONN_OPEN || c->state == CONN_FINISHING) TRY(c->events->fill(c->self, plain));
    if (c->state == CONN_CLOSING) return KMS_OK;
    *any = plain->len > 0;
    if (c->tls == NULL) return plain->len == 0 ? KMS_OK : write_out(c, plain);
    TRY(tls_send(c->tls, bytes(plain->data, plain->len)));
    if (c->state == CONN_FINISHING && !*any && !c->said_goodbye) {
        tls_shutdown(c->tls);
        c->said_goodbye = true;
    }
    out->len = 0;
    TRY(tls_output(c->tls, out));
    return out->len == 0 ? KMS_OK : write_out(c, out);
}

static RESULT flush(struct conn *c)
{
    bool any = true;

    while (any && !c->is_writing) TRY(write_batch(c, &any));
    if (c->state == CONN_FINISHING && !c->is_writing) linger(c);
    return KMS_OK;
}

static void on_flush(struct loop_task *task)
{
    struct conn *c = (struct conn *)((char *)task - offsetof(struct conn, flush));

    if (c->state == CONN_CONNECTING && c->is_accepted) advance(c);
    if (c->is_writing || c->state == CONN_CONNECTING || c->state >= CONN_LINGERING) return;
    enum kms_err err = flush(c);
    if (err != KMS_OK) conn_close(c, err);
}

void conn_wants_write(struct conn *c)
{
    if (c->state < CONN_LINGERING) loop_later(c->loop, &c->flush);
}

/* ---- input ---- */

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct conn *c = handle->data;

    (void)suggested;
    *out = uv_buf_init((char *)c->loop->input, sizeof c->loop->input);
}

/* HANDSHAKING is left when TLS is ready; then the bytes belong to the owner. */
static RESULT take(struct conn *c, struct bytes in)
{
    struct buf *plain = &c->loop->plain;

    plain->len = 0;
    if (c->tls != NULL) {
        enum kms_err err = tls_receive(c->tls, in, plain);
        conn_wants_write(c);
        TRY(err);
        in = bytes(plain->data, plain->len);
        if (c->state == CONN_HANDSHAKING && tls_is_ready(c->tls)) advance(c);
    }
    if (c->state == CONN_OPEN && in.len > 0) return c->events->on_data(c->self, in);
    return KMS_OK;
}

static void on_end_of_input(struct conn *c)
{
    if (c->state == CONN_OPEN && c->events->on_eof != NULL && c->events->on_eof(c->self)) {
        conn_pause(c);
        return;
    }
    if (c->state == CONN_HANDSHAKING) {
        conn_close(c, fail(KMS_E_CLOSED, "closed during the TLS handshake"));
        return;
    }
    if (c->state != CONN_FINISHING) conn_close(c, KMS_OK);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct conn *c = stream->data;

    if (n == 0 || (c->state >= CONN_FINISHING && n > 0)) return;
    if (n < 0) {
        (void)uv_read_stop(stream);
        if (n == UV_EOF)
            on_end_of_input(c);
        else
            conn_close(c, loop_error((int)n, "read"));
        return;
    }
    enum kms_err err = take(c, bytes(buffer->base, (size_t)n));
    if (err != KMS_OK)
        conn_close(c, err);
    else if (c->tls != NULL && tls_is_finished(c->tls))
        on_end_of_input(c);
}

static void start_reading(struct conn *c)
{
    int status = uv_read_start((uv_stream_t *)&c->tcp, give_buffer, on_read);

    if (status != 0 && status != UV_EALREADY) conn_close(c, loop_error(status, "read"));
}

void conn_pause(struct conn *c)
{
    if (c->state == CONN_CLOSING || c->is_paused) return;
    c->is_paused = true;
    (void)uv_read_stop((uv_stream_t *)&c->tcp);
}

void conn_resume(struct conn *c)
{
    if (c->state == CONN_CLOSING || !c->is_paused) return;
    c->is_paused = false;
    start_reading(c);
}

/* ---- the beginning ---- */

/* The moves from connected to open. */
static void advance(struct conn *c)
{
    if (c->state == CONN_CONNECTING) {
        move(c, CONN_HANDSHAKING);
        set_guard(c, CONN_HANDSHAKE_MS);
        start_reading(c);
        enum kms_err err = c->tls == NULL ? KMS_OK : take(c, BYTES_NONE);
        if (err != KMS_OK) conn_close(c, err);
    }
    if (c->state == CONN_HANDSHAKING && (c->tls == NULL || tls_is_ready(c->tls))) {
        move(c, CONN_OPEN);
        set_guard(c, 0);
        c->events->on_open(c->self);
    }
}

static RESULT conn_new(struct conn **out, const struct conn_setup *setup)
{
    struct conn *c = calloc(1, sizeof *c);

    if (c == NULL) return fail(KMS_E_MEMORY, "connection");
    c->loop = setup->loop;
    c->self = setup->self;
    c->flush.run = on_flush;
    c->unsent = BUF_INIT(TLS_OUTPUT_MAX + CONN_FILL_MAX);
    enum kms_err err = setup->tls == NULL ? KMS_OK : tls_new(&c->tls, setup->tls, setup->peer_name);
    int          status = err != KMS_OK ? 0 : uv_tcp_init(&c->loop->uv, &c->tcp);
    if (err == KMS_OK && status != 0) err = loop_error(status, "socket");
    if (err != KMS_OK) {
        tls_free(&c->tls);
        free(c);
        return err;
    }
    CHECK(uv_timer_init(&c->loop->uv, &c->timer) == 0);
    c->tcp.data = c->timer.data = c;
    c->handles = 2;
    *out = c;
    return KMS_OK;
}

/* Ends a connection of which its owner has not heard. */
static enum kms_err give_up(struct conn *c, int status, const char *what)
{
    enum kms_err err = loop_error(status, what);

    c->events = NULL;
    conn_close(c, err);
    return err;
}

static void name_peer(struct conn *c, const struct sockaddr *address)
{
    if (uv_ip_name(address, c->address, sizeof c->address) != 0)
        (void)snprintf(c->address, sizeof c->address, "unknown");
    /* A version 4 peer of a version 6 listener is named as what it is. */
    if (strncmp(c->address, "::ffff:", 7) == 0 && strchr(c->address, '.') != NULL)
        memmove(c->address, c->address + 7, strlen(c->address + 7) + 1);
}

RESULT conn_accept(struct conn **out, const struct conn_setup *setup, uv_stream_t *listener)
{
    struct sockaddr_storage address;
    int                     len = sizeof address;
    struct conn            *c;

    TRY(conn_new(&c, setup));
    int status = uv_accept(listener, (uv_stream_t *)&c->tcp);
    if (status == 0) status = uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&address, &len);
    if (status == 0) status = uv_tcp_nodelay(&c->tcp, 1);
    if (status != 0) return give_up(c, status, "accept");
    name_peer(c, (struct sockaddr *)&address);
    c->events = setup->events;
    c->is_accepted = true;
    conn_wants_write(c);
    *out = c;
    return KMS_OK;
}

static void on_connected(uv_connect_t *request, int status)
{
    struct conn *c = request->handle->data;

    if (c->state == CONN_CLOSING) return;
    if (status != 0)
        conn_close(c, loop_error(status, "connect"));
    else
        advance(c);
}

RESULT conn_connect(struct conn **out, const struct conn_setup *setup, const struct sockaddr *address)
{
    struct conn *c;

    TRY(conn_new(&c, setup));
    name_peer(c, address);
    int status = uv_tcp_connect(&c->connect, &c->tcp, address, on_connected);
    if (status == 0) status = uv_tcp_nodelay(&c->tcp, 1);
    if (status != 0) return give_up(c, status, "connect");
    c->events = setup->events;
    set_guard(c, CONN_HANDSHAKE_MS);
    *out = c;
    return KMS_OK;
}

bool conn_is_open(const struct conn *c)
{
    return c->state == CONN_OPEN;
}

const struct identity *conn_peer(const struct conn *c)
{
    return c->tls == NULL ? NULL : tls_peer(c->tls);
}

const char *conn_address(const struct conn *c)
{
    return c->address;
}
