/* SPDX-License-Identifier: Apache-2.0 */
/* Bad input on every route: who asks, what, and which answer with which words. */
#include <stdio.h>

#include "common/wire/json.h"
#include "tests/support/gateway.h"

#define GENERATE "/api/v1/keys/generate"
#define ECC "\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"}"
#define FORMAT(members) "{\"format\":{" members "}}"
#define SHARDS(members) "{" ECC ",\"shard_properties\":{" members "}}"
#define PATCH(revision) "{\"label\":\"new\",\"id\":\"0a\",\"attributes\":{},\"revision\":" revision "}"
#define UNKNOWN_ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_256                                                                                                      \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxxxxxxxxxx"                                                                                                 \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxxxxxxxxxx"

enum asker { NOBODY, APP, OTHER, OPERATOR, AUDITOR, STATUS };

struct api_case {
    enum asker  who;
    const char *method, *target; /* %K, %O: the key and the object of the test */
    const char *body;
    int         status;
    const char *code, *detail;
};

static const struct api_case cases[] = {
    /* paths and methods */
    {NOBODY, "GET", "/", NULL, 404, "not_found", "no such path"},
    {NOBODY, "GET", "/api/v1/keys/", NULL, 404, "not_found", "no such path"},
    {NOBODY, "GET", "/api/v1/keys/short", NULL, 404, "not_found", "32 characters"},
    {NOBODY, "GET", "/api/v1/keys/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL, 404, "not_found", "32 characters"},
    {NOBODY, "GET", "/api/v1/keys/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%61", NULL, 404, "not_found", "no such path"},
    {NOBODY, "GET", "/api/v1/../v1/keys", NULL, 404, "not_found", "no such path"},
    {NOBODY, "PUT", "/api/v1/keys/%K", "{}", 405, "method_not_allowed", "GET, PATCH, DELETE"},
    {NOBODY, "GET", GENERATE, NULL, 405, "method_not_allowed", "POST"},
    {NOBODY, "POST", "/healthz", "{}", 405, "method_not_allowed", "GET"},
    {NOBODY, "get", "/healthz", NULL, 405, "method_not_allowed", "GET"},
    {NOBODY, "HEAD", "/api/v1/keys", NULL, 405, "method_not_allowed", "GET"},
    {NOBODY, "GET", "/healthz?x=1", NULL, 400, "bad_argument", "no query"},
    /* unsigned */
    {NOBODY, "GET", "/api/v1/keys", NULL, 401, "unauthenticated", ""},
    {NOBODY, "GET", "/api/v1/keys/%K", NULL, 401, "unauthenticated", ""},
    {NOBODY, "POST", "/api/v1/keys/%K/sign", "{\"data\":\"00\"}", 401, "unauthenticated", ""},
    {NOBODY, "DELETE", "/api/v1/keys/%K", NULL, 401, "unauthenticated", ""},
    {NOBODY, "POST", "/api/v1/objects", "{}", 401, "unauthenticated", ""},
    {NOBODY, "GET", "/api/v1/audit", NULL, 401, "unauthenticated", ""},
    {NOBODY, "GET", "/api/v1/nodes", NULL, 401, "unauthenticated", ""},
    {NOBODY, "GET", "/api/v1/status", NULL, 401, "unauthenticated", ""},
    {NOBODY, "GET", "/api/v1/capabilities", NULL, 401, "unauthenticated", ""},
    /* roles */
    {OPERATOR, "POST", GENERATE, "{" ECC "}", 403, "denied", "may not generate"},
    {AUDITOR, "POST", GENERATE, "{" ECC "}", 403, "denied", "may not generate"},
    {OPERATOR, "POST", "/api/v1/keys/%K/sign", "{\"data\":\"00\"}", 403, "denied", "may not sign"},
    {AUDITOR, "DELETE", "/api/v1/keys/%K", NULL, 403, "denied", "may not delete"},
    {OPERATOR, "PATCH", "/api/v1/keys/%K", PATCH("2"), 403, "denied", "may not change"},
    {OPERATOR, "POST", "/api/v1/objects", "{\"class\":\"data\",\"value\":\"00\"}", 403, "denied", "clients may"},
    {OPERATOR, "DELETE", "/api/v1/objects/%O", NULL, 403, "denied", "may not change"},
    {AUDITOR, "PATCH", "/api/v1/objects/%O", PATCH("2"), 403, "denied", "may not change"},
    {APP, "GET", "/api/v1/nodes", NULL, 403, "denied", "role client"},
    {APP, "GET", "/api/v1/status", NULL, 403, "denied", "role client"},
    {APP, "GET", "/api/v1/audit", NULL, 403, "denied", "role client"},
    {STATUS, "GET", "/api/v1/audit", NULL, 403, "denied", "role status"},
    {STATUS, "GET", "/api/v1/keys", NULL, 403, "denied", "role status"},
    {STATUS, "POST", "/api/v1/keys/%K/sign", "{\"data\":\"00\"}", 403, "denied", "role status"},
    /* another client's key or object is like none */
    {OTHER, "GET", "/api/v1/keys/%K", NULL, 404, "not_found", "no such key"},
    {OTHER, "GET", "/api/v1/keys/" UNKNOWN_ID, NULL, 404, "not_found", "no such key"},
    {OTHER, "POST", "/api/v1/keys/%K/sign", "{\"data\":\"00\"}", 404, "not_found", "no such key"},
    {OTHER, "POST", "/api/v1/keys/%K/verify", "{}", 404, "not_found", "no such key"},
    {OTHER, "PATCH", "/api/v1/keys/%K", PATCH("2"), 404, "not_found", "no such key"},
    {OTHER, "DELETE", "/api/v1/keys/%K", NULL, 404, "not_found", "no such key"},
    {OTHER, "GET", "/api/v1/objects/%O", NULL, 404, "not_found", "no such object"},
    {OTHER, "PATCH", "/api/v1/objects/%O", PATCH("2"), 404, "not_found", "no such object"},
    {OTHER, "DELETE", "/api/v1/objects/%O", NULL, 404, "not_found", "no such object"},
    {OPERATOR, "GET", "/api/v1/keys/" UNKNOWN_ID, NULL, 404, "not_found", "no such key"},
    /* bodies as such */
    {APP, "POST", GENERATE, NULL, 400, "bad_format", "body is missing"},
    {APP, "POST", GENERATE, "{" ECC, 400, "bad_format", "not JSON"},
    {APP, "POST", GENERATE, "[]", 400, "bad_format", "not a JSON object"},
    {APP, "POST", GENERATE, "{" ECC "} x", 400, "bad_format", "behind"},
    {APP, "POST", GENERATE, "{" ECC "," ECC "}", 400, "bad_format", "twice"},
    {APP, "POST", GENERATE, "{" ECC ",\"more\":1}", 400, "bad_format", "request.more: unknown member"},
    {APP, "POST", GENERATE, "{" ECC ",\"label\":\"\xff\"}", 400, "bad_format", "not UTF-8"},
    {APP, "POST", GENERATE, "{" ECC ",\"label\":\"\xed\xa0\x80\"}", 400, "bad_format", "not UTF-8"},
    {APP, "POST", GENERATE, "{" ECC ",\"label\":\"\xc0\xaf\"}", 400, "bad_format", "not UTF-8"},
    {APP, "GET", "/api/v1/keys", "{}", 400, "bad_argument", "no body"},
    {APP, "DELETE", "/api/v1/keys/%K", "{}", 400, "bad_argument", "no body"},
    /* generate */
    {APP, "POST", GENERATE, "{}", 400, "bad_format", "request.format: missing"},
    {APP, "POST", GENERATE, "{\"format\":1}", 400, "bad_format", "request.format: not an object"},
    {APP, "POST", GENERATE, FORMAT("\"curve\":\"ED25519\""), 400, "bad_format", "format.type: missing"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"ECC\""), 400, "bad_format", "format.curve: missing"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"RSA\",\"curve\":\"ED25519\""), 400, "unsupported", "there is: ECC"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"ECC\",\"curve\":\"ed25519\""), 400, "unsupported", "there is: ED25519"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"ECC\",\"curve\":\"SECP256K1\""), 400, "unsupported",
     "there is: ED25519"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"ECC\",\"curve\":\"ED25519\",\"algo_type\":\"GG18\""), 400, "unsupported",
     "for curve ED25519 there is: EDDSA"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"ECC\",\"curve\":\"ED25519\",\"size\":64"), 400, "out_of_range",
     "has 32 bytes"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"ECC\",\"curve\":\"ED25519\",\"size\":0"), 400, "out_of_range", "size"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"ECC\",\"curve\":\"ED25519\",\"algo_type\":\"\""), 400, "out_of_range",
     "algo_type"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"ECC\",\"curve\":\"ED25519\",\"size\":\"32\""), 400, "bad_format",
     "whole number"},
    {APP, "POST", GENERATE, FORMAT("\"type\":\"ECC\",\"curve\":\"ED25519\",\"x\":1"), 400, "bad_format",
     "format.x: unknown"},
    {APP, "POST", GENERATE, SHARDS("\"shard_count\":1"), 400, "out_of_range", "2..16"},
    {APP, "POST", GENERATE, SHARDS("\"shard_count\":17"), 400, "out_of_range", "2..16"},
    {APP, "POST", GENERATE, SHARDS("\"shard_count\":5"), 400, "out_of_range", "this cluster has 4 nodes"},
    {APP, "POST", GENERATE, SHARDS("\"shard_count\":2.5"), 400, "bad_format", "whole number"},
    {APP, "POST", GENERATE, SHARDS("\"threshold\":1"), 400, "out_of_range", "2..16"},
    {APP, "POST", GENERATE, SHARDS("\"threshold\":4"), 400, "out_of_range", "4 of 3 cannot be"},
    {APP, "POST", GENERATE, SHARDS("\"threshold\":3"), 400, "out_of_range", "all_of_n: true"},
    {APP, "POST", GENERATE, SHARDS("\"all_of_n\":true"), 400, "out_of_range", "all_of_n: true, but"},
    {APP, "POST", GENERATE, SHARDS("\"all_of_n\":1"), 400, "bad_format", "not true or false"},
    {APP, "POST", GENERATE, SHARDS("\"shards\":3"), 400, "bad_format", "unknown member"},
    {APP, "POST", GENERATE, "{" ECC ",\"label\":\"" LABEL_256 "\"}", 400, "out_of_range", "longer than 255"},
    {APP, "POST", GENERATE, "{" ECC ",\"label\":\"a\\nb\"}", 400, "bad_format", "control characters"},
    {APP, "POST", GENERATE, "{" ECC ",\"label\":7}", 400, "bad_format", "not a string"},
    {APP, "POST", GENERATE, "{" ECC ",\"id\":\"0\"}", 400, "bad_format", "odd number"},
    {APP, "POST", GENERATE, "{" ECC ",\"id\":\"zz\"}", 400, "bad_format", "hex digit"},
    {APP, "POST", GENERATE, "{" ECC ",\"attributes\":[]}", 400, "bad_format", "not an object"},
    {APP, "POST", GENERATE, "{" ECC ",\"attributes\":{\"a\":1}}", 400, "bad_format", "must be a string"},
    /* key lists */
    {APP, "GET", "/api/v1/keys?limit=0", NULL, 400, "out_of_range", "1 to 1000"},
    {APP, "GET", "/api/v1/keys?limit=1001", NULL, 400, "out_of_range", "1 to 1000"},
    {APP, "GET", "/api/v1/keys?limit=ten", NULL, 400, "bad_argument", "not a number"},
    {APP, "GET", "/api/v1/keys?limit=99999999999999999999", NULL, 400, "bad_argument", "not a number"},
    {APP, "GET", "/api/v1/keys?limit=1&limit=2", NULL, 400, "bad_argument", "twice"},
    {APP, "GET", "/api/v1/keys?after=xyz", NULL, 400, "bad_argument", "next"},
    {APP, "GET", "/api/v1/keys?after=%41", NULL, 400, "bad_argument", "digits and lower-case"},
    {APP, "GET", "/api/v1/keys?order=up", NULL, 400, "bad_argument", "limit= and after="},
    {APP, "GET", "/api/v1/keys?limit", NULL, 400, "bad_argument", "limit="},
    {APP, "GET", "/api/v1/keys/%K?limit=1", NULL, 400, "bad_argument", "no query"},
    /* changing a key */
    {APP, "PATCH", "/api/v1/keys/%K", "{}", 400, "bad_format", "label: missing"},
    {APP, "PATCH", "/api/v1/keys/%K", "{\"label\":\"x\"}", 400, "bad_format", "id: missing"},
    {APP, "PATCH", "/api/v1/keys/%K", "{\"label\":\"x\",\"id\":\"\"}", 400, "bad_format", "attributes: missing"},
    {APP, "PATCH", "/api/v1/keys/%K", "{\"label\":\"x\",\"id\":\"\",\"attributes\":{}}", 400, "bad_format",
     "revision: missing"},
    {APP, "PATCH", "/api/v1/keys/%K", PATCH("1"), 409, "conflict", "the present one is 1, so 2 belongs here"},
    {APP, "PATCH", "/api/v1/keys/%K", PATCH("3"), 409, "conflict", "read the key again"},
    {APP, "PATCH", "/api/v1/keys/%K", PATCH("-1"), 400, "out_of_range", "revision"},
    /* signing */
    {APP, "POST", "/api/v1/keys/%K/sign", "{}", 400, "bad_format", "data: missing"},
    {APP, "POST", "/api/v1/keys/%K/sign", "{\"data\":\"0\"}", 400, "bad_format", "odd number"},
    {APP, "POST", "/api/v1/keys/%K/sign", "{\"data\":\"0x0g\"}", 400, "bad_format", "hex digit"},
    {APP, "POST", "/api/v1/keys/%K/sign", "{\"data\":7}", 400, "bad_format", "not a string"},
    {APP, "POST", "/api/v1/keys/%K/sign", "{\"data\":\"00\",\"dataType\":\"EIP191\"}", 400, "unsupported", "RAW, HASH"},
    {APP, "POST", "/api/v1/keys/%K/sign", "{\"data\":\"00\",\"dataType\":\"HASH\"}", 400, "out_of_range",
     "32, 48 or 64"},
    {APP, "POST", "/api/v1/keys/%K/sign", "{\"data\":\"00\",\"x\":1}", 400, "bad_format", "unknown member"},
    {APP, "POST", "/api/v1/keys/" UNKNOWN_ID "/sign", "{\"data\":\"00\"}", 404, "not_found", "no such key"},
    /* verifying */
    {APP, "POST", "/api/v1/keys/%K/verify", "{\"data\":\"00\"}", 400, "bad_format", "signature: missing"},
    {APP, "POST", "/api/v1/keys/%K/verify", "{\"data\":\"00\",\"signature\":\"00\"}", 400, "out_of_range", "64 bytes"},
    {APP, "POST", "/api/v1/keys/%K/verify", "{\"signature\":\"00\"}", 400, "bad_format", "data: missing"},
    /* objects */
    {APP, "POST", "/api/v1/objects", "{}", 400, "bad_format", "class: missing"},
    {APP, "POST", "/api/v1/objects", "{\"class\":\"key\",\"value\":\"00\"}", 400, "unsupported", "certificate, data"},
    {APP, "POST", "/api/v1/objects", "{\"class\":\"data\"}", 400, "bad_format", "value: missing"},
    {APP, "POST", "/api/v1/objects", "{\"class\":\"data\",\"value\":\"0\"}", 400, "bad_format", "odd number"},
    {APP, "POST", "/api/v1/objects", "{\"class\":\"data\",\"value\":\"00\",\"owner\":\"me\"}", 400, "bad_format",
     "unknown member"},
    {APP, "GET", "/api/v1/objects?limit=0", NULL, 400, "out_of_range", "1 to 1000"},
    {APP, "GET", "/api/v1/objects/" UNKNOWN_ID, NULL, 404, "not_found", "no such object"},
    {APP, "PATCH", "/api/v1/objects/%O", "{}", 400, "bad_format", "label: missing"},
    {APP, "PATCH", "/api/v1/objects/%O", PATCH("5"), 409, "conflict", "read the object again"},
    {APP, "DELETE", "/api/v1/objects/" UNKNOWN_ID, NULL, 404, "not_found", "no such object"},
    /* the log */
    {OPERATOR, "GET", "/api/v1/audit?from=0", NULL, 400, "out_of_range", "from must be 1"},
    {OPERATOR, "GET", "/api/v1/audit?limit=2000", NULL, 400, "out_of_range", "1 to 1000"},
    {OPERATOR, "GET", "/api/v1/audit?after=1", NULL, 400, "bad_argument", "from= and limit="},
};

