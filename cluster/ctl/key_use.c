/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl key sign, verify: what is signed is verified here too, against the attested key. */
#include "cluster/ctl/key.h"
#include "cluster/pki/file_write.h"
#include "common/base/text.h"
#include "common/crypto/ed25519.h"

#define DATA_MAX 65536

/* --data HEX, --file FILE, or standard input. */
static RESULT read_data(struct ctl *ctl, struct buf *out)
{
    const char *hex = option_text(ctl, "data"), *file = option_text(ctl, "file");

    if (hex != NULL && file != NULL) return usage_fail(ctl, "--data or --file, not both");
    if (hex == NULL) return content_read(out, file == NULL ? "-" : file);
    return content_hex(out, ctl, "data");
}

static RESULT fetch_key(struct ctl *ctl, struct key_info *key)
{
    JSON_LOCAL *item = NULL;

    return key_fetch(ctl, ctl->args[0], &item, key);
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
    char        path[KEY_PATH_MAX];

    if (type == NULL) type = "RAW";
    if (strcmp(type, "RAW") != 0 && strcmp(type, "HASH") != 0) return usage_fail(ctl, "--data-type: RAW or HASH");
    TRY(sign_body(&body, data, type));
    TRY(key_path(ctl, path, ctl->args[0], "/sign"));
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
    TRY(fetch_key(ctl, &key));
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
    return content_hex(out, ctl, "signature");
}

static RESULT key_verify(struct ctl *ctl)
{
    BUF_LOCAL       data = BUF_INIT(DATA_MAX), signature = BUF_INIT(1024);
    struct key_info key;

    TRY(read_signature(ctl, &signature));
    TRY(read_data(ctl, &data));
    TRY(fetch_key(ctl, &key));
    enum kms_err err = check_signature(&key, buf_bytes(&signature), buf_bytes(&data));
    result_text(ctl, "keyId", key.birth.key_id);
    result_bool(ctl, "valid", err == KMS_OK);
    if (err == KMS_OK) ctl_say(ctl, "valid");
    return err;
}

static const struct option_spec sign_options[] = {
    {"data", "HEX", NULL, "the bytes to sign; else --file or standard input", 0},
    {"file", "FILE", NULL, "a file to sign, at most 65,536 bytes", 0},
    {"data-type", "TYPE", NULL, "RAW (the default), or HASH: 32, 48 or 64 bytes, signed as they are", 0},
    {"out", "FILE", NULL, "write the raw signature there", 0},
};
static const struct option_spec verify_options[] = {
    {"data", "HEX", NULL, "the bytes that were signed; else --file or standard input", 0},
    {"file", "FILE", NULL, "the file that was signed", 0},
    {"signature", "HEX", NULL, "the signature", 0},
    {"signature-file", "FILE", NULL, "the signature, raw", 0},
};

static const struct command rows[] = {
    {"key", "sign", "KEYID", 1, 1, "sign; the signature is verified here before it is printed", NEEDS_CLUSTER,
     sign_options, ARRAY_LEN(sign_options), key_sign},
    {"key", "verify", "KEYID", 1, 1, "verify a signature here, against the attested public key", NEEDS_CLUSTER,
     verify_options, ARRAY_LEN(verify_options), key_verify},
};
const struct command_group commands_key_use = {rows, ARRAY_LEN(rows)};
