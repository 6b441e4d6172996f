/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A coordinator in the tester's hands (coordinator/hooks.h) over real nodes: each tampering is refused by the nodes, or
 * is seen by a client that checks its evidence. Built with KMS_HOOKS only.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/wire/json.h"
#include "tests/support/gateway.h"

#define HELLO "{\"data\":\"68656c6c6f\"}"
#define WORLD "{\"data\":\"776f726c64\"}"

struct evil {
    struct gateway g;
    char           key_id[KEY_ID_LEN + 1], path[64], sign_path[80];
    uint8_t        public_key[32];
};

static void begin(struct evil *e)
{
    struct key_record        record;
    struct birth_certificate birth;

    unsetenv("KMS_HOOK");
    gateway_init(&e->g, &(struct gateway_options){.real = true});
    gateway_make_key(&e->g, e->key_id);
    (void)snprintf(e->path, sizeof e->path, "/api/v1/keys/%s", e->key_id);
    (void)snprintf(e->sign_path, sizeof e->sign_path, "%s/sign", e->path);
    assert_ok(e->g.metadata.ops->key_get(e->g.metadata.self, e->key_id, &record));
    assert_ok(birth_decode(&birth, buf_bytes(&record.birth)));
    memcpy(e->public_key, birth.body.public_key, 32);
    key_record_clear(&record);
}

static void end(struct evil *e)
{
    unsetenv("KMS_HOOK");
    gateway_clear(&e->g);
}

static void turn(const char *hook)
{
    assert_int_equal(setenv("KMS_HOOK", hook, 1), 0);
}

static int sign(struct evil *e, const char *body, struct gateway_reply *reply)
{
    gateway_reply_clear(reply);
    gateway_call(&e->g, &e->g.app, &(struct gateway_request){.method = "POST", .target = e->sign_path, .body = body},
                 reply);
    return reply->status;
}

static void member(const struct gateway_reply *reply, const char *name, char *out, size_t size)
{
    JSON_LOCAL *body = NULL;

    assert_ok(json_parse(&body, buf_bytes(&reply->body)));
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, name);
    assert_true(cJSON_IsString(item));
    (void)snprintf(out, size, "%s", item->valuestring);
}

/* What the client checks of a signature. */
static bool verifies(struct evil *e, const struct gateway_reply *reply, const char *message)
{
    char    hex[200];
    uint8_t signature[64];

    member(reply, "signature", hex, sizeof hex);
    assert_ok(hex_decode(signature, 64, bytes_str(hex)));
    return ed25519_verify_vartime(signature, e->public_key, bytes_str(message)) == KMS_OK;
}

static void assert_refused(const struct gateway_reply *reply, int status)
{
    if (status < 400) fail_msg("it was done: %d %s", status, buf_str(&reply->body));
    assert_null(strstr(buf_str(&reply->body), "\"signature\":"));
}

TEST(evil, an_altered_request_is_refused_by_the_nodes)
{
    struct evil e;
    REPLY_LOCAL reply = {0};

    begin(&e);
    turn("forge-request");
    assert_refused(&reply, sign(&e, HELLO, &reply));
    gateway_reply_clear(&reply);
    const struct gateway_request generate = {.method = "POST",
                                             .target = "/api/v1/keys/generate",
                                             .body = "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"}}"};
    gateway_call(&e.g, &e.g.app, &generate, &reply);
    assert_true(reply.status >= 400);
    end(&e);
}

TEST(evil, an_old_request_in_the_place_of_a_new_one_signs_nothing_new)
{
    struct evil e;
    REPLY_LOCAL reply = {0};

    begin(&e);
    assert_int_equal(sign(&e, HELLO, &reply), 200);
    turn("replay-request");
    assert_refused(&reply, sign(&e, WORLD, &reply));
    end(&e);
}

TEST(evil, two_requests_for_one_session_make_no_signature)
{
    struct evil e;
    REPLY_LOCAL reply = {0};

    begin(&e);
    assert_int_equal(sign(&e, HELLO, &reply), 200);
    turn("wrong-message");
    assert_refused(&reply, sign(&e, WORLD, &reply));
    end(&e);
}

TEST(evil, a_swapped_signature_is_seen_by_the_client)
{
    struct evil e;
    REPLY_LOCAL reply = {0};

    begin(&e);
    assert_int_equal(sign(&e, HELLO, &reply), 200);
    assert_true(verifies(&e, &reply, "hello"));
    turn("swap-signature");
    assert_int_equal(sign(&e, HELLO, &reply), 200);
    assert_false(verifies(&e, &reply, "hello"));
    end(&e);
}

