/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and ids of the two objects of a key. */
#include "pkcs11/operation/naming.h"

#include "common/base/text.h"

static CK_RV store_difference(cJSON *stored, const char *prefix, const char *name, struct bytes key, struct bytes own)
{
    char text[2 * BACKEND_ID_MAX + 1];

    if (bytes_equal(key, own)) return template_store_text(stored, prefix, name, NULL);
    if (own.len > BACKEND_ID_MAX)
        return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "%s: %zu bytes; at most %d", name, own.len, BACKEND_ID_MAX);
    hex_encode(text, own);
    return template_store_text(stored, prefix, name, text);
}

CK_RV naming_choose(struct naming *out, cJSON *stored, const struct names *n)
{
    struct bytes label = n->private_label.len > 0 ? n->private_label : n->public_label;

    out->id = n->private_id.len > 0 ? n->private_id : n->public_id;
    TRY_CKR(template_label(out->label, label));
    TRY_CKR(store_difference(stored, "private.", "label", label, n->private_label));
    TRY_CKR(store_difference(stored, "public.", "label", label, n->public_label));
    TRY_CKR(store_difference(stored, "private.", "id", out->id, n->private_id));
    return store_difference(stored, "public.", "id", out->id, n->public_id);
}
