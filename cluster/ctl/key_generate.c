/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl key generate: what was asked for is what was made, or it is said. */
#include "cluster/ctl/key.h"

static RESULT add_text(cJSON *object, const char *name, const char *value)
{
    return cJSON_AddStringToObject(object, name, value) != NULL ? KMS_OK
                                                                : fail(KMS_E_MEMORY, "no memory for the request");
}

static RESULT add_number(cJSON *object, const char *name, long value)
{
    return cJSON_AddNumberToObject(object, name, (double)value) != NULL
               ? KMS_OK
               : fail(KMS_E_MEMORY, "no memory for the request");
}

/* Said here in the words of the command line; the coordinator would say it in those of the API. */
static RESULT check_shards(struct ctl *ctl, long *count, long *threshold)
{
    bool all_of_n = option_flag(ctl, "all-of-n");

    TRY(option_number(ctl, "shards", 2, BIRTH_HOLDERS_MAX, 3, count));
    TRY(option_number(ctl, "threshold", 2, BIRTH_HOLDERS_MAX, 2, threshold));
    if (*threshold > *count) return usage_fail(ctl, "--threshold: at most --shards, which is %ld", *count);
    if (*threshold == *count && !all_of_n)
        return usage_fail(ctl,
                          "--threshold %ld of --shards %ld: the loss of one node would be the loss of the key; "
                          "--all-of-n accepts that",
                          *threshold, *count);
    if (*threshold < *count && all_of_n) return usage_fail(ctl, "--all-of-n: only where --threshold is --shards");
    return KMS_OK;
}

static RESULT check_words(struct ctl *ctl)
{
    BUF_LOCAL   id = BUF_INIT(LABEL_MAX);
    const char *curve = option_text(ctl, "curve"), *label = option_text(ctl, "label");

    if (curve != NULL && group_by_name(curve) == NULL) return usage_fail(ctl, "--curve: \"%.40s\" is none", curve);
    if (label != NULL && strlen(label) > LABEL_MAX) return usage_fail(ctl, "--label: at most %d bytes", LABEL_MAX);
    return content_hex(&id, ctl, "id");
}

static RESULT fill_generate(struct ctl *ctl, cJSON *body)
{
    const char *curve = option_text(ctl, "curve"), *label = option_text(ctl, "label"), *id = option_text(ctl, "id");
    cJSON      *format = cJSON_AddObjectToObject(body, "format");
    cJSON      *shards = cJSON_AddObjectToObject(body, "shard_properties");
    long        count, threshold;

    if (format == NULL || shards == NULL) return fail(KMS_E_MEMORY, "no memory for the request");
    TRY(check_shards(ctl, &count, &threshold));
    TRY(check_words(ctl));
    TRY(add_text(format, "type", "ECC"));
    TRY(add_text(format, "curve", curve == NULL ? "ED25519" : curve));
    TRY(add_number(shards, "shard_count", count));
    TRY(add_number(shards, "threshold", threshold));
    if (option_flag(ctl, "all-of-n") && cJSON_AddTrueToObject(shards, "all_of_n") == NULL)
        return fail(KMS_E_MEMORY, "no memory for the request");
    TRY(add_text(body, "label", label == NULL ? "" : label));
    return add_text(body, "id", id == NULL ? "" : id);
}

/* What was asked for is what was made: the nodes' signatures alone do not say so. */
static RESULT check_generated(struct ctl *ctl, const struct key_info *key)
{
    const char *label = option_text(ctl, "label"), *curve = option_text(ctl, "curve");
    long        count, threshold;

    TRY(check_shards(ctl, &count, &threshold));
    if (key->birth.t != threshold || key->birth.n != count || strcmp(key->label, label == NULL ? "" : label) != 0 ||
        group_by_id(key->birth.group) != group_by_name(curve == NULL ? "ED25519" : curve) ||
        strcmp(key->birth.owner, ctl->credential.identity.uri) != 0)
        return fail(KMS_E_MISMATCH, "key %s is not what was asked for: do not use it", key->birth.key_id);
    return KMS_OK;
}

static RESULT key_generate(struct ctl *ctl)
{
    JSON_LOCAL     *body = cJSON_CreateObject();
    BUF_LOCAL       text = BUF_INIT(REQUEST_BODY_MAX);
    cJSON          *item = NULL;
    struct key_info key;

    if (body == NULL) return fail(KMS_E_MEMORY, "no memory for the request");
    TRY(fill_generate(ctl, body));
    TRY(json_print(&text, body));
    TRY(command_call(ctl, "POST", "/api/v1/keys/generate", buf_bytes(&text), &item));
    result_replace(ctl, item);
    TRY(key_info_read(&key, ctl->authority, item));
    TRY(key_give(ctl, item, &key));
    return check_generated(ctl, &key);
}

static const struct option_spec options[] = {
    {"label", "TEXT", NULL, "the key's label, at most 255 bytes", 0},
    {"id", "HEX", NULL, "the key's id (CKA_ID of PKCS#11)", 0},
    {"curve", "NAME", NULL, "ED25519 (the default)", 0},
    {"shards", "N", NULL, "how many nodes hold a share (3)", 0},
    {"threshold", "T", NULL, "how many of them it takes to sign (2)", 0},
    {"all-of-n", NULL, NULL, "accept that T = N: the loss of one node then is the loss of the key", 0},
    {"pem", NULL, NULL, "print the public key as PEM, and nothing else", 0},
};

static const struct command rows[] = {
    {"key", "generate", "", 0, 0, "make a key; its birth certificate is checked before it is believed", NEEDS_CLUSTER,
     options, ARRAY_LEN(options), key_generate},
};
const struct command_group commands_key_generate = {rows, ARRAY_LEN(rows)};
