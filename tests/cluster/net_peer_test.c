/* SPDX-License-Identifier: Apache-2.0 */
/* The coordinator's links on real sockets: kept up, made anew, refused to the wrong node; and how long a hop takes. */
#include "cluster/net/peer.h"

#include "cluster/net/grpc_server.h"
#include "common/base/clock.h"
#include "net_fixture.h"
#include "tests/support/cluster_pki.h"

#define NODES 2

/* Everything in one loop and one thread: two nodes that echo, and a coordinator. */
struct world {
    struct loop         loop;
    struct cluster_pki  pki;
    struct credential   node[NODES], gateway;
    struct tls_context *server_tls[NODES], *client_tls;
    struct grpc_server *server[NODES];
    struct peers       *peers;
    uv_timer_t          limit;
    unsigned            up[NODES], down[NODES], frames;
    uint64_t            started_us, hops;
    struct buf          heard;
    void (*on_event)(struct world *);
    bool timed_out;
    bool with_fingerprints, is_other; /* as the roster has them; the first is of another certificate */
};

static void link_message(void *self, struct grpc_call *call, struct bytes message)
{
    (void)self;
    if (bytes_equal_str(message, "end"))
        grpc_call_finish(call, GRPC_UNAVAILABLE, "as asked");
    else
        assert_ok(grpc_call_send(call, message));
}

static const struct grpc_method methods[] = {
    {.path = "/kms.v1.Cluster/Link", .roles = ROLE_BIT(ROLE_GATEWAY), .on_message = link_message}};
static const struct grpc_service service = {.methods = methods, .method_count = 1};

static void on_up(void *self, unsigned index)
{
    struct world *w = self;

    w->up[index]++;
    w->on_event(w);
}

static void on_down(void *self, unsigned index)
{
    struct world *w = self;

    w->down[index]++;
    w->on_event(w);
}

static void on_frame(void *self, unsigned index, struct bytes from_node)
{
    struct world *w = self;

    (void)index;
    w->frames++;
    buf_clear(&w->heard);
    assert_ok(buf_append(&w->heard, from_node));
    w->on_event(w);
}

static void on_limit(uv_timer_t *timer)
{
    struct world *w = timer->data;

    w->timed_out = true;
    loop_stop(&w->loop);
}

static void open_server(struct world *w, unsigned i, uint16_t port)
{
    struct grpc_server_setup setup = {.loop = &w->loop,
                                      .tls = w->server_tls[i],
                                      .address = "127.0.0.1",
                                      .port = port,
                                      .connections_max = 8,
                                      .per_address_max = 8,
                                      .service = &service};

    assert_ok(grpc_server_open(&w->server[i], &setup));
}

static void open_peers(struct world *w, const char *first_name)
{
    struct peer_address nodes[NODES] = {{.address = "127.0.0.1"}, {.name = "tss2", .address = "localhost"}};
    struct peers_setup  setup = {.loop = &w->loop,
                                 .tls = w->client_tls,
                                 .nodes = nodes,
                                 .node_count = NODES,
                                 .rng = rng_system(),
                                 .on_up = on_up,
                                 .on_frame = on_frame,
                                 .on_down = on_down,
                                 .self = w};

    (void)snprintf(nodes[0].name, sizeof nodes[0].name, "%s", first_name);
    for (unsigned i = 0; i < NODES; i++) {
        nodes[i].port = grpc_server_port(w->server[i]);
        nodes[i].has_fingerprint = w->with_fingerprints;
        memcpy(nodes[i].fingerprint, w->node[i].identity.fingerprint, sizeof nodes[i].fingerprint);
    }
    nodes[0].fingerprint[31] ^= w->is_other;
    assert_ok(peers_new(&w->peers, &setup));
}

