/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl key generate, list, show, delete. */
#include "cluster/ctl/command.h"
#include "cluster/ctl/key_info.h"
#include "common/base/text.h"

#define PAGE 200

static RESULT key_path(char out[96], const char *key_id, const char *suffix)
{
    if (!text_is_name(key_id, KEY_ID_LEN) || strlen(key_id) != KEY_ID_LEN)
        return fail(KMS_E_ARGUMENT, "\"%.40s\" is not a key id (32 characters; see `kmsctl key list`)", key_id);
    (void)snprintf(out, 96, "/api/v1/keys/%s%s", key_id, suffix);
    return KMS_OK;
}

static void node_names(char *out, size_t size, const struct birth_body *birth)
{
    size_t at = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < birth->n && at < size; i++) {
        int len = snprintf(out + at, size - at, "%s%s", i == 0 ? "" : " ", birth->nodes[i]);
        at += len > 0 ? (size_t)len : 0;
    }
}

static RESULT say_key(struct ctl *ctl, const struct key_info *key)
{
    char                      hex[2 * POINT_LEN_MAX + 1], nodes[BIRTH_HOLDERS_MAX * (PARTY_NAME_MAX + 1) + 1];
    const struct prime_group *group = group_by_id(key->birth.group);

    if (group == NULL) return fail(KMS_E_UNSUPPORTED, "a key of an unknown group");
    hex_encode(hex, bytes(key->birth.public_key, group->point_len));
    node_names(nodes, sizeof nodes, &key->birth);
    ctl_say(ctl, "key        %s", key->birth.key_id);
    ctl_say(ctl, "public     %s", hex);
    ctl_say(ctl, "curve      %s", group->name);
    ctl_say(ctl, "shares     %u of %u: %s", key->birth.t, key->birth.n, nodes);
    ctl_say(ctl, "owner      %s", key->birth.owner);
    ctl_say(ctl, "label      %s", key->label);
    ctl_say(ctl, "state      %s, since %s", key->state, key->created);
    ctl_say(ctl, "attested   by all %u holders", key->birth.n);
    return KMS_OK;
}

/* One key, checked, as the result; takes over item. */
static RESULT give_key(struct ctl *ctl, cJSON *item, struct key_info *key)
{
    result_replace(ctl, item);
    TRY(key_info_read(key, ctl->authority, item));
    TRY(key_info_annotate(item, &key->birth));
    if (!option_flag(ctl, "pem")) return say_key(ctl, key);
    return key_info_pem(&ctl->text, &key->birth);
}

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

static RESULT fill_generate(struct ctl *ctl, cJSON *body)
{
    const char *curve = option_text(ctl, "curve"), *label = option_text(ctl, "label"), *id = option_text(ctl, "id");
    cJSON      *format = cJSON_AddObjectToObject(body, "format");
    cJSON      *shards = cJSON_AddObjectToObject(body, "shard_properties");
    long        count, threshold;

    if (format == NULL || shards == NULL) return fail(KMS_E_MEMORY, "no memory for the request");
    TRY(option_number(ctl, "shards", 2, BIRTH_HOLDERS_MAX, 3, &count));
    TRY(option_number(ctl, "threshold", 2, BIRTH_HOLDERS_MAX, 2, &threshold));
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

    TRY(option_number(ctl, "shards", 2, BIRTH_HOLDERS_MAX, 3, &count));
    TRY(option_number(ctl, "threshold", 2, BIRTH_HOLDERS_MAX, 2, &threshold));
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
    TRY(give_key(ctl, item, &key));
    return check_generated(ctl, &key);
}

static RESULT key_show(struct ctl *ctl)
{
    cJSON          *item = NULL;
    struct key_info key;
    char            path[96];

    TRY(key_path(path, ctl->args[0], ""));
    TRY(command_call(ctl, "GET", path, BYTES_NONE, &item));
    TRY(give_key(ctl, item, &key));
    if (strcmp(key.birth.key_id, ctl->args[0]) != 0)
        return fail(KMS_E_MISMATCH, "the coordinator answered with another key");
    return KMS_OK;
}

static bool is_wanted(const struct ctl *ctl, const struct key_info *key)
{
    const char *label = option_text(ctl, "label"), *id = option_text(ctl, "id");

    return (label == NULL || strcmp(label, key->label) == 0) && (id == NULL || strcmp(id, key->id) == 0);
}

