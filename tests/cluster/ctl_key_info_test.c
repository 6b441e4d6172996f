/* SPDX-License-Identifier: Apache-2.0 */
/* What kmsctl believes about a key: nothing that the nodes or the owner have not signed. */
#include "cluster/ctl/key_info.h"

#include <stdio.h>

#include "cluster/pki/pki.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/crypto/group.h"
#include "common/document/signed_request.h"
#include "common/secret/secmem.h"
#include "tests/support/test.h"

#define NODES 3
#define BODY "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"},\"label\":\"mine\",\"id\":\"0a\"}"

/* A cluster's parties on disk, made once: one CA, three nodes, two clients. */
static struct world {
    bool              made;
    const char       *directory;
    struct authority *authority;
    struct credential nodes[NODES], owner, stranger;
} world;

static void load(struct credential *out, const char *cert, const char *key)
{
    struct secret none = SECRET_NONE;

    assert_ok(credential_load_public(out, cert));
    assert_ok(credential_unlock(out, key, &none));
}

static void make_client(struct credential *out, const char *name)
{
    struct secret none = SECRET_NONE;
    char          folder[512], cert[600], key[600];

    (void)snprintf(folder, sizeof folder, "%s/%s", world.directory, name);
    assert_ok(pki_client_create(world.directory, &none, ROLE_CLIENT, name, folder, &none));
    (void)snprintf(cert, sizeof cert, "%s/client.cert", folder);
    (void)snprintf(key, sizeof key, "%s/client.key", folder);
    load(out, cert, key);
}

static void make_node(struct credential *out, const char *name)
{
    struct secret    none = SECRET_NONE;
    struct pki_issue issue = {.role = ROLE_NODE, .name = name, .names = {"localhost"}, .name_count = 1, .days = 30};
    char             prefix[512], cert[600], key[600];

    (void)snprintf(prefix, sizeof prefix, "%s/%s", world.directory, name);
    assert_ok(pki_issue(world.directory, &none, &issue, prefix, &none));
    (void)snprintf(cert, sizeof cert, "%s.cert", prefix);
    (void)snprintf(key, sizeof key, "%s.key", prefix);
    load(out, cert, key);
}

static void make_world(void)
{
    static const char *const names[NODES] = {"tss1", "tss2", "tss3"};
    struct secret            none = SECRET_NONE;
    char                     path[512];

    if (world.made) return;
    world.directory = test_directory();
    assert_ok(secmem_init());
    assert_ok(group_init());
    assert_ok(pki_ca_init(world.directory, "test", &none));
    (void)snprintf(path, sizeof path, "%s/ca.cert", world.directory);
    assert_ok(authority_load(&world.authority, path));
    for (unsigned i = 0; i < NODES; i++) make_node(&world.nodes[i], names[i]);
    make_client(&world.owner, "app");
    make_client(&world.stranger, "other");
    world.made = true;
}

/* The coordinator's answer, and what it is made of: a test changes one thing and encodes again. */
struct answer {
    struct signed_request    request;
    struct birth_certificate birth;
    cJSON                   *json;
};

static void sign_request(struct signed_request *r, const struct credential *by, const char *method, const char *path,
                         const char *body)
{
    *r = (struct signed_request){.body = bytes_str(body)};
    (void)snprintf(r->method, sizeof r->method, "%s", method);
    (void)snprintf(r->path, sizeof r->path, "%s", path);
    assert_ok(signed_request_sign(r, by, clock_wall_s(), 60));
}

static void fill_body(struct birth_body *b, const struct signed_request *request)
{
    const struct prime_group *group = group_by_id(GROUP_ED25519);
    SECRET_SCALAR             x;
    struct point              public_key;

    *b = (struct birth_body){.cluster = "test",
                             .version = 1,
                             .epoch = 1,
                             .algorithm = 4,
                             .group = GROUP_ED25519,
                             .t = 2,
                             .n = NODES,
                             .nodes = {"tss1", "tss2", "tss3"},
                             .authorization = 1,
                             .label = "mine",
                             .created = request->created};
    assert_ok(scalar_random(group, &x, rng_system()));
    group_base_mul(group, &public_key, &x);
    group_encode(group, b->public_key, &public_key);
    (void)snprintf(b->owner, sizeof b->owner, "%s", world.owner.identity.uri);
    assert_ok(signed_request_hash(b->request_hash, request));
    birth_key_id(b->key_id, b->cluster, b->request_hash, b->ssid, bytes(b->public_key, group->point_len));
}

