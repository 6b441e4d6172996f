/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl key sign, verify, verify-birth: what is signed is verified here too, against the attested key. */
#include <unistd.h>

#include "cluster/ctl/command.h"
#include "cluster/ctl/key_info.h"
#include "cluster/pki/file_write.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/crypto/ed25519.h"

#define DATA_MAX 65536

/* --data HEX, --file FILE, or standard input. */
static RESULT read_data(struct ctl *ctl, struct buf *out)
{
    const char *hex = option_text(ctl, "data"), *file = option_text(ctl, "file");

    if (hex != NULL && file != NULL) return usage_fail(ctl, "--data or --file, not both");
    if (hex == NULL) return content_read(out, file == NULL ? "-" : file);
    TRY_AT(hex_decode_buf(out, bytes_str(hex)), "--data");
    return KMS_OK;
}

static RESULT fetch_key(struct ctl *ctl, const char *key_id, struct key_info *key)
{
    JSON_LOCAL *item = NULL;
    char        path[96];

    if (!text_is_name(key_id, KEY_ID_LEN) || strlen(key_id) != KEY_ID_LEN)
        return fail(KMS_E_ARGUMENT, "\"%.40s\" is not a key id (32 characters; see `kmsctl key list`)", key_id);
    (void)snprintf(path, sizeof path, "/api/v1/keys/%s", key_id);
    TRY(command_call(ctl, "GET", path, BYTES_NONE, &item));
    TRY(key_info_read(key, ctl->authority, item));
    if (strcmp(key->birth.key_id, key_id) != 0)
        return fail(KMS_E_MISMATCH, "the coordinator answered with another key");
    return KMS_OK;
}

static RESULT check_signature(const struct key_info *key, struct bytes signature, struct bytes data)
{
    if (key->birth.group != GROUP_ED25519) return fail(KMS_E_UNSUPPORTED, "signatures of this key's group");
    if (signature.len != ED25519_SIGNATURE_LEN)
        return fail(KMS_E_SIGNATURE, "a signature of %zu bytes where %d belong", signature.len, ED25519_SIGNATURE_LEN);
    return ed25519_verify_vartime(signature.data, key->birth.public_key, data);
}

static RESULT sign_body(struct buf *out, struct bytes data, const char *data_type)
{
    TRY(buf_append_str(out, "{\"data\":\""));
    uint8_t *at = buf_reserve(out, 2 * data.len);
    if (at == NULL) return fail(KMS_E_TOO_LARGE, "more than %d bytes of data", DATA_MAX);
    hex_encode((char *)at, data);
    out->len += 2 * data.len;
    return buf_printf(out, "\",\"dataType\":\"%s\"}", data_type);
}

static RESULT ask_signature(struct ctl *ctl, struct bytes data, cJSON **answer)
{
    BUF_LOCAL   body = BUF_INIT(REQUEST_BODY_MAX);
    const char *type = option_text(ctl, "data-type");
    char        path[96];

    if (type == NULL) type = "RAW";
    if (strcmp(type, "RAW") != 0 && strcmp(type, "HASH") != 0) return usage_fail(ctl, "--data-type: RAW or HASH");
    TRY(sign_body(&body, data, type));
    (void)snprintf(path, sizeof path, "/api/v1/keys/%s/sign", ctl->args[0]);
    return command_call(ctl, "POST", path, buf_bytes(&body), answer);
}

static RESULT say_signature(struct ctl *ctl, const cJSON *answer, const char *hex, struct bytes signature)
{
    const char  *out = option_text(ctl, "out");
    const cJSON *signer;
    char         names[BIRTH_HOLDERS_MAX * (PARTY_NAME_MAX + 1) + 1] = "";
    size_t       at = 0;

    cJSON_ArrayForEach(signer, cJSON_GetObjectItemCaseSensitive(answer, "signers"))
    {
        if (!cJSON_IsString(signer) || !text_is_name(signer->valuestring, PARTY_NAME_MAX) ||
            at + PARTY_NAME_MAX + 2 > sizeof names)
            continue;
        at += (size_t)snprintf(names + at, sizeof names - at, " %s", signer->valuestring);
    }
    if (out == NULL) {
        ctl_say(ctl, "%s", hex);
        return KMS_OK;
    }
    TRY(file_replace(out, signature, 0644));
    ctl_say(ctl, "%s: %zu bytes, signed by%s, verified", out, signature.len, names);
    return KMS_OK;
}