/* *bad counts the keys that are not what their nodes and owners signed. */
static RESULT list_page(struct ctl *ctl, cJSON *page, cJSON *all, unsigned *bad)
{
    cJSON          *items = cJSON_GetObjectItemCaseSensitive(page, "items");
    struct key_info key;

    if (!cJSON_IsArray(items)) return fail(KMS_E_FORMAT, "the coordinator's answer has no items");
    for (cJSON *item = items->child, *next; item != NULL; item = next) {
        next = item->next;
        enum kms_err err = key_info_read(&key, ctl->authority, item);
        if (err != KMS_OK) {
            ctl_say(ctl, "NOT BELIEVED: %s", error_text());
            (*bad)++;
            continue;
        }
        if (!is_wanted(ctl, &key)) continue;
        const struct prime_group *group = group_by_id(key.birth.group);
        ctl_say(ctl, "%s  %-9s  %u/%u  %-16s  %s", key.birth.key_id, group == NULL ? "?" : group->name, key.birth.t,
                key.birth.n, key.state, key.label);
        TRY(key_info_annotate(item, &key.birth));
        cJSON_AddItemToArray(all, cJSON_DetachItemViaPointer(items, item));
    }
    return KMS_OK;
}

/* Copies the cursor of the next page; "" at the end. */
static RESULT next_page(const cJSON *page, char after[KEY_ID_LEN + 1])
{
    const cJSON *next = cJSON_GetObjectItemCaseSensitive(page, "next");
    const char  *text = cJSON_IsString(next) ? next->valuestring : "";

    if (text[0] != '\0' && (!text_is_name(text, KEY_ID_LEN) || strcmp(text, after) <= 0))
        return fail(KMS_E_FORMAT, "the coordinator's answer has a wrong \"next\"");
    (void)snprintf(after, KEY_ID_LEN + 1, "%s", text);
    return KMS_OK;
}

static RESULT key_list(struct ctl *ctl)
{
    char     path[96], after[KEY_ID_LEN + 1] = "";
    cJSON   *all = cJSON_CreateArray();
    unsigned bad = 0;

    result_item(ctl, "items", all);
    if (all == NULL) return fail(KMS_E_MEMORY, "no memory for the result");
    do {
        JSON_LOCAL *page = NULL;
        (void)snprintf(path, sizeof path, "/api/v1/keys?limit=%d%s%s", PAGE, after[0] == '\0' ? "" : "&after=", after);
        TRY(command_call(ctl, "GET", path, BYTES_NONE, &page));
        TRY(list_page(ctl, page, all, &bad));
        TRY(next_page(page, after));
    } while (after[0] != '\0');
    result_number(ctl, "notBelieved", bad);
    return bad == 0 ? KMS_OK
                    : fail(KMS_E_MISMATCH, "%u keys of the list are not what their nodes and owners have signed", bad);
}

static RESULT key_delete(struct ctl *ctl)
{
    cJSON *item = NULL;
    char   path[96];

    TRY(key_path(path, ctl->args[0], ""));
    TRY(command_call(ctl, "DELETE", path, BYTES_NONE, &item));
    const cJSON *state = cJSON_GetObjectItemCaseSensitive(item, "state"),
                *date = cJSON_GetObjectItemCaseSensitive(item, "deletionDate");
    ctl_say(ctl, "%s %s%s%s", ctl->args[0], cJSON_IsString(state) ? state->valuestring : "?",
            cJSON_IsString(date) ? ", shares wiped at " : "", cJSON_IsString(date) ? date->valuestring : "");
    result_replace(ctl, item);
    return KMS_OK;
}

static const struct option_spec generate_options[] = {
    {"label", "TEXT", NULL, "the key's label, at most 255 bytes", false},
    {"id", "HEX", NULL, "the key's id (CKA_ID of PKCS#11)", false},
    {"curve", "NAME", NULL, "ED25519 (the default)", false},
    {"shards", "N", NULL, "how many nodes hold a share (3)", false},
    {"threshold", "T", NULL, "how many of them it takes to sign (2)", false},
    {"all-of-n", NULL, NULL, "accept that T = N: the loss of one node then is the loss of the key", false},
    {"pem", NULL, NULL, "print the public key as PEM, and nothing else", false},
};
static const struct option_spec list_options[] = {
    {"label", "TEXT", NULL, "only keys of this label", false},
    {"id", "HEX", NULL, "only keys of this id, in lower case", false},
};
static const struct option_spec show_options[] = {
    {"pem", NULL, NULL, "print the public key as PEM, and nothing else", false}};

static const struct command rows[] = {
    {"key", "generate", "", 0, 0, "make a key; its birth certificate is checked before it is believed", NEEDS_CLUSTER,
     generate_options, ARRAY_LEN(generate_options), key_generate},
    {"key", "list", "", 0, 0, "list keys, each checked", NEEDS_CLUSTER, list_options, ARRAY_LEN(list_options),
     key_list},
    {"key", "show", "KEYID", 1, 1, "show one key, checked", NEEDS_CLUSTER, show_options, ARRAY_LEN(show_options),
     key_show},
    {"key", "delete", "KEYID", 1, 1, "delete a key for good, after the nodes' waiting period", NEEDS_CLUSTER, NULL, 0,
     key_delete},
};
const struct command_group commands_key = {rows, ARRAY_LEN(rows)};
