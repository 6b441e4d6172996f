/* SPDX-License-Identifier: Apache-2.0 */
/* Stories of key generation and deletion over scripted nodes: nothing less than n signatures makes a key. */
#include <stdio.h>

#include "cluster/coordinator/births.h"
#include "common/wire/json.h"
#include "tests/support/gateway.h"
#include "tests/support/gateway_fake.h"

#define BODY "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"},\"label\":\"mine\"}"

static const struct gateway_request generate = {.method = "POST", .target = "/api/v1/keys/generate", .body = BODY};

static void assert_reply(const struct gateway_reply *r, int status, const char *text)
{
    if (r->status == status && strstr(buf_str(&r->body), text) != NULL) return;
    fail_msg("%d %s; expected %d and \"%s\"", r->status, buf_str(&r->body), status, text);
}

static uint64_t keys(struct gateway *g)
{
    uint64_t count;
    assert_ok(g->metadata.ops->key_count(g->metadata.self, &count));
    return count;
}

TEST(generate, one_node_that_fails_is_replaced)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};

    gateway_init(&g, &(struct gateway_options){0});
    g.fakes[0].behaviour = FAKE_FAILS;
    g.fakes[0].error = KMS_E_STORAGE;
    gateway_call(&g, &g.app, &generate, &reply);
    assert_reply(&reply, 201, "\"nodes\":[\"tss2\",\"tss3\",\"tss4\"]");
    assert_int_equal(keys(&g), 1);
    gateway_clear(&g);
}

TEST(generate, a_birth_certificate_for_another_label_is_refused)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < 4; i++) g.fakes[i].behaviour = FAKE_LIES;
    gateway_call(&g, &g.app, &generate, &reply);
    assert_reply(&reply, 502, "another cluster, owner or label");
    assert_int_equal(keys(&g), 0);
    gateway_clear(&g);
}

TEST(generate, two_of_three_signatures_make_no_key)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};
    BUF_LOCAL      log = BUF_INIT(4096);
    unsigned       commits = 0;

    gateway_init(&g, &(struct gateway_options){.node_count = 3});
    g.fakes[2].behaviour = FAKE_SILENT;
    gateway_call(&g, &g.app, &generate, &reply);
    assert_true(reply.status >= 500);
    assert_non_null(strstr(buf_str(&reply.body), "\"retryable\":true"));
    assert_int_equal(keys(&g), 0);
    for (unsigned i = 0; i < 3; i++) commits += g.fakes[i].commits;
    assert_int_equal(commits, 0);
    gateway_log(&g, &log);
    assert_null(strstr(buf_str(&log), "KEY_GENERATE ok"));
    gateway_clear(&g);
}

TEST(generate, holders_are_on_different_hosts)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){.same_host = true});
    for (unsigned i = 0; i < 10; i++) {
        REPLY_LOCAL reply = {0};
        gateway_call(&g, &g.app, &generate, &reply);
        assert_int_equal(reply.status, 201);
        assert_null(strstr(buf_str(&reply.body), "\"nodes\":[\"tss1\",\"tss2\""));
    }
    gateway_clear(&g);
}

TEST(generate, keys_are_spread_over_the_nodes)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < 40; i++) {
        REPLY_LOCAL reply = {0};
        gateway_call(&g, &g.app, &generate, &reply);
        assert_int_equal(reply.status, 201);
    }
    for (unsigned i = 0; i < 4; i++) assert_in_range(g.fakes[i].starts, 18, 40);
    gateway_clear(&g);
}

TEST(generate, too_few_nodes_are_waited_for_until_the_deadline)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};

    gateway_init(&g, &(struct gateway_options){0});
    gateway_link_down(&g, 0);
    gateway_link_down(&g, 1);
    uint64_t before = g.now_ms;
    gateway_call(&g, &g.app, &generate, &reply);
    assert_reply(&reply, 503, "3 nodes on different hosts are needed, 2 of 4");
    assert_in_range(g.now_ms - before, 29900, 30100);
    gateway_clear(&g);
}

/* Nobody is away, so nobody can come back. */
TEST(generate, too_few_hosts_are_said_at_once)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};

    gateway_init(&g, &(struct gateway_options){.node_count = 3, .same_host = true});
    uint64_t before = g.now_ms;
    gateway_call(&g, &g.app, &generate, &reply);
    assert_reply(&reply, 503, "3 nodes on different hosts are needed, 2 of 3");
    assert_true(g.now_ms - before < 100);
    gateway_clear(&g);
}

