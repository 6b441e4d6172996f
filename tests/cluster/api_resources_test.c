/* SPDX-License-Identifier: Apache-2.0 */
/* What the routes answer when all is well: members, statuses, ETags, pages; docs/rest-api.md, line by line. */
#include <stdio.h>

#include "common/base/text.h"
#include "common/wire/json.h"
#include "tests/support/gateway.h"

struct world {
    struct gateway g;
    char           key_id[KEY_ID_LEN + 1], path[80];
};

static void begin(struct world *w)
{
    gateway_init(&w->g, &(struct gateway_options){0});
    gateway_make_key(&w->g, w->key_id);
    (void)snprintf(w->path, sizeof w->path, "/api/v1/keys/%s", w->key_id);
}

static void call(struct world *w, const struct credential *who, const char *method, const char *target,
                 const char *body, struct gateway_reply *reply)
{
    gateway_call(&w->g, who, &(struct gateway_request){.method = method, .target = target, .body = body}, reply);
}

static void assert_reply(const struct gateway_reply *r, int status, const char *text)
{
    if (r->status == status && strstr(buf_str(&r->body), text) != NULL) return;
    fail_msg("%d %s; expected %d and \"%s\"", r->status, buf_str(&r->body), status, text);
}

/* Names of an object's members, in order. */
static void assert_members(const cJSON *item, const char *expected)
{
    BUF_LOCAL names = BUF_INIT(1024);

    for (const cJSON *m = item->child; m != NULL; m = m->next) assert_ok(buf_printf(&names, "%s ", m->string));
    assert_string_equal(buf_str(&names), expected);
}

#define KEY_MEMBERS                                                                                          \
    "keyId address publicKey publicKeyPem state version epoch format shard_properties nodes owner label id " \
    "attributes "                                                                                            \
    "revision created birthCertificate request "

TEST(keys, are_shown_with_every_member_of_the_contract)
{
    struct world w;
    REPLY_LOCAL  reply = {0};
    JSON_LOCAL  *body = NULL;

    begin(&w);
    call(&w, &w.g.app, "GET", w.path, NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.content_type, "application/json");
    assert_ok(json_parse(&body, buf_bytes(&reply.body)));
    assert_members(body, KEY_MEMBERS);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(body, "address")));
    assert_non_null(strstr(buf_str(&reply.body),
                           "\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\",\"algo_type\":\"EDDSA\","
                           "\"size\":32},\"shard_properties\":{\"shard_count\":3,\"threshold\":2}"));
    assert_non_null(strstr(buf_str(&reply.body),
                           "\"owner\":\"spiffe://test/client/app\",\"label\":\"first\",\"id\":\"01\","
                           "\"attributes\":{},\"revision\":1,\"created\":\"20"));
    assert_non_null(strstr(buf_str(&reply.body), "-----BEGIN PUBLIC KEY-----"));
    gateway_clear(&w.g);
}

TEST(keys, carry_the_evidence_of_their_words)
{
    struct world             w;
    REPLY_LOCAL              reply = {0};
    JSON_LOCAL              *body = NULL;
    BUF_LOCAL                encoded = BUF_INIT(REQUEST_ENCODED_MAX), birth = BUF_INIT(BIRTH_ENCODED_MAX);
    struct signed_request    request;
    struct birth_certificate certificate;

    begin(&w);
    call(&w, &w.g.app, "GET", w.path, NULL, &reply);
    assert_ok(json_parse(&body, buf_bytes(&reply.body)));
    assert_ok(base64_decode(&encoded, bytes_str(cJSON_GetObjectItem(body, "request")->valuestring)));
    assert_ok(signed_request_decode(&request, buf_bytes(&encoded)));
    assert_ok(signed_request_verify_vartime(&request, &w.g.app.identity));
    assert_string_equal(request.path, "/api/v1/keys/generate");
    assert_ok(base64_decode(&birth, bytes_str(cJSON_GetObjectItem(body, "birthCertificate")->valuestring)));
    assert_ok(birth_decode(&certificate, buf_bytes(&birth)));
    assert_ok(birth_verify(&certificate, w.g.pki.authority));
    gateway_clear(&w.g);
}

