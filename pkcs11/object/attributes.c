/* SPDX-License-Identifier: Apache-2.0 */
/* The table of attributes, and values as text. */
#include "pkcs11/object/attributes.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

#define KEYS (FACE_PRIVATE | FACE_PUBLIC)
#define CERTIFIED (KEYS | FACE_CERTIFICATE)
#define ALL (CERTIFIED | FACE_DATA)

/* clang-format off */
const struct attribute_rule attribute_rules[] = {
    /* type                     name                 faces             form         right         otherwise  */
    {CKA_CLASS,                 "class",             ALL,              FORM_NUMBER, RIGHT_REPEAT, 0,         false},
    {CKA_TOKEN,                 "token",             ALL,              FORM_FLAG,   RIGHT_REPEAT, CK_TRUE,   false},
    {CKA_PRIVATE,               "private",           FACE_PRIVATE,     FORM_FLAG,   RIGHT_CREATE, CK_TRUE,   false},
    {CKA_PRIVATE,               "private",           ALL,              FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_LABEL,                 "label",             ALL,              FORM_BYTES,  RIGHT_CHANGE, 0,         false},
    {CKA_UNIQUE_ID,             "unique_id",         ALL,              FORM_BYTES,  RIGHT_NONE,   0,         false},
    {CKA_MODIFIABLE,            "modifiable",        ALL,              FORM_FLAG,   RIGHT_CREATE, CK_TRUE,   false},
    {CKA_COPYABLE,              "copyable",          ALL,              FORM_FLAG,   RIGHT_CREATE, CK_TRUE,   false},
    {CKA_DESTROYABLE,           "destroyable",       ALL,              FORM_FLAG,   RIGHT_CREATE, CK_TRUE,   false},
    {CKA_ID,                    "id",                CERTIFIED,        FORM_BYTES,  RIGHT_CHANGE, 0,         false},
    {CKA_SUBJECT,               "subject",           CERTIFIED,        FORM_BYTES,  RIGHT_CHANGE, 0,         false},
    {CKA_START_DATE,            "start_date",        CERTIFIED,        FORM_DATE,   RIGHT_CHANGE, 0,         false},
    {CKA_END_DATE,              "end_date",          CERTIFIED,        FORM_DATE,   RIGHT_CHANGE, 0,         false},
    {CKA_KEY_TYPE,              "key_type",          KEYS,             FORM_NUMBER, RIGHT_REPEAT, 0,         false},
    {CKA_EC_PARAMS,             "ec_params",         KEYS,             FORM_BYTES,  RIGHT_CREATE, 0,         false},
    {CKA_EC_POINT,              "ec_point",          KEYS,             FORM_BYTES,  RIGHT_NONE,   0,         false},
    {CKA_PUBLIC_KEY_INFO,       "public_key_info",   KEYS,             FORM_BYTES,  RIGHT_NONE,   0,         false},
    {CKA_LOCAL,                 "local",             KEYS,             FORM_FLAG,   RIGHT_NONE,   CK_TRUE,   false},
    {CKA_KEY_GEN_MECHANISM,     "key_gen_mechanism", KEYS,             FORM_NUMBER, RIGHT_NONE,   0,         false},
    {CKA_ALLOWED_MECHANISMS,    "mechanisms",        KEYS,             FORM_BYTES,  RIGHT_REPEAT, 0,         false},
    {CKA_DERIVE,                "derive",            KEYS,             FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_SIGN,                  "sign",              FACE_PRIVATE,     FORM_FLAG,   RIGHT_CREATE, CK_TRUE,   false},
    {CKA_SIGN_RECOVER,          "sign_recover",      FACE_PRIVATE,     FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_DECRYPT,               "decrypt",           FACE_PRIVATE,     FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_UNWRAP,                "unwrap",            FACE_PRIVATE,     FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_SENSITIVE,             "sensitive",         FACE_PRIVATE,     FORM_FLAG,   RIGHT_REPEAT, CK_TRUE,   false},
    {CKA_ALWAYS_SENSITIVE,      "always_sensitive",  FACE_PRIVATE,     FORM_FLAG,   RIGHT_NONE,   CK_TRUE,   false},
    {CKA_EXTRACTABLE,           "extractable",       FACE_PRIVATE,     FORM_FLAG,   RIGHT_REPEAT, CK_FALSE,  false},
    {CKA_NEVER_EXTRACTABLE,     "never_extractable", FACE_PRIVATE,     FORM_FLAG,   RIGHT_NONE,   CK_TRUE,   false},
    {CKA_ALWAYS_AUTHENTICATE,   "always_auth",       FACE_PRIVATE,     FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_WRAP_WITH_TRUSTED,     "wrap_with_trusted", FACE_PRIVATE,     FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_VALUE,                 "value",             FACE_PRIVATE,     FORM_BYTES,  RIGHT_NONE,   0,         true},
    {CKA_VERIFY,                "verify",            FACE_PUBLIC,      FORM_FLAG,   RIGHT_CREATE, CK_TRUE,   false},
    {CKA_VERIFY_RECOVER,        "verify_recover",    FACE_PUBLIC,      FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_ENCRYPT,               "encrypt",           FACE_PUBLIC,      FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_WRAP,                  "wrap",              FACE_PUBLIC,      FORM_FLAG,   RIGHT_CREATE, CK_FALSE,  false},
    {CKA_TRUSTED,               "trusted",           FACE_PUBLIC | FACE_CERTIFICATE, FORM_FLAG, RIGHT_REPEAT, CK_FALSE, false},
    {CKA_CERTIFICATE_TYPE,      "certificate_type",  FACE_CERTIFICATE, FORM_NUMBER, RIGHT_REPEAT, CKC_X_509, false},
    {CKA_CERTIFICATE_CATEGORY,  "category",          FACE_CERTIFICATE, FORM_NUMBER, RIGHT_CREATE, 0,         false},
    {CKA_JAVA_MIDP_SECURITY_DOMAIN, "midp_domain",   FACE_CERTIFICATE, FORM_NUMBER, RIGHT_CREATE, 0,         false},
    {CKA_ISSUER,                "issuer",            FACE_CERTIFICATE, FORM_BYTES,  RIGHT_CREATE, 0,         false},
    {CKA_SERIAL_NUMBER,         "serial",            FACE_CERTIFICATE, FORM_BYTES,  RIGHT_CREATE, 0,         false},
    {CKA_URL,                   "url",               FACE_CERTIFICATE, FORM_BYTES,  RIGHT_CREATE, 0,         false},
    {CKA_CHECK_VALUE,           "check_value",       FACE_CERTIFICATE, FORM_BYTES,  RIGHT_CREATE, 0,         false},
    {CKA_APPLICATION,           "application",       FACE_DATA,        FORM_BYTES,  RIGHT_CREATE, 0,         false},
    {CKA_OBJECT_ID,             "object_id",         FACE_DATA,        FORM_BYTES,  RIGHT_CREATE, 0,         false},
    {CKA_VALUE,                 "value",             FACE_CERTIFICATE | FACE_DATA, FORM_BYTES, RIGHT_CREATE, 0, false},
};
/* clang-format on */