TEST(generate, nodes_that_are_away_for_a_moment_fail_no_generation)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < 4; i++) gateway_link_down(&g, i);
    gateway_send(&g, &g.app, &generate, &reply);
    gateway_pass(&g, 500);
    assert_false(reply.done);
    for (unsigned i = 0; i < 4; i++) gateway_link_up(&g, i);
    gateway_pass(&g, 100);
    assert_true(reply.done);
    assert_int_equal(reply.status, 201);
    gateway_clear(&g);
}

TEST(generate, a_node_that_computes_may_be_silent_longer_than_three_heartbeats)
{
    struct gateway   g;
    struct node_view view;
    REPLY_LOCAL      reply = {0};

    gateway_init(&g, &(struct gateway_options){.node_count = 3});
    g.fakes[1].behaviour = FAKE_DEAF;
    gateway_send(&g, &g.app, &generate, &reply);
    gateway_pass(&g, 3500);
    coordinator_node(g.coordinator, 1, &view);
    assert_true(view.up);
    assert_int_equal(g.resets[1], 0);
    gateway_pass(&g, 2000);
    coordinator_node(g.coordinator, 1, &view);
    assert_false(view.up);
    assert_int_equal(g.resets[1], 1);
    gateway_clear(&g);
}

/* All nodes are holders: what some have signed can be completed by nobody but them. */
TEST(generate, a_birth_that_was_begun_is_kept_until_its_holders_are_back)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};

    gateway_init(&g, &(struct gateway_options){.node_count = 3});
    for (unsigned i = 0; i < 3; i++) g.fakes[i].keeps = true;
    g.fakes[2].behaviour = FAKE_SILENT;
    gateway_send(&g, &g.app, &generate, &reply);
    gateway_pass(&g, 50);
    gateway_link_down(&g, 2);
    gateway_pass(&g, 500);
    assert_false(reply.done);
    g.fakes[2].behaviour = FAKE_ANSWERS;
    gateway_link_up(&g, 2);
    gateway_pass(&g, 200);
    assert_true(reply.done);
    assert_int_equal(reply.status, 201);
    assert_int_equal(g.fakes[0].starts, 2);
    gateway_clear(&g);
}

static void call_once(struct gateway *g, const char *body, struct gateway_reply *reply)
{
    struct gateway_request request = generate;

    request.body = body;
    request.idempotency_key = "order-7";
    gateway_call(g, &g->app, &request, reply);
}

TEST(idempotency, another_body_under_the_same_key_conflicts)
{
    struct gateway g;
    REPLY_LOCAL    first = {0}, again = {0}, other = {0};

    gateway_init(&g, &(struct gateway_options){0});
    call_once(&g, BODY, &first);
    call_once(&g, BODY, &again);
    assert_int_equal(first.status, 201);
    assert_string_equal(first.location, again.location);
    assert_int_equal(keys(&g), 1);
    call_once(&g, "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"},\"label\":\"other\"}", &other);
    assert_reply(&other, 409, "was used with another body");
    gateway_clear(&g);
}

TEST(idempotency, a_second_one_while_the_first_is_under_way_is_told_to_wait)
{
    struct gateway         g;
    REPLY_LOCAL            first = {0}, second = {0}, third = {0};
    struct gateway_request request = generate;

    gateway_init(&g, &(struct gateway_options){0});
    request.idempotency_key = "order-7";
    gateway_send(&g, &g.app, &request, &first);
    gateway_send(&g, &g.app, &request, &second);
    assert_true(second.done);
    assert_reply(&second, 429, "is under way");
    gateway_run(&g);
    assert_int_equal(first.status, 201);
    gateway_send(&g, &g.app, &request, &third);
    assert_int_equal(third.status, 201);
    assert_string_equal(first.location, third.location);
    gateway_clear(&g);
}

TEST(idempotency, the_key_of_another_client_is_another_one)
{
    struct gateway         g;
    REPLY_LOCAL            first = {0}, second = {0};
    struct gateway_request request = generate;

    gateway_init(&g, &(struct gateway_options){0});
    request.idempotency_key = "order-7";
    gateway_call(&g, &g.app, &request, &first);
    gateway_call(&g, &g.other, &request, &second);
    assert_int_equal(second.status, 201);
    assert_string_not_equal(first.location, second.location);
    gateway_clear(&g);
}