TEST(keys, are_not_sent_again_to_who_has_them)
{
    struct world           w;
    REPLY_LOCAL            first = {0}, second = {0}, third = {0}, changed = {0};
    struct gateway_request request = {.method = "GET"};
    char                   tags[100];

    begin(&w);
    request.target = w.path;
    gateway_call(&w.g, &w.g.app, &request, &first);
    assert_int_equal(strlen(first.etag), 34);
    request.if_none_match = first.etag;
    gateway_call(&w.g, &w.g.app, &request, &second);
    assert_int_equal(second.status, 304);
    assert_int_equal(second.body.len, 0);
    assert_string_equal(second.etag, first.etag);
    (void)snprintf(tags, sizeof tags, "\"other\", W/%s", first.etag);
    request.if_none_match = tags;
    gateway_call(&w.g, &w.g.app, &request, &third);
    assert_int_equal(third.status, 304);
    call(&w, &w.g.app, "PATCH", w.path, "{\"label\":\"x\",\"id\":\"\",\"attributes\":{},\"revision\":2}", &changed);
    assert_int_equal(changed.status, 200);
    gateway_reply_clear(&third);
    gateway_call(&w.g, &w.g.app, &request, &third);
    assert_int_equal(third.status, 200);
    gateway_clear(&w.g);
}

TEST(keys, are_listed_page_by_page)
{
    struct world w;
    unsigned     seen = 0, pages = 0;
    char         target[120] = "/api/v1/keys?limit=2", more[KEY_ID_LEN + 1];

    begin(&w);
    for (unsigned i = 0; i < 4; i++) gateway_make_key(&w.g, more);
    for (bool next = true; next; pages++) {
        REPLY_LOCAL reply = {0};
        JSON_LOCAL *body = NULL;
        call(&w, &w.g.app, "GET", target, NULL, &reply);
        assert_int_equal(reply.status, 200);
        assert_ok(json_parse(&body, buf_bytes(&reply.body)));
        const cJSON *items = cJSON_GetObjectItem(body, "items"), *after = cJSON_GetObjectItem(body, "next");
        seen += (unsigned)cJSON_GetArraySize(items);
        next = cJSON_IsString(after);
        if (next)
            (void)snprintf(target, sizeof target, "/api/v1/keys?limit=2&after=%s", after->valuestring);
        else
            assert_true(cJSON_IsNull(after));
    }
    assert_int_equal(seen, 5);
    assert_int_equal(pages, 3);
    gateway_clear(&w.g);
}

TEST(keys, lists_are_each_clients_own_and_operators_see_all)
{
    struct world w;
    REPLY_LOCAL  own = {0}, others = {0}, all = {0};

    begin(&w);
    call(&w, &w.g.app, "GET", "/api/v1/keys", NULL, &own);
    call(&w, &w.g.other, "GET", "/api/v1/keys", NULL, &others);
    call(&w, &w.g.auditor, "GET", "/api/v1/keys", NULL, &all);
    assert_reply(&own, 200, w.key_id);
    assert_string_equal(buf_str(&others.body), "{\"items\":[],\"next\":null}");
    assert_reply(&all, 200, w.key_id);
    gateway_clear(&w.g);
}

