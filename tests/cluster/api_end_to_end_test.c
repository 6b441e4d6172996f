/* SPDX-License-Identifier: Apache-2.0 */
/* From HTTP request to threshold signature and back, over real nodes in this process: DKG, FROST, tunnels and all. */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/wire/json.h"
#include "tests/support/gateway.h"

static void text_member(const struct gateway_reply *reply, const char *name, char *out, size_t size)
{
    JSON_LOCAL *body = NULL;

    assert_ok(json_parse(&body, buf_bytes(&reply->body)));
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, name);
    assert_true(cJSON_IsString(item));
    (void)snprintf(out, size, "%s", item->valuestring);
}

static void show(struct gateway *g, const char *key_id, struct gateway_reply *reply)
{
    char target[80];

    (void)snprintf(target, sizeof target, "/api/v1/keys/%s", key_id);
    gateway_call(g, &g->app, &(struct gateway_request){.method = "GET", .target = target}, reply);
}

static void sign_hello(struct gateway *g, const char *key_id, struct gateway_reply *reply)
{
    char target[80];

    (void)snprintf(target, sizeof target, "/api/v1/keys/%s/sign", key_id);
    gateway_call(g, &g->app,
                 &(struct gateway_request){.method = "POST", .target = target, .body = "{\"data\":\"0x68656C6C6F\"}"},
                 reply);
}

static void assert_signs(struct gateway *g, const char *key_id)
{
    REPLY_LOCAL shown = {0}, reply = {0};
    char        hex[200];
    uint8_t     public_key[32], signature[64];

    show(g, key_id, &shown);
    assert_int_equal(shown.status, 200);
    text_member(&shown, "publicKey", hex, sizeof hex);
    assert_ok(hex_decode(public_key, 32, bytes_str(hex)));
    sign_hello(g, key_id, &reply);
    if (reply.status != 200) fail_msg("%d %s", reply.status, buf_str(&reply.body));
    text_member(&reply, "signature", hex, sizeof hex);
    assert_ok(hex_decode(signature, 64, bytes_str(hex)));
    assert_ok(ed25519_verify_vartime(signature, public_key, bytes_str("hello")));
}

TEST(end_to_end, a_key_is_made_and_signs)
{
    struct gateway g;
    char           key_id[KEY_ID_LEN + 1];

    gateway_init(&g, &(struct gateway_options){.real = true});
    gateway_make_key(&g, key_id);
    for (unsigned i = 0; i < 5; i++) assert_signs(&g, key_id);
    gateway_clear(&g);
}

TEST(end_to_end, a_key_signs_with_any_one_holder_away)
{
    struct gateway g;
    char           key_id[KEY_ID_LEN + 1];

    gateway_init(&g, &(struct gateway_options){.real = true});
    gateway_make_key(&g, key_id);
    for (unsigned i = 0; i < 4; i++) {
        gateway_link_down(&g, i);
        assert_signs(&g, key_id);
        gateway_link_up(&g, i);
        gateway_run(&g);
    }
    gateway_clear(&g);
}

TEST(end_to_end, the_same_request_again_gives_the_same_key)
{
    struct gateway               g;
    REPLY_LOCAL                  first = {0}, second = {0};
    char                         one[40], two[40];
    const struct gateway_request request = {
        .method = "POST",
        .target = "/api/v1/keys/generate",
        .body = "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"}}",
        .idempotency_key = "once",
    };

    gateway_init(&g, &(struct gateway_options){.real = true});
    gateway_call(&g, &g.app, &request, &first);
    gateway_call(&g, &g.app, &request, &second);
    assert_int_equal(first.status, 201);
    assert_int_equal(second.status, 201);
    text_member(&first, "keyId", one, sizeof one);
    text_member(&second, "keyId", two, sizeof two);
    assert_string_equal(one, two);
    gateway_clear(&g);
}

TEST(end_to_end, a_deleted_key_is_gone_and_signs_no_more)
{
    struct gateway g;
    REPLY_LOCAL    deleted = {0}, listed = {0}, signed_again = {0};
    char           key_id[KEY_ID_LEN + 1], target[80];

    gateway_init(&g, &(struct gateway_options){.real = true});
    gateway_make_key(&g, key_id);
    (void)snprintf(target, sizeof target, "/api/v1/keys/%s", key_id);
    gateway_call(&g, &g.app, &(struct gateway_request){.method = "DELETE", .target = target}, &deleted);
    if (deleted.status != 200) fail_msg("%d %s", deleted.status, buf_str(&deleted.body));
    assert_non_null(strstr(buf_str(&deleted.body), "\"state\":\"DELETED\""));
    gateway_call(&g, &g.app, &(struct gateway_request){.method = "GET", .target = "/api/v1/keys"}, &listed);
    assert_string_equal(buf_str(&listed.body), "{\"items\":[],\"next\":null}");
    sign_hello(&g, key_id, &signed_again);
    assert_int_equal(signed_again.status, 404);
    gateway_clear(&g);
}

TEST(end_to_end, a_signature_costs_little_beside_the_nodes)
{
    struct gateway g;
    char           key_id[KEY_ID_LEN + 1], target[80];
    unsigned       rounds = (unsigned)test_knob("KMS_SIGNATURES", 100);

    gateway_init(&g, &(struct gateway_options){0});
    gateway_make_key(&g, key_id);
    (void)snprintf(target, sizeof target, "/api/v1/keys/%s/sign", key_id);
    const struct gateway_request request = {.method = "POST", .target = target, .body = "{\"data\":\"68656c6c6f\"}"};
    uint64_t                     start = clock_monotonic_us();
    for (unsigned i = 0; i < rounds; i++) {
        REPLY_LOCAL reply = {0};
        gateway_call(&g, &g.app, &request, &reply);
        assert_int_equal(reply.status, 200);
    }
    print_message("client, coordinator and scripted nodes: %u us a signature\n",
                  (unsigned)((clock_monotonic_us() - start) / rounds));
    gateway_clear(&g);
}
