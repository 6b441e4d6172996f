/* SPDX-License-Identifier: Apache-2.0 */
/* A coordinator's answers, true and false. */
#include "tests/support/fake_cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cluster/pki/pki.h"
#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/hash.h"
#include "common/document/policy.h"
#include "common/wire/json.h"
#include "tests/support/test.h"

#define CLUSTER "test"
#define BODY_MAX (8 * 1024 * 1024)

/* One request while it is answered. */
struct asking {
    struct fake_cluster  *cluster;
    struct fake_reply    *reply;
    const char           *method, *if_none_match;
    struct signed_request request;
    struct buf            certificate; /* owned */
};

static void in_directory(char out[1024], const struct fake_cluster *c, const char *name)
{
    (void)snprintf(out, 1024, "%s/%s", c->directory, name);
}

static void load(struct credential *out, const struct fake_cluster *c, const char *prefix)
{
    const struct secret none = SECRET_NONE;
    char                path[1024], name[256];

    (void)snprintf(name, sizeof name, "%s.cert", prefix);
    in_directory(path, c, name);
    assert_ok(credential_load_public(out, path));
    (void)snprintf(name, sizeof name, "%s.key", prefix);
    in_directory(path, c, name);
    assert_ok(credential_unlock(out, path, &none));
}

static void issue(const struct fake_cluster *c, const struct pki_issue *what, const char *prefix)
{
    const struct secret none = SECRET_NONE;
    char                path[1024];

    in_directory(path, c, prefix);
    assert_ok(pki_issue(c->directory, &none, what, path, &none));
}

static void make_clients(const struct fake_cluster *c, const char *passphrase)
{
    const struct secret none = SECRET_NONE;
    SECRET_LOCAL        secret = SECRET_NONE;
    char                path[1024];

    assert_ok(secret_copy(&secret, bytes_str(passphrase)));
    in_directory(path, c, "app");
    assert_ok(pki_client_create(c->directory, &none, ROLE_CLIENT, "app", path, &secret));
    in_directory(path, c, "other");
    assert_ok(pki_client_create(c->directory, &none, ROLE_CLIENT, "other", path, &none));
}

struct fake_cluster *fake_cluster_new(const char *passphrase)
{
    static const char *const node_names[FAKE_NODES] = {"tss1", "tss2", "tss3"};
    const struct secret      none = SECRET_NONE;
    struct fake_cluster     *c = calloc(1, sizeof *c);
    char                     path[1024];

    assert_non_null(c);
    (void)snprintf(c->directory, sizeof c->directory, "%s", test_directory());
    assert_int_equal(pthread_mutex_init(&c->lock, NULL), 0);
    assert_ok(pki_ca_init(c->directory, CLUSTER, &none));
    in_directory(path, c, "ca.cert");
    assert_ok(authority_load(&c->authority, path));
    for (unsigned i = 0; i < FAKE_NODES; i++) {
        issue(c,
              &(struct pki_issue){.role = ROLE_NODE,
                                  .name = node_names[i],
                                  .names = {"localhost", "127.0.0.1"},
                                  .name_count = 2,
                                  .days = 3},
              node_names[i]);
        load(&c->nodes[i], c, node_names[i]);
    }
    issue(c,
          &(struct pki_issue){
              .role = ROLE_GATEWAY, .name = "gw1", .names = {"localhost", "127.0.0.1"}, .name_count = 2, .days = 3},
          "gateway");
    issue(c,
          &(struct pki_issue){
              .role = ROLE_GATEWAY, .name = "gw2", .names = {"elsewhere.example"}, .name_count = 1, .days = 3},
          "misnamed");
    make_clients(c, passphrase);
    load(&c->other_client, c, "other/client");
    return c;
}

static void free_thing(struct fake_thing *t)
{
    secret_clear(&t->seed);
    buf_clear(&t->birth);
    buf_clear(&t->request);
    buf_clear(&t->change);
    buf_clear(&t->kept);
    free(t);
}

void fake_cluster_free(struct fake_cluster **cluster)
{
    struct fake_cluster *c = *cluster;

    for (size_t i = 0; i < c->count; i++) free_thing(c->things[i]);
    for (unsigned i = 0; i < FAKE_NODES; i++) credential_clear(&c->nodes[i]);
    credential_clear(&c->other_client);
    authority_free(&c->authority);
    free(c);
    *cluster = NULL;
}