TEST(keys, a_list_has_an_etag_that_other_clients_changes_leave)
{
    struct world           w;
    REPLY_LOCAL            first = {0}, second = {0}, third = {0}, other = {0};
    struct gateway_request request = {.method = "GET", .target = "/api/v1/keys?limit=10"};
    char                   key_id[KEY_ID_LEN + 1];

    begin(&w);
    gateway_call(&w.g, &w.g.app, &request, &first);
    call(&w, &w.g.other, "POST", "/api/v1/keys/generate", "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"}}",
         &other);
    assert_int_equal(other.status, 201);
    request.if_none_match = first.etag;
    gateway_call(&w.g, &w.g.app, &request, &second);
    assert_int_equal(second.status, 304);
    gateway_make_key(&w.g, key_id);
    gateway_call(&w.g, &w.g.app, &request, &third);
    assert_int_equal(third.status, 200);
    assert_string_not_equal(first.etag, third.etag);
    gateway_clear(&w.g);
}

TEST(keys, change_with_the_evidence_kept)
{
    struct world          w;
    REPLY_LOCAL           reply = {0}, again = {0};
    JSON_LOCAL           *body = NULL;
    BUF_LOCAL             encoded = BUF_INIT(REQUEST_ENCODED_MAX);
    struct signed_request change;

    begin(&w);
    call(&w, &w.g.app, "PATCH", w.path,
         "{\"label\":\"new\",\"id\":\"0xAB\",\"attributes\":{\"k\":\"v\"},\"revision\":2}", &reply);
    assert_reply(&reply, 200, "\"label\":\"new\",\"id\":\"ab\",\"attributes\":{\"k\":\"v\"},\"revision\":2");
    assert_ok(json_parse(&body, buf_bytes(&reply.body)));
    assert_members(body, KEY_MEMBERS "change ");
    assert_ok(base64_decode(&encoded, bytes_str(cJSON_GetObjectItem(body, "change")->valuestring)));
    assert_ok(signed_request_decode(&change, buf_bytes(&encoded)));
    assert_ok(signed_request_verify_vartime(&change, &w.g.app.identity));
    assert_string_equal(change.path, w.path);
    call(&w, &w.g.app, "PATCH", w.path, "{\"label\":\"new\",\"id\":\"\",\"attributes\":{},\"revision\":2}", &again);
    assert_int_equal(again.status, 409);
    gateway_clear(&w.g);
}

TEST(keys, operators_may_delete_them)
{
    struct world w;
    REPLY_LOCAL  reply = {0}, shown = {0};

    begin(&w);
    call(&w, &w.g.operator, "DELETE", w.path, NULL, &reply);
    assert_reply(&reply, 200, "\"state\":\"DELETED\",\"deletionDate\":\"20");
    call(&w, &w.g.app, "GET", w.path, NULL, &shown);
    assert_int_equal(shown.status, 404);
    gateway_clear(&w.g);
}

TEST(keys, on_their_way_out_are_shown_but_do_not_sign)
{
    struct world w;
    REPLY_LOCAL  deleted = {0}, shown = {0}, reply = {0}, changed = {0};
    char         target[100];

    begin(&w);
    for (unsigned i = 0; i < 4; i++) w.g.fakes[i].forgets = true;
    call(&w, &w.g.app, "DELETE", w.path, NULL, &deleted);
    assert_reply(&deleted, 200, "\"state\":\"PENDING_DELETION\"");
    call(&w, &w.g.app, "GET", w.path, NULL, &shown);
    assert_reply(&shown, 200, "\"state\":\"PENDING_DELETION\"");
    (void)snprintf(target, sizeof target, "%s/sign", w.path);
    call(&w, &w.g.app, "POST", target, "{\"data\":\"00\"}", &reply);
    assert_reply(&reply, 409, "\"code\":\"wrong_state\"");
    call(&w, &w.g.app, "PATCH", w.path, "{\"label\":\"x\",\"id\":\"\",\"attributes\":{},\"revision\":2}", &changed);
    assert_reply(&changed, 409, "\"code\":\"wrong_state\"");
    gateway_clear(&w.g);
}

