/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies, queries and paths of an authenticated client to every handler: each is answered exactly once, refusals are
 * problems, and what is answered is JSON. Input: u8 route | u8 length of the query | query | body.
 */
/* links: cluster_api */
#include <stdio.h>
#include <stdlib.h>

#include "cluster/api/api_state.h"
#include "cluster/api/handlers.h"
#include "cluster/api/routes.h"
#include "cluster/api/words.h"
#include "common/base/log.h"
#include "common/document/policy.h"
#include "tests/fuzz/fuzz.h"

#define OWNER "spiffe://fuzz/client/app"

struct http_exchange {
    struct http_request request;
    unsigned            replies;
};

const struct http_request *http_exchange_request(const struct http_exchange *x)
{
    return &x->request;
}

const char *http_request_header(const struct http_request *r, const char *name, bool *repeated)
{
    (void)r, (void)name;
    if (repeated != NULL) *repeated = false;
    return NULL;
}

void http_reply(struct http_exchange *x, const struct http_response *r)
{
    JSON_LOCAL *body = NULL;

    x->replies++;
    CHECK(x->replies == 1);
    CHECK(r->status >= 200 && r->status <= 599);
    CHECK(json_parse(&body, r->body) == KMS_OK);
    CHECK((r->status < 400) == (strcmp(r->content_type, "application/json") == 0));
}

static uint64_t fuzz_now(void *self)
{
    (void)self;
    return 1000;
}

static int64_t fuzz_wall(void *self)
{
    (void)self;
    return INT64_C(1800000000000);
}

static void fuzz_send(void *self, unsigned index, struct bytes frame)
{
    (void)self, (void)index, (void)frame;
}

static void fuzz_reset(void *self, unsigned index)
{
    (void)self, (void)index;
}

struct fuzz_world {
    struct roster       roster;
    struct metadata     metadata;
    struct coordinator *coordinator;
    struct api         *api;
    char                key_id[KEY_ID_LEN + 1];
};

static void put_key(struct fuzz_world *w)
{
    struct birth_certificate birth = {.count = 1};
    struct birth_body       *b = &birth.body;
    struct key_record        key;
    static const char        names[3][5] = {"tss1", "tss2", "tss3"};

    *b = (struct birth_body){.version = 1,
                             .epoch = 1,
                             .algorithm = 4,
                             .group = GROUP_ED25519,
                             .t = 2,
                             .n = 3,
                             .authorization = 1,
                             .created = 1};
    memcpy(b->cluster, "fuzz", 5);
    memcpy(b->owner, OWNER, sizeof OWNER);
    b->public_key[0] = 0x58;
    memset(b->public_key + 1, 0x66, 31);
    for (unsigned i = 0; i < 3; i++) memcpy(b->nodes[i], names[i], 5);
    policy_builtin_hash(b->policy_hash);
    birth_key_id(b->key_id, b->cluster, b->request_hash, b->ssid, bytes(b->public_key, 32));
    memcpy(birth.signatures[0].node, "tss1", 5);
    birth.signatures[0].certificate_der = bytes_str("certificate");
    key_record_init(&key);
    CHECK(birth_encode(&key.birth, &birth) == KMS_OK);
    memcpy(key.key_id, b->key_id, sizeof key.key_id);
    memcpy(w->key_id, b->key_id, sizeof w->key_id);
    memcpy(key.owner, OWNER, sizeof OWNER);
    memcpy(key.state, "ENABLED", 8);
    key.revision = 1;
    CHECK(buf_append_str(&key.attributes, "{}") == KMS_OK);
    CHECK(w->metadata.ops->key_put(w->metadata.self, &key, NULL) == KMS_OK);
    key_record_clear(&key);
}