static struct fake_thing *new_thing(struct asking *a, bool is_key)
{
    struct fake_thing *t = calloc(1, sizeof *t);

    assert_non_null(t);
    assert_true(a->cluster->count < FAKE_THINGS_MAX);
    *t = (struct fake_thing){.is_key = is_key,
                             .revision = 1,
                             .birth = BUF_INIT(BIRTH_ENCODED_MAX),
                             .request = BUF_INIT(REQUEST_ENCODED_MAX),
                             .change = BUF_INIT(REQUEST_ENCODED_MAX),
                             .kept = BUF_INIT(REQUEST_ENCODED_MAX)};
    memcpy(t->idempotency_key, a->request.idempotency_key, sizeof t->idempotency_key);
    if (a->cluster->lie == LIE_FOREIGN_REQUEST)
        assert_ok(signed_request_sign(&a->request, &a->cluster->other_client, a->request.created, 60));
    assert_ok(signed_request_encode(&t->request, &a->request));
    a->cluster->things[a->cluster->count++] = t;
    a->cluster->version++;
    return t;
}

/* Between the words of the request and its signature by the nodes: where a lie about a key is told. */
static void fill_body(struct birth_body *b, struct asking *a, const struct fake_thing *t, const char *label)
{
    enum fake_lie lie = a->cluster->lie;

    *b = (struct birth_body){.cluster = CLUSTER,
                             .version = 1,
                             .epoch = 1,
                             .algorithm = 4,
                             .group = GROUP_ED25519,
                             .t = 2,
                             .n = FAKE_NODES,
                             .authorization = 1};
    if (lie == LIE_THRESHOLD) b->t = 3;
    for (unsigned i = 0; i < FAKE_NODES; i++)
        (void)snprintf(b->nodes[i], sizeof b->nodes[i], "%s", a->cluster->nodes[i].identity.name);
    memcpy(b->public_key, t->public_key, 32);
    assert_ok(rng_fill(rng_system(), b->transcript, sizeof b->transcript));
    assert_ok(rng_fill(rng_system(), b->ssid, sizeof b->ssid));
    (void)snprintf(b->owner, sizeof b->owner, "spiffe://" CLUSTER "/client/%s", lie == LIE_OWNER ? "other" : "app");
    (void)snprintf(b->label, sizeof b->label, "%s%s", label, lie == LIE_BIRTH_LABEL ? "x" : "");
    policy_builtin_hash(b->policy_hash);
    if (lie == LIE_POLICY) b->policy_hash[0] ^= 1;
    assert_ok(signed_request_hash(b->request_hash, &a->request));
    b->created = a->request.created - (lie == LIE_CREATED ? 1 : 0);
    birth_key_id(b->key_id, CLUSTER, b->request_hash, b->ssid, bytes(b->public_key, 32));
}

static void make_birth(struct asking *a, struct fake_thing *t, const char *label)
{
    struct birth_certificate birth = {.count = FAKE_NODES};
    enum fake_lie            lie = a->cluster->lie;

    fill_body(&birth.body, a, t, label);
    memcpy(t->id, birth.body.key_id, sizeof t->id);
    for (unsigned i = 0; i < FAKE_NODES; i++) {
        const struct credential *signer = &a->cluster->nodes[lie == LIE_FORGED_SIGNER && i == 1 ? 0 : i];
        (void)snprintf(birth.signatures[i].node, sizeof birth.signatures[i].node, "%s", birth.body.nodes[i]);
        birth.signatures[i].certificate_der = buf_bytes(&a->cluster->nodes[i].certificate_der);
        assert_ok(birth_sign(birth.signatures[i].signature, &birth.body, signer));
    }
    if (lie == LIE_MISSING_SIGNER) birth.count = FAKE_NODES - 1;
    if (lie == LIE_PUBLIC_KEY) { /* the id is made to fit, so that only the signatures are wrong */
        memcpy(birth.body.public_key, a->cluster->nodes[0].identity.public_key, 32);
        birth_key_id(birth.body.key_id, CLUSTER, birth.body.request_hash, birth.body.ssid,
                     bytes(birth.body.public_key, 32));
        memcpy(t->id, birth.body.key_id, sizeof t->id);
    }
    assert_ok(birth_encode(&t->birth, &birth));
}