static RESULT key_sign(struct ctl *ctl)
{
    BUF_LOCAL       data = BUF_INIT(DATA_MAX), signature = BUF_INIT(1024);
    struct key_info key;
    cJSON          *answer = NULL;

    TRY(read_data(ctl, &data));
    TRY(fetch_key(ctl, ctl->args[0], &key));
    TRY(ask_signature(ctl, buf_bytes(&data), &answer));
    result_replace(ctl, answer);
    const cJSON *hex = cJSON_GetObjectItemCaseSensitive(answer, "signature");
    if (!cJSON_IsString(hex)) return fail(KMS_E_FORMAT, "the coordinator's answer has no signature");
    TRY(hex_decode_buf(&signature, bytes_str(hex->valuestring)));
    TRY_AT(check_signature(&key, buf_bytes(&signature), buf_bytes(&data)), "the coordinator's answer");
    result_bool(ctl, "verified", true);
    return say_signature(ctl, answer, hex->valuestring, buf_bytes(&signature));
}

static RESULT read_signature(struct ctl *ctl, struct buf *out)
{
    const char *hex = option_text(ctl, "signature"), *file = option_text(ctl, "signature-file");

    if ((hex == NULL) == (file == NULL))
        return usage_fail(ctl, "one of --signature HEX and --signature-file FILE is needed");
    if (file != NULL) return content_read(out, file);
    TRY_AT(hex_decode_buf(out, bytes_str(hex)), "--signature");
    return KMS_OK;
}

static RESULT key_verify(struct ctl *ctl)
{
    BUF_LOCAL       data = BUF_INIT(DATA_MAX), signature = BUF_INIT(1024);
    struct key_info key;

    TRY(read_signature(ctl, &signature));
    TRY(read_data(ctl, &data));
    TRY(fetch_key(ctl, ctl->args[0], &key));
    enum kms_err err = check_signature(&key, buf_bytes(&signature), buf_bytes(&data));
    result_text(ctl, "keyId", key.birth.key_id);
    result_bool(ctl, "valid", err == KMS_OK);
    if (err == KMS_OK) ctl_say(ctl, "valid");
    return err;
}

/* PEM or binary, of any number of signatures. */
static RESULT load_birth(struct buf *encoded, const char *path)
{
    BUF_LOCAL file = BUF_INIT(2 * BIRTH_ENCODED_MAX);

    TRY(content_read(&file, path));
    if (file.len > 10 && memcmp(file.data, "-----BEGIN", 10) == 0) return birth_decode_pem(encoded, buf_bytes(&file));
    return buf_append(encoded, buf_bytes(&file));
}

static RESULT fetch_birth(struct ctl *ctl, struct buf *encoded)
{
    JSON_LOCAL *item = NULL;
    char        path[96];

    TRY(command_connect(ctl, NEEDS_URL | NEEDS_CREDENTIAL));
    (void)snprintf(path, sizeof path, "/api/v1/keys/%s", ctl->args[0]);
    TRY(command_call(ctl, "GET", path, BYTES_NONE, &item));
    const cJSON *birth = cJSON_GetObjectItemCaseSensitive(item, "birthCertificate");
    if (!cJSON_IsString(birth)) return fail(KMS_E_FORMAT, "the coordinator's answer has no birth certificate");
    return base64_decode(encoded, bytes_str(birth->valuestring));
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
    TRY(is_key_id ? fetch_birth(ctl, &encoded) : load_birth(&encoded, what));
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

static const struct option_spec sign_options[] = {
    {"data", "HEX", NULL, "the bytes to sign; else --file or standard input", false},
    {"file", "FILE", NULL, "a file to sign, at most 65,536 bytes", false},
    {"data-type", "TYPE", NULL, "RAW (the default), or HASH: 32, 48 or 64 bytes, signed as they are", false},
    {"out", "FILE", NULL, "write the raw signature there", false},
};
static const struct option_spec verify_options[] = {
    {"data", "HEX", NULL, "the bytes that were signed; else --file or standard input", false},
    {"file", "FILE", NULL, "the file that was signed", false},
    {"signature", "HEX", NULL, "the signature", false},
    {"signature-file", "FILE", NULL, "the signature, raw", false},
};

static const struct command rows[] = {
    {"key", "sign", "KEYID", 1, 1, "sign; the signature is verified here before it is printed", NEEDS_CLUSTER,
     sign_options, ARRAY_LEN(sign_options), key_sign},
    {"key", "verify", "KEYID", 1, 1, "verify a signature here, against the attested public key", NEEDS_CLUSTER,
     verify_options, ARRAY_LEN(verify_options), key_verify},
    {"key", "verify-birth", "FILE|KEYID", 1, 1, "check a birth certificate against the CA, as of its date",
     NEEDS_AUTHORITY | MAY_NEED_CLUSTER, NULL, 0, key_verify_birth},
};
const struct command_group commands_key_use = {rows, ARRAY_LEN(rows)};