static void delete_key(struct gateway *g, const char *key_id, struct gateway_reply *reply)
{
    char target[80];

    (void)snprintf(target, sizeof target, "/api/v1/keys/%s", key_id);
    gateway_call(g, &g->app, &(struct gateway_request){.method = "DELETE", .target = target}, reply);
}

TEST(destroy, all_holders_confirm_and_the_key_is_deleted)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0}, again = {0};
    BUF_LOCAL      log = BUF_INIT(4096);
    char           key_id[KEY_ID_LEN + 1];

    gateway_init(&g, &(struct gateway_options){0});
    gateway_make_key(&g, key_id);
    delete_key(&g, key_id, &reply);
    assert_reply(&reply, 200, "\"state\":\"DELETED\"");
    delete_key(&g, key_id, &again);
    assert_reply(&again, 200, "\"state\":\"DELETED\"");
    gateway_log(&g, &log);
    assert_string_equal(buf_str(&log), "KEY_GENERATE ok\nKEY_DESTROY ok\nKEY_DESTROY ok\n");
    gateway_clear(&g);
}

TEST(destroy, a_holder_that_was_away_is_told_when_it_comes_back)
{
    struct gateway   g;
    REPLY_LOCAL      reply = {0};
    KEY_RECORD_LOCAL record;
    char             key_id[KEY_ID_LEN + 1];
    unsigned         away = 0;

    gateway_init(&g, &(struct gateway_options){0});
    gateway_make_key(&g, key_id);
    while (g.fakes[away].starts == 0) away++;
    gateway_link_down(&g, away);
    delete_key(&g, key_id, &reply);
    assert_reply(&reply, 200, "\"state\":\"PENDING_DELETION\"");
    assert_int_equal(keys(&g), 0);
    assert_int_equal(g.fakes[away].destroys, 0);
    gateway_link_up(&g, away);
    gateway_pass(&g, 100);
    assert_int_equal(g.fakes[away].destroys, 1);
    key_record_init(&record);
    assert_ok(g.metadata.ops->key_get(g.metadata.self, key_id, &record));
    assert_string_equal(record.state, "DELETED");
    assert_int_equal(record.destroy.len, 0);
    gateway_clear(&g);
}

TEST(destroy, holders_that_wait_are_asked_again_when_the_time_has_come)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};
    char           key_id[KEY_ID_LEN + 1];
    unsigned       asked = 0;

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < 4; i++) g.fakes[i].forgets = true;
    gateway_make_key(&g, key_id);
    delete_key(&g, key_id, &reply);
    assert_reply(&reply, 200, "\"state\":\"PENDING_DELETION\"");
    assert_null(strstr(buf_str(&reply.body), "\"deletionDate\":null"));
    gateway_pass(&g, 65000);
    for (unsigned i = 0; i < 4; i++) asked += g.fakes[i].destroys;
    assert_int_equal(asked, 3);
    g.wall_ms += 3600 * 1000;
    for (unsigned i = 0; i < 4; i++) g.fakes[i].forgets = false;
    gateway_pass(&g, 65000);
    asked = 0;
    for (unsigned i = 0; i < 4; i++) asked += g.fakes[i].destroys;
    assert_int_equal(asked, 6);
    gateway_clear(&g);
}

TEST(destroy, an_idempotency_key_of_a_deleted_key_makes_no_other)
{
    struct gateway g;
    REPLY_LOCAL    first = {0}, deleted = {0}, again = {0};

    gateway_init(&g, &(struct gateway_options){0});
    call_once(&g, BODY, &first);
    delete_key(&g, strrchr(first.location, '/') + 1, &deleted);
    call_once(&g, BODY, &again);
    assert_reply(&again, 409, "which is deleted");
    gateway_clear(&g);
}

/* The book of births alone. */
struct births {
    struct gateway        g;
    Kms__V1__Start        start;
    struct birth_expected expected;
    uint8_t               request_hash[32], tag[16];
    struct buf            request;
    char                 *nodes[3];
};