static void sign_text(struct world *w, const char *body, char *signature, size_t size)
{
    REPLY_LOCAL reply = {0};
    JSON_LOCAL *document = NULL;
    char        target[100];

    (void)snprintf(target, sizeof target, "%s/sign", w->path);
    call(w, &w->g.app, "POST", target, body, &reply);
    assert_int_equal(reply.status, 200);
    assert_ok(json_parse(&document, buf_bytes(&reply.body)));
    assert_members(document, "keyId signature algo_type dataType signers ");
    (void)snprintf(signature, size, "%s", cJSON_GetObjectItem(document, "signature")->valuestring);
}

TEST(signatures, verify_and_altered_ones_do_not)
{
    struct world w;
    REPLY_LOCAL  good = {0}, bad = {0}, by_auditor = {0};
    char         signature[200], target[100], body[400];

    begin(&w);
    sign_text(&w, "{\"data\":\"68656c6c6f\",\"dataType\":\"RAW\"}", signature, sizeof signature);
    (void)snprintf(target, sizeof target, "%s/verify", w.path);
    (void)snprintf(body, sizeof body, "{\"data\":\"68656c6c6f\",\"dataType\":\"RAW\",\"signature\":\"0x%s\"}",
                   signature);
    call(&w, &w.g.app, "POST", target, body, &good);
    assert_reply(&good, 200, "\"valid\":true");
    call(&w, &w.g.auditor, "POST", target, body, &by_auditor);
    assert_reply(&by_auditor, 200, "\"valid\":true");
    signature[0] = signature[0] == '0' ? '1' : '0';
    (void)snprintf(body, sizeof body, "{\"data\":\"68656c6c6f\",\"dataType\":\"RAW\",\"signature\":\"%s\"}", signature);
    call(&w, &w.g.app, "POST", target, body, &bad);
    assert_reply(&bad, 200, "\"valid\":false");
    gateway_clear(&w.g);
}

TEST(signatures, of_a_hash_sign_the_hash_as_it_is)
{
    struct world w;
    char         raw[200], hash[200], body[200], digest[65];

    begin(&w);
    memset(digest, 'a', 64);
    digest[64] = '\0';
    (void)snprintf(body, sizeof body, "{\"data\":\"%s\",\"dataType\":\"HASH\"}", digest);
    sign_text(&w, body, hash, sizeof hash);
    (void)snprintf(body, sizeof body, "{\"data\":\"0x%s\"}", digest);
    sign_text(&w, body, raw, sizeof raw);
    assert_string_equal(raw, hash);
    gateway_clear(&w.g);
}

TEST(signatures, of_65536_bytes_are_made_and_of_one_more_are_not)
{
    struct world w;
    REPLY_LOCAL  reply = {0};
    BUF_LOCAL    body = BUF_INIT(200000);
    char         target[100];

    begin(&w);
    (void)snprintf(target, sizeof target, "%s/sign", w.path);
    assert_ok(buf_append_str(&body, "{\"data\":\""));
    for (unsigned i = 0; i < 65536; i++) assert_ok(buf_append_str(&body, "5a"));
    assert_ok(buf_append_str(&body, "\"}"));
    call(&w, &w.g.app, "POST", target, buf_str(&body), &reply);
    assert_int_equal(reply.status, 200);
    body.len -= 2;
    assert_ok(buf_append_str(&body, "5a\"}"));
    gateway_reply_clear(&reply);
    call(&w, &w.g.app, "POST", target, buf_str(&body), &reply);
    assert_reply(&reply, 413, "\"code\":\"too_large\"");
    gateway_clear(&w.g);
}

#define OBJECT \
    "{\"class\":\"certificate\",\"label\":\"tls\",\"id\":\"07\",\"value\":\"3082\",\"attributes\":{\"a\":\"b\"}}"
#define OBJECT_MEMBERS "objectId class label id value attributes owner revision created request "

