/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listening socket. Happy path: connection -> slot -> conn -> within the limits -> its owner's events. A refused
 * connection is closed at once and ends through the same on_closed. The listener's memory outlives its connections.
 */
#include "cluster/net/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/net/log_limit.h"
#include "common/base/log.h"

#define BACKLOG 512

struct listener {
    struct listener_setup setup;
    uv_tcp_t              tcp;
    uint16_t              port;
    struct listener_slot *first;
    unsigned              count;
    bool                  is_stopped, is_closed, wants_free;
    struct log_limit      refused;
};

static void maybe_free(struct listener *l)
{
    if (l->wants_free && l->is_closed && l->count == 0) free(l);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;

    l->is_closed = true;
    maybe_free(l);
}

void listener_stop(struct listener *l)
{
    if (l->is_stopped) return;
    l->is_stopped = true;
    uv_close((uv_handle_t *)&l->tcp, on_listener_closed);
}

void listener_close(struct listener **l)
{
    struct listener *listener = *l;

    if (listener == NULL) return;
    *l = NULL;
    listener_stop(listener);
    listener->wants_free = true;
    for (struct listener_slot *s = listener->first; s != NULL; s = s->next) conn_close(s->conn, KMS_OK);
    maybe_free(listener);
}

void listener_release(struct listener_slot *slot)
{
    struct listener *l = slot->listener;

    *slot->at = slot->next;
    if (slot->next != NULL) slot->next->at = slot->at;
    l->count--;
    maybe_free(l);
}

static void link_slot(struct listener *l, struct listener_slot *slot)
{
    slot->listener = l;
    slot->next = l->first;
    slot->at = &l->first;
    if (slot->next != NULL) slot->next->at = &slot->next;
    l->first = slot;
    l->count++;
}

static RESULT check_limits(const struct listener *l, const char *address)
{
    unsigned same = 0;

    if (l->setup.allow != NULL && !allow_list_permits(l->setup.allow, address))
        return fail(KMS_E_DENIED, "%s is not in the listener's allow list", address);
    if (l->count > l->setup.connections_max)
        return fail(KMS_E_BUSY, "more than %u connections", l->setup.connections_max);
    for (const struct listener_slot *s = l->first; s != NULL; s = s->next)
        same += strcmp(conn_address(s->conn), address) == 0;
    if (same > l->setup.per_address_max)
        return fail(KMS_E_BUSY, "more than %u connections from %s", l->setup.per_address_max, address);
    return KMS_OK;
}

static void note_refusal(struct listener *l)
{
    unsigned count = log_limit_count(&l->refused, uv_now(&l->setup.loop->uv));

    if (count > 0) log_warn("listener.refused", "port=%u count=%u text=\"%s\"", l->port, count, error_text());
}

static RESULT accept_one(struct listener *l)
{
    struct listener_slot *slot = l->setup.new_slot(l->setup.owner);
    struct conn_setup     setup = {.loop = l->setup.loop, .tls = l->setup.tls, .events = l->setup.events, .self = slot};

    if (slot == NULL) return fail(KMS_E_MEMORY, "connection");
    enum kms_err err = conn_accept(&slot->conn, &setup, (uv_stream_t *)&l->tcp);
    if (err != KMS_OK) {
        l->setup.free_slot(slot);
        return err;
    }
    link_slot(l, slot);
    err = check_limits(l, conn_address(slot->conn));
    if (err != KMS_OK) conn_close(slot->conn, err);
    return err;
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct listener *l = stream->data;

    enum kms_err err = status != 0 ? loop_error(status, "accept") : accept_one(l);
    if (err != KMS_OK) note_refusal(l);
}

static RESULT parse(struct sockaddr_storage *out, const char *address, uint16_t port)
{
    if (uv_ip4_addr(address, port, (struct sockaddr_in *)out) == 0) return KMS_OK;
    if (uv_ip6_addr(address, port, (struct sockaddr_in6 *)out) == 0) return KMS_OK;
    return fail(KMS_E_CONFIG, "listen: \"%.60s\" is no IP address", address);
}

static RESULT listen_on(struct listener *l, const struct sockaddr_storage *address)
{
    struct sockaddr_storage bound;
    int                     len = sizeof bound;

    int status = uv_tcp_bind(&l->tcp, (const struct sockaddr *)address, 0);
    if (status == 0) status = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
    if (status == 0) status = uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&bound, &len);
    if (status != 0)
        return fail(KMS_E_SYSTEM, "listen on %s port %u: %s", l->setup.address, l->setup.port, uv_strerror(status));
    in_port_t port = bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
                                                : ((struct sockaddr_in6 *)&bound)->sin6_port;
    l->port = ntohs(port);
    return KMS_OK;
}

RESULT listener_open(struct listener **out, const struct listener_setup *setup)
{
    struct sockaddr_storage address;

    TRY(parse(&address, setup->address, setup->port));
    struct listener *l = calloc(1, sizeof *l);
    if (l == NULL) return fail(KMS_E_MEMORY, "listener");
    l->setup = *setup;
    int status = uv_tcp_init(&setup->loop->uv, &l->tcp);
    if (status != 0) {
        free(l);
        return loop_error(status, "socket");
    }
    l->tcp.data = l;
    enum kms_err err = listen_on(l, &address);
    if (err != KMS_OK) {
        listener_close(&l);
        return err;
    }
    l->setup.address = NULL; /* borrowed for the call */
    *out = l;
    return KMS_OK;
}

uint16_t listener_port(const struct listener *l)
{
    return l->port;
}

unsigned listener_count(const struct listener *l)
{
    return l->count;
}

void listener_each(struct listener *l, void (*each)(struct listener_slot *, void *arg), void *arg)
{
    for (struct listener_slot *s = l->first, *next; s != NULL; s = next) {
        next = s->next;
        each(s, arg);
    }
}