static void add_base64(cJSON *o, const char *key, const struct buf *data)
{
    BUF_LOCAL text = BUF_INIT(BODY_MAX);

    assert_ok(base64_encode(&text, buf_bytes(data)));
    assert_non_null(cJSON_AddStringToObject(o, key, buf_str(&text)));
}

/* Another thing of the same kind, to take the wrong evidence from. */
static const struct fake_thing *another(const struct fake_cluster *c, const struct fake_thing *t)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->things[i] != t && c->things[i]->is_key == t->is_key && !c->things[i]->gone) return c->things[i];
    return t;
}

static cJSON *show(const struct fake_cluster *c, const struct fake_thing *t)
{
    cJSON                   *o = cJSON_CreateObject();
    const struct fake_thing *request_of = c->lie == LIE_SWAPPED_REQUEST ? another(c, t) : t;
    const struct fake_thing *birth_of = c->lie == LIE_SWAPPED_BIRTH ? another(c, t) : t;

    assert_non_null(o);
    assert_non_null(cJSON_AddStringToObject(o, t->is_key ? "keyId" : "objectId", t->id));
    assert_non_null(cJSON_AddStringToObject(o, "label", "what the gateway says is not believed"));
    if (t->is_key) add_base64(o, "birthCertificate", &birth_of->birth);
    add_base64(o, "request", &request_of->request);
    const struct fake_thing *change_of = c->lie == LIE_SWAPPED_CHANGE ? another(c, t) : t;
    if (c->lie == LIE_OTHER_CHANGE)
        add_base64(o, "change", &t->kept);
    else if (change_of->change.len > 0 && c->lie != LIE_NO_CHANGE)
        add_base64(o, "change", &change_of->change);
    return o;
}

static void reply_json(struct asking *a, int status, cJSON *item)
{
    a->reply->status = status;
    assert_ok(json_print(&a->reply->body, item));
    cJSON_Delete(item);
    if (a->cluster->lie == LIE_NOT_JSON) a->reply->body.data[0] = '?';
}

static void reply_problem(struct asking *a, enum kms_err err)
{
    cJSON *o = cJSON_CreateObject();

    assert_non_null(cJSON_AddStringToObject(o, "code", error_name(err)));
    assert_non_null(cJSON_AddStringToObject(o, "requestId", "r-1"));
    reply_json(a, error_http_status(err), o);
}

static struct fake_thing *find_thing(const struct fake_cluster *c, const char *id)
{
    for (size_t i = 0; i < c->count; i++)
        if (!c->things[i]->gone && strncmp(c->things[i]->id, id, KEY_ID_LEN) == 0) return c->things[i];
    return NULL;
}

static const struct fake_thing *made_before(struct asking *a)
{
    for (size_t i = 0; i < a->cluster->count; i++)
        if (strcmp(a->cluster->things[i]->idempotency_key, a->request.idempotency_key) == 0)
            return a->cluster->things[i];
    return a->cluster->lie == LIE_OLD_ANSWER && a->cluster->count > 0 ? a->cluster->things[0] : NULL;
}

static void answer_generate(struct asking *a)
{
    JSON_LOCAL              *body = NULL;
    const struct fake_thing *before = made_before(a);

    a->cluster->generations++;
    if (before == NULL) {
        struct fake_thing *t = new_thing(a, true);
        assert_ok(json_parse(&body, a->request.body));
        assert_ok(secret_alloc(&t->seed, 32));
        assert_ok(rng_fill(rng_system(), t->seed.data, 32));
        assert_ok(ed25519_public(t->public_key, &t->seed));
        make_birth(a, t, cJSON_GetObjectItem(body, "label")->valuestring);
        before = t;
    }
    reply_json(a, 201, show(a->cluster, before));
}

static void answer_create(struct asking *a)
{
    const struct fake_thing *before = made_before(a);

    a->cluster->creations++;
    if (before == NULL) {
        struct fake_thing *t = new_thing(a, false);
        char               text[256];
        uint8_t            hash[32];
        int used = snprintf(text, sizeof text, "kms/v1/object-id%cspiffe://" CLUSTER "/client/app%c%s", 0, 0,
                            a->request.idempotency_key);
        sha256(hash, bytes(text, (size_t)used));
        base32_encode(t->id, bytes(hash, 20));
        before = t;
    }
    reply_json(a, 201, show(a->cluster, before));
}

