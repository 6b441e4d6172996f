/* SPDX-License-Identifier: Apache-2.0 */
/* The checks, in the order: who asked, what was asked, what was made, what was changed. */
#include "pkcs11/backend/verification.h"

#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/document/policy.h"

#define ALGORITHM_EDDSA 4
#define AUTHORIZATION_END_TO_END 1

RESULT verifier_init(struct verifier *v, const struct authority *authority, const struct identity *owner)
{
    *v = (struct verifier){.authority = authority, .owner = owner};
    return identity_cache_new(&v->cache, authority);
}

void verifier_clear(struct verifier *v)
{
    identity_cache_free(&v->cache);
    seen_clear(&v->seen);
}

void backend_object_clear(struct backend_object *o)
{
    buf_clear(&o->value);
}

/* A request that the owner signed, with a certificate that was valid then. */
static RESULT read_request(struct signed_request *out, struct verifier *v, struct bytes encoded, bool known)
{
    struct identity signer;

    TRY(signed_request_decode(out, encoded));
    if (known) return KMS_OK;
    TRY_AT(identity_cache_verify(v->cache, &signer, out->certificate_der, out->created), "signer of the request");
    if (strcmp(signer.uri, v->owner->uri) != 0)
        return fail(KMS_E_SIGNATURE, "the request is signed by %s, not by %s", signer.uri, v->owner->uri);
    return signed_request_verify_vartime(out, &signer);
}

static RESULT check_target(const struct signed_request *r, const char *method, const char *path)
{
    if (strcmp(r->method, method) != 0 || strcmp(r->path, path) != 0 || r->query[0] != '\0')
        return fail(KMS_E_SIGNATURE, "the signed request is not %s %s", method, path);
    return KMS_OK;
}

static RESULT check_birth_facts(const struct birth_body *b, const struct facts *asked,
                                const struct backend_object *words, const struct verifier *v)
{
    uint8_t policy[32];

    if (strcmp(b->cluster, v->owner->cluster) != 0 || strcmp(b->owner, v->owner->uri) != 0)
        return fail(KMS_E_SIGNATURE, "born for %s", b->owner);
    if (b->group != asked->group || b->algorithm != ALGORITHM_EDDSA)
        return fail(KMS_E_SIGNATURE, "born with another curve or algorithm than asked for");
    if (b->t != asked->threshold || b->n != asked->shard_count)
        return fail(KMS_E_SIGNATURE, "born %u of %u, asked for %u of %u", b->t, b->n, asked->threshold,
                    asked->shard_count);
    policy_builtin_hash(policy);
    if (b->authorization != AUTHORIZATION_END_TO_END || memcmp(policy, b->policy_hash, sizeof policy) != 0)
        return fail(KMS_E_SIGNATURE, "born with another policy than the owner's end-to-end one");
    if (strcmp(b->label, words->label) != 0) return fail(KMS_E_SIGNATURE, "born with another label");
    return KMS_OK;
}

/* What was made is what was asked for, by this very request. */
static RESULT check_birth(struct backend_object *out, struct verifier *v, const struct evidence *e,
                          const struct signed_request *r, const struct facts *asked)
{
    struct birth_certificate birth;
    struct point             point;
    uint8_t                  hash[32];

    TRY(birth_decode(&birth, buf_bytes(&e->birth)));
    const struct birth_body *b = &birth.body;
    TRY(signed_request_hash(hash, r));
    if (strcmp(b->key_id, e->object_id) != 0) return fail(KMS_E_SIGNATURE, "the birth certificate of another key");
    if (memcmp(hash, b->request_hash, sizeof hash) != 0 || b->created != r->created)
        return fail(KMS_E_SIGNATURE, "born of another request");
    TRY(check_birth_facts(b, asked, out, v));
    TRY(birth_verify_cached(&birth, v->cache));
    const struct prime_group *group = group_by_id(b->group);
    TRY(group_decode(group, &point, bytes(b->public_key, group->point_len)));
    out->group = b->group;
    out->algorithm = b->algorithm;
    memcpy(out->public_key, b->public_key, sizeof out->public_key);
    return KMS_OK;
}

/* Birth certificates that were verified before need only be read. */
static RESULT read_birth(struct backend_object *out, const struct evidence *e)
{
    struct birth_certificate birth;

    TRY(birth_decode(&birth, buf_bytes(&e->birth)));
    out->group = birth.body.group;
    out->algorithm = birth.body.algorithm;
    memcpy(out->public_key, birth.body.public_key, sizeof out->public_key);
    return KMS_OK;
}

