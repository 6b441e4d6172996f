/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 server. Happy path: accepted -> bytes -> a complete request -> handler -> http_reply -> bytes -> the next
 * request. An exchange belongs to the handler until it replies; when the connection ends before that, the exchange
 * loses its connection and the reply goes nowhere. The peer's slowness is bounded by two deadlines, its haste by
 * http1_is_full(), and what all peers together have sent before anybody has looked at it by a pool.
 */
#include "cluster/net/http_server.h"

#include <stdio.h>
#include <stdlib.h>

#include "cluster/net/http1.h"
#include "common/base/log.h"

struct http_server {
    struct http_server_setup setup;
    struct listener         *listener; /* owned */
    struct http1_pool        bodies;
    bool                     is_draining;
};

struct http_exchange {
    struct http1_message   *message;    /* owned */
    struct http_connection *connection; /* borrowed; NULL: the client has gone */
    char                    peer[INET6_ADDRSTRLEN];
};

struct http_connection {
    struct listener_slot  slot; /* first: listener.h */
    struct http_server   *server;
    struct http1         *http;       /* owned */
    struct http_exchange *exchange;   /* borrowed: the handler's; NULL: none */
    bool                  is_reading; /* the deadline is that of a request */
    bool                  is_pumping, got_eof;
};

static void exchange_free(struct http_exchange *e)
{
    http1_message_free(&e->message);
    free(e);
}

static void set_deadline(struct http_connection *c)
{
    const struct http_server_setup *setup = &c->server->setup;
    bool                            reading = http1_is_reading(c->http);

    if (c->exchange != NULL)
        conn_set_deadline(c->slot.conn, 0);
    else if (!reading || !c->is_reading)
        conn_set_deadline(c->slot.conn, reading ? setup->request_ms : setup->idle_ms);
    c->is_reading = reading && c->exchange == NULL;
}

static enum kms_err begin(struct http_connection *c, struct http1_message *message)
{
    struct http_exchange *e = calloc(1, sizeof *e);

    if (e == NULL) {
        http1_message_free(&message);
        return fail(KMS_E_MEMORY, "HTTP exchange");
    }
    e->message = message;
    e->connection = c;
    (void)snprintf(e->peer, sizeof e->peer, "%s", conn_address(c->slot.conn));
    message->request.peer = e->peer;
    c->exchange = e;
    c->server->setup.handler(c->server->setup.handler_self, e);
    return KMS_OK;
}

/* Hands out requests one at a time. A handler may reply at once, which comes back here: the outer call goes on. */
static enum kms_err pump(struct http_connection *c)
{
    struct http1_message *message;
    enum kms_err          err = KMS_OK;

    if (c->is_pumping) return KMS_OK;
    c->is_pumping = true;
    while (err == KMS_OK && c->exchange == NULL && (message = http1_take(c->http)) != NULL) err = begin(c, message);
    c->is_pumping = false;
    if (http1_is_full(c->http))
        conn_pause(c->slot.conn);
    else if (!c->got_eof)
        conn_resume(c->slot.conn);
    if (http1_has_output(c->http) || http1_is_finished(c->http)) conn_wants_write(c->slot.conn);
    return err;
}

static void on_open(void *self)
{
    set_deadline(self);
}

static enum kms_err on_data(void *self, struct bytes in)
{
    struct http_connection *c = self;
    bool                    was_reading = http1_is_reading(c->http);

    TRY(http1_receive(c->http, in));
    TRY(pump(c));
    if (c->exchange != NULL || http1_is_reading(c->http) != was_reading) set_deadline(c);
    return KMS_OK;
}

static enum kms_err fill(void *self, struct buf *out)
{
    struct http_connection *c = self;

    TRY(http1_output(c->http, out));
    TRY(pump(c)); /* answers had to go before a next request was taken */
    if (http1_is_finished(c->http) && !http1_has_output(c->http)) conn_finish(c->slot.conn);
    return KMS_OK;
}

static bool on_eof(void *self)
{
    struct http_connection *c = self;

    c->got_eof = true;
    return c->exchange != NULL || http1_has_output(c->http);
}

static void on_deadline(void *self)
{
    struct http_connection *c = self;

    if (http1_is_reading(c->http)) http1_refuse(c->http, 408, KMS_E_TIMEOUT, "the request did not arrive in time");
    conn_finish(c->slot.conn);
}

