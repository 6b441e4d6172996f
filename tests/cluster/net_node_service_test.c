/* SPDX-License-Identifier: Apache-2.0 */
/* A real node behind its port: the cluster service, the health service, GET /health, and who may have a Link. */
#include "cluster/net/node_service.h"

#include "cluster/proto/health.pb-c.h"
#include "cluster/proto/kms.pb-c.h"
#include "common/base/clock.h"
#include "net_grpc_client.h"
#include "tests/support/cluster_pki.h"

struct world {
    struct net_thread  thread;
    struct cluster_pki pki;
    struct credential self, client, operator;
    struct store         store;
    struct node_service *service;
    struct node         *node;
    struct tls_context  *tls;
    struct grpc_server  *server;
    struct grpc_client   c;
    struct buf           roster; /* its statement, not delivered yet */
};

static void sign_roster(struct world *w)
{
    struct roster    roster = {.sequence = 1, .count = 1};
    struct statement s = {.type = STATEMENT_ROSTER, .subject = "roster/test", .sequence = 1, .created = clock_wall_s()};
    BUF_LOCAL        payload = BUF_INIT(STATEMENT_PAYLOAD_MAX);

    (void)strcpy(roster.cluster, "test");
    (void)strcpy(roster.nodes[0].name, "tss1");
    memcpy(roster.nodes[0].fingerprint, w->self.identity.fingerprint, 32);
    assert_ok(roster_seal(&roster));
    assert_ok(roster_encode(&payload, &roster));
    s.payload = bytes(payload.data, payload.len);
    assert_ok(statement_sign(&s, &w->operator));
    w->roster = BUF_INIT(STATEMENT_ENCODED_MAX);
    assert_ok(statement_encode(&w->roster, &s));
}

static void make_node(struct world *w)
{
    struct node_config config = {.cluster = "test",
                                 .credential = &w->self,
                                 .authority = w->pki.authority,
                                 .store = &w->store,
                                 .io = node_service_io(w->service),
                                 .rng = rng_system(),
                                 .sign_deadline_ms = 5000,
                                 .generate_deadline_ms = 30000,
                                 .progress_ms = 1000,
                                 .sessions_max = 16,
                                 .version = "1.2.3"};

    assert_ok(node_new(&w->node, &config));
    node_service_set_node(w->service, w->node);
}

static void world_open(struct world *w, const char *client)
{
    memset(w, 0, sizeof *w);
    cluster_pki_init(&w->pki, 0, "test");
    cluster_pki_issue(&w->pki, &w->self, "node/tss1");
    cluster_pki_issue(&w->pki, &w->client, client);
    cluster_pki_issue(&w->pki, &w->operator, "operator/admin");
    sign_roster(w);
    net_thread_init(&w->thread);
    assert_ok(store_open_memory(&w->store));
    assert_ok(node_service_new(&w->service, &w->thread.loop));
    make_node(w);
    struct tls_options tls = {
        .is_server = true, .credential = &w->self, .authority = w->pki.authority, .alpn = "h2", .cluster = "test"};
    assert_ok(tls_context_new(&w->tls, &tls));
    struct grpc_server_setup setup = {.loop = &w->thread.loop,
                                      .tls = w->tls,
                                      .address = "127.0.0.1",
                                      .connections_max = 8,
                                      .per_address_max = 8,
                                      .service = node_service_table(w->service)};
    assert_ok(grpc_server_open(&w->server, &setup));
    net_thread_start(&w->thread);
    grpc_client_open(&w->c, grpc_server_port(w->server), &w->client);
}

static void close_server(void *arg)
{
    struct world *w = arg;

    grpc_server_close(&w->server);
}

static void world_close(struct world *w)
{
    grpc_client_close(&w->c);
    net_thread_stop(&w->thread, close_server, w);
    loop_clear(&w->thread.loop);
    node_free(&w->node);
    node_service_free(&w->service);
    store_close(&w->store);
    tls_context_free(&w->tls);
    buf_clear(&w->roster);
    credential_clear(&w->self);
    credential_clear(&w->client);
    credential_clear(&w->operator);
    cluster_pki_clear(&w->pki);
}

static void add_packed(struct test_call *call, const ProtobufCMessage *message)
{
    uint8_t packed[8192];
    size_t  len = protobuf_c_message_get_packed_size(message);

    assert_true(len <= sizeof packed);
    (void)protobuf_c_message_pack(message, packed);
    test_call_add(call, bytes(packed, len));
}

/* The reply's bytes live in the call. */
static struct bytes run(struct world *w, struct test_call *call, const char *path, const ProtobufCMessage *request)
{
    struct bytes reply = BYTES_NONE;

    test_call_init(call, path);
    add_packed(call, request);
    grpc_client_run(&w->c, call);
    (void)test_call_message(call, 0, &reply);
    return reply;
}