TEST(objects, are_made_shown_changed_listed_and_deleted)
{
    struct world w;
    REPLY_LOCAL  made = {0}, shown = {0}, changed = {0}, listed = {0}, deleted = {0}, gone = {0};
    JSON_LOCAL  *body = NULL;

    begin(&w);
    call(&w, &w.g.app, "POST", "/api/v1/objects", OBJECT, &made);
    assert_reply(
        &made, 201,
        "\"class\":\"certificate\",\"label\":\"tls\",\"id\":\"07\",\"value\":\"3082\",\"attributes\":{\"a\":\"b\"}");
    assert_ok(json_parse(&body, buf_bytes(&made.body)));
    assert_members(body, OBJECT_MEMBERS);
    call(&w, &w.g.auditor, "GET", made.location, NULL, &shown);
    assert_int_equal(shown.status, 200);
    assert_string_equal(shown.etag, made.etag);
    call(&w, &w.g.app, "PATCH", made.location, "{\"label\":\"new\",\"id\":\"\",\"attributes\":{},\"revision\":2}",
         &changed);
    assert_reply(&changed, 200, "\"label\":\"new\",\"id\":\"\",\"value\":\"3082\",\"attributes\":{}");
    call(&w, &w.g.app, "GET", "/api/v1/objects", NULL, &listed);
    assert_reply(&listed, 200, "\"next\":null");
    call(&w, &w.g.app, "DELETE", made.location, NULL, &deleted);
    assert_int_equal(deleted.status, 200);
    call(&w, &w.g.app, "GET", made.location, NULL, &gone);
    assert_int_equal(gone.status, 404);
    gateway_clear(&w.g);
}

TEST(objects, are_made_once_under_an_idempotency_key)
{
    struct world           w;
    REPLY_LOCAL            first = {0}, again = {0}, other = {0}, deleted = {0}, after = {0};
    struct gateway_request request = {
        .method = "POST", .target = "/api/v1/objects", .body = OBJECT, .idempotency_key = "cert-1"};

    begin(&w);
    gateway_call(&w.g, &w.g.app, &request, &first);
    gateway_call(&w.g, &w.g.app, &request, &again);
    assert_int_equal(again.status, 201);
    assert_string_equal(first.location, again.location);
    request.body = "{\"class\":\"data\",\"value\":\"00\"}";
    gateway_call(&w.g, &w.g.app, &request, &other);
    assert_reply(&other, 409, "another body");
    call(&w, &w.g.app, "DELETE", first.location, NULL, &deleted);
    gateway_call(&w.g, &w.g.app, &request, &after);
    assert_reply(&after, 409, "has been deleted");
    gateway_clear(&w.g);
}

TEST(cluster, is_described_as_the_contract_says)
{
    struct world w;
    REPLY_LOCAL  capabilities = {0}, nodes = {0}, status = {0};
    JSON_LOCAL  *list = NULL, *described = NULL;

    begin(&w);
    call(&w, &w.g.status, "GET", "/api/v1/capabilities", NULL, &capabilities);
    assert_string_equal(buf_str(&capabilities.body),
                        "{\"algorithms\":[{\"algo_type\":\"EDDSA\",\"curves\":[\"ED25519\"],"
                        "\"default_for\":[\"ED25519\"]}],\"version\":\"0.1.0\"}");
    call(&w, &w.g.status, "GET", "/api/v1/nodes", NULL, &nodes);
    assert_ok(json_parse(&list, buf_bytes(&nodes.body)));
    const cJSON *items = cJSON_GetObjectItem(list, "items");
    assert_int_equal(cJSON_GetArraySize(items), 4);
    assert_members(items->child,
                   "node up serving why sealed version keys pending sessions rosterSequence rttMs host_label ");
    call(&w, &w.g.operator, "GET", "/api/v1/status", NULL, &status);
    assert_ok(json_parse(&described, buf_bytes(&status.body)));
    assert_members(described,
                   "cluster name version ready nodesUp nodes keys requests signatures failures uptimeSeconds "
                   "rosterSequence ");
    assert_int_equal(cJSON_GetObjectItem(described, "keys")->valueint, 1);
    gateway_clear(&w.g);
}