static void births_begin(struct births *b)
{
    struct signed_request r = {.body = bytes_str(BODY)};

    gateway_init(&b->g, &(struct gateway_options){0});
    (void)snprintf(r.method, sizeof r.method, "POST");
    (void)snprintf(r.path, sizeof r.path, "/api/v1/keys/generate");
    assert_ok(signed_request_sign(&r, &b->g.app, b->g.wall_ms / 1000, 60));
    assert_ok(signed_request_hash(b->request_hash, &r));
    b->request = BUF_INIT(65536);
    assert_ok(signed_request_encode(&b->request, &r));
    for (unsigned i = 0; i < 3; i++) b->nodes[i] = b->g.credentials[i].identity.name;
    kms__v1__start__init(&b->start);
    b->start.request = (ProtobufCBinaryData){.len = b->request.len, .data = b->request.data};
    b->start.tag = (ProtobufCBinaryData){.len = 16, .data = b->tag};
    b->start.n_nodes = 3;
    b->start.nodes = b->nodes;
    b->expected = (struct birth_expected){.cluster = "test",
                                          .owner = b->g.app.identity.uri,
                                          .label = "mine",
                                          .group = GROUP_ED25519,
                                          .algorithm = 4,
                                          .t = 2,
                                          .n = 3,
                                          .request_hash = b->request_hash};
}

static void births_end(struct births *b)
{
    buf_clear(&b->request);
    gateway_clear(&b->g);
}

static enum kms_err add_from(struct births *b, struct birth_book *book, unsigned node)
{
    BUF_LOCAL birth = BUF_INIT(BIRTH_ENCODED_MAX);

    fake_birth(&b->g, node, &b->start, NULL, &birth);
    return birth_book_add(book, buf_bytes(&birth), &b->expected, b->g.pki.authority);
}

TEST(births, are_complete_with_all_n_and_verify_as_a_whole)
{
    struct births            b = {0};
    struct birth_book        book;
    struct birth_certificate whole;
    BUF_LOCAL                out = BUF_INIT(BIRTH_ENCODED_MAX);

    births_begin(&b);
    birth_book_init(&book);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(birth_book_is_complete(&book));
        assert_ok(add_from(&b, &book, i));
        assert_ok(add_from(&b, &book, i));
    }
    assert_true(birth_book_is_complete(&book));
    assert_ok(birth_book_finish(&book, &out, b.g.pki.authority));
    assert_ok(birth_decode(&whole, buf_bytes(&out)));
    assert_int_equal(whole.count, 3);
    assert_ok(birth_verify(&whole, b.g.pki.authority));
    birth_book_clear(&book);
    births_end(&b);
}

TEST(births, one_signed_by_another_node_in_a_holders_name_is_refused)
{
    struct births     b = {0};
    struct birth_book book;

    births_begin(&b);
    birth_book_init(&book);
    memcpy(b.g.credentials[3].identity.name, "tss1", 5);
    assert_err(KMS_E_CERTIFICATE, add_from(&b, &book, 3));
    assert_int_equal(birth_book_count(&book), 0);
    birth_book_clear(&book);
    births_end(&b);
}

TEST(births, one_that_says_anything_else_is_refused)
{
    struct births     b = {0};
    struct birth_book book;
    const uint8_t     zero[32] = {0};

    births_begin(&b);
    birth_book_init(&book);
    struct birth_expected wrong[7];
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) wrong[i] = b.expected;
    wrong[0].cluster = "other";
    wrong[1].owner = "spiffe://test/client/other";
    wrong[2].label = "other";
    wrong[3].t = 3;
    wrong[4].n = 4;
    wrong[5].request_hash = zero;
    wrong[6].group = GROUP_SECP256K1;
    const struct birth_expected right = b.expected;
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        b.expected = wrong[i];
        assert_err(KMS_E_MISMATCH, add_from(&b, &book, 0));
    }
    b.expected = right;
    assert_ok(add_from(&b, &book, 0));
    birth_book_clear(&book);
    births_end(&b);
}

TEST(births, a_signature_that_is_altered_is_refused)
{
    struct births     b = {0};
    struct birth_book book;
    BUF_LOCAL         birth = BUF_INIT(BIRTH_ENCODED_MAX);

    births_begin(&b);
    birth_book_init(&book);
    fake_birth(&b.g, 0, &b.start, NULL, &birth);
    birth.data[birth.len - 1] ^= 1;
    assert_true(birth_book_add(&book, buf_bytes(&birth), &b.expected, b.g.pki.authority) != KMS_OK);
    assert_int_equal(birth_book_count(&book), 0);
    birth_book_clear(&book);
    births_end(&b);
}

TEST(births, signatures_of_two_births_are_never_mixed)
{
    struct births     b = {0};
    struct birth_book book;

    births_begin(&b);
    birth_book_init(&book);
    assert_ok(add_from(&b, &book, 0));
    b.tag[0] = 1; /* another session, another key */
    assert_err(KMS_E_CONFLICT, add_from(&b, &book, 1));
    assert_int_equal(birth_book_count(&book), 1);
    birth_book_clear(&book);
    births_end(&b);
}
