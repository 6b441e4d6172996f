/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a node that is kept up.
 *
 * Happy path: (resolve ->) connect -> TLS, the node's certificate checked -> HTTP/2, Link -> the node's response head
 * -> up -> frames both ways. Whatever fails leads to on_closed of the connection, from there to WAITING, and after the
 * backoff to the start.
 *
 *   RESOLVING -> CONNECTING -> UP -> WAITING -> RESOLVING
 *        \_____________\____________/
 *   every state -> STOPPED
 *
 * The backoff doubles with each failure up to 2 s, with jitter, so that coordinators do not come back in step; being up
 * resets it.
 */
#include "cluster/net/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/net/grpc.h"
#include "cluster/net/h2.h"
#include "common/base/check.h"
#include "common/base/log.h"

#define LINK_PATH "/kms.v1.Cluster/Link"
#define IDLE_MS 10000 /* the coordinator's heartbeats are far more frequent */

enum peer_state { PEER_WAITING, PEER_RESOLVING, PEER_CONNECTING, PEER_UP, PEER_STOPPED };

struct peer {
    struct peers       *all; /* borrowed */
    struct peer_address node;
    unsigned            index;
    enum peer_state     state;
    uv_timer_t          timer;
    uv_getaddrinfo_t    resolve;
    struct conn        *conn; /* borrowed; ends with on_closed */
    struct h2          *h2;   /* owned */
    struct h2_stream   *link; /* borrowed from h2 */
    struct grpc_frames  frames;
    unsigned            failures;   /* in a row */
    enum kms_err        last_error; /* logged once per change */
    uint64_t            heard_at;
    bool                is_resolving, timer_is_open;
};

struct peers {
    struct peers_setup setup;
    unsigned           open; /* peers with something for the loop to close */
    bool               is_closing;
    struct peer        peers[PEERS_MAX];
};

static void start(struct peer *p);

/* ---- the end of a connection, and of everything ---- */

static void maybe_free(struct peers *all)
{
    if (all->is_closing && all->open == 0) free(all);
}

static void maybe_release(struct peer *p)
{
    struct peers *all = p->all;

    if (p->state != PEER_STOPPED || p->timer_is_open || p->is_resolving || p->conn != NULL) return;
    all->open--;
    maybe_free(all);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct peer *p = handle->data;

    p->timer_is_open = false;
    maybe_release(p);
}

static void on_timer(uv_timer_t *timer)
{
    start(timer->data);
}

static uint64_t backoff_ms(struct peer *p)
{
    uint64_t most = PEER_BACKOFF_MIN_MS;
    uint16_t jitter = 0;

    for (unsigned i = 1; i < p->failures && most < PEER_BACKOFF_MAX_MS; i++) most *= 2;
    if (most > PEER_BACKOFF_MAX_MS) most = PEER_BACKOFF_MAX_MS;
    if (rng_fill(p->all->setup.rng, &jitter, sizeof jitter) != KMS_OK) return most;
    return most / 2 + most / 2 * jitter / UINT16_MAX;
}

/* Waits, then tries again. Logged when it happens first, or for another reason. */
static void retry(struct peer *p, enum kms_err why, const char *text)
{
    if (p->failures == 0 || why != p->last_error)
        log_warn("peer.down", "node=%s address=%s port=%u error=%s text=\"%s\"", p->node.name, p->node.address,
                 p->node.port, error_name(why), text);
    p->last_error = why;
    p->failures++;
    p->state = PEER_WAITING;
    (void)uv_timer_start(&p->timer, on_timer, backoff_ms(p), 0);
}

static void on_closed(void *self, enum kms_err why, const char *text)
{
    struct peer *p = self;
    bool         was_up = p->state == PEER_UP;

    p->conn = NULL;
    p->link = NULL;
    h2_free(&p->h2);
    grpc_frames_clear(&p->frames);
    if (p->state == PEER_STOPPED) {
        maybe_release(p);
        return;
    }
    retry(p, why == KMS_OK ? KMS_E_CLOSED : why, why == KMS_OK ? "closed by the node" : text);
    if (was_up) p->all->setup.on_down(p->all->setup.self, p->index);
}

/* ---- HTTP/2 ---- */

/* Not when it is being closed: whoever reset it hears no more of it. */
static bool is_up(const struct peer *p)
{
    return p->state == PEER_UP && p->link != NULL && conn_is_open(p->conn);
}