static void deliver_roster(struct world *w)
{
    struct test_call        call;
    Kms__V1__DeliverRequest request = KMS__V1__DELIVER_REQUEST__INIT;
    Kms__V1__DeliverReply  *reply;

    request.statement = (ProtobufCBinaryData){w->roster.len, w->roster.data};
    struct bytes packed = run(w, &call, "/kms.v1.Cluster/Deliver", &request.base);
    assert_string_equal(call.grpc_status, "0");
    reply = kms__v1__deliver_reply__unpack(NULL, packed.len, packed.data);
    assert_non_null(reply);
    assert_int_equal(reply->sequence, 1);
    kms__v1__deliver_reply__free_unpacked(reply, NULL);
    test_call_clear(&call);
}

/* From its prefix alone: nothing that is too long is held. */
TEST(node_service, takes_no_more_than_each_method_needs)
{
    static const struct {
        const char *path;
        uint32_t    most;
    } rows[] = {
        {"/kms.v1.Cluster/Info", 1024},
        {"/kms.v1.Cluster/Commit", BIRTH_ENCODED_MAX + 16},
        {"/kms.v1.Cluster/Deliver", STATEMENT_ENCODED_MAX + 16},
        {"/grpc.health.v1.Health/Check", 1024},
        {"/grpc.health.v1.Health/Watch", 1024},
    };
    struct world w;

    world_open(&w, "client/app");
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t         len = rows[i].most + 1;
        uint8_t          prefix[] = {0, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
        struct test_call call;
        test_call_init(&call, rows[i].path);
        assert_ok(buf_append(&call.out, BYTES_OF(prefix)));
        grpc_client_run(&w.c, &call);
        if (strcmp(call.grpc_status, "8") != 0) fail_msg("%s: status %s", rows[i].path, call.grpc_status);
        test_call_clear(&call);
    }
    world_close(&w);
}

static int health_status(struct bytes packed)
{
    Grpc__Health__V1__HealthCheckResponse *response =
        grpc__health__v1__health_check_response__unpack(NULL, packed.len, packed.data);

    assert_non_null(response);
    int status = (int)response->status;
    grpc__health__v1__health_check_response__free_unpacked(response, NULL);
    return status;
}

/* "" for the health of the whole node; gives the gRPC status where there is no answer. */
static int check_health(struct world *w, const char *service)
{
    struct test_call                     call;
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;

    request.service = (char *)(uintptr_t)service;
    struct bytes packed = run(w, &call, "/grpc.health.v1.Health/Check", &request.base);
    int          status = strcmp(call.grpc_status, "0") == 0 ? health_status(packed) : -atoi(call.grpc_status);
    test_call_clear(&call);
    return status;
}

#define SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define NOT_SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define SERVICE_UNKNOWN GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

TEST(node_service, says_who_it_is_to_any_role)
{
    struct world         w;
    struct test_call     call;
    Kms__V1__InfoRequest request = KMS__V1__INFO_REQUEST__INIT;

    world_open(&w, "client/app");
    struct bytes        packed = run(&w, &call, "/kms.v1.Cluster/Info", &request.base);
    Kms__V1__InfoReply *info = kms__v1__info_reply__unpack(NULL, packed.len, packed.data);

    assert_non_null(info);
    assert_string_equal(info->node, "tss1");
    assert_string_equal(info->cluster, "test");
    assert_string_equal(info->version, "1.2.3");
    assert_int_equal(info->roster_sequence, 0);
    kms__v1__info_reply__free_unpacked(info, NULL);
    test_call_clear(&call);
    world_close(&w);
}

TEST(node_service, serves_once_a_roster_names_it)
{
    struct world w;

    world_open(&w, "client/app");
    assert_int_equal(check_health(&w, ""), NOT_SERVING);
    deliver_roster(&w);

    assert_int_equal(check_health(&w, ""), SERVING);
    assert_int_equal(check_health(&w, "kms.v1.Cluster"), SERVING);
    assert_int_equal(check_health(&w, "other"), -GRPC_NOT_FOUND);
    world_close(&w);
}

static void start_watch(struct world *w, struct test_call *watch, const char *service)
{
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    struct bytes                         message = BYTES_NONE;

    request.service = (char *)(uintptr_t)service;
    test_call_init(watch, "/grpc.health.v1.Health/Watch");
    add_packed(watch, &request.base);
    grpc_client_start(&w->c, watch);
    while (!test_call_message(watch, 0, &message) && !w->c.is_closed) grpc_client_turn(&w->c);
}

TEST(node_service, tells_watchers_of_changes)
{
    struct world     w;
    struct test_call watch, other;
    struct bytes     message = BYTES_NONE;

    world_open(&w, "client/app");
    start_watch(&w, &watch, "");
    start_watch(&w, &other, "other");
    assert_true(test_call_message(&watch, 0, &message));
    assert_int_equal(health_status(message), NOT_SERVING);
    assert_true(test_call_message(&other, 0, &message));
    assert_int_equal(health_status(message), SERVICE_UNKNOWN);
    deliver_roster(&w);
    while (!test_call_message(&watch, 1, &message) && !w.c.is_closed) grpc_client_turn(&w.c);

    assert_int_equal(health_status(message), SERVING);
    assert_false(test_call_message(&other, 1, &message));
    test_call_clear(&watch);
    test_call_clear(&other);
    world_close(&w);
}

