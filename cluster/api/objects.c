/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/objects: certificates and data of the PKCS#11 token. No node knows of them; the client's requests are the
 * evidence. */
#include <stdio.h>

#include "cluster/api/etag.h"
#include "cluster/api/handlers.h"
#include "cluster/api/json_out.h"
#include "cluster/api/query.h"
#include "cluster/api/words.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"

#define ITEM_BYTES 1024 /* of an item's own members, the variable ones apart */

static void object_etag(char out[ETAG_LEN + 1], const struct object_record *r)
{
    char text[128];
    int  used = snprintf(text, sizeof text, "object %s %u %lld", r->object_id, r->revision, (long long)r->changed_ms);

    etag_make(out, bytes(text, used < 0 ? 0 : (size_t)used));
}

static RESULT object_json(struct json_out *o, const struct object_record *r)
{
    *o = json_out_object();
    json_out_text(o, "objectId", r->object_id);
    json_out_text(o, "class", r->object_class);
    json_out_text(o, "label", r->label);
    json_out_hex(o, "id", buf_bytes(&r->id));
    json_out_hex(o, "value", buf_bytes(&r->value));
    json_out_raw(o, "attributes", buf_str(&r->attributes));
    json_out_text(o, "owner", r->owner);
    json_out_number(o, "revision", r->revision);
    json_out_time(o, "created", r->created_ms / 1000);
    json_out_base64(o, "request", buf_bytes(&r->request));
    if (r->change.len > 0) json_out_base64(o, "change", buf_bytes(&r->change));
    return o->failed ? fail(KMS_E_MEMORY, "an object as JSON") : KMS_OK;
}

static enum kms_err reply_object(struct call *call, int status, const struct object_record *r)
{
    JSON_OUT_LOCAL      o = {0};
    char                etag[ETAG_LEN + 1], location[64];
    struct call_headers headers = {.etag = etag, .location = status == 201 ? location : NULL};

    TRY(object_json(&o, r));
    object_etag(etag, r);
    (void)snprintf(location, sizeof location, "/api/v1/objects/%s", r->object_id);
    call_reply_json(call, status, o.item, &headers);
    return KMS_OK;
}

/* Its owner may do everything, operators and auditors may read; to other clients it does not exist. */
static RESULT load(struct object_record *out, const struct call *call, bool reading)
{
    struct metadata *m = call_metadata(call);

    object_record_init(out);
    TRY(m->ops->object_get(m->self, call->id, out));
    if (call->who.role == ROLE_CLIENT)
        return strcmp(call->who.uri, out->owner) == 0 ? KMS_OK : fail(KMS_E_NOT_FOUND, "no such object");
    return reading ? KMS_OK
                   : fail(KMS_E_DENIED, "%s may not change this object: it belongs to a client", call->who.uri);
}

/*
 * An object's id follows from its owner and its Idempotency-Key, neither of which can hold a NUL: so the same request
 * sent again finds the same object, and no other client can name it.
 */
static void make_object_id(char out[KEY_ID_LEN + 1], const struct call *call)
{
    char    in[32 + IDENTITY_URI_MAX + 65 + 2];
    uint8_t hash[32];
    int used = snprintf(in, sizeof in, "kms/v1/object-id%c%s%c%s", 0, call->who.uri, 0, call->request.idempotency_key);

    sha256(hash, bytes(in, used < 0 ? 0 : (size_t)used));
    base32_encode(out, bytes(hash, 20));
}

static RESULT fill_object(struct object_record *out, const struct call *call, const cJSON *document)
{
    struct json_object body;
    WORDS_LOCAL        words;
    const char *class;
    bool present;

    words_init(&words);
    TRY(json_object_begin(&body, document, "request"));
    TRY(json_get_text(&body, "class", 16, NULL, &class));
    if (strcmp(class, "certificate") != 0 && strcmp(class, "data") != 0)
        return fail(KMS_E_UNSUPPORTED, "request.class: there is: certificate, data");
    TRY(json_get_hex(&body, "value", OBJECT_VALUE_MAX, &out->value, &present));
    if (!present) return fail(KMS_E_FORMAT, "request.value: missing (hex)");
    TRY(words_take(&words, &body, false));
    TRY(json_object_end(&body));
    make_object_id(out->object_id, call);
    memcpy(out->owner, call->who.uri, sizeof out->owner);
    (void)snprintf(out->object_class, sizeof out->object_class, "%s", class);
    (void)snprintf(out->label, sizeof out->label, "%s", words.label);
    out->revision = 1;
    out->created_ms = out->changed_ms = call_wall_ms(call);
    TRY(buf_append(&out->id, buf_bytes(&words.id)));
    TRY(buf_append(&out->attributes, buf_bytes(&words.attributes)));
    return signed_request_encode(&out->request, &call->request);
}

/* The same Idempotency-Key and body again: the object that there is. */
static enum kms_err reply_earlier(struct call *call, const struct object_record *earlier)
{
    struct signed_request made;

    TRY_AT(signed_request_decode(&made, buf_bytes(&earlier->request)), "object %s", earlier->object_id);
    if (!bytes_equal(made.body, call->http->body))
        return fail(KMS_E_CONFLICT, "Idempotency-Key %s was used with another body, for object %s",
                    call->request.idempotency_key, earlier->object_id);
    return reply_object(call, 201, earlier);
}

enum kms_err objects_create(struct call *call)
{
    struct metadata    *m = call_metadata(call);
    JSON_LOCAL         *document = NULL;
    OBJECT_RECORD_LOCAL object, earlier;
    struct log_record   row;

