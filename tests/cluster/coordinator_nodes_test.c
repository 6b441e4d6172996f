/* SPDX-License-Identifier: Apache-2.0 */
/* Links, heartbeats, circuits and hostile frames: what a node says decides about nothing but what it was asked. */
#include <stdio.h>
#include <unistd.h>

#include "cluster/coordinator/nodes.h"
#include "cluster/coordinator/relay.h"
#include "common/base/log.h"
#include "tests/support/gateway.h"

static struct node_view view(const struct gateway *g, unsigned node)
{
    struct node_view v;
    coordinator_node(g->coordinator, node, &v);
    return v;
}

TEST(heartbeat, a_node_is_up_when_it_has_answered)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    assert_true(view(&g, 0).up && view(&g, 0).serving);
    gateway_link_down(&g, 0);
    assert_false(view(&g, 0).up);
    g.fakes[0].behaviour = FAKE_DEAF;
    gateway_link_up(&g, 0);
    gateway_pass(&g, 200);
    assert_false(view(&g, 0).up);
    g.fakes[0].behaviour = FAKE_ANSWERS;
    gateway_pass(&g, 400);
    assert_true(view(&g, 0).up);
    gateway_clear(&g);
}

TEST(heartbeat, three_missed_ones_bring_a_node_down_and_reset_its_link)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    g.fakes[1].behaviour = FAKE_DEAF;
    gateway_pass(&g, 800);
    assert_true(view(&g, 1).up);
    gateway_pass(&g, 500);
    assert_false(view(&g, 1).up);
    assert_int_equal(g.resets[1], 1);
    g.fakes[1].behaviour = FAKE_ANSWERS;
    gateway_link_up(&g, 1);
    gateway_pass(&g, 20);
    assert_true(view(&g, 1).up);
    gateway_clear(&g);
}

/* A node in the middle of a key generation: it sends, but answers no heartbeat for more than three of them. */
TEST(heartbeat, whatever_a_node_sends_is_a_sign_of_life)
{
    struct gateway    g;
    Kms__V1__Result   late = KMS__V1__RESULT__INIT;
    Kms__V1__FromNode from = KMS__V1__FROM_NODE__INIT;

    gateway_init(&g, &(struct gateway_options){0});
    from.kind_case = KMS__V1__FROM_NODE__KIND_RESULT;
    from.result = &late;
    g.fakes[1].behaviour = FAKE_DEAF;
    for (unsigned i = 0; i < 8; i++) {
        gateway_pass(&g, 400);
        gateway_inject(&g, 1, &from);
        gateway_run(&g);
        assert_true(view(&g, 1).up);
    }
    gateway_pass(&g, 1300);
    assert_false(view(&g, 1).up);
    assert_int_equal(g.resets[1], 1);
    gateway_clear(&g);
}

TEST(heartbeat, a_made_up_pong_keeps_nobody_alive)
{
    struct gateway     g;
    Kms__V1__InfoReply info = KMS__V1__INFO_REPLY__INIT;
    Kms__V1__Pong      pong = KMS__V1__PONG__INIT;
    Kms__V1__FromNode  from = KMS__V1__FROM_NODE__INIT;

    gateway_init(&g, &(struct gateway_options){0});
    gateway_link_down(&g, 0);
    g.fakes[0].behaviour = FAKE_DEAF;
    gateway_link_up(&g, 0);
    from.kind_case = KMS__V1__FROM_NODE__KIND_PONG;
    from.pong = &pong;
    pong.info = &info;
    pong.id = 1000;
    gateway_inject(&g, 0, &from);
    pong.id = 0;
    gateway_inject(&g, 0, &from);
    pong.id = 1;
    pong.info = NULL;
    gateway_inject(&g, 0, &from);
    gateway_run(&g);
    assert_false(view(&g, 0).up);
    gateway_clear(&g);
}

