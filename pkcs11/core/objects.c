/* SPDX-License-Identifier: Apache-2.0 */
/* What sessions do with objects. */
#include <stdlib.h>
#include <string.h>

#include "pkcs11/backend/verification.h"
#include "pkcs11/core/provider.h"
#include "pkcs11/operation/making.h"

static bool sees_private(struct provider *p, const struct session *session)
{
    return !p->login_required || provider_is_logged_in(p, session->slot);
}

/* The object, held; CKR_OBJECT_HANDLE_INVALID also for one that this session may not see. */
static CK_RV take(struct provider *p, const struct session *session, const struct object **out, CK_OBJECT_HANDLE handle)
{
    const struct object *o = inventory_take(&p->inventory, handle);

    *out = o;
    if (o == NULL) return refuse(CKR_OBJECT_HANDLE_INVALID, "no object 0x%lx", handle);
    provider_note_object(o->record->object_id);
    if (inventory_is_visible(o, session->slot->family, sees_private(p, session))) return CKR_OK;
    inventory_give_back(&p->inventory, o);
    *out = NULL;
    return refuse(CKR_OBJECT_HANDLE_INVALID, "object 0x%lx cannot be seen here; is the user logged in?", handle);
}

static CK_RV require_rw(const struct session *session)
{
    if ((session->flags & CKF_RW_SESSION) != 0) return CKR_OK;
    return refuse(CKR_SESSION_READ_ONLY, "open the session with CKF_RW_SESSION");
}

/* Without the login there is no key to sign the question with: what was seen before is all there is. */
static CK_RV refresh(struct provider *p, const struct session *session)
{
    return sees_private(p, session) ? inventory_refresh(&p->inventory) : CKR_OK;
}

CK_RV provider_find_init(struct provider *p, struct session *session, const CK_ATTRIBUTE *templ, CK_ULONG count)
{
    struct search_terms terms = {.family = session->slot->family, .templ = templ, .count = count};

    if (session->search != NULL) return refuse(CKR_OPERATION_ACTIVE, "a search is active in this session");
    TRY_CKR(template_check_memory(templ, count));
    TRY_CKR(refresh(p, session));
    terms.with_private = sees_private(p, session);
    struct search *search = calloc(1, sizeof *search);
    if (search == NULL) return refuse(CKR_HOST_MEMORY, "search");
    CK_RV rv = inventory_find(&p->inventory, &search->handles, &search->count, &terms);
    session->search = search;
    if (rv != CKR_OK) session_end_search(session);
    return rv;
}

CK_RV provider_get(struct provider *p, struct session *session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *templ,
                   CK_ULONG count)
{
    const struct object *o;

    TRY_CKR(take(p, session, &o, handle));
    CK_RV rv = object_get(o, templ, count);
    inventory_give_back(&p->inventory, o);
    return rv;
}

CK_RV provider_size(struct provider *p, struct session *session, CK_OBJECT_HANDLE handle, CK_ULONG *out)
{
    const struct object *o;

    TRY_CKR(take(p, session, &o, handle));
    *out = o->bytes.len;
    inventory_give_back(&p->inventory, o);
    return CKR_OK;
}

CK_RV provider_set(struct provider *p, struct session *session, CK_OBJECT_HANDLE handle, const CK_ATTRIBUTE *templ,
                   CK_ULONG count)
{
    const struct object  *o;
    const struct templ    t = {templ, count};
    struct backend_object changed = {0};

    TRY_CKR(require_rw(session));
    TRY_CKR(provider_require_login(p, session));
    TRY_CKR(take(p, session, &o, handle));
    CK_RV rv = making_change(&changed, &p->backend, o, &t);
    if (rv != CKR_OK) inventory_distrust(&p->inventory);
    if (rv == CKR_OK) rv = inventory_put(&p->inventory, &changed, NULL);
    inventory_give_back(&p->inventory, o);
    backend_object_clear(&changed);
    return rv;
}

CK_RV provider_create(struct provider *p, struct session *session, const CK_ATTRIBUTE *templ, CK_ULONG count,
                      CK_OBJECT_HANDLE *out)
{
    const struct templ    t = {templ, count};
    struct backend_object made = {0};
    CK_OBJECT_HANDLE      handles[2] = {0};

    TRY_CKR(require_rw(session));
    TRY_CKR(provider_require_login(p, session));
    TRY_CKR(making_create(&made, &p->backend, &t, session->slot->family));
    CK_RV rv = inventory_put(&p->inventory, &made, handles);
    backend_object_clear(&made);
    *out = handles[0];
    return rv;
}

/* A public object can go alone; with any other object the thing itself goes. */
static CK_RV destroy_taken(struct provider *p, const struct object *o)
{
    struct backend_object reference, hidden = {0};

    if (!object_flag(o, CKA_DESTROYABLE)) return refuse(CKR_ACTION_PROHIBITED, "CKA_DESTROYABLE is false");
    if (o->face == FACE_PUBLIC) {
        TRY_CKR(making_hide_public(&hidden, &p->backend, o));
        CK_RV rv = inventory_put(&p->inventory, &hidden, NULL);
        backend_object_clear(&hidden);
        return rv;
    }
    record_reference(&reference, o->record);
    enum kms_err err = p->backend.ops->destroy(p->backend.self, &reference);
    if (err != KMS_OK) return ckr_of(err);
    inventory_remove(&p->inventory, reference.object_id);
    return CKR_OK;
}

CK_RV provider_destroy(struct provider *p, struct session *session, CK_OBJECT_HANDLE handle)
{
    const struct object *o;

    TRY_CKR(require_rw(session));
    TRY_CKR(provider_require_login(p, session));
    TRY_CKR(take(p, session, &o, handle));
    CK_RV rv = destroy_taken(p, o);
    inventory_give_back(&p->inventory, o);
    return rv;
}
