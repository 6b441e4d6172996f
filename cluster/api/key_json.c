/* SPDX-License-Identifier: Apache-2.0 */
/* Keys to JSON; keys of the path. */
#include "cluster/api/key_json.h"

#include <stdio.h>

#include "cluster/coordinator/hooks.h"
#include "common/crypto/spki.h"

void key_view_clear(struct key_view *v)
{
    key_record_clear(&v->record);
}

static RESULT check_access(const struct call *call, const struct key_record *record, enum action action)
{
    enum kms_err err = policy_check(&call->who, action, record->owner);

    if (err == KMS_E_DENIED && call->who.role == ROLE_CLIENT && strcmp(call->who.uri, record->owner) != 0)
        return fail(KMS_E_NOT_FOUND, "no such key");
    return err;
}

RESULT key_view_load(struct key_view *out, const struct call *call, enum action action)
{
    struct metadata *m = call_metadata(call);

    key_record_init(&out->record);
    TRY(m->ops->key_get(m->self, call->id, &out->record));
    TRY(check_access(call, &out->record, action));
    if (action != ACTION_DELETE && strcmp(out->record.state, "DELETED") == 0)
        return fail(KMS_E_NOT_FOUND, "no such key");
    TRY_AT(birth_decode(&out->birth, buf_bytes(&out->record.birth)), "key %s", call->id);
    return KMS_OK;
}

static void add_format(struct json_out *o, const struct prime_group *group, const struct birth_body *b)
{
    struct json_out format = json_out_object();

    json_out_text(&format, "type", "ECC");
    json_out_text(&format, "curve", group->name);
    json_out_text(&format, "algo_type", coordinator_algorithm_name(b->algorithm));
    json_out_number(&format, "size", (double)group->scalar_len);
    json_out_item(o, "format", format.item);
}

static void add_shards(struct json_out *o, const struct birth_body *b)
{
    struct json_out shards = json_out_object();
    const char     *nodes[BIRTH_HOLDERS_MAX];

    json_out_number(&shards, "shard_count", b->n);
    json_out_number(&shards, "threshold", b->t);
    json_out_item(o, "shard_properties", shards.item);
    for (unsigned i = 0; i < b->n; i++) nodes[i] = b->nodes[i];
    json_out_texts(o, "nodes", nodes, b->n);
}

static RESULT add_public_key(struct json_out *o, const struct prime_group *group, const struct birth_body *b)
{
    BUF_LOCAL pem = BUF_INIT(1024);
    uint8_t   point[POINT_LEN_MAX];

    memcpy(point, b->public_key, sizeof point);
    HOOK_SHOWN_PUBLIC_KEY(point);
    TRY(spki_encode_pem(&pem, group, bytes(point, group->point_len)));
    json_out_hex(o, "publicKey", bytes(point, group->point_len));
    json_out_text(o, "publicKeyPem", buf_str(&pem));
    return KMS_OK;
}

static void add_words(struct json_out *o, const struct key_record *r)
{
    json_out_text(o, "owner", r->owner);
    json_out_text(o, "label", r->label);
    json_out_hex(o, "id", buf_bytes(&r->id));
    json_out_raw(o, "attributes", buf_str(&r->attributes));
    json_out_number(o, "revision", r->revision);
    json_out_time(o, "created", r->created_ms / 1000);
    json_out_base64(o, "birthCertificate", buf_bytes(&r->birth));
    json_out_base64(o, "request", buf_bytes(&r->request));
    if (r->change.len > 0) json_out_base64(o, "change", buf_bytes(&r->change));
}

static RESULT show(struct json_out *o, const struct key_record *r)
{
    struct birth_certificate birth;

    TRY_AT(birth_decode(&birth, buf_bytes(&r->birth)), "key %s", r->key_id);
    const struct prime_group *group = group_by_id(birth.body.group);
    if (group == NULL) return fail(KMS_E_CORRUPT, "key %s: unknown group", r->key_id);
    *o = json_out_object();
    json_out_text(o, "keyId", r->key_id);
    json_out_text(o, "address", NULL);
    TRY(add_public_key(o, group, &birth.body));
    json_out_text(o, "state", r->state);
    json_out_number(o, "version", birth.body.version);
    json_out_number(o, "epoch", birth.body.epoch);
    add_format(o, group, &birth.body);
    add_shards(o, &birth.body);
    add_words(o, r);
    return o->failed ? fail(KMS_E_MEMORY, "key %s as JSON", r->key_id) : KMS_OK;
}

#ifdef KMS_HOOKS
static RESULT show_tampered(struct json_out *o, const struct key_record *r)
{
    KEY_RECORD_LOCAL copy;

    key_record_init(&copy);
    TRY(key_record_copy(&copy, r));
    HOOK_SHOWN_KEY(&copy);
    return show(o, &copy);
}
#endif

RESULT key_json(struct json_out *out, const struct key_record *r)
{
    *out = (struct json_out){0};
#ifdef KMS_HOOKS
    return show_tampered(out, r);
#else
    return show(out, r);
#endif
}

void key_etag(char out[ETAG_LEN + 1], const struct key_record *r)
{
    char text[128];
    int  used =
        snprintf(text, sizeof text, "key %s %u %s %lld", r->key_id, r->revision, r->state, (long long)r->changed_ms);

    etag_make(out, bytes(text, used < 0 ? 0 : (size_t)used));
}
