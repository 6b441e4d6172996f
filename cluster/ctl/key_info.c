/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a key's evidence: birth certificate by all n nodes, words by the owner's own signed requests. */
#include "cluster/ctl/key_info.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/crypto/spki.h"
#include "common/document/signed_request.h"

struct claims {
    const char *key_id, *public_key, *label, *id, *state, *created, *birth, *request, *change;
    int64_t     revision;
};

static RESULT read_claims(struct claims *c, const cJSON *item)
{
    struct json_object o;

    TRY(json_object_begin(&o, item, "key"));
    TRY(json_get_text(&o, "keyId", KEY_ID_LEN, NULL, &c->key_id));
    TRY(json_get_text(&o, "publicKey", 2 * POINT_LEN_MAX, NULL, &c->public_key));
    TRY(json_get_text(&o, "label", LABEL_MAX, "", &c->label));
    TRY(json_get_text(&o, "id", 2 * LABEL_MAX, "", &c->id));
    TRY(json_get_text(&o, "state", 23, "", &c->state));
    TRY(json_get_text(&o, "created", 23, "", &c->created));
    TRY(json_get_int(&o, "revision", 1, UINT32_MAX, 1, &c->revision));
    TRY(json_get_text(&o, "birthCertificate", 2 * BIRTH_ENCODED_MAX, NULL, &c->birth));
    TRY(json_get_text(&o, "request", 2 * REQUEST_ENCODED_MAX, NULL, &c->request));
    return json_get_text(&o, "change", 2 * REQUEST_ENCODED_MAX, "", &c->change);
}

static RESULT check_birth(struct birth_body *out, const struct claims *c, const struct authority *authority)
{
    BUF_LOCAL                encoded = BUF_INIT(BIRTH_ENCODED_MAX);
    struct birth_certificate certificate;
    uint8_t                  public_key[POINT_LEN_MAX];

    TRY(base64_decode(&encoded, bytes_str(c->birth)));
    TRY(birth_decode(&certificate, buf_bytes(&encoded)));
    TRY(birth_verify(&certificate, authority));
    const struct prime_group *group = group_by_id(certificate.body.group);
    if (group == NULL) return fail(KMS_E_UNSUPPORTED, "a key of an unknown group");
    if (strcmp(certificate.body.key_id, c->key_id) != 0)
        return fail(KMS_E_MISMATCH, "the birth certificate is of another key");
    TRY_AT(hex_decode(public_key, group->point_len, bytes_str(c->public_key)), "publicKey");
    if (memcmp(public_key, certificate.body.public_key, group->point_len) != 0)
        return fail(KMS_E_MISMATCH, "the public key is not the one that the nodes have signed");
    *out = certificate.body;
    return KMS_OK;
}

/* A request that the owner of the key has signed, at a time when its certificate was valid. */
static RESULT check_request(struct signed_request *out, const struct birth_body *birth, struct bytes encoded,
                            const struct authority *authority)
{
    struct identity signer;

    TRY(signed_request_decode(out, encoded));
    TRY(identity_verify(&signer, authority, out->certificate_der, out->created));
    TRY(signed_request_verify_vartime(out, &signer));
    if (strcmp(signer.uri, birth->owner) != 0)
        return fail(KMS_E_MISMATCH, "signed by somebody who is not the key's owner");
    return KMS_OK;
}

struct words {
    const char *label, *id;
    int64_t     revision;
};

static RESULT read_words(struct words *out, const cJSON *body)
{
    struct json_object o;

    TRY(json_object_begin(&o, body, "request"));
    TRY(json_get_text(&o, "label", LABEL_MAX, "", &out->label));
    TRY(json_get_text(&o, "id", 2 * LABEL_MAX + 2, "", &out->id));
    if (out->id[0] == '0' && (out->id[1] == 'x' || out->id[1] == 'X')) out->id += 2;
    return json_get_int(&o, "revision", 1, UINT32_MAX, 1, &out->revision);
}

static bool equal_ignoring_case(const char *a, const char *b)
{
    for (; *a != '\0' && (*a | 0x20) == (*b | 0x20); a++, b++) continue;
    return *a == *b;
}