static void on_closed(void *self, enum kms_err why, const char *text)
{
    struct http_connection *c = self;

    if (why != KMS_OK)
        log_debug("http.closed", "peer=%s error=%s text=\"%s\"", conn_address(c->slot.conn), error_name(why), text);
    if (c->exchange != NULL) c->exchange->connection = NULL;
    listener_release(&c->slot);
    http1_free(&c->http);
    free(c);
}

static const struct conn_events events = {.on_open = on_open,
                                          .on_data = on_data,
                                          .fill = fill,
                                          .on_eof = on_eof,
                                          .on_deadline = on_deadline,
                                          .on_closed = on_closed};

static struct listener_slot *new_connection(void *owner)
{
    struct http_server     *s = owner;
    struct http_connection *c = calloc(1, sizeof *c);

    if (c == NULL) return NULL;
    c->server = s;
    if (http1_new(&c->http) != KMS_OK) {
        free(c);
        return NULL;
    }
    http1_set_limits(c->http, &(struct http1_limits){s->setup.body_max, s->setup.handler_self, &s->bodies});
    return &c->slot;
}

static void free_connection(struct listener_slot *slot)
{
    struct http_connection *c = (struct http_connection *)slot;

    http1_free(&c->http);
    free(c);
}

const struct http_request *http_exchange_request(const struct http_exchange *e)
{
    return &e->message->request;
}

void http_reply(struct http_exchange *e, const struct http_response *response)
{
    struct http_connection *c = e->connection;

    if (c != NULL) {
        c->exchange = NULL;
        enum kms_err err = http1_answer(c->http, response, c->got_eof || c->server->is_draining);
        if (err == KMS_OK) err = pump(c);
        if (err == KMS_OK)
            set_deadline(c);
        else
            conn_close(c->slot.conn, err);
    }
    exchange_free(e);
}

RESULT http_server_open(struct http_server **out, const struct http_server_setup *setup)
{
    struct http_server *s = calloc(1, sizeof *s);

    if (s == NULL) return fail(KMS_E_MEMORY, "HTTP server");
    s->setup = *setup;
    if (s->setup.request_ms == 0) s->setup.request_ms = HTTP_REQUEST_MS;
    if (s->setup.idle_ms == 0) s->setup.idle_ms = HTTP_IDLE_MS;
    s->bodies.max = setup->bodies_max == 0 ? HTTP_BODIES_MAX : setup->bodies_max;
    enum kms_err err = listener_open(&s->listener, &(struct listener_setup){
                                                       .loop = setup->loop,
                                                       .tls = setup->tls,
                                                       .address = setup->address,
                                                       .port = setup->port,
                                                       .connections_max = setup->connections_max,
                                                       .per_address_max = setup->per_address_max,
                                                       .allow = setup->allow,
                                                       .events = &events,
                                                       .new_slot = new_connection,
                                                       .free_slot = free_connection,
                                                       .owner = s,
                                                   });
    if (err != KMS_OK) {
        free(s);
        return err;
    }
    *out = s;
    return KMS_OK;
}

static void drain_one(struct listener_slot *slot, void *arg)
{
    struct http_connection *c = (struct http_connection *)slot;

    (void)arg;
    if (c->exchange == NULL && !http1_is_reading(c->http)) conn_finish(slot->conn);
}

void http_server_drain(struct http_server *s)
{
    s->is_draining = true;
    listener_stop(s->listener);
    listener_each(s->listener, drain_one, NULL);
}

/* The server's memory goes before its connections': a reply that is still to come must not find them. */
static void detach(struct listener_slot *slot, void *arg)
{
    struct http_connection *c = (struct http_connection *)slot;

    (void)arg;
    if (c->exchange != NULL) c->exchange->connection = NULL;
    c->exchange = NULL;
    http1_set_limits(c->http, &(struct http1_limits){0});
}

void http_server_close(struct http_server **s)
{
    if (*s == NULL) return;
    listener_each((*s)->listener, detach, NULL);
    listener_close(&(*s)->listener);
    free(*s);
    *s = NULL;
}

uint16_t http_server_port(const struct http_server *s)
{
    return listener_port(s->listener);
}

unsigned http_server_connections(const struct http_server *s)
{
    return listener_count(s->listener);
}