TEST(node_service, answers_get_health)
{
    struct world     w;
    struct test_call call;

    world_open(&w, "status/prober");
    deliver_roster(&w);
    test_call_init(&call, "/health");
    call.method = "GET";
    grpc_client_run(&w.c, &call);

    assert_string_equal(call.status, "200");
    assert_string_equal(buf_str(&call.in),
                        "{\"node\":\"tss1\",\"cluster\":\"test\",\"status\":\"SERVING\",\"sealed\":false,"
                        "\"serving\":true,\"version\":\"1.2.3\"}");
    test_call_clear(&call);
    world_close(&w);
}

static void add_ping(struct test_call *call, uint64_t id)
{
    Kms__V1__Ping   ping = KMS__V1__PING__INIT;
    Kms__V1__ToNode message = KMS__V1__TO_NODE__INIT;

    ping.id = id;
    message.kind_case = KMS__V1__TO_NODE__KIND_PING;
    message.ping = &ping;
    add_packed(call, &message.base);
}

TEST(node_service, links_a_gateway)
{
    struct world     w;
    struct test_call link;
    struct bytes     message = BYTES_NONE;

    world_open(&w, "gateway/gw1");
    test_call_init(&link, "/kms.v1.Cluster/Link");
    add_ping(&link, 77);
    link.keep_open = true;
    grpc_client_start(&w.c, &link);
    while (!test_call_message(&link, 0, &message) && !w.c.is_closed) grpc_client_turn(&w.c);

    Kms__V1__FromNode *from = kms__v1__from_node__unpack(NULL, message.len, message.data);
    assert_non_null(from);
    assert_int_equal(from->kind_case, KMS__V1__FROM_NODE__KIND_PONG);
    assert_int_equal(from->pong->id, 77);
    assert_string_equal(from->pong->info->node, "tss1");
    kms__v1__from_node__free_unpacked(from, NULL);
    link.keep_open = false;
    assert_int_equal(nghttp2_session_resume_data(w.c.session, link.id), 0);
    grpc_client_finish(&w.c, &link);
    assert_string_equal(link.grpc_status, "0");
    test_call_clear(&link);
    world_close(&w);
}

TEST(node_service, links_nobody_else)
{
    static const char *const others[] = {"client/app", "operator/admin2", "node/tss2", "auditor/a", "status/s"};

    for (unsigned i = 0; i < ARRAY_LEN(others); i++) {
        struct world     w;
        struct test_call link;
        world_open(&w, others[i]);
        test_call_init(&link, "/kms.v1.Cluster/Link");
        add_ping(&link, 1);
        grpc_client_run(&w.c, &link);
        assert_string_equal(link.grpc_status, "7");
        assert_int_equal(link.in.len, 0);
        test_call_clear(&link);
        world_close(&w);
    }
}

TEST(node_service, refuses_statements_and_births_that_are_none)
{
    struct world            w;
    struct test_call        call;
    Kms__V1__DeliverRequest deliver = KMS__V1__DELIVER_REQUEST__INIT;
    Kms__V1__CommitRequest  commit = KMS__V1__COMMIT_REQUEST__INIT;
    uint8_t                 garbage[] = {0xff, 0xff, 0xff};

    world_open(&w, "client/app");
    deliver.statement = commit.birth_certificate = (ProtobufCBinaryData){sizeof garbage, garbage};
    (void)run(&w, &call, "/kms.v1.Cluster/Deliver", &deliver.base);
    assert_string_equal(call.grpc_status, "3");
    test_call_clear(&call);
    (void)run(&w, &call, "/kms.v1.Cluster/Commit", &commit.base);
    assert_string_equal(call.grpc_status, "3");
    test_call_clear(&call);
    test_call_init(&call, "/kms.v1.Cluster/Info");
    test_call_add(&call, BYTES_OF(garbage));
    grpc_client_run(&w.c, &call);
    assert_string_equal(call.grpc_status, "3");
    test_call_clear(&call);
    world_close(&w);
}

static void set_draining(void *arg)
{
    struct world *w = arg;

    node_service_set_draining(w->service);
}

TEST(node_service, does_not_serve_while_it_drains)
{
    struct world     w;
    struct test_call watch;
    struct bytes     message = BYTES_NONE;

    world_open(&w, "client/app");
    deliver_roster(&w);
    start_watch(&w, &watch, "");
    w.thread.arg = &w;
    w.thread.job = set_draining;
    assert_int_equal(uv_async_send(&w.thread.wake), 0);
    while (!test_call_message(&watch, 1, &message) && !w.c.is_closed) grpc_client_turn(&w.c);

    assert_int_equal(health_status(message), NOT_SERVING);
    test_call_clear(&watch);
    world_close(&w);
}