/* The id of an object follows from its owner and the idempotency key of its request (docs/wire-format.md). */
static RESULT check_object_id(const struct verifier *v, const struct evidence *e, const struct signed_request *r)
{
    char    text[32 + IDENTITY_URI_MAX + sizeof r->idempotency_key];
    uint8_t hash[32];
    char    id[KEY_ID_LEN + 1];

    int used = snprintf(text, sizeof text, "kms/v1/object-id%c%s%c%s", 0, v->owner->uri, 0, r->idempotency_key);
    sha256(hash, bytes(text, (size_t)used));
    base32_encode(id, bytes(hash, 20));
    if (strcmp(id, e->object_id) != 0) return fail(KMS_E_SIGNATURE, "the request of another object");
    return KMS_OK;
}

static RESULT verify_origin(struct backend_object *out, struct verifier *v, const struct evidence *e, bool known)
{
    struct signed_request request;
    struct facts          facts;
    bool                  is_key = out->class == BACKEND_KEY;

    TRY(read_request(&request, v, buf_bytes(&e->request), known));
    TRY(check_target(&request, "POST", is_key ? "/api/v1/keys/generate" : "/api/v1/objects"));
    if (is_key) {
        TRY(body_read_generate(out, &facts, request.body));
        return known ? read_birth(out, e) : check_birth(out, v, e, &request, &facts);
    }
    TRY(check_object_id(v, e, &request));
    TRY(body_read_create(out, &facts, request.body));
    out->class = facts.class;
    return KMS_OK;
}

static RESULT verify_change(struct backend_object *out, struct verifier *v, const struct evidence *e, bool known)
{
    struct signed_request request;
    struct facts          facts;
    char                  path[160];

    if (e->change.len == 0) return KMS_OK;
    TRY(read_request(&request, v, buf_bytes(&e->change), known));
    (void)snprintf(path, sizeof path, "/api/v1/%s/%s", out->class == BACKEND_KEY ? "keys" : "objects", e->object_id);
    TRY(check_target(&request, "PATCH", path));
    TRY(body_read_change(out, &facts, request.body));
    out->revision = facts.revision;
    return KMS_OK;
}

static RESULT verify_all(struct backend_object *out, struct verifier *v, const struct evidence *e, bool known)
{
    TRY(verify_origin(out, v, e, known));
    return verify_change(out, v, e, known);
}

/* A hash of hashes, so that no byte can move from one part to the next. */
static void hash_evidence(uint8_t out[32], const struct evidence *e)
{
    uint8_t parts[3][32];

    sha256(parts[0], buf_bytes(&e->birth));
    sha256(parts[1], buf_bytes(&e->request));
    sha256(parts[2], buf_bytes(&e->change));
    sha256(out, BYTES_OF(parts));
}

RESULT verify_evidence(struct backend_object *out, struct verifier *v, enum backend_class class,
                       const struct evidence *e)
{
    struct seen_item        item = {0};
    const struct seen_item *before = seen_find(&v->seen, e->object_id);

    *out = (struct backend_object){.class = class, .revision = 1};
    memcpy(out->object_id, e->object_id, sizeof out->object_id);
    memcpy(item.object_id, e->object_id, sizeof item.object_id);
    hash_evidence(item.evidence_hash, e);
    sha256(item.change_hash, buf_bytes(&e->change));
    bool known = before != NULL && memcmp(before->evidence_hash, item.evidence_hash, sizeof item.evidence_hash) == 0;
    enum kms_err err = verify_all(out, v, e, known);
    item.revision = out->revision;
    if (err == KMS_OK) err = seen_put(&v->seen, &item);
    if (err == KMS_OK) return KMS_OK;
    backend_object_clear(out);
    error_context("%s %s", class == BACKEND_KEY ? "key" : "object", e->object_id);
    return err;
}

RESULT verify_is_answer_to(const struct evidence *e, struct bytes encoded, const char *idempotency_key,
                           struct bytes body)
{
    struct signed_request request;

    TRY(signed_request_decode(&request, encoded));
    if (strcmp(request.idempotency_key, idempotency_key) != 0 || !bytes_equal(request.body, body))
        return fail(KMS_E_PROTOCOL, "%s: the answer to another request", e->object_id);
    return KMS_OK;
}