static void show(struct evil *e, struct gateway_reply *reply)
{
    gateway_reply_clear(reply);
    gateway_call(&e->g, &e->g.app, &(struct gateway_request){.method = "GET", .target = e->path}, reply);
    assert_int_equal(reply->status, 200);
}

TEST(evil, a_swapped_public_key_is_not_the_birth_certificates)
{
    struct evil              e;
    REPLY_LOCAL              reply = {0};
    char                     shown[100], own[65], evidence[40000];
    BUF_LOCAL                birth = BUF_INIT(BIRTH_ENCODED_MAX);
    struct birth_certificate certificate;

    begin(&e);
    turn("swap-public-key");
    show(&e, &reply);
    member(&reply, "publicKey", shown, sizeof shown);
    member(&reply, "birthCertificate", evidence, sizeof evidence);
    assert_ok(base64_decode(&birth, bytes_str(evidence)));
    assert_ok(birth_decode(&certificate, buf_bytes(&birth)));
    assert_ok(birth_verify(&certificate, e.g.pki.authority));
    hex_encode(own, bytes(certificate.body.public_key, 32));
    assert_string_not_equal(shown, own);
    end(&e);
}

TEST(evil, a_swapped_label_is_not_the_signed_requests)
{
    struct evil           e;
    REPLY_LOCAL           reply = {0};
    char                  label[300], evidence[40000];
    BUF_LOCAL             encoded = BUF_INIT(REQUEST_ENCODED_MAX);
    struct signed_request request;

    begin(&e);
    turn("swap-label");
    show(&e, &reply);
    member(&reply, "label", label, sizeof label);
    assert_string_equal(label, "swapped");
    member(&reply, "request", evidence, sizeof evidence);
    assert_ok(base64_decode(&encoded, bytes_str(evidence)));
    assert_ok(signed_request_decode(&request, buf_bytes(&encoded)));
    assert_ok(signed_request_verify_vartime(&request, &e.g.app.identity));
    assert_non_null(strstr((const char *)request.body.data, "\"label\":\"first\""));
    end(&e);
}

TEST(evil, a_stale_change_is_not_the_one_that_was_made)
{
    struct evil e;
    REPLY_LOCAL reply = {0};
    char        first[5000], second[5000];

    begin(&e);
    turn("stale-change");
    struct gateway_request patch = {.method = "PATCH", .target = e.path};
    patch.body = "{\"label\":\"one\",\"id\":\"\",\"attributes\":{},\"revision\":2}";
    gateway_call(&e.g, &e.g.app, &patch, &reply);
    member(&reply, "change", first, sizeof first);
    gateway_reply_clear(&reply);
    patch.body = "{\"label\":\"two\",\"id\":\"\",\"attributes\":{},\"revision\":3}";
    gateway_call(&e.g, &e.g.app, &patch, &reply);
    member(&reply, "change", second, sizeof second);
    assert_string_equal(first, second);
    end(&e);
}

/* Whatever the coordinator withholds, the nodes settle it: after a while no share is in doubt on one of them only. */
static void assert_whole_or_nothing(struct evil *e, const char *hook)
{
    REPLY_LOCAL reply = {0};
    unsigned    active = 0, pending = 0;

    begin(e);
    turn(hook);
    const struct gateway_request generate = {.method = "POST",
                                             .target = "/api/v1/keys/generate",
                                             .body = "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"}}"};
    gateway_call(&e->g, &e->g.app, &generate, &reply);
    unsetenv("KMS_HOOK");
    gateway_pass(&e->g, 150000);
    for (unsigned i = 0; i < 4; i++) {
        struct node_info info;
        node_info(e->g.nodes[i], &info);
        active += (unsigned)info.keys;
        pending += (unsigned)info.pending;
    }
    print_message("%s: answered %d; active shares %u, pending %u\n", hook, reply.status, active, pending);
    /* The first key has three shares; of the second there are three, or none. */
    assert_true(active % 3 == 0);
    if (reply.status == 201) assert_true(active >= 6);
    end(e);
}

TEST(evil, a_withheld_commit_leaves_a_whole_key_or_none)
{
    struct evil e;
    assert_whole_or_nothing(&e, "drop-commit");
}

TEST(evil, a_forked_commit_leaves_a_whole_key_or_none)
{
    struct evil e;
    assert_whole_or_nothing(&e, "fork-commit");
}