static void sign_birth(struct birth_certificate *c, unsigned count)
{
    c->count = count;
    for (unsigned i = 0; i < count; i++) {
        struct birth_signature *s = &c->signatures[i];
        (void)snprintf(s->node, sizeof s->node, "%s", c->body.nodes[i]);
        s->certificate_der = buf_bytes(&world.nodes[i].certificate_der);
        assert_ok(birth_sign(s->signature, &c->body, &world.nodes[i]));
    }
}

static void set_text(cJSON *json, const char *name, const char *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(json, name);
    assert_non_null(cJSON_AddStringToObject(json, name, value));
}

static void set_request(cJSON *json, const char *name, const struct signed_request *r)
{
    BUF_LOCAL encoded = BUF_INIT(REQUEST_ENCODED_MAX), text = BUF_INIT(2 * REQUEST_ENCODED_MAX);

    assert_ok(signed_request_encode(&encoded, r));
    assert_ok(base64_encode(&text, buf_bytes(&encoded)));
    set_text(json, name, buf_str(&text));
}

static void encode(struct answer *a)
{
    BUF_LOCAL encoded = BUF_INIT(BIRTH_ENCODED_MAX), text = BUF_INIT(2 * BIRTH_ENCODED_MAX);
    char      hex[65];

    hex_encode(hex, bytes(a->birth.body.public_key, 32));
    assert_ok(birth_encode(&encoded, &a->birth));
    assert_ok(base64_encode(&text, buf_bytes(&encoded)));
    a->json = cJSON_CreateObject();
    set_text(a->json, "keyId", a->birth.body.key_id);
    set_text(a->json, "publicKey", hex);
    set_text(a->json, "label", "mine");
    set_text(a->json, "id", "0a");
    set_text(a->json, "state", "ENABLED");
    set_text(a->json, "birthCertificate", buf_str(&text));
    assert_non_null(cJSON_AddNumberToObject(a->json, "revision", 1));
    set_request(a->json, "request", &a->request);
}

static void make_answer(struct answer *a)
{
    make_world();
    *a = (struct answer){0};
    sign_request(&a->request, &world.owner, "POST", "/api/v1/keys/generate", BODY);
    fill_body(&a->birth.body, &a->request);
    sign_birth(&a->birth, NODES);
    encode(a);
}

static enum kms_err read_and_free(struct answer *a)
{
    struct key_info key;
    enum kms_err    err = key_info_read(&key, world.authority, a->json);

    json_free(&a->json);
    return err;
}

TEST(key_info, believes_what_nodes_and_owner_have_signed)
{
    struct answer   a;
    struct key_info key;
    BUF_LOCAL       pem = BUF_INIT(4096);

    make_answer(&a);

    assert_ok(key_info_read(&key, world.authority, a.json));
    assert_string_equal(key.label, "mine");
    assert_string_equal(key.id, "0a");
    assert_int_equal(key.birth.t, 2);
    assert_ok(key_info_annotate(a.json, &key.birth));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(a.json, "attestedBy")), NODES);
    assert_ok(key_info_pem(&pem, &key.birth));
    assert_non_null(strstr(buf_str(&pem), "BEGIN PUBLIC KEY"));
    json_free(&a.json);
}

TEST(key_info, refuses_another_public_key)
{
    struct answer a, other;

    make_answer(&a);
    make_answer(&other);
    set_text(a.json, "publicKey", cJSON_GetObjectItemCaseSensitive(other.json, "publicKey")->valuestring);

    assert_err(KMS_E_MISMATCH, read_and_free(&a));
    json_free(&other.json);
}