static void world_open(struct world *w, const char *gateway, void (*on_event)(struct world *))
{
    static const char *const names[] = {"node/tss1", "node/tss2"};

    memset(w, 0, sizeof *w);
    w->on_event = on_event;
    w->heard = BUF_INIT(1 << 20);
    cluster_pki_init(&w->pki, 0, "test");
    cluster_pki_issue(&w->pki, &w->gateway, gateway);
    assert_ok(loop_init(&w->loop));
    for (unsigned i = 0; i < NODES; i++) {
        cluster_pki_issue(&w->pki, &w->node[i], names[i]);
        struct tls_options tls = {true, &w->node[i], w->pki.authority, "h2", "test", ROLE_NONE};
        assert_ok(tls_context_new(&w->server_tls[i], &tls));
        open_server(w, i, 0);
    }
    struct tls_options tls = {false, &w->gateway, w->pki.authority, "h2", "test", ROLE_NODE};
    assert_ok(tls_context_new(&w->client_tls, &tls));
}

/* Until on_event stops the loop; or ten seconds. */
static void run(struct world *w)
{
    w->limit.data = w;
    assert_int_equal(uv_timer_init(&w->loop.uv, &w->limit), 0);
    assert_int_equal(uv_timer_start(&w->limit, on_limit, ANSWER_S * 1000, 0), 0);
    loop_run(&w->loop);
    uv_close((uv_handle_t *)&w->limit, NULL);
    assert_false(w->timed_out);
    while (uv_is_active((uv_handle_t *)&w->limit)) (void)uv_run(&w->loop.uv, UV_RUN_NOWAIT);
}

static void world_close(struct world *w)
{
    peers_close(&w->peers);
    for (unsigned i = 0; i < NODES; i++) grpc_server_close(&w->server[i]);
    loop_clear(&w->loop);
    for (unsigned i = 0; i < NODES; i++) {
        tls_context_free(&w->server_tls[i]);
        credential_clear(&w->node[i]);
    }
    tls_context_free(&w->client_tls);
    credential_clear(&w->gateway);
    cluster_pki_clear(&w->pki);
    buf_clear(&w->heard);
}

static void until_both_are_up(struct world *w)
{
    if (w->up[0] == 1 && w->up[1] == 1) loop_stop(&w->loop);
}

TEST(peer, connects_to_every_node)
{
    struct world w;

    world_open(&w, "gateway/gw1", until_both_are_up);
    open_peers(&w, "tss1");
    run(&w);

    assert_int_equal(peers_up(w.peers), 2);
    world_close(&w);
}

static void send_when_up(struct world *w)
{
    if (w->frames == 1) loop_stop(&w->loop);
    if (w->frames == 0 && w->up[0] + w->up[1] == 1) peers_send(w->peers, w->up[0] == 1 ? 0 : 1, bytes_str("hello"));
}

TEST(peer, carries_frames_both_ways)
{
    struct world w;

    world_open(&w, "gateway/gw1", send_when_up);
    open_peers(&w, "tss1");
    run(&w);

    assert_string_equal(buf_str(&w.heard), "hello");
    world_close(&w);
}

static void until_up_again(struct world *w)
{
    if (w->up[0] == 1 && w->down[0] == 0) peers_reset(w->peers, 0);
    if (w->up[0] == 2) loop_stop(&w->loop);
}

TEST(peer, makes_a_connection_anew_that_was_reset)
{
    struct world w;

    world_open(&w, "gateway/gw1", until_up_again);
    open_peers(&w, "tss1");
    run(&w);

    assert_int_equal(w.down[0], 1);
    assert_int_equal(w.down[1], 0);
    world_close(&w);
}

static void end_link_then_wait(struct world *w)
{
    if (w->up[0] == 1 && w->down[0] == 0) peers_send(w->peers, 0, bytes_str("end"));
    if (w->up[0] == 2) loop_stop(&w->loop);
}

TEST(peer, makes_a_connection_anew_whose_link_the_node_has_ended)
{
    struct world w;

    world_open(&w, "gateway/gw1", end_link_then_wait);
    open_peers(&w, "tss1");
    run(&w);

    assert_int_equal(w.down[0], 1);
    world_close(&w);
}