static void answer_sign(struct asking *a, const struct fake_thing *t)
{
    JSON_LOCAL              *body = NULL;
    BUF_LOCAL                data = BUF_INIT(65536);
    struct json_object       o;
    bool                     present;
    uint8_t                  signature[64];
    char                     hex[129];
    cJSON                   *out = cJSON_CreateObject();
    const struct fake_thing *other = another(a->cluster, t);
    enum fake_lie            lie = a->cluster->lie;

    a->cluster->signatures++;
    assert_ok(json_parse(&body, a->request.body));
    assert_ok(json_object_begin(&o, body, "sign"));
    assert_ok(json_get_hex(&o, "data", 65536, &data, &present));
    assert_ok(ed25519_sign(signature, lie == LIE_OTHER_KEY || lie == LIE_SIGNED_BY_OTHER ? &other->seed : &t->seed,
                           buf_bytes(&data)));
    if (lie == LIE_SIGNATURE) signature[5] ^= 1;
    hex_encode(hex, BYTES_OF(signature));
    assert_non_null(cJSON_AddStringToObject(out, "keyId", lie == LIE_OTHER_KEY ? other->id : t->id));
    assert_non_null(cJSON_AddStringToObject(out, "signature", hex));
    reply_json(a, 200, out);
}

static void answer_patch(struct asking *a, struct fake_thing *t)
{
    JSON_LOCAL           *body = NULL;
    struct signed_request request = a->request;

    a->cluster->patches++;
    assert_ok(json_parse(&body, a->request.body));
    if (cJSON_GetObjectItem(body, "revision")->valueint != (int)t->revision + 1) {
        reply_problem(a, KMS_E_CONFLICT);
        return;
    }
    if (a->cluster->lie == LIE_FOREIGN_CHANGE)
        assert_ok(signed_request_sign(&request, &a->cluster->other_client, request.created, 60));
    if (a->cluster->lie == LIE_KEEP_CHANGE) {
        assert_ok(signed_request_encode(&t->kept, &request));
        reply_problem(a, KMS_E_INTERNAL);
        return;
    }
    t->revision++;
    t->change.len = 0;
    assert_ok(signed_request_encode(&t->change, &request));
    a->cluster->version++;
    reply_json(a, 200, show(a->cluster, t));
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(struct fake_thing *const *)a)->id, (*(struct fake_thing *const *)b)->id);
}

static void name_next(cJSON *page, const char *next)
{
    if (next != NULL)
        assert_non_null(cJSON_AddStringToObject(page, "next", next));
    else
        assert_non_null(cJSON_AddNullToObject(page, "next"));
}