static void begin(struct fuzz_world *w)
{
    struct coordinator_config config = {.cluster = "fuzz",
                                        .name = "gw",
                                        .roster = &w->roster,
                                        .metadata = &w->metadata,
                                        .rng = rng_system(),
                                        .node_count = 4,
                                        .heartbeat_ms = 300,
                                        .heartbeat_misses = 3,
                                        .sign_deadline_ms = 5000,
                                        .generate_deadline_ms = 30000,
                                        .progress_ms = 1000,
                                        .requests_max = 4,
                                        .default_algorithm_ed25519 = "EDDSA",
                                        .version = "0"};

    config.io = (struct coordinator_io){
        .now_ms = fuzz_now, .wall_ms = fuzz_wall, .node_send = fuzz_send, .node_reset = fuzz_reset};
    for (unsigned i = 0; i < 4; i++) (void)snprintf(config.nodes[i], sizeof config.nodes[i], "tss%u", i + 1);
    CHECK(metadata_open_memory(&w->metadata) == KMS_OK);
    CHECK(coordinator_new(&w->coordinator, &config) == KMS_OK);
    CHECK(api_new(&w->api, w->coordinator, NULL) == KMS_OK);
    put_key(w);
}

static struct call *make_call(struct fuzz_world *w, struct http_exchange *x, const struct route *route,
                              const char *query)
{
    struct call *call = calloc(1, sizeof *call);

    CHECK(call != NULL);
    call->api = w->api;
    call->exchange = x;
    call->http = &x->request;
    call->route = route;
    call->query = query;
    call->authenticated = true;
    call->certificate = BUF_INIT(CERTIFICATE_MAX);
    memcpy(call->id, w->key_id, sizeof call->id);
    memset(call->request_id, '0', REQUEST_ID_LEN);
    call->who = (struct identity){.role = ROLE_CLIENT, .cluster = "fuzz", .name = "app", .uri = OWNER};
    memcpy(call->request.method, "POST", 5);
    memcpy(call->request.path, "/x", 3);
    memcpy(call->request.nonce, "n", 2);
    memcpy(call->request.idempotency_key, "i", 2);
    memset(call->request.keyid, 'a', ACCESS_KEY_LEN);
    call->request.created = 1;
    call->request.expires = 2;
    call->request.certificate_der = bytes_str("certificate");
    call->request.body = x->request.body;
    return call;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct route routes[] = {
        {.handle = keys_generate, .event = "KEY_GENERATE"}, {.handle = keys_change, .event = "KEY_CHANGE"},
        {.handle = keys_sign, .event = "KEY_SIGN"},         {.handle = keys_verify, .event = "KEY_VERIFY"},
        {.handle = objects_create, .event = "OBJECT"},      {.handle = objects_change, .event = "OBJECT"},
        {.handle = keys_list, .event = "KEY_LIST"},         {.handle = objects_list, .event = "OBJECT_LIST"},
        {.handle = audit_list, .event = "AUDIT_READ"},
    };
    struct fuzz_world    w = {.roster = {.sequence = 1}};
    struct http_exchange x = {.request = {.method = "POST", .target = "/x", .peer = "-"}};
    struct bytes         in = bytes(data, size);
    char                 query[256] = "";

    fuzz_start();
    log_setup(LOG_OFF, 2, NULL);
    begin(&w);
    const struct route *route = &routes[fuzz_take(&in) % ARRAY_LEN(routes)];
    size_t              len = fuzz_take(&in);
    if (len > in.len) len = in.len;
    if (len > 0) memcpy(query, in.data, len);
    x.request.body = bytes(in.data + len, in.len - len);
    struct call *call = make_call(&w, &x, route, query);
    enum kms_err err = words_check_utf8(x.request.body);
    if (err == KMS_OK) err = route->handle(call);
    if (err != KMS_OK) call_reply_error(call, err);
    coordinator_abandon(w.coordinator); /* there are no nodes: what waits for them ends here */
    CHECK(x.replies == 1);
    api_free(&w.api);
    coordinator_free(&w.coordinator);
    metadata_close(&w.metadata);
    return 0;
}