static RESULT compare_words(const struct claims *c, struct bytes body)
{
    JSON_LOCAL  *json = NULL;
    struct words signed_words;

    TRY(json_parse(&json, body));
    TRY(read_words(&signed_words, json));
    if (strcmp(c->label, signed_words.label) != 0 || !equal_ignoring_case(c->id, signed_words.id) ||
        c->revision != signed_words.revision)
        return fail(KMS_E_MISMATCH, "label, id or revision are not what the owner has signed");
    return KMS_OK;
}

/* The generate request is the one that the nodes acted on; a later PATCH may have changed the words. */
static RESULT check_words(const struct claims *c, const struct birth_body *birth, const struct authority *authority)
{
    BUF_LOCAL             encoded = BUF_INIT(REQUEST_ENCODED_MAX);
    struct signed_request request;
    uint8_t               hash[32];
    char                  path[64];

    TRY(base64_decode(&encoded, bytes_str(c->request)));
    TRY_AT(check_request(&request, birth, buf_bytes(&encoded), authority), "the generate request");
    TRY(signed_request_hash(hash, &request));
    if (memcmp(hash, birth->request_hash, sizeof hash) != 0)
        return fail(KMS_E_MISMATCH, "the generate request is not the one that the nodes acted on");
    if (c->change[0] == '\0') return compare_words(c, request.body);
    encoded.len = 0;
    TRY(base64_decode(&encoded, bytes_str(c->change)));
    TRY_AT(check_request(&request, birth, buf_bytes(&encoded), authority), "the last change");
    (void)snprintf(path, sizeof path, "/api/v1/keys/%s", birth->key_id);
    if (strcmp(request.method, "PATCH") != 0 || strcmp(request.path, path) != 0)
        return fail(KMS_E_MISMATCH, "the change is not one of this key");
    return compare_words(c, request.body);
}

RESULT key_info_read(struct key_info *out, const struct authority *authority, const cJSON *item)
{
    struct claims c;

    *out = (struct key_info){0};
    TRY(read_claims(&c, item));
    TRY_AT(check_birth(&out->birth, &c, authority), "key %.32s", c.key_id);
    TRY_AT(check_words(&c, &out->birth, authority), "key %.32s", c.key_id);
    (void)snprintf(out->label, sizeof out->label, "%s", c.label);
    (void)snprintf(out->id, sizeof out->id, "%s", c.id);
    (void)snprintf(out->state, sizeof out->state, "%s", c.state);
    (void)snprintf(out->created, sizeof out->created, "%s", c.created);
    out->revision = (uint32_t)c.revision;
    return KMS_OK;
}

RESULT key_info_birth(struct buf *out, const cJSON *item)
{
    const cJSON *birth = cJSON_GetObjectItemCaseSensitive(item, "birthCertificate");

    if (!cJSON_IsString(birth)) return fail(KMS_E_FORMAT, "no key: a birthCertificate is missing");
    return base64_decode(out, bytes_str(birth->valuestring));
}

RESULT key_info_pem(struct buf *out, const struct birth_body *birth)
{
    const struct prime_group *group = group_by_id(birth->group);

    if (group == NULL) return fail(KMS_E_UNSUPPORTED, "a key of an unknown group");
    return spki_encode_pem(out, group, bytes(birth->public_key, group->point_len));
}

RESULT key_info_annotate(cJSON *item, const struct birth_body *birth)
{
    BUF_LOCAL pem = BUF_INIT(4096);

    TRY(key_info_pem(&pem, birth));
    cJSON_DeleteItemFromObjectCaseSensitive(item, "publicKeyPem");
    cJSON *names = NULL;
    if (cJSON_AddStringToObject(item, "publicKeyPem", buf_str(&pem)) != NULL)
        names = cJSON_AddArrayToObject(item, "attestedBy");
    for (unsigned i = 0; names != NULL && i < birth->n; i++)
        if (!cJSON_AddItemToArray(names, cJSON_CreateString(birth->nodes[i]))) names = NULL;
    return names != NULL ? KMS_OK : fail(KMS_E_MEMORY, "no memory for the result");
}