static const struct credential *credential_of(const struct gateway *g, enum asker who)
{
    const struct credential *all[] = {NULL, &g->app, &g->other, &g->operator, & g->auditor, &g->status};
    return all[who];
}

static void expand(char *out, size_t size, const char *target, const char *key_id, const char *object_id)
{
    size_t len = 0;

    for (; *target != '\0'; target++) {
        const char *id = target[0] == '%' && target[1] == 'K'   ? key_id
                         : target[0] == '%' && target[1] == 'O' ? object_id
                                                                : NULL;
        if (id == NULL)
            len += (size_t)snprintf(out + len, size - len, "%c", *target);
        else
            len += (size_t)snprintf(out + len, size - len, "%s", id);
        if (id != NULL) target++;
    }
}

static void check_problem(const struct api_case *c, const struct gateway_reply *reply)
{
    JSON_LOCAL        *body = NULL;
    struct json_object o;
    const char        *type, *title, *detail, *code, *request_id;
    int64_t            status;
    bool               retryable;
    char               urn[64];

    assert_string_equal(reply->content_type, "application/problem+json");
    assert_ok(json_parse(&body, buf_bytes(&reply->body)));
    assert_ok(json_object_begin(&o, body, "problem"));
    assert_ok(json_get_text(&o, "type", 100, NULL, &type));
    assert_ok(json_get_text(&o, "title", 100, NULL, &title));
    assert_ok(json_get_text(&o, "detail", 600, NULL, &detail));
    assert_ok(json_get_text(&o, "code", 40, NULL, &code));
    assert_ok(json_get_text(&o, "requestId", 32, NULL, &request_id));
    assert_ok(json_get_int(&o, "status", 400, 599, 0, &status));
    assert_ok(json_get_bool(&o, "retryable", false, &retryable));
    assert_ok(json_object_end(&o));
    assert_int_equal(status, c->status);
    assert_string_equal(code, c->code);
    (void)snprintf(urn, sizeof urn, "urn:kms:error:%s", c->code);
    assert_string_equal(type, urn);
    assert_string_equal(request_id, reply->request_id);
    if (strstr(detail, c->detail) == NULL) fail_msg("detail \"%s\" without \"%s\"", detail, c->detail);
    if (c->status == 405) assert_true(strlen(reply->allow) > 0);
}