TEST(heartbeat, a_node_under_another_name_does_not_serve)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    (void)snprintf(g.credentials[2].identity.name, sizeof g.credentials[2].identity.name, "tss9");
    gateway_pass(&g, 400);
    assert_true(view(&g, 2).up);
    assert_false(view(&g, 2).serving);
    gateway_clear(&g);
}

/* What a node's report says does not keep it up, but out of requests. */
static void assert_not_used(struct gateway *g, unsigned node, const char *why)
{
    gateway_pass(g, 400);
    assert_true(view(g, node).up);
    assert_false(view(g, node).serving);
    assert_non_null(view(g, node).why);
    assert_non_null(strstr(view(g, node).why, why));
}

static void assert_used(struct gateway *g, unsigned node)
{
    gateway_pass(g, 400);
    assert_true(view(g, node).serving);
    assert_null(view(g, node).why);
}

TEST(readmission, a_node_whose_clock_is_wrong_is_not_used_until_it_is_right)
{
    static const int64_t wrong[] = {30001, -30001, INT64_MAX / 2, INT64_MIN / 2};
    struct gateway       g;

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        g.fakes[2].skew_ms = wrong[i];
        assert_not_used(&g, 2, "clock differs by more than 30 s");
        g.fakes[2].skew_ms = 30000;
        assert_used(&g, 2);
        g.fakes[2].skew_ms = -29000;
        assert_used(&g, 2);
    }
    gateway_clear(&g);
}

TEST(readmission, a_node_of_another_minor_version_is_not_used)
{
    static const char *const right[] = {"0.1.0", "0.1.17", "0.1", "0.1-rc1"};
    static const char *const wrong[] = {"0.2.0", "1.1.0", "0.10.0", "0", "", "0.1.0 ", "01.1"};
    struct gateway           g;

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        g.fakes[2].version = wrong[i];
        assert_not_used(&g, 2, "version");
    }
    for (unsigned i = 0; i < ARRAY_LEN(right); i++) {
        g.fakes[2].version = right[i];
        assert_used(&g, 2);
    }
    gateway_clear(&g);
}

TEST(readmission, a_node_that_does_not_answer_is_said_to)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    gateway_link_down(&g, 2);
    assert_false(view(&g, 2).serving);
    assert_string_equal(view(&g, 2).why, "it does not answer");
    gateway_clear(&g);
}

static unsigned lines_about(FILE *log, const char *event)
{
    char     line[1024];
    unsigned count = 0;

    rewind(log);
    while (fgets(line, sizeof line, log) != NULL)
        if (strstr(line, event) != NULL && strstr(line, "node=tss3") != NULL) count++;
    return count;
}

TEST(readmission, a_change_is_one_line_of_the_log)
{
    struct gateway g;
    FILE          *log = tmpfile();

    assert_non_null(log);
    gateway_init(&g, &(struct gateway_options){0});
    log_setup(LOG_INFO, fileno(log), "test");
    g.fakes[2].skew_ms = 60000;
    gateway_pass(&g, 3000);
    assert_int_equal(lines_about(log, "event=node.not_used"), 1);
    gateway_link_down(&g, 2);
    gateway_link_up(&g, 2);
    gateway_pass(&g, 1000);
    assert_int_equal(lines_about(log, "event=node.not_used"), 1);
    g.fakes[2].skew_ms = 0;
    gateway_pass(&g, 3000);
    assert_int_equal(lines_about(log, "event=node.used"), 1);
    log_setup(LOG_INFO, STDERR_FILENO, "");
    gateway_clear(&g);
    (void)fclose(log);
}

TEST(roster, is_delivered_to_a_node_that_holds_an_older_one)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    assert_int_equal(g.fakes[3].delivers, 0);
    g.fakes[3].roster_sequence = 0;
    gateway_pass(&g, 700);
    assert_int_equal(g.fakes[3].delivers, 1);
    assert_true(view(&g, 3).serving);
    gateway_clear(&g);
}

