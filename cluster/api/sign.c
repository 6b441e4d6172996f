/* SPDX-License-Identifier: Apache-2.0 */
/* POST .../sign and .../verify. */
#include "cluster/api/api_state.h"
#include "cluster/api/handlers.h"
#include "cluster/api/key_json.h"
#include "cluster/protocol/outcome.h"

#define DATA_MAX 65536

/* What is to be signed, or was. */
struct data {
    struct buf  bytes;
    const char *type; /* "RAW" or "HASH": borrowed from the document */
};

static void data_clear(struct data *d)
{
    buf_clear(&d->bytes);
}
#define DATA_LOCAL CLEANUP(data_clear) struct data

static RESULT take_data(struct data *out, struct json_object *body)
{
    bool present;

    out->bytes = BUF_INIT(DATA_MAX);
    TRY(json_get_hex(body, "data", DATA_MAX, &out->bytes, &present));
    if (!present) return fail(KMS_E_FORMAT, "request.data: missing (hex)");
    TRY(json_get_text(body, "dataType", 16, "RAW", &out->type));
    size_t len = out->bytes.len;
    if (strcmp(out->type, "RAW") == 0) return KMS_OK;
    if (strcmp(out->type, "HASH") != 0) return fail(KMS_E_UNSUPPORTED, "request.dataType: there is: RAW, HASH");
    if (len != 32 && len != 48 && len != 64)
        return fail(KMS_E_RANGE, "request.data: a HASH has 32, 48 or 64 bytes, this has %zu", len);
    return KMS_OK;
}

static void on_signed(void *arg, enum kms_err err, const struct sign_outcome *outcome)
{
    struct call   *call = arg;
    JSON_OUT_LOCAL o = json_out_object();

    call->logged = true;
    if (err != KMS_OK) {
        call_reply_error(call, err);
        return;
    }
    json_out_text(&o, "keyId", call->id);
    json_out_hex(&o, "signature", outcome->signature);
    json_out_text(&o, "algo_type", call->algorithm);
    json_out_text(&o, "dataType", call->data_type);
    json_out_texts(&o, "signers", outcome->signers, outcome->signer_count);
    call_reply_json(call, 200, o.item, NULL);
}

enum kms_err keys_sign(struct call *call)
{
    JSON_LOCAL        *document = NULL;
    KEY_VIEW_LOCAL     key;
    DATA_LOCAL         data = {0};
    struct json_object body;
    struct operation   op = call_operation(call);

    TRY(key_view_load(&key, call, ACTION_SIGN));
    TRY(json_parse(&document, call->http->body));
    TRY(json_object_begin(&body, document, "request"));
    TRY(take_data(&data, &body));
    TRY(json_object_end(&body));
    if (strcmp(key.record.state, "ENABLED") != 0)
        return fail(KMS_E_STATE, "the key is being deleted: it signs no more");
    call->algorithm = coordinator_algorithm_name(key.birth.body.algorithm);
    call->data_type = strcmp(data.type, "HASH") == 0 ? "HASH" : "RAW";
    struct sign_order order = {.key = &key.record, .birth = &key.birth.body, .data = buf_bytes(&data.bytes)};
    coordinator_sign(call->api->coordinator, &op, &order, on_signed, call);
    return KMS_OK;
}

static RESULT take_signature(struct buf *out, struct json_object *body)
{
    bool present;

    TRY(json_get_hex(body, "signature", SIGNATURE_LEN_MAX, out, &present));
    if (!present) return fail(KMS_E_FORMAT, "request.signature: missing (hex)");
    if (out->len != 64) return fail(KMS_E_RANGE, "request.signature: EDDSA has 64 bytes, this has %zu", out->len);
    return KMS_OK;
}

enum kms_err keys_verify(struct call *call)
{
    JSON_LOCAL        *document = NULL;
    KEY_VIEW_LOCAL     key;
    DATA_LOCAL         data = {0};
    BUF_LOCAL          signature = BUF_INIT(SIGNATURE_LEN_MAX);
    JSON_OUT_LOCAL     o = json_out_object();
    struct json_object body;

    TRY(key_view_load(&key, call, ACTION_SHOW));
    TRY(json_parse(&document, call->http->body));
    TRY(json_object_begin(&body, document, "request"));
    TRY(take_data(&data, &body));
    TRY(take_signature(&signature, &body));
    TRY(json_object_end(&body));
    enum kms_err err = coordinator_verify(&key.birth.body, buf_bytes(&signature), buf_bytes(&data.bytes));
    json_out_text(&o, "keyId", call->id);
    json_out_bool(&o, "valid", err == KMS_OK);
    call_reply_json(call, 200, o.item, NULL);
    return KMS_OK;
}