static void run_case(struct gateway *g, const struct api_case *c, const char *key_id, const char *object_id)
{
    REPLY_LOCAL reply = {0};
    char        target[256];

    expand(target, sizeof target, c->target, key_id, object_id);
    const struct gateway_request request = {.method = c->method, .target = target, .body = c->body};
    gateway_call(g, credential_of(g, c->who), &request, &reply);
    if (reply.status != c->status || strstr(buf_str(&reply.body), c->code) == NULL)
        fail_msg("%s %s %s\n  %d %s\n  expected %d %s", c->method, target, c->body == NULL ? "" : c->body, reply.status,
                 buf_str(&reply.body), c->status, c->code);
    check_problem(c, &reply);
}

TEST(cases, a_body_that_is_not_said_to_be_json_gets_415)
{
    static const char *const types[] = {"", "text/plain", "application/jsonp", "application/x-www-form-urlencoded"};
    struct gateway           g;

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        REPLY_LOCAL                  reply = {0};
        const struct gateway_request request = {
            .method = "POST", .target = GENERATE, .body = "{" ECC "}", .content_type = types[i]};
        gateway_call(&g, &g.app, &request, &reply);
        assert_int_equal(reply.status, 415);
        assert_non_null(strstr(buf_str(&reply.body), "\"status\":415"));
        assert_non_null(strstr(buf_str(&reply.body), "send Content-Type: application/json"));
    }
    gateway_clear(&g);
}