static void on_head(void *self, struct h2_stream *stream)
{
    struct peer          *p = self;
    const struct h2_head *head = &stream->head;

    if (p->state != PEER_CONNECTING || strcmp(head->status, "200") != 0 || !grpc_is_content_type(head->content_type) ||
        head->grpc_status[0] != '\0')
        return;
    p->state = PEER_UP;
    p->failures = 0;
    p->last_error = KMS_OK;
    log_info("peer.up", "node=%s address=%s port=%u", p->node.name, p->node.address, p->node.port);
    p->all->setup.on_up(p->all->setup.self, p->index);
}

static void on_data(void *self, struct h2_stream *stream, struct bytes in)
{
    struct peer *p = self;
    struct bytes message;

    (void)stream;
    if (!is_up(p)) return;
    enum kms_err err = grpc_frames_receive(&p->frames, in);
    if (err != KMS_OK) {
        conn_close(p->conn, err);
        return;
    }
    while (is_up(p) && grpc_frames_next(&p->frames, &message))
        p->all->setup.on_frame(p->all->setup.self, p->index, message);
}

/* The Link ends only with its node, or because the node does not take it. */
static void on_stream_close(void *self, struct h2_stream *stream)
{
    struct peer *p = self;

    if (stream != p->link) return;
    p->link = NULL;
    if (p->conn != NULL)
        conn_close(p->conn, fail(KMS_E_CLOSED, "the node ended the link (status %.3s)", stream->head.grpc_status));
}

static void on_end(void *self, struct h2_stream *stream)
{
    (void)self;
    h2_end(stream);
}

static void on_output(void *self)
{
    struct peer *p = self;

    if (p->conn != NULL) conn_wants_write(p->conn);
}

static const struct h2_events h2_events = {
    .on_head = on_head, .on_data = on_data, .on_end = on_end, .on_close = on_stream_close, .on_output = on_output};

/* ---- the connection ---- */

static enum kms_err open_link(struct peer *p)
{
    char authority[PEER_ADDRESS_MAX + 8];

    (void)snprintf(authority, sizeof authority, "%s:%u", p->node.address, p->node.port);
    TRY(h2_new(&p->h2, false, H2_STREAMS_MAX, &h2_events, p));
    return h2_request(&p->link, p->h2, LINK_PATH, authority, NULL);
}

/* An earlier certificate of the node may be in other hands. */
static RESULT check_fingerprint(const struct peer *p)
{
    const struct identity *who = conn_peer(p->conn);

    if (!p->node.has_fingerprint) return KMS_OK;
    if (who != NULL && memcmp(who->fingerprint, p->node.fingerprint, sizeof who->fingerprint) == 0) return KMS_OK;
    return fail(KMS_E_CERTIFICATE,
                "%s has another certificate than in this coordinator's roster: give both the present roster, and "
                "restart the coordinator",
                p->node.name);
}

static void on_open(void *self)
{
    struct peer *p = self;

    p->heard_at = uv_now(&p->all->setup.loop->uv);
    conn_set_deadline(p->conn, IDLE_MS);
    enum kms_err err = check_fingerprint(p);
    if (err == KMS_OK) err = open_link(p);
    if (err != KMS_OK) conn_close(p->conn, err);
}

static enum kms_err on_bytes(void *self, struct bytes in)
{
    struct peer *p = self;

    p->heard_at = uv_now(&p->all->setup.loop->uv);
    return h2_receive(p->h2, in);
}

static enum kms_err fill(void *self, struct buf *out)
{
    struct peer *p = self;

    TRY(h2_output(p->h2, out, CONN_FILL_MAX));
    return h2_is_alive(p->h2) ? KMS_OK : fail(KMS_E_CLOSED, "HTTP/2: the connection has ended");
}

static void on_deadline(void *self)
{
    struct peer *p = self;
    uint64_t     silent_ms = uv_now(&p->all->setup.loop->uv) - p->heard_at;

    if (silent_ms >= IDLE_MS)
        conn_close(p->conn, fail(KMS_E_TIMEOUT, "nothing heard for %d ms", IDLE_MS));
    else
        conn_set_deadline(p->conn, IDLE_MS - silent_ms);
}

static const struct conn_events conn_events = {
    .on_open = on_open, .on_data = on_bytes, .fill = fill, .on_deadline = on_deadline, .on_closed = on_closed};