    object_record_init(&object);
    object_record_init(&earlier);
    if (call->who.role != ROLE_CLIENT) return fail(KMS_E_DENIED, "%s may not make objects: clients may", call->who.uri);
    TRY(json_parse(&document, call->http->body));
    TRY(fill_object(&object, call, document));
    enum kms_err err = m->ops->object_get(m->self, object.object_id, &earlier);
    if (err == KMS_OK) return reply_earlier(call, &earlier);
    if (err != KMS_E_NOT_FOUND) return err;
    memcpy(call->id, object.object_id, sizeof call->id);
    call_log_row(&row, call, KMS_OK);
    TRY(m->ops->object_put(m->self, &object, &row));
    call->logged = true;
    return reply_object(call, 201, &object);
}

enum kms_err objects_show(struct call *call)
{
    OBJECT_RECORD_LOCAL object;
    char                etag[ETAG_LEN + 1];

    TRY(load(&object, call, true));
    object_etag(etag, &object);
    if (!call_has_etag(call, etag)) return reply_object(call, 200, &object);
    call_reply_not_modified(call, etag);
    return KMS_OK;
}

struct object_page {
    cJSON   *items;
    unsigned limit, count;
    size_t   bytes; /* about as many as it has so far */
    char     last[KEY_ID_LEN + 1];
    bool     more;
};

static size_t size_as_json(const struct object_record *r)
{
    return ITEM_BYTES + 2 * r->value.len + r->attributes.len + (r->request.len + r->change.len) / 3 * 4;
}

static enum kms_err add_to_page(void *arg, const struct object_record *object)
{
    struct object_page *page = arg;
    JSON_OUT_LOCAL      o = {0};

    size_t bytes = page->bytes + size_as_json(object);
    page->more = page->count == page->limit || (page->count > 0 && bytes > PAGE_BYTES_MAX);
    if (page->more) return fail(KMS_E_TOO_LARGE, "the page is full");
    page->bytes = bytes;
    TRY(object_json(&o, object));
    if (!cJSON_AddItemToArray(page->items, o.item)) return fail(KMS_E_MEMORY, "a list of objects");
    o.item = NULL;
    page->count++;
    memcpy(page->last, object->object_id, sizeof page->last);
    return KMS_OK;
}

static enum kms_err reply_page(struct call *call, const struct query_page *query, const char *owner, const char *etag)
{
    struct metadata   *m = call_metadata(call);
    JSON_OUT_LOCAL     o = json_out_object();
    struct object_page page = {.items = cJSON_CreateArray(), .limit = query->limit};

    json_out_item(&o, "items", page.items);
    if (o.failed) return fail(KMS_E_MEMORY, "a list of objects");
    enum kms_err err = m->ops->object_each(m->self, owner, query->after, query->limit + 1, add_to_page, &page);
    if (err != KMS_OK && !page.more) return err;
    json_out_text(&o, "next", page.more ? page.last : NULL);
    call_reply_json(call, 200, o.item, &(struct call_headers){.etag = etag});
    return KMS_OK;
}

enum kms_err objects_list(struct call *call)
{
    struct query_page query;
    char              etag[ETAG_LEN + 1];
    const char       *owner = call->who.role == ROLE_CLIENT ? call->who.uri : NULL;

    TRY(query_parse_page(&query, call->query));
    TRY(etag_of_list(etag, call, "objects", owner));
    if (!call_has_etag(call, etag)) return reply_page(call, &query, owner, etag);
    call_reply_not_modified(call, etag);
    return KMS_OK;
}

static RESULT apply_change(struct object_record *object, const struct call *call, const struct words *words,
                           int64_t revision)
{
    if (revision != (int64_t)object->revision + 1)
        return fail(KMS_E_CONFLICT, "revision: the present one is %u, so %u belongs here: read the object again",
                    object->revision, object->revision + 1);
    object->revision++;
    object->changed_ms = call_wall_ms(call);
    object->id.len = object->attributes.len = object->change.len = 0;
    (void)snprintf(object->label, sizeof object->label, "%s", words->label);
    TRY(buf_append(&object->id, buf_bytes(&words->id)));
    TRY(buf_append(&object->attributes, buf_bytes(&words->attributes)));
    return signed_request_encode(&object->change, &call->request);
}

enum kms_err objects_change(struct call *call)
{
    struct metadata    *m = call_metadata(call);
    JSON_LOCAL         *document = NULL;
    WORDS_LOCAL         words;
    OBJECT_RECORD_LOCAL object;
    struct json_object  body;
    struct log_record   row;
    int64_t             revision;

    words_init(&words);
    TRY(load(&object, call, false));
    TRY(json_parse(&document, call->http->body));
    TRY(json_object_begin(&body, document, "request"));
    TRY(words_take(&words, &body, true));
    TRY(json_get_int(&body, "revision", 1, UINT32_MAX, 0, &revision));
    TRY(json_object_end(&body));
    TRY(apply_change(&object, call, &words, revision));
    call_log_row(&row, call, KMS_OK);
    TRY(m->ops->object_put(m->self, &object, &row));
    call->logged = true;
    return reply_object(call, 200, &object);
}

enum kms_err objects_delete(struct call *call)
{
    struct metadata    *m = call_metadata(call);
    OBJECT_RECORD_LOCAL object;
    JSON_OUT_LOCAL      o = json_out_object();
    struct log_record   row;

    TRY(load(&object, call, false));
    call_log_row(&row, call, KMS_OK);
    TRY(m->ops->object_erase(m->self, call->id, &row));
    call->logged = true;
    json_out_text(&o, "objectId", call->id);
    json_out_text(&o, "state", "DELETED");
    call_reply_json(call, 200, o.item, NULL);
    return KMS_OK;
}