TEST(nodes, get_one_line_of_the_log_a_second)
{
    struct gateway g;
    unsigned       lines = 0, counted = 0;

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < 300; i++) {
        unsigned count = nodes_count_warning(g.coordinator, 1);
        lines += count > 0;
        counted += count;
        g.now_ms += 10;
    }
    assert_int_equal(lines, 3);
    assert_in_range(counted, 200, 300);
    assert_int_equal(nodes_count_warning(g.coordinator, 2), 1); /* another node's own */
    gateway_clear(&g);
}

/* Circuits. */

static void make_circuits(struct gateway *g, uint64_t ids[GATEWAY_NODES_MAX])
{
    char key_id[KEY_ID_LEN + 1];

    gateway_init(g, &(struct gateway_options){.node_count = 3});
    gateway_make_key(g, key_id);
    /* As tss1 was told them: to itself (0), to tss2, to tss3. */
    for (unsigned i = 0; i < 3; i++) ids[i] = g->fakes[0].last->circuits[i];
    g->trace.len = 0;
    g->trace.data[0] = '\0';
}

static void relay(struct gateway *g, unsigned from_node, uint64_t circuit, const char *text)
{
    Kms__V1__Relay    data = KMS__V1__RELAY__INIT;
    Kms__V1__FromNode from = KMS__V1__FROM_NODE__INIT;

    data.circuit = circuit;
    data.data = (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)(uintptr_t)text};
    from.kind_case = KMS__V1__FROM_NODE__KIND_RELAY;
    from.relay = &data;
    gateway_inject(g, from_node, &from);
    gateway_run(g);
}

TEST(circuits, carry_bytes_to_the_other_end)
{
    struct gateway g;
    uint64_t       ids[GATEWAY_NODES_MAX];

    make_circuits(&g, ids);
    assert_int_equal(ids[0], 0);
    relay(&g, 0, ids[1], "hello");
    relay(&g, 1, ids[1], "you");
    assert_string_equal(buf_str(&g.trace), "tss2: relay hello\ntss1: relay you\n");
    gateway_clear(&g);
}

TEST(circuits, take_nothing_from_a_node_that_is_no_end)
{
    struct gateway g;
    uint64_t       ids[GATEWAY_NODES_MAX];

    make_circuits(&g, ids);
    relay(&g, 2, ids[1], "spliced");
    relay(&g, 0, ids[1] + 1, "made up");
    relay(&g, 0, ids[1] ^ 1 << 12, "made up");
    relay(&g, 0, 0, "none");
    relay(&g, 0, UINT64_MAX, "none");
    assert_string_equal(buf_str(&g.trace), "");
    gateway_clear(&g);
}

static void close_circuit(struct gateway *g, unsigned from_node, uint64_t circuit)
{
    Kms__V1__CircuitClosed closed = KMS__V1__CIRCUIT_CLOSED__INIT;
    Kms__V1__FromNode      from = KMS__V1__FROM_NODE__INIT;

    closed.circuit = circuit;
    from.kind_case = KMS__V1__FROM_NODE__KIND_CIRCUIT_CLOSED;
    from.circuit_closed = &closed;
    gateway_inject(g, from_node, &from);
    gateway_run(g);
}

TEST(circuits, closed_at_one_end_are_closed_at_the_other)
{
    struct gateway g;
    uint64_t       ids[GATEWAY_NODES_MAX];

    make_circuits(&g, ids);
    close_circuit(&g, 2, ids[1]);
    assert_string_equal(buf_str(&g.trace), "");
    close_circuit(&g, 0, ids[1]);
    assert_string_equal(buf_str(&g.trace), "tss2: circuit tss1 close\n");
    close_circuit(&g, 0, ids[1]);
    relay(&g, 0, ids[1], "late");
    assert_string_equal(buf_str(&g.trace), "tss2: circuit tss1 close\n");
    gateway_clear(&g);
}