TEST(audit, rows_have_the_fields_of_the_specification)
{
    struct world w;
    REPLY_LOCAL  reply = {0}, tail = {0};
    JSON_LOCAL  *body = NULL, *rest = NULL;
    char         signature[200];

    begin(&w);
    sign_text(&w, "{\"data\":\"68656c6c6f\"}", signature, sizeof signature);
    call(&w, &w.g.auditor, "GET", "/api/v1/audit", NULL, &reply);
    assert_ok(json_parse(&body, buf_bytes(&reply.body)));
    const cJSON *items = cJSON_GetObjectItem(body, "items");
    assert_int_equal(cJSON_GetArraySize(items), 2);
    assert_members(items->child, "row user_id key_id operation result created_time service_name node_id duration_ms "
                                 "data_hash audit_trail detail ");
    const cJSON *made = items->child, *used = made->next;
    assert_string_equal(cJSON_GetObjectItem(made, "operation")->valuestring, "KEY_GENERATE");
    assert_string_equal(cJSON_GetObjectItem(made, "key_id")->valuestring, w.key_id);
    assert_string_equal(cJSON_GetObjectItem(made, "service_name")->valuestring, "gw1");
    const cJSON *order = cJSON_GetObjectItem(made, "detail");
    assert_members(order, "requestId publicKey address requester algo_type curve threshold shard_count ");
    assert_string_equal(cJSON_GetObjectItem(order, "algo_type")->valuestring, "EDDSA");
    assert_string_equal(cJSON_GetObjectItem(order, "curve")->valuestring, "ED25519");
    assert_int_equal(cJSON_GetObjectItem(order, "threshold")->valueint, 2);
    assert_int_equal(cJSON_GetObjectItem(order, "shard_count")->valueint, 3);
    assert_string_equal(cJSON_GetObjectItem(used, "operation")->valuestring, "KEY_SIGN");
    assert_members(cJSON_GetObjectItem(used, "detail"), "requestId algo_type signature ");
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(used, "detail"), "algo_type")->valuestring, "EDDSA");
    assert_string_equal(cJSON_GetObjectItem(used, "user_id")->valuestring, "spiffe://test/client/app");
    assert_string_equal(cJSON_GetObjectItem(used, "audit_trail")->valuestring, "192.0.2.1 test/1.0");
    /* SHA-256("hello") */
    assert_string_equal(cJSON_GetObjectItem(used, "data_hash")->valuestring,
                        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(used, "detail"), "signature")->valuestring, signature);
    call(&w, &w.g.auditor, "GET", "/api/v1/audit?from=2&limit=1", NULL, &tail);
    assert_ok(json_parse(&rest, buf_bytes(&tail.body)));
    assert_int_equal(cJSON_GetObjectItem(rest, "next")->valueint, 3);
    gateway_clear(&w.g);
}

/* A log that cannot be written stops the service, loudly: nothing happens that is not written down. */
static enum kms_err broken_append(void *self, const struct log_record *row)
{
    (void)self, (void)row;
    return KMS_E_STORAGE;
}

TEST(audit, without_a_row_there_is_no_answer)
{
    struct world        w;
    REPLY_LOCAL         reply = {0}, listed = {0};
    struct metadata_ops broken;
    char                target[100];

    begin(&w);
    broken = *w.g.metadata.ops;
    broken.log_append = broken_append;
    const struct metadata_ops *whole = w.g.metadata.ops;
    w.g.metadata.ops = &broken;
    (void)snprintf(target, sizeof target, "%s/sign", w.path);
    call(&w, &w.g.app, "POST", target, "{\"data\":\"00\"}", &reply);
    assert_reply(&reply, 500, "\"code\":\"storage\"");
    assert_null(strstr(buf_str(&reply.body), "\"signature\""));
    call(&w, &w.g.app, "GET", "/api/v1/keys", NULL, &listed);
    assert_int_equal(listed.status, 500);
    assert_null(strstr(buf_str(&listed.body), w.key_id));
    w.g.metadata.ops = whole;
    gateway_clear(&w.g);
}