static void connect_to(struct peer *p, const struct sockaddr *address)
{
    struct conn_setup setup = {.loop = p->all->setup.loop,
                               .tls = p->all->setup.tls,
                               .peer_name = p->node.name,
                               .events = &conn_events,
                               .self = p};

    p->state = PEER_CONNECTING;
    grpc_frames_init(&p->frames);
    enum kms_err err = conn_connect(&p->conn, &setup, address);
    if (err != KMS_OK) retry(p, err, error_text());
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct peer *p = request->data;

    p->is_resolving = false;
    if (p->state == PEER_STOPPED) {
        maybe_release(p);
    } else if (status != 0) {
        enum kms_err err = loop_error(status, "resolving the node's address");
        retry(p, err, error_text());
    } else {
        connect_to(p, found->ai_addr);
    }
    uv_freeaddrinfo(found);
}

static void resolve(struct peer *p)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char            port[8];

    (void)snprintf(port, sizeof port, "%u", p->node.port);
    p->resolve.data = p;
    p->state = PEER_RESOLVING;
    int status = uv_getaddrinfo(&p->all->setup.loop->uv, &p->resolve, on_resolved, p->node.address, port, &hints);
    p->is_resolving = status == 0;
    if (status != 0) {
        enum kms_err err = loop_error(status, "resolving the node's address");
        retry(p, err, error_text());
    }
}

static void start(struct peer *p)
{
    struct sockaddr_storage address;

    if (uv_ip4_addr(p->node.address, p->node.port, (struct sockaddr_in *)&address) == 0 ||
        uv_ip6_addr(p->node.address, p->node.port, (struct sockaddr_in6 *)&address) == 0)
        connect_to(p, (struct sockaddr *)&address);
    else
        resolve(p);
}

/* ---- all of them ---- */

RESULT peers_new(struct peers **out, const struct peers_setup *setup)
{
    if (setup->node_count > PEERS_MAX) return fail(KMS_E_CONFIG, "%u nodes, at most %d", setup->node_count, PEERS_MAX);
    struct peers *all = calloc(1, sizeof *all);
    if (all == NULL) return fail(KMS_E_MEMORY, "peers");
    all->setup = *setup;
    for (unsigned i = 0; i < setup->node_count; i++) {
        struct peer *p = &all->peers[i];
        p->all = all;
        p->index = i;
        p->node = setup->nodes[i];
        p->timer.data = p;
        CHECK(uv_timer_init(&setup->loop->uv, &p->timer) == 0);
        p->timer_is_open = true;
        all->open++;
        (void)uv_timer_start(&p->timer, on_timer, 0, 0);
    }
    all->setup.nodes = NULL; /* borrowed for the call */
    *out = all;
    return KMS_OK;
}

void peers_close(struct peers **peers)
{
    struct peers *all = *peers;

    if (all == NULL) return;
    *peers = NULL;
    all->is_closing = true;
    for (unsigned i = 0; i < all->setup.node_count; i++) {
        struct peer *p = &all->peers[i];
        p->state = PEER_STOPPED;
        if (p->is_resolving) (void)uv_cancel((uv_req_t *)&p->resolve);
        if (p->conn != NULL) conn_close(p->conn, KMS_OK);
        uv_close((uv_handle_t *)&p->timer, on_timer_closed);
    }
    maybe_free(all);
}

void peers_send(struct peers *all, unsigned index, struct bytes to_node)
{
    struct peer *p = &all->peers[index];
    uint8_t      prefix[GRPC_PREFIX_LEN];

    if (index >= all->setup.node_count || !is_up(p)) return;
    enum kms_err err = grpc_prefix(prefix, to_node.len);
    if (err == KMS_OK) err = h2_send(p->link, BYTES_OF(prefix), to_node);
    if (err != KMS_OK) conn_close(p->conn, err);
}

void peers_reset(struct peers *all, unsigned index)
{
    struct peer *p = &all->peers[index];

    if (index < all->setup.node_count && p->conn != NULL)
        conn_close(p->conn, fail(KMS_E_CLOSED, "reset by the coordinator"));
}

size_t peers_unsent(const struct peers *all, unsigned index)
{
    const struct h2_stream *link = index < all->setup.node_count ? all->peers[index].link : NULL;

    return link == NULL ? 0 : link->out.len - link->sent;
}

unsigned peers_up(const struct peers *all)
{
    unsigned up = 0;

    for (unsigned i = 0; i < all->setup.node_count; i++) up += all->peers[i].state == PEER_UP;
    return up;
}
