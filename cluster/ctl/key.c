/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl key list, show, delete; how a key is given. */
#include <unistd.h>

#include "cluster/ctl/key.h"
#include "cluster/pki/file_write.h"
#include "common/base/text.h"

#define PAGE 200
#define LIST_FORMAT(shares) "%-32s  %-9s  " shares "  %-16s  %-16s  %s"

RESULT key_path(struct ctl *ctl, char out[KEY_PATH_MAX], const char *key_id, const char *suffix)
{
    if (!text_is_name(key_id, KEY_ID_LEN) || strlen(key_id) != KEY_ID_LEN)
        return usage_fail(ctl, "\"%.40s\" is not a key id (32 characters; see `kmsctl key list`)", key_id);
    (void)snprintf(out, KEY_PATH_MAX, "/api/v1/keys/%s%s", key_id, suffix);
    return KMS_OK;
}

RESULT key_fetch(struct ctl *ctl, const char *key_id, cJSON **item, struct key_info *key)
{
    char path[KEY_PATH_MAX];

    TRY(key_path(ctl, path, key_id, ""));
    TRY(command_call(ctl, "GET", path, BYTES_NONE, item));
    TRY(key_info_read(key, ctl->authority, *item));
    if (strcmp(key->birth.key_id, key_id) != 0)
        return fail(KMS_E_MISMATCH, "the coordinator answered with another key");
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
    ctl_say(ctl, "id         %s", key->id);
    ctl_say(ctl, "state      %s, since %s", key->state, key->created);
    ctl_say(ctl, "attested   by all %u holders", key->birth.n);
    return KMS_OK;
}

RESULT key_give(struct ctl *ctl, cJSON *item, const struct key_info *key)
{
    TRY(key_info_annotate(item, &key->birth));
    if (!option_flag(ctl, "pem")) return say_key(ctl, key);
    return key_info_pem(&ctl->text, &key->birth);
}

/* --birth: to a file, or alone to standard output. */
static RESULT give_birth(struct ctl *ctl, const cJSON *item, const char *where)
{
    BUF_LOCAL                encoded = BUF_INIT(BIRTH_ENCODED_MAX), pem = BUF_INIT(2 * BIRTH_ENCODED_MAX);
    struct birth_certificate certificate;

    TRY(key_info_birth(&encoded, item));
    TRY(birth_decode(&certificate, buf_bytes(&encoded)));
    TRY(birth_encode_pem(&pem, &certificate));
    if (strcmp(where, "-") == 0) return buf_append(&ctl->text, buf_bytes(&pem));
    TRY(file_replace(where, buf_bytes(&pem), 0644));
    ctl_say(ctl, "%s: the birth certificate of %s", where, certificate.body.key_id);
    return KMS_OK;
}

static RESULT key_show(struct ctl *ctl)
{
    const char     *birth = option_text(ctl, "birth");
    cJSON          *item = NULL;
    struct key_info key;

    if (birth != NULL && option_flag(ctl, "pem")) return usage_fail(ctl, "--pem or --birth, not both");
    enum kms_err err = key_fetch(ctl, ctl->args[0], &item, &key);
    if (item != NULL) result_replace(ctl, item);
    TRY(err);
    if (birth == NULL) return key_give(ctl, item, &key);
    TRY(key_info_annotate(item, &key.birth));
    return give_birth(ctl, item, birth);
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
        ctl_say(ctl, LIST_FORMAT("%u/%u"), key.birth.key_id, group == NULL ? "?" : group->name, key.birth.t,
                key.birth.n, key.state, key.id[0] == '\0' ? "-" : key.id, key.label);
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
    if (isatty(STDOUT_FILENO)) ctl_say(ctl, LIST_FORMAT("%s"), "KEYID", "CURVE", "T/N", "STATE", "ID", "LABEL");
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
    char   path[KEY_PATH_MAX];

    TRY(key_path(ctl, path, ctl->args[0], ""));
    TRY(command_call(ctl, "DELETE", path, BYTES_NONE, &item));
    const cJSON *state = cJSON_GetObjectItemCaseSensitive(item, "state"),
                *date = cJSON_GetObjectItemCaseSensitive(item, "deletionDate");
    ctl_say(ctl, "%s %s%s%s", ctl->args[0], cJSON_IsString(state) ? state->valuestring : "?",
            cJSON_IsString(date) ? ", shares wiped at " : "", cJSON_IsString(date) ? date->valuestring : "");
    result_replace(ctl, item);
    return KMS_OK;
}

static const struct option_spec list_options[] = {
    {"label", "TEXT", NULL, "only keys of this label", 0},
    {"id", "HEX", NULL, "only keys of this id, in lower case", 0},
};
static const struct option_spec show_options[] = {
    {"pem", NULL, NULL, "print the public key as PEM, and nothing else", 0},
    {"birth", "FILE|-", NULL, "write the birth certificate there as PEM (-: to standard output, and nothing else)", 0},
};

static const struct command rows[] = {
    {"key", "list", "", 0, 0, "list keys, each checked", NEEDS_CLUSTER, list_options, ARRAY_LEN(list_options),
     key_list},
    {"key", "show", "KEYID", 1, 1, "show one key, checked", NEEDS_CLUSTER, show_options, ARRAY_LEN(show_options),
     key_show},
    {"key", "delete", "KEYID", 1, 1, "delete a key for good, after the nodes' waiting period", NEEDS_CLUSTER, NULL, 0,
     key_delete},
};
const struct command_group commands_key = {rows, ARRAY_LEN(rows)};