/* A body with so much white space behind it. */
static void call_padded(struct world *w, const char *target, const char *json, size_t len, struct gateway_reply *reply)
{
    BUF_LOCAL body = BUF_INIT(1 << 20);

    assert_ok(buf_append_str(&body, json));
    while (body.len < len) assert_ok(buf_append_str(&body, " "));
    call(w, &w->g.app, strncmp(target, "PATCH", 5) == 0 ? "PATCH" : "POST", strchr(target, '/'), buf_str(&body), reply);
}

TEST(bodies, are_as_long_as_their_path_needs_and_no_longer)
{
    struct world w;
    char         targets[4][120];

    begin(&w);
    (void)snprintf(targets[0], sizeof targets[0], "POST /api/v1/keys/generate");
    (void)snprintf(targets[1], sizeof targets[1], "PATCH %s", w.path);
    (void)snprintf(targets[2], sizeof targets[2], "POST %s/sign", w.path);
    (void)snprintf(targets[3], sizeof targets[3], "POST /api/v1/objects");
    for (unsigned i = 0; i < ARRAY_LEN(targets); i++) {
        size_t              most = i < 2 ? 16384 : 147456;
        struct http_request head = {.method = i == 1 ? "PATCH" : "POST", .target = strchr(targets[i], '/')};
        REPLY_LOCAL         fits = {0}, over = {0};
        assert_int_equal(api_body_max(w.g.api, &head), most);
        call_padded(&w, targets[i], "{}", most, &fits);
        assert_int_equal(fits.status, 400);
        call_padded(&w, targets[i], "{}", most + 1, &over);
        assert_reply(&over, 413, "\"code\":\"too_large\"");
    }
    gateway_clear(&w.g);
}

/* Objects of the largest value, each in a body with as much padding as there may be. */
static void make_large_objects(struct world *w, unsigned count)
{
    BUF_LOCAL json = BUF_INIT(1 << 20);

    assert_ok(buf_append_str(&json, "{\"class\":\"data\",\"value\":\""));
    for (unsigned i = 0; i < OBJECT_VALUE_MAX; i++) assert_ok(buf_append_str(&json, "5a"));
    assert_ok(buf_append_str(&json, "\"}"));
    for (unsigned i = 0; i < count; i++) {
        REPLY_LOCAL made = {0};
        call_padded(w, "/api/v1/objects", buf_str(&json), 147456, &made);
        assert_int_equal(made.status, 201);
    }
}

TEST(lists, end_a_page_by_its_length_and_lose_nothing)
{
    struct world w;
    unsigned     count = 0, pages = 0;
    char         target[100] = "/api/v1/objects?limit=1000";

    begin(&w);
    make_large_objects(&w, 30);
    for (bool more = true; more; pages++) {
        REPLY_LOCAL reply = {0};
        JSON_LOCAL *page = NULL;
        call(&w, &w.g.auditor, "GET", target, NULL, &reply);
        assert_int_equal(reply.status, 200);
        assert_true(reply.body.len < 5 * 1024 * 1024);
        assert_ok(json_parse(&page, buf_bytes(&reply.body)));
        const cJSON *next = cJSON_GetObjectItem(page, "next");
        unsigned     items = (unsigned)cJSON_GetArraySize(cJSON_GetObjectItem(page, "items"));
        assert_true(items > 0);
        count += items;
        more = cJSON_IsString(next);
        if (more) (void)snprintf(target, sizeof target, "/api/v1/objects?limit=1000&after=%s", next->valuestring);
    }
    assert_int_equal(count, 30);
    assert_true(pages > 1);
    gateway_clear(&w.g);
}
