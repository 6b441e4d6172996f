/* SPDX-License-Identifier: Apache-2.0 */
/* GET, PATCH and DELETE of keys. */
#include "cluster/api/api_state.h"
#include "cluster/api/handlers.h"
#include "cluster/api/key_json.h"
#include "cluster/api/query.h"
#include "cluster/api/words.h"
#include "cluster/coordinator/hooks.h"

#define ITEM_BYTES 2048 /* of an item's own members, the variable ones apart */

static enum kms_err reply_key(struct call *call, const struct key_record *key)
{
    JSON_OUT_LOCAL o = {0};
    char           etag[ETAG_LEN + 1];

    TRY(key_json(&o, key));
    key_etag(etag, key);
    call_reply_json(call, 200, o.item, &(struct call_headers){.etag = etag});
    return KMS_OK;
}

enum kms_err keys_show(struct call *call)
{
    KEY_VIEW_LOCAL key;
    char           etag[ETAG_LEN + 1];

    TRY(key_view_load(&key, call, ACTION_SHOW));
    key_etag(etag, &key.record);
    if (!call_has_etag(call, etag)) return reply_key(call, &key.record);
    call_reply_not_modified(call, etag);
    return KMS_OK;
}

/* One page: it asks for one item more than it shows, to know whether there is a next. */
struct key_page {
    cJSON   *items;
    unsigned limit, count;
    size_t   bytes; /* about as many as it has so far */
    char     last[KEY_ID_LEN + 1];
    bool     more;
};

static size_t size_as_json(const struct key_record *key)
{
    return ITEM_BYTES + (key->birth.len + key->request.len + key->change.len) / 3 * 4 + key->attributes.len;
}

static enum kms_err add_to_page(void *arg, const struct key_record *key)
{
    struct key_page *page = arg;
    JSON_OUT_LOCAL   o = {0};

    size_t bytes = page->bytes + size_as_json(key);
    page->more = page->count == page->limit || (page->count > 0 && bytes > PAGE_BYTES_MAX);
    if (page->more) return fail(KMS_E_TOO_LARGE, "the page is full");
    page->bytes = bytes;
    TRY(key_json(&o, key));
    if (!cJSON_AddItemToArray(page->items, o.item)) return fail(KMS_E_MEMORY, "a list of keys");
    o.item = NULL;
    page->count++;
    memcpy(page->last, key->key_id, sizeof page->last);
    return KMS_OK;
}

static enum kms_err reply_page(struct call *call, const struct query_page *query, const char *owner, const char *etag)
{
    struct metadata *m = call_metadata(call);
    JSON_OUT_LOCAL   o = json_out_object();
    cJSON           *items = cJSON_CreateArray();
    struct key_page  page = {.items = items, .limit = query->limit};

    json_out_item(&o, "items", items);
    if (o.failed) return fail(KMS_E_MEMORY, "a list of keys");
    enum kms_err err = m->ops->key_each(m->self, owner, query->after, query->limit + 1, add_to_page, &page);
    if (err != KMS_OK && !page.more) return err;
    json_out_text(&o, "next", page.more ? page.last : NULL);
    if (o.failed) return fail(KMS_E_MEMORY, "a list of keys");
    call_reply_json(call, 200, o.item, &(struct call_headers){.etag = etag});
    return KMS_OK;
}

enum kms_err keys_list(struct call *call)
{
    struct query_page query;
    char              etag[ETAG_LEN + 1];
    const char       *owner = call->who.role == ROLE_CLIENT ? call->who.uri : NULL;

    TRY(policy_check(&call->who, ACTION_LIST, NULL));
    TRY(query_parse_page(&query, call->query));
    TRY(etag_of_list(etag, call, "keys", owner));
    if (!call_has_etag(call, etag)) return reply_page(call, &query, owner, etag);
    call_reply_not_modified(call, etag);
    return KMS_OK;
}

static RESULT set_bytes(struct buf *out, struct bytes value)
{
    out->len = 0;
    return buf_append(out, value);
}

static RESULT apply_change(struct key_record *key, const struct call *call, const struct words *words, int64_t revision)
{
    if (strcmp(key->state, "ENABLED") != 0) return fail(KMS_E_STATE, "the key is being deleted");
    if (revision != (int64_t)key->revision + 1)
        return fail(KMS_E_CONFLICT, "revision: the present one is %u, so %u belongs here: read the key again",
                    key->revision, key->revision + 1);
    key->revision++;
    key->changed_ms = call_wall_ms(call);
    memcpy(key->label, words->label, strlen(words->label) + 1);
    TRY(set_bytes(&key->id, buf_bytes(&words->id)));
    TRY(set_bytes(&key->attributes, buf_bytes(&words->attributes)));
    if (HOOK_IS("stale-change") && key->change.len > 0) return KMS_OK;
    key->change.len = 0;
    return signed_request_encode(&key->change, &call->request);
}

enum kms_err keys_change(struct call *call)
{
    struct metadata   *m = call_metadata(call);
    JSON_LOCAL        *document = NULL;
    WORDS_LOCAL        words;
    KEY_VIEW_LOCAL     key;
    struct json_object body;
    struct log_record  row;
    int64_t            revision;

    words_init(&words);
    TRY(key_view_load(&key, call, ACTION_CHANGE));
    TRY(json_parse(&document, call->http->body));
    TRY(json_object_begin(&body, document, "request"));
    TRY(words_take(&words, &body, true));
    TRY(json_get_int(&body, "revision", 1, UINT32_MAX, 0, &revision));
    TRY(json_object_end(&body));
    TRY(apply_change(&key.record, call, &words, revision));
    call_log_row(&row, call, KMS_OK);
    TRY(m->ops->key_put(m->self, &key.record, &row));
    call->logged = true;
    return reply_key(call, &key.record);
}

static void on_destroyed(void *arg, enum kms_err err, const struct key_record *key)
{
    struct call   *call = arg;
    JSON_OUT_LOCAL o = json_out_object();

    call->logged = true;
    if (err != KMS_OK) {
        call_reply_error(call, err);
        return;
    }
    json_out_text(&o, "keyId", key->key_id);
    json_out_text(&o, "state", key->state);
    if (key->deletion_due_s > 0)
        json_out_time(&o, "deletionDate", key->deletion_due_s);
    else
        json_out_text(&o, "deletionDate", NULL);
    call_reply_json(call, 200, o.item, NULL);
}

enum kms_err keys_delete(struct call *call)
{
    KEY_VIEW_LOCAL   key;
    struct operation op = call_operation(call);

    TRY(key_view_load(&key, call, ACTION_DELETE));
    coordinator_destroy(call->api->coordinator, &op, &key.record, on_destroyed, call);
    return KMS_OK;
}
