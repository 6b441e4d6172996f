/* SPDX-License-Identifier: Apache-2.0 */
/* What sessions do with keys: making them, and beginning operations. */
#include "pkcs11/backend/verification.h"
#include "pkcs11/core/provider.h"
#include "pkcs11/operation/making.h"

static CK_RV check_generate(struct provider *p, const struct session *session, const CK_MECHANISM *wanted)
{
    const struct family *family = session->slot->family;

    if (mechanism_find(family, wanted->mechanism) == NULL || wanted->mechanism != family->generate)
        return refuse(CKR_MECHANISM_INVALID, "mechanism 0x%lx makes no keys in slot %lu (%s)", wanted->mechanism,
                      family->slot, family->name);
    if (wanted->ulParameterLen != 0)
        return refuse(CKR_MECHANISM_PARAM_INVALID, "key pair generation takes no parameter");
    if ((session->flags & CKF_RW_SESSION) == 0)
        return refuse(CKR_SESSION_READ_ONLY, "open the session with CKF_RW_SESSION");
    return provider_require_login(p, session);
}

CK_RV provider_generate(struct provider *p, struct session *session, const CK_MECHANISM *wanted,
                        const struct pair_templates *t, CK_OBJECT_HANDLE out[2])
{
    struct backend_object made = {0};
    struct key_order      order = {
             .family = session->slot->family,
             .public_key = {t->public_key, t->public_count},
             .private_key = {t->private_key, t->private_count},
             .shard_count = (unsigned)p->settings.shard_count,
             .threshold = (unsigned)p->settings.threshold,
    };

    TRY_CKR(check_generate(p, session, wanted));
    TRY_CKR(making_generate(&made, &p->backend, &order));
    provider_note_object(made.object_id);
    CK_RV rv = inventory_put(&p->inventory, &made, out); /* the private object first, object.c */
    backend_object_clear(&made);
    return rv;
}

CK_RV provider_active(struct session *session, enum operation_kind kind)
{
    struct operation *o = session->operations[kind];

    if (o == NULL) return refuse(CKR_OPERATION_NOT_INITIALIZED, "its C_..Init comes first");
    if (o->key != NULL) provider_note_object(o->key->object_id);
    return CKR_OK;
}

static CK_RV begin_with_key(struct provider *p, struct session *session, enum operation_kind kind,
                            const CK_MECHANISM *wanted, CK_OBJECT_HANDLE handle)
{
    if (kind == OPERATION_SIGN) TRY_CKR(provider_require_login(p, session));
    const struct object *o = inventory_take(&p->inventory, handle);
    if (o == NULL) return refuse(CKR_KEY_HANDLE_INVALID, "no key 0x%lx", handle);
    provider_note_object(o->record->object_id);
    bool  with_private = !p->login_required || provider_is_logged_in(p, session->slot);
    CK_RV rv = CKR_OK;
    if (o->record->class != BACKEND_KEY || !inventory_is_visible(o, session->slot->family, with_private))
        rv = refuse(CKR_KEY_HANDLE_INVALID, "object 0x%lx is no key of this token", handle);
    if (rv == CKR_OK) rv = operation_new(&session->operations[kind], kind, wanted, o);
    inventory_give_back(&p->inventory, o);
    return rv;
}

CK_RV provider_begin(struct provider *p, struct session *session, enum operation_kind kind, const CK_MECHANISM *wanted,
                     CK_OBJECT_HANDLE key)
{
    if (wanted == NULL && session->operations[kind] != NULL) { /* 3.0: ends what is active */
        operation_free(&session->operations[kind]);
        return CKR_OK;
    }
    if (wanted == NULL) return refuse(CKR_ARGUMENTS_BAD, "no mechanism");
    if (session->operations[kind] != NULL)
        return refuse(CKR_OPERATION_ACTIVE, "an operation of this kind is active in this session");
    if (kind == OPERATION_DIGEST) return operation_new(&session->operations[kind], kind, wanted, NULL);
    return begin_with_key(p, session, kind, wanted, key);
}