/* A message of `len` bytes; the link of the node that gets it takes none of them. */
static void flood(struct gateway *g, unsigned from_node, unsigned to_node, uint64_t circuit, size_t len)
{
    static char text[RELAY_MAX / 4 + 1];

    for (size_t left = len; left > 0;) {
        size_t part = left < sizeof text - 1 ? left : sizeof text - 1;
        memset(text, 'x', part);
        text[part] = '\0';
        relay(g, from_node, circuit, text);
        g->unsent[to_node] += part;
        left -= part;
        g->trace.len = 0;
        g->trace.data[0] = '\0';
    }
}

TEST(circuits, of_a_node_that_floods_another_close_and_the_others_link_stays)
{
    struct gateway g;
    uint64_t       ids[GATEWAY_NODES_MAX];

    make_circuits(&g, ids);
    flood(&g, 0, 1, ids[1], RELAY_QUEUED_MAX);
    flood(&g, 0, 1, ids[1], 1); /* at the mark: still free */
    flood(&g, 0, 1, ids[1], RELAY_MAX);
    assert_true(g.unsent[1] < 8 * 1024 * 1024);
    relay(&g, 0, ids[1], "x");
    assert_string_equal(buf_str(&g.trace), "tss1: circuit tss2 close\ntss2: circuit tss1 close\n");
    relay(&g, 0, ids[2], "to tss3");
    assert_non_null(strstr(buf_str(&g.trace), "tss3: relay to tss3\n"));
    assert_int_equal(g.resets[0] + g.resets[1], 0);
    assert_true(g.connected[1]);
    gateway_clear(&g);
}

TEST(circuits, start_to_count_anew_when_a_node_has_caught_up)
{
    struct gateway g;
    uint64_t       ids[GATEWAY_NODES_MAX];

    make_circuits(&g, ids);
    for (unsigned i = 0; i < 10; i++) {
        g.unsent[1] = RELAY_QUEUED_MAX + 1;
        flood(&g, 0, 1, ids[1], RELAY_MAX);
        g.unsent[1] = 0;
        relay(&g, 0, ids[1], "ok");
        assert_string_equal(buf_str(&g.trace), "tss2: relay ok\n");
        g.trace.len = 0;
    }
    gateway_clear(&g);
}

TEST(circuits, of_a_lost_link_close_and_come_back_under_new_ids)
{
    struct gateway g;
    uint64_t       ids[GATEWAY_NODES_MAX];
    char           key_id[KEY_ID_LEN + 1];

    make_circuits(&g, ids);
    gateway_link_down(&g, 0);
    gateway_run(&g);
    assert_string_equal(buf_str(&g.trace), "tss2: circuit tss1 close\ntss3: circuit tss1 close\n");
    gateway_link_up(&g, 0);
    gateway_pass(&g, 20);
    gateway_make_key(&g, key_id);
    assert_int_not_equal(g.fakes[0].last->circuits[1], ids[1]);
    g.trace.len = 0;
    relay(&g, 0, ids[1], "old");
    assert_int_equal(g.trace.len, 0);
    gateway_clear(&g);
}

TEST(circuits, are_opened_for_a_node_whose_shares_stay_in_doubt)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){.node_count = 3});
    g.fakes[0].pending = 1;
    gateway_pass(&g, 310);
    assert_string_equal(buf_str(&g.trace), ""); /* perhaps a generation under way */
    gateway_pass(&g, 310);
    assert_string_equal(buf_str(&g.trace), "tss1: circuit tss2 open\ntss2: circuit tss1 open\n"
                                           "tss1: circuit tss3 open\ntss3: circuit tss1 open\n");
    gateway_clear(&g);
}

/* Results that nobody asked for. */

static void send_result(struct gateway *g, unsigned node, struct bytes tag, int32_t error)
{
    Kms__V1__Result   result = KMS__V1__RESULT__INIT;
    Kms__V1__FromNode from = KMS__V1__FROM_NODE__INIT;

    result.tag = (ProtobufCBinaryData){.len = tag.len, .data = (uint8_t *)(uintptr_t)tag.data};
    result.error = error;
    from.kind_case = KMS__V1__FROM_NODE__KIND_RESULT;
    from.result = &result;
    gateway_inject(g, node, &from);
    gateway_run(g);
}