TEST(key_info, refuses_the_birth_certificate_of_another_key)
{
    struct answer a, other;

    make_answer(&a);
    make_answer(&other);
    set_text(a.json, "birthCertificate", cJSON_GetObjectItemCaseSensitive(other.json, "birthCertificate")->valuestring);

    assert_err(KMS_E_MISMATCH, read_and_free(&a));
    json_free(&other.json);
}

TEST(key_info, refuses_a_certificate_that_one_node_has_not_signed)
{
    struct answer a;

    make_answer(&a);
    json_free(&a.json);
    sign_birth(&a.birth, NODES - 1);
    encode(&a);

    assert_err(KMS_E_SIGNATURE, read_and_free(&a));
}

TEST(key_info, refuses_a_label_that_the_owner_did_not_choose)
{
    struct answer a;

    make_answer(&a);
    set_text(a.json, "label", "theirs");

    assert_err(KMS_E_MISMATCH, read_and_free(&a));
}

TEST(key_info, refuses_an_id_that_the_owner_did_not_choose)
{
    struct answer a;

    make_answer(&a);
    set_text(a.json, "id", "0b");

    assert_err(KMS_E_MISMATCH, read_and_free(&a));
}

TEST(key_info, refuses_a_generate_request_that_is_not_the_one_of_the_birth)
{
    struct answer         a;
    struct signed_request again;

    make_answer(&a);
    sign_request(&again, &world.owner, "POST", "/api/v1/keys/generate", BODY);
    set_request(a.json, "request", &again);

    assert_err(KMS_E_MISMATCH, read_and_free(&a));
}

TEST(key_info, takes_label_and_id_from_the_owners_last_change)
{
    struct answer         a;
    struct key_info       key;
    struct signed_request change;
    char                  path[64];

    make_answer(&a);
    (void)snprintf(path, sizeof path, "/api/v1/keys/%s", a.birth.body.key_id);
    sign_request(&change, &world.owner, "PATCH", path,
                 "{\"label\":\"new\",\"id\":\"0x0B\",\"attributes\":{},\"revision\":2}");
    set_request(a.json, "change", &change);
    set_text(a.json, "label", "new");
    set_text(a.json, "id", "0b");
    cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(a.json, "revision"), 2);

    assert_ok(key_info_read(&key, world.authority, a.json));
    assert_string_equal(key.label, "new");
    assert_int_equal(key.revision, 2);
    json_free(&a.json);
}

static enum kms_err read_with_change(const struct credential *by, const char *method, const char *path_format)
{
    struct answer         a;
    struct signed_request change;
    char                  path[96];

    make_answer(&a);
    (void)snprintf(path, sizeof path, "%s%s", path_format, a.birth.body.key_id);
    sign_request(&change, by, method, path, "{\"label\":\"new\",\"id\":\"0a\",\"attributes\":{},\"revision\":2}");
    set_request(a.json, "change", &change);
    set_text(a.json, "label", "new");
    cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(a.json, "revision"), 2);
    return read_and_free(&a);
}

TEST(key_info, refuses_a_change_by_somebody_else)
{
    make_world();

    assert_err(KMS_E_MISMATCH, read_with_change(&world.stranger, "PATCH", "/api/v1/keys/"));
}

TEST(key_info, refuses_a_change_of_something_else)
{
    make_world();

    assert_err(KMS_E_MISMATCH, read_with_change(&world.owner, "PATCH", "/api/v1/objects/"));
    assert_err(KMS_E_MISMATCH, read_with_change(&world.owner, "DELETE", "/api/v1/keys/"));
}

TEST(key_info, refuses_an_answer_without_evidence)
{
    struct answer a;

    make_answer(&a);
    cJSON_DeleteItemFromObjectCaseSensitive(a.json, "birthCertificate");
    assert_err(KMS_E_FORMAT, read_and_free(&a));

    make_answer(&a);
    cJSON_DeleteItemFromObjectCaseSensitive(a.json, "request");
    assert_err(KMS_E_FORMAT, read_and_free(&a));
}