static void close_then_reopen_server(struct world *w)
{
    uint16_t port;

    if (w->up[0] == 1 && w->down[0] == 0 && w->server[0] != NULL) {
        port = grpc_server_port(w->server[0]);
        grpc_server_close(&w->server[0]);
        w->hops = port;
    }
    if (w->down[0] == 1 && w->server[0] == NULL) open_server(w, 0, (uint16_t)w->hops);
    if (w->up[0] == 2) loop_stop(&w->loop);
}

TEST(peer, comes_back_to_a_node_that_was_restarted)
{
    struct world w;

    world_open(&w, "gateway/gw1", close_then_reopen_server);
    open_peers(&w, "tss1");
    run(&w);

    assert_int_equal(w.down[0], 1);
    world_close(&w);
}

static void until_the_second_is_up(struct world *w)
{
    if (w->up[1] == 1) loop_stop(&w->loop);
}

TEST(peer, refuses_a_certificate_that_is_not_the_rosters)
{
    for (unsigned other = 0; other <= 1; other++) {
        struct world w;
        world_open(&w, "gateway/gw1", other ? until_the_second_is_up : until_both_are_up);
        w.with_fingerprints = true;
        w.is_other = other;
        open_peers(&w, "tss1");
        run(&w);
        assert_int_equal(w.up[0], other ? 0 : 1);
        assert_int_equal(w.up[1], 1);
        world_close(&w);
    }
}

TEST(peer, counts_what_a_node_has_not_taken)
{
    static uint8_t block[65536];
    struct world   w;

    world_open(&w, "gateway/gw1", until_both_are_up);
    open_peers(&w, "tss1");
    run(&w);
    assert_int_equal(peers_unsent(w.peers, 0), 0);
    peers_send(w.peers, 0, BYTES_OF(block));
    assert_int_equal(peers_unsent(w.peers, 0), sizeof block + 5);
    assert_int_equal(peers_unsent(w.peers, 1), 0);
    assert_int_equal(peers_unsent(w.peers, NODES), 0);
    world_close(&w);
}

TEST(peer, refuses_a_node_of_another_name)
{
    struct world w;

    world_open(&w, "gateway/gw1", until_the_second_is_up);
    open_peers(&w, "tss3"); /* the first server's certificate says tss1 */
    run(&w);

    assert_int_equal(w.up[0], 0);
    world_close(&w);
}

static void on_attempt(uv_timer_t *timer)
{
    struct world *w = timer->data;

    loop_stop(&w->loop);
}

TEST(peer, is_not_up_where_the_link_is_refused)
{
    struct world w;
    uv_timer_t   attempts;

    world_open(&w, "client/app", until_both_are_up);
    open_peers(&w, "tss1");
    attempts.data = &w;
    assert_int_equal(uv_timer_init(&w.loop.uv, &attempts), 0);
    assert_int_equal(uv_timer_start(&attempts, on_attempt, 200, 0),
                     0); /* several attempts fit: backoff begins at 50 ms */
    loop_run(&w.loop);
    uv_close((uv_handle_t *)&attempts, NULL);

    assert_int_equal(w.up[0] + w.up[1], 0);
    assert_int_equal(peers_up(w.peers), 0);
    world_close(&w);
}

/* One frame there and back is two hops: TLS, HTTP/2 and gRPC on each. */
static void ping_pong(struct world *w)
{
    static const char frame[600];

    if (w->up[0] == 0 || w->up[1] == 0) return;
    if (w->frames == 100) w->started_us = clock_monotonic_us();
    if (w->frames == 100 + w->hops / 2)
        loop_stop(&w->loop);
    else
        peers_send(w->peers, 0, BYTES_OF(frame));
}

TEST(peer, takes_less_than_a_millisecond_per_hop)
{
    struct world w;

    world_open(&w, "gateway/gw1", ping_pong);
    w.hops = test_knob("KMS_NET_HOPS", 2000);
    open_peers(&w, "tss1");
    run(&w);

    double hop_us = (double)(clock_monotonic_us() - w.started_us) / (double)w.hops;
    print_message("# one hop: %.1f us\n", hop_us);
    assert_true(hop_us < 1000.0 * (double)test_knob("KMS_SLOW", 10));
    world_close(&w);
}
