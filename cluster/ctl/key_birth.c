/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl key verify-birth: who made a key, and that they all say so. */
#include <unistd.h>

#include "cluster/ctl/key.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define FILE_MAX (1024u * 1024)

/* What `kmsctl key show --json` or the API gives of a key. */
static RESULT birth_of_json(struct buf *encoded, struct bytes file)
{
    JSON_LOCAL *item = NULL;

    TRY(json_parse(&item, file));
    return key_info_birth(encoded, item);
}

/* JSON of the key, PEM or binary; of any number of signatures. */
static RESULT load_birth(struct buf *encoded, const char *path)
{
    BUF_LOCAL file = BUF_INIT(FILE_MAX);

    TRY(content_read(&file, path));
    if (file.len > 10 && memcmp(file.data, "-----BEGIN", 10) == 0) return birth_decode_pem(encoded, buf_bytes(&file));
    if (file.len > 0 && file.data[0] == '{') return birth_of_json(encoded, buf_bytes(&file));
    return buf_append(encoded, buf_bytes(&file));
}

static RESULT fetch_birth(struct ctl *ctl, struct buf *encoded)
{
    JSON_LOCAL *item = NULL;
    char        path[KEY_PATH_MAX];

    TRY(key_path(ctl, path, ctl->args[0], ""));
    TRY(command_connect(ctl, NEEDS_URL | NEEDS_CREDENTIAL));
    TRY(command_call(ctl, "GET", path, BYTES_NONE, &item));
    return key_info_birth(encoded, item);
}

static void say_birth(struct ctl *ctl, const struct birth_body *b, bool all_have_signed)
{
    const struct prime_group *group = group_by_id(b->group);
    char                      hex[2 * POINT_LEN_MAX + 1], when[21];

    hex_encode(hex, bytes(b->public_key, group->point_len));
    clock_format(when, b->created);
    result_text(ctl, "cluster", b->cluster);
    result_text(ctl, "keyId", b->key_id);
    result_text(ctl, "publicKey", hex);
    result_text(ctl, "curve", group->name);
    result_text(ctl, "owner", b->owner);
    result_text(ctl, "label", b->label);
    result_text(ctl, "created", when);
    result_number(ctl, "threshold", b->t);
    result_number(ctl, "shard_count", b->n);
    result_bool(ctl, "valid", all_have_signed);
    ctl_say(ctl, "key        %s of cluster %s", b->key_id, b->cluster);
    ctl_say(ctl, "public     %s (%s)", hex, group->name);
    ctl_say(ctl, "shares     %u of %u", b->t, b->n);
    ctl_say(ctl, "owner      %s", b->owner);
    ctl_say(ctl, "label      %s", b->label);
    ctl_say(ctl, "created    %s", when);
}

/* Each node of the body: has it signed, and rightly? */
static void say_signatures(struct ctl *ctl, const struct birth_certificate *c)
{
    cJSON *names = cJSON_CreateArray();

    result_item(ctl, "signedBy", names);
    for (unsigned i = 0; i < c->count; i++) {
        enum kms_err err = birth_verify_signature(&c->body, &c->signatures[i], ctl->authority);
        ctl_say(ctl, "%-10s %s", c->signatures[i].node, err == KMS_OK ? "signature is right" : error_text());
        if (err == KMS_OK && names != NULL) cJSON_AddItemToArray(names, cJSON_CreateString(c->signatures[i].node));
    }
}

static RESULT key_verify_birth(struct ctl *ctl)
{
    BUF_LOCAL                encoded = BUF_INIT(BIRTH_ENCODED_MAX);
    struct birth_certificate certificate;
    const char              *what = ctl->args[0];
    char                     key_id[KEY_ID_LEN + 1];

    bool is_key_id = strlen(what) == KEY_ID_LEN && text_is_name(what, KEY_ID_LEN) && access(what, F_OK) != 0;
    TRY_AT(is_key_id ? fetch_birth(ctl, &encoded) : load_birth(&encoded, what), "%s", what);
    TRY_AT(birth_decode(&certificate, buf_bytes(&encoded)), "%s", what);
    const struct birth_body  *b = &certificate.body;
    const struct prime_group *group = group_by_id(b->group);
    if (group == NULL) return fail(KMS_E_UNSUPPORTED, "%s: an unknown group", what);
    birth_key_id(key_id, b->cluster, b->request_hash, b->ssid, bytes(b->public_key, group->point_len));
    if (strcmp(key_id, b->key_id) != 0)
        return fail(KMS_E_MISMATCH, "%s: the key id does not follow from the key", what);
    if (is_key_id && strcmp(what, b->key_id) != 0)
        return fail(KMS_E_MISMATCH, "%s: the birth certificate is of another key", what);
    enum kms_err err = birth_verify(&certificate, ctl->authority);
    say_birth(ctl, b, err == KMS_OK);
    say_signatures(ctl, &certificate);
    return err == KMS_OK ? KMS_OK : birth_verify(&certificate, ctl->authority); /* again, for its text */
}

static const struct command rows[] = {
    {"key", "verify-birth", "FILE|KEYID", 1, 1,
     "check a birth certificate (PEM, binary, or the JSON of its key) against the CA, as of its date",
     NEEDS_AUTHORITY | MAY_NEED_CLUSTER, NULL, 0, key_verify_birth},
};
const struct command_group commands_key_birth = {rows, ARRAY_LEN(rows)};