const size_t attribute_rule_count = ARRAY_LEN(attribute_rules);

const struct attribute_rule *attribute_rule_of(enum face face, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < attribute_rule_count; i++)
        if (attribute_rules[i].type == type && (attribute_rules[i].faces & (unsigned)face) != 0)
            return &attribute_rules[i];
    return NULL;
}

const char *face_prefix(enum face face)
{
    switch (face) {
    case FACE_PRIVATE:
        return "private.";
    case FACE_PUBLIC:
        return "public.";
    case FACE_CERTIFICATE:
    case FACE_DATA:
        break;
    }
    return "";
}

CK_OBJECT_CLASS face_class(enum face face)
{
    switch (face) {
    case FACE_PRIVATE:
        return CKO_PRIVATE_KEY;
    case FACE_PUBLIC:
        return CKO_PUBLIC_KEY;
    case FACE_CERTIFICATE:
        return CKO_CERTIFICATE;
    case FACE_DATA:
        break;
    }
    return CKO_DATA;
}

static CK_ULONG number_of(struct bytes value)
{
    CK_ULONG number = 0;

    if (value.len == sizeof number) memcpy(&number, value.data, sizeof number);
    return number;
}

static RESULT hex_to_text(struct buf *out, struct bytes value)
{
    uint8_t *at = buf_reserve(out, 2 * value.len + 1);

    if (at == NULL) return fail(KMS_E_TOO_LARGE, "attributes of more than %zu bytes", out->max);
    hex_encode((char *)at, value);
    out->len += 2 * value.len;
    return KMS_OK;
}

RESULT attribute_to_text(struct buf *out, const struct attribute_rule *rule, struct bytes value)
{
    switch (rule->form) {
    case FORM_FLAG:
        return buf_append_str(out, value.len == 1 && value.data[0] != CK_FALSE ? "true" : "false");
    case FORM_NUMBER:
        return buf_printf(out, "%lu", number_of(value));
    case FORM_BYTES:
    case FORM_DATE:
        break;
    }
    return hex_to_text(out, value);
}

static RESULT append_number(struct buf *out, CK_ULONG number)
{
    return buf_append(out, bytes(&number, sizeof number));
}

static RESULT append_flag(struct buf *out, bool flag)
{
    CK_BBOOL value = flag ? CK_TRUE : CK_FALSE;

    return buf_append(out, bytes(&value, sizeof value));
}

RESULT attribute_from_text(struct buf *out, const struct attribute_rule *rule, const char *text)
{
    char *end = NULL;

    switch (rule->form) {
    case FORM_FLAG:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return fail(KMS_E_FORMAT, "%s: not true or false", rule->name);
        return append_flag(out, text[0] == 't');
    case FORM_NUMBER: {
        CK_ULONG number = strtoul(text, &end, 10);
        if (end == text || *end != '\0') return fail(KMS_E_FORMAT, "%s: not a number", rule->name);
        return append_number(out, number);
    }
    case FORM_BYTES:
    case FORM_DATE:
        break;
    }
    if (rule->form == FORM_DATE && text[0] != '\0' && strlen(text) != 2 * sizeof(CK_DATE))
        return fail(KMS_E_FORMAT, "%s: not a date", rule->name);
    return hex_decode_buf(out, bytes_str(text));
}

RESULT attribute_default(struct buf *out, const struct attribute_rule *rule)
{
    if (rule->form == FORM_FLAG) return append_flag(out, rule->otherwise != CK_FALSE);
    if (rule->form == FORM_NUMBER) return append_number(out, rule->otherwise);
    return KMS_OK;
}