static void make_object(struct gateway *g, char object_id[KEY_ID_LEN + 1])
{
    REPLY_LOCAL                  reply = {0};
    const struct gateway_request request = {
        .method = "POST", .target = "/api/v1/objects", .body = "{\"class\":\"data\",\"value\":\"00\"}"};

    gateway_call(g, &g->app, &request, &reply);
    assert_int_equal(reply.status, 201);
    (void)snprintf(object_id, KEY_ID_LEN + 1, "%s", strrchr(reply.location, '/') + 1);
}

TEST(cases, every_bad_input_gets_its_problem)
{
    struct gateway g;
    char           key_id[KEY_ID_LEN + 1], object_id[KEY_ID_LEN + 1];

    gateway_init(&g, &(struct gateway_options){0});
    gateway_make_key(&g, key_id);
    make_object(&g, object_id);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) run_case(&g, &cases[i], key_id, object_id);
    gateway_clear(&g);
}

TEST(cases, every_refused_request_of_somebody_known_is_a_row)
{
    struct gateway g;
    char           key_id[KEY_ID_LEN + 1], object_id[KEY_ID_LEN + 1];
    unsigned       expected = 2;
    BUF_LOCAL      log = BUF_INIT(1024 * 1024);

    gateway_init(&g, &(struct gateway_options){0});
    gateway_make_key(&g, key_id);
    make_object(&g, object_id);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].who == NOBODY) continue;
        run_case(&g, &cases[i], key_id, object_id);
        expected++;
    }
    gateway_log(&g, &log);
    unsigned rows = 0;
    for (const char *c = buf_str(&log); *c != '\0'; c++) rows += *c == '\n' ? 1 : 0;
    assert_int_equal(rows, expected);
    gateway_clear(&g);
}

TEST(cases, nothing_that_was_refused_had_an_effect)
{
    struct gateway g;
    char           key_id[KEY_ID_LEN + 1], object_id[KEY_ID_LEN + 1];
    uint64_t       before, after;
    unsigned       starts[GATEWAY_NODES_MAX];

    gateway_init(&g, &(struct gateway_options){0});
    gateway_make_key(&g, key_id);
    make_object(&g, object_id);
    assert_ok(g.metadata.ops->generation(g.metadata.self, NULL, &before));
    for (unsigned i = 0; i < 4; i++) starts[i] = g.fakes[i].starts;
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) run_case(&g, &cases[i], key_id, object_id);
    assert_ok(g.metadata.ops->generation(g.metadata.self, NULL, &after));
    assert_int_equal(before, after);
    for (unsigned i = 0; i < 4; i++) assert_int_equal(g.fakes[i].starts, starts[i]);
    gateway_clear(&g);
}
