/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/v1/keys/generate: every member checked before a node is asked. */
#include <stdio.h>

#include "cluster/api/api_state.h"
#include "cluster/api/handlers.h"
#include "cluster/api/key_json.h"
#include "cluster/api/words.h"
#include "cluster/protocol/scheme.h"

#define SHARD_COUNT_DEFAULT 3
#define THRESHOLD_DEFAULT 2

/* Which algorithms there are, for which curve. */
static const struct offer {
    const char    *curve, *algorithm;
    enum group_id  group;
    enum algorithm id;
    int64_t        size; /* bytes of a private key */
} offers[] = {
    {"ED25519", "EDDSA", GROUP_ED25519, ALGORITHM_EDDSA, 32},
};

struct format {
    const char *type, *curve, *algorithm;
    int64_t     size; /* 0: not given */
};

static RESULT read_format(struct format *out, struct json_object *body)
{
    struct json_object o;
    const cJSON       *item;

    TRY(json_get_object(body, "format", &item));
    if (item == NULL) return fail(KMS_E_FORMAT, "request.format: missing");
    TRY(json_object_begin(&o, item, "request.format"));
    TRY(json_get_text(&o, "type", 40, NULL, &out->type));
    TRY(json_get_text(&o, "curve", 40, NULL, &out->curve));
    TRY(json_get_text(&o, "algo_type", 40, "", &out->algorithm));
    if (cJSON_HasObjectItem(item, "algo_type") && out->algorithm[0] == '\0')
        return fail(KMS_E_RANGE, "request.format.algo_type: \"\" is no algorithm; leave it out");
    TRY(json_get_int(&o, "size", 0, 1048576, 0, &out->size));
    if (cJSON_HasObjectItem(item, "size") && out->size == 0)
        return fail(KMS_E_RANGE, "request.format.size: 0 is no size; leave it out");
    return json_object_end(&o);
}

static RESULT take_format(struct generate_order *out, const struct call *call, struct json_object *body)
{
    struct format       format;
    const struct offer *offer = &offers[0];

    TRY(read_format(&format, body));
    if (strcmp(format.type, "ECC") != 0) return fail(KMS_E_UNSUPPORTED, "request.format.type: there is: ECC");
    if (strcmp(format.curve, offer->curve) != 0)
        return fail(KMS_E_UNSUPPORTED, "request.format.curve: there is: %s", offer->curve);
    if (format.algorithm[0] == '\0') format.algorithm = call->api->config->default_algorithm_ed25519;
    if (strcmp(format.algorithm, offer->algorithm) != 0)
        return fail(KMS_E_UNSUPPORTED, "request.format.algo_type: for curve %s there is: %s", offer->curve,
                    offer->algorithm);
    if (format.size != 0 && format.size != offer->size)
        return fail(KMS_E_RANGE, "request.format.size: a key of curve %s has %lld bytes; leave it out", offer->curve,
                    (long long)offer->size);
    out->group = offer->group;
    out->algorithm = (uint16_t)offer->id;
    return KMS_OK;
}

static RESULT check_shards(int64_t n, int64_t t, bool all_of_n, unsigned node_count)
{
    if (n > (int64_t)node_count)
        return fail(KMS_E_RANGE, "request.shard_properties.shard_count: %lld, but this cluster has %u nodes",
                    (long long)n, node_count);
    if (t > n)
        return fail(KMS_E_RANGE, "request.shard_properties.threshold: %lld of %lld cannot be", (long long)t,
                    (long long)n);
    if (t == n && !all_of_n)
        return fail(
            KMS_E_RANGE,
            "request.shard_properties.threshold: with %lld of %lld one lost node loses the key; say all_of_n: true "
            "if that is meant",
            (long long)t, (long long)n);
    if (t < n && all_of_n)
        return fail(KMS_E_RANGE, "request.shard_properties.all_of_n: true, but the threshold is %lld of %lld",
                    (long long)t, (long long)n);
    return KMS_OK;
}

static RESULT take_shards(struct generate_order *out, const struct call *call, struct json_object *body)
{
    struct json_object o;
    const cJSON       *item;
    int64_t            n = SHARD_COUNT_DEFAULT, t = THRESHOLD_DEFAULT;
    bool               all_of_n = false;

    TRY(json_get_object(body, "shard_properties", &item));
    if (item != NULL) {
        TRY(json_object_begin(&o, item, "request.shard_properties"));
        TRY(json_get_int(&o, "shard_count", 2, BIRTH_HOLDERS_MAX, SHARD_COUNT_DEFAULT, &n));
        TRY(json_get_int(&o, "threshold", 2, BIRTH_HOLDERS_MAX, THRESHOLD_DEFAULT, &t));
        TRY(json_get_bool(&o, "all_of_n", false, &all_of_n));
        TRY(json_object_end(&o));
    }
    TRY(check_shards(n, t, all_of_n, call->api->config->node_count));
    out->n = (unsigned)n;
    out->t = (unsigned)t;
    return KMS_OK;
}

static void on_generated(void *arg, enum kms_err err, const struct key_record *key)
{
    struct call   *call = arg;
    JSON_OUT_LOCAL o = {0};
    char           etag[ETAG_LEN + 1], location[64];

    call->logged = true;
    if (err == KMS_OK) err = key_json(&o, key);
    if (err != KMS_OK) {
        call_reply_error(call, err);
        return;
    }
    key_etag(etag, key);
    (void)snprintf(location, sizeof location, "/api/v1/keys/%s", key->key_id);
    call_reply_json(call, 201, o.item, &(struct call_headers){.location = location, .etag = etag});
}

enum kms_err keys_generate(struct call *call)
{
    JSON_LOCAL           *document = NULL;
    WORDS_LOCAL           words;
    struct json_object    body;
    struct generate_order order = {0};
    struct operation      op = call_operation(call);

    words_init(&words);
    TRY(policy_check(&call->who, ACTION_GENERATE, NULL));
    TRY(json_parse(&document, call->http->body));
    TRY(json_object_begin(&body, document, "request"));
    TRY(take_format(&order, call, &body));
    TRY(take_shards(&order, call, &body));
    TRY(words_take(&words, &body, false));
    TRY(json_object_end(&body));
    order.label = words.label;
    order.id = buf_bytes(&words.id);
    order.attributes = buf_bytes(&words.attributes);
    coordinator_generate(call->api->coordinator, &op, &order, on_generated, call);
    return KMS_OK;
}