TEST(results, from_a_node_that_was_not_asked_change_nothing)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};
    char           key_id[KEY_ID_LEN + 1], target[80];
    uint8_t        tag[16];

    gateway_init(&g, &(struct gateway_options){0});
    gateway_make_key(&g, key_id);
    (void)snprintf(target, sizeof target, "/api/v1/keys/%s/sign", key_id);
    for (unsigned i = 0; i < 4; i++) g.fakes[i].behaviour = FAKE_SILENT;
    const struct gateway_request sign = {.method = "POST", .target = target, .body = "{\"data\":\"00\"}"};
    gateway_send(&g, &g.app, &sign, &reply);
    gateway_run(&g);
    unsigned asked = 0, idle = 0;
    while (g.fakes[asked].last == NULL || g.fakes[asked].last->n_nodes != 2) asked++;
    memcpy(tag, g.fakes[asked].last->tag.data, 16);
    while (strcmp(g.fakes[asked].last->nodes[0], g.credentials[idle].identity.name) == 0 ||
           strcmp(g.fakes[asked].last->nodes[1], g.credentials[idle].identity.name) == 0)
        idle++;
    send_result(&g, idle, BYTES_OF(tag), KMS_E_DENIED);
    tag[15] ^= 1;
    send_result(&g, asked, BYTES_OF(tag), KMS_E_DENIED);
    memset(tag, 0xff, sizeof tag);
    send_result(&g, asked, BYTES_OF(tag), KMS_E_DENIED);
    send_result(&g, asked, bytes(tag, 3), KMS_E_DENIED);
    send_result(&g, asked, BYTES_NONE, 0);
    assert_false(reply.done);
    gateway_clear(&g);
}

TEST(frames, that_are_no_message_end_the_link)
{
    struct gateway g;
    const uint8_t  garbage[] = {0xff, 0xff, 0xff, 0xff, 0x0f};

    gateway_init(&g, &(struct gateway_options){0});
    coordinator_on_node_frame(g.coordinator, 0, BYTES_OF(garbage));
    assert_int_equal(g.resets[0], 1);
    assert_false(view(&g, 0).up);
    coordinator_on_node_frame(g.coordinator, 1, BYTES_NONE);
    assert_int_equal(g.resets[1], 1);
    coordinator_on_node_frame(g.coordinator, 1, BYTES_OF(garbage)); /* not connected any more: ignored */
    coordinator_on_node_frame(g.coordinator, 63, BYTES_OF(garbage));
    assert_int_equal(g.resets[1], 1);
    gateway_clear(&g);
}

TEST(frames, destroyed_for_a_key_that_lives_changes_nothing)
{
    struct gateway     g;
    KEY_RECORD_LOCAL   record;
    Kms__V1__Destroyed destroyed = KMS__V1__DESTROYED__INIT;
    Kms__V1__FromNode  from = KMS__V1__FROM_NODE__INIT;
    char               key_id[KEY_ID_LEN + 1];

    gateway_init(&g, &(struct gateway_options){0});
    gateway_make_key(&g, key_id);
    destroyed.id = (ProtobufCBinaryData){.len = KEY_ID_LEN, .data = (uint8_t *)key_id};
    destroyed.state = (char *)(uintptr_t) "DELETED";
    from.kind_case = KMS__V1__FROM_NODE__KIND_DESTROYED;
    from.destroyed = &destroyed;
    for (unsigned i = 0; i < 4; i++) gateway_inject(&g, i, &from);
    gateway_run(&g);
    key_record_init(&record);
    assert_ok(g.metadata.ops->key_get(g.metadata.self, key_id, &record));
    assert_string_equal(record.state, "ENABLED");
    assert_int_equal(record.destroy_confirmed, 0);
    gateway_clear(&g);
}
