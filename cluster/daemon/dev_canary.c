/* SPDX-License-Identifier: Apache-2.0 */
/* The canary: a key of its own credential that has signed before `dev` says that it is ready. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cluster/ctl/client.h"
#include "cluster/ctl/key_info.h"
#include "cluster/daemon/dev.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/crypto/ed25519.h"

#define CANARY_LABEL "kms-canary"
#define CANARY_TEXT "kms-canary: a signature that proves only that the cluster signs"
#define DEADLINE_MS 30000
#define CALL_TIMEOUT_S 10
#define STEP_NS 20000000L

struct canary {
    struct client     client;
    struct credential credential;
    struct authority *authority;
};

static void canary_close(struct canary *c)
{
    client_close(&c->client);
    credential_clear(&c->credential);
    authority_free(&c->authority);
}

static RESULT canary_open(struct canary *c, const struct dev *dev)
{
    SECRET_LOCAL none = SECRET_NONE;
    char         path[DEV_PATH_MAX];

    TRY(dev_path(dev, path, "certs/ca.cert"));
    TRY(authority_load(&c->authority, path));
    (void)snprintf(c->client.url, sizeof c->client.url, "https://127.0.0.1:%d", dev->ports[0]);
    if (strlen(path) >= sizeof c->client.ca_path)
        return fail(KMS_E_ARGUMENT, "%s: a path of more than %zu bytes", path, sizeof c->client.ca_path);
    memcpy(c->client.ca_path, path, strlen(path) + 1);
    TRY(dev_path(dev, path, "clients/canary/client.cert"));
    TRY(credential_load_public(&c->credential, path));
    TRY(dev_path(dev, path, "clients/canary/client.key"));
    TRY(credential_unlock(&c->credential, path, &none));
    c->client.credential = &c->credential;
    c->client.timeout_s = CALL_TIMEOUT_S;
    return KMS_OK;
}

static void reply_clear(struct client_reply *reply)
{
    client_reply_clear(reply);
}

static RESULT call(struct canary *c, const char *method, const char *path, const char *body, cJSON **out)
{
    CLEANUP(reply_clear) struct client_reply reply = {0};

    TRY(client_call(&c->client, method, path, bytes_str(body), NULL, &reply));
    TRY(client_error(&reply));
    return json_parse(out, buf_bytes(&reply.body));
}

/* Its one key, found again by its label, or made. */
static RESULT find_key(struct canary *c, struct key_info *key)
{
    JSON_LOCAL  *list = NULL;
    JSON_LOCAL  *made = NULL;
    const cJSON *item;

    TRY(call(c, "GET", "/api/v1/keys?limit=100", "", &list));
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(list, "items"))
    {
        TRY(key_info_read(key, c->authority, item));
        if (strcmp(key->label, CANARY_LABEL) == 0) return KMS_OK;
    }
    TRY(call(
        c, "POST", "/api/v1/keys/generate",
        "{\"format\":{\"type\":\"ECC\",\"curve\":\"ED25519\"},\"shard_properties\":{\"shard_count\":3,\"threshold\":2},"
        "\"label\":\"" CANARY_LABEL "\"}",
        &made));
    return key_info_read(key, c->authority, made);
}

static RESULT sign(struct canary *c, const struct key_info *key)
{
    JSON_LOCAL *answer = NULL;
    char        path[96], hex[2 * sizeof CANARY_TEXT], body[2 * sizeof CANARY_TEXT + 64];
    uint8_t     signature[ED25519_SIGNATURE_LEN];

    hex_encode(hex, bytes_str(CANARY_TEXT));
    (void)snprintf(body, sizeof body, "{\"data\":\"%s\",\"dataType\":\"RAW\"}", hex);
    (void)snprintf(path, sizeof path, "/api/v1/keys/%s/sign", key->birth.key_id);
    TRY(call(c, "POST", path, body, &answer));
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(answer, "signature");
    if (!cJSON_IsString(text)) return fail(KMS_E_FORMAT, "the answer has no signature");
    TRY(hex_decode(signature, sizeof signature, bytes_str(text->valuestring)));
    return ed25519_verify_vartime(signature, key->birth.public_key, bytes_str(CANARY_TEXT));
}

static RESULT attempt(struct canary *c)
{
    struct key_info key;

    TRY(find_key(c, &key));
    return sign(c, &key);
}

RESULT dev_canary(const struct dev *dev)
{
    CLEANUP(canary_close) struct canary c = {0};
    const struct timespec               step = {0, STEP_NS};
    uint64_t                            until = clock_monotonic_ms() + DEADLINE_MS;

    TRY(canary_open(&c, dev));
    for (;;) {
        enum kms_err err = attempt(&c);
        if (err == KMS_OK || !error_retryable(err) || clock_monotonic_ms() > until) return err;
        (void)nanosleep(&step, NULL);
    }
}
