/* SPDX-License-Identifier: Apache-2.0 */
/* C_GenerateKeyPair: two templates become one signed order to the cluster. */
#include "common/base/text.h"
#include "common/wire/json.h"
#include "pkcs11/operation/making.h"
#include "pkcs11/operation/naming.h"

static CK_RV check_templates(const struct key_order *o)
{
    TRY_CKR(template_check_new(&o->public_key, FACE_PUBLIC, o->family));
    TRY_CKR(template_check_new(&o->private_key, FACE_PRIVATE, o->family));
    if (template_find(&o->public_key, CKA_EC_PARAMS) == NULL && template_find(&o->private_key, CKA_EC_PARAMS) == NULL)
        return refuse(CKR_TEMPLATE_INCOMPLETE, "CKA_EC_PARAMS is missing in the template of the public key");
    if (!template_flag(&o->private_key, CKA_TOKEN, false))
        return refuse(CKR_TEMPLATE_INCONSISTENT,
                      "CKA_TOKEN must be true: a private key of this token lives in the cluster");
    return CKR_OK;
}

/* CKA_EC_PARAMS is answered as it was given: some clients know only one of the two forms. */
static CK_RV store_params(cJSON *stored, const struct key_order *o)
{
    bool         in_public = template_find(&o->public_key, CKA_EC_PARAMS) != NULL;
    struct bytes params = template_bytes(in_public ? &o->public_key : &o->private_key, CKA_EC_PARAMS);
    char         text[64]; /* accepted parameters are shorter */

    if (bytes_equal(params, o->family->params[0])) return CKR_OK;
    hex_encode(text, params);
    TRY_CKR(template_store_text(stored, face_prefix(FACE_PRIVATE), "ec_params", text));
    return template_store_text(stored, face_prefix(FACE_PUBLIC), "ec_params", text);
}

static CK_RV write_order(struct naming *naming, cJSON *stored, const struct key_order *o)
{
    const struct names names = {
        .private_label = template_bytes(&o->private_key, CKA_LABEL),
        .public_label = template_bytes(&o->public_key, CKA_LABEL),
        .private_id = template_bytes(&o->private_key, CKA_ID),
        .public_id = template_bytes(&o->public_key, CKA_ID),
    };

    TRY_CKR(naming_choose(naming, stored, &names));
    TRY_CKR(store_params(stored, o));
    TRY_CKR(template_store(stored, &o->private_key, FACE_PRIVATE));
    return template_store(stored, &o->public_key, FACE_PUBLIC);
}

CK_RV making_generate(struct backend_object *out, const struct backend *backend, const struct key_order *o)
{
    JSON_LOCAL   *stored = cJSON_CreateObject();
    struct naming naming;
    char          attributes[BACKEND_ATTRIBUTES_MAX + 1];

    if (stored == NULL) return refuse(CKR_HOST_MEMORY, "attributes");
    TRY_CKR(check_templates(o));
    TRY_CKR(write_order(&naming, stored, o));
    TRY_CKR(template_print(attributes, stored));
    struct backend_generate order = {
        .group = o->family->group,
        .algorithm = o->family->algorithm,
        .shard_count = o->shard_count,
        .threshold = o->threshold,
        .label = naming.label,
        .id = naming.id,
        .attributes = attributes,
    };
    enum kms_err err = backend->ops->generate(backend->self, &order, out);
    return err == KMS_OK ? CKR_OK : ckr_of(err);
}