/* Named by the number of the page, in letters. */
static void fill_endless_page(struct asking *a, cJSON *page)
{
    char next[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    for (unsigned i = 0, left = a->cluster->gets; i < 8; i++, left /= 16) next[31 - i] = (char)('a' + left % 16);
    assert_non_null(cJSON_AddArrayToObject(page, "items"));
    name_next(page, next);
}

static void fill_page(struct asking *a, cJSON *page, bool keys, const char *after)
{
    struct fake_cluster *c = a->cluster;
    unsigned             limit = c->page_limit == 0 ? 100 : c->page_limit, taken = 0;
    cJSON               *items = cJSON_AddArrayToObject(page, "items");
    const char          *last = "", *next = NULL;

    qsort(c->things, c->count, sizeof(struct fake_thing *), by_id);
    for (size_t i = 0; i < c->count && next == NULL; i++) {
        const struct fake_thing *t = c->things[i];
        if (t->is_key != keys || (t->gone && c->lie != LIE_RESURRECT) || strncmp(t->id, after, KEY_ID_LEN) <= 0)
            continue;
        if (taken++ == limit)
            next = last;
        else
            assert_true(cJSON_AddItemToArray(items, show(c, t)));
        if (c->lie == LIE_LIST_TWICE) assert_true(cJSON_AddItemToArray(items, show(c, t)));
        last = t->id;
    }
    if (c->lie == LIE_LIST_BACK) next = "a2222222222222222222222222222222";
    if (c->lie == LIE_LIST_LOOP) next = after[0] == '\0' ? last : after;
    name_next(page, next);
}

static void answer_list(struct asking *a, bool keys)
{
    const char *after = strstr(a->request.query, "after=");
    char        id[KEY_ID_LEN + 1] = "";
    cJSON      *page = cJSON_CreateObject();

    a->cluster->gets++;
    if (after != NULL) memcpy(id, after + 6, KEY_ID_LEN);
    (void)snprintf(a->reply->etag, sizeof a->reply->etag, "\"%u-%s\"", a->cluster->version, keys ? "k" : "o");
    if (a->if_none_match != NULL && strcmp(a->if_none_match, a->reply->etag) == 0) {
        a->cluster->unmodified++;
        a->reply->status = 304;
        cJSON_Delete(page);
        return;
    }
    if (a->cluster->lie == LIE_LIST_ENDLESS && keys)
        fill_endless_page(a, page);
    else
        fill_page(a, page, keys, id);
    reply_json(a, 200, page);
}

static void answer_thing(struct asking *a, const char *rest, struct fake_thing *t)
{
    if (t == NULL) {
        reply_problem(a, KMS_E_NOT_FOUND);
    } else if (strcmp(rest, "/sign") == 0) {
        answer_sign(a, t);
    } else if (strcmp(a->method, "GET") == 0) {
        reply_json(a, 200, show(a->cluster, t));
    } else if (strcmp(a->method, "PATCH") == 0) {
        answer_patch(a, t);
    } else if (strcmp(a->method, "DELETE") == 0) {
        a->cluster->deletions++;
        a->cluster->version++;
        t->gone = true;
        reply_json(a, 200, cJSON_CreateObject());
    } else {
        reply_problem(a, KMS_E_METHOD);
    }
}

static void answer(struct asking *a)
{
    const char  *path = a->request.path;
    bool         keys = strncmp(path, "/api/v1/keys", 12) == 0;
    size_t       base = keys ? 12 : 15;
    enum kms_err refuse = a->cluster->refuse != KMS_OK || keys ? a->cluster->refuse : a->cluster->refuse_objects;

    if (refuse != KMS_OK) {
        reply_problem(a, refuse);
    } else if (a->cluster->lie == LIE_NOT_MODIFIED) {
        a->reply->status = 304;
    } else if (a->cluster->signed_anew_until > 0) {
        a->cluster->signed_anew_until--;
        reply_problem(a, KMS_E_EXPIRED);
    } else if (strcmp(path, "/api/v1/keys/generate") == 0) {
        answer_generate(a);
    } else if (path[base] == '\0' && strcmp(a->method, "GET") == 0) {
        answer_list(a, keys);
    } else if (path[base] == '\0') {
        answer_create(a);
    } else {
        const char *id = path + base + 1;
        answer_thing(a, strlen(id) > KEY_ID_LEN ? id + KEY_ID_LEN : "", find_thing(a->cluster, id));
    }
}

static RESULT check_request(struct asking *a, const char *target, const struct request_headers *headers,
                            struct bytes body)
{
    struct identity who;

    TRY(signed_request_parse(&a->request, &a->certificate, a->method, target, headers, body));
    TRY(identity_verify(&who, a->cluster->authority, a->request.certificate_der, a->request.created));
    return signed_request_verify_vartime(&a->request, &who);
}

void fake_cluster_answer(struct fake_cluster *c, struct fake_reply *reply, const char *method, const char *target,
                         const struct request_headers *headers, const char *if_none_match, struct bytes body)
{
    struct asking a = {.cluster = c,
                       .reply = reply,
                       .method = method,
                       .if_none_match = if_none_match,
                       .certificate = BUF_INIT(CERTIFICATE_MAX)};

    *reply = (struct fake_reply){.body = BUF_INIT(BODY_MAX)};
    (void)pthread_mutex_lock(&c->lock);
    if (check_request(&a, target, headers, body) == KMS_OK)
        answer(&a);
    else
        reply_problem(&a, KMS_E_UNAUTHENTICATED);
    (void)pthread_mutex_unlock(&c->lock);
    buf_clear(&a.certificate);
}
