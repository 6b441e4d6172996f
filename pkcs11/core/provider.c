/* SPDX-License-Identifier: Apache-2.0 */
/* Making and unmaking the state. */
#include "pkcs11/core/provider.h"

#include <stdio.h>
#include <string.h>

static _Thread_local char last_object[KEY_ID_LEN + 1];

const char *provider_last_object(void)
{
    return last_object;
}

void provider_note_object(const char *object_id)
{
    (void)snprintf(last_object, sizeof last_object, "%s", object_id);
}

static CK_RV init_parts(struct provider *p)
{
    enum kms_err err = p->backend.ops == NULL ? KMS_OK : slots_init(&p->slots, &p->settings, p->backend.owner);

    if (err != KMS_OK) return ckr_of(err);
    if (pthread_mutex_init(&p->login, NULL) != 0) return refuse(CKR_CANT_LOCK, "mutex");
    TRY_CKR(sessions_init(&p->sessions));
    return inventory_init(&p->inventory, &p->backend, (uint64_t)p->settings.refresh_ms,
                          (uint64_t)p->settings.sign_timeout_ms);
}

static CK_RV open_without_pin(struct provider *p)
{
    SECRET_LOCAL nothing = SECRET_NONE;

    if (p->backend.ops == NULL || p->login_required) return CKR_OK;
    enum kms_err err = p->backend.ops->login(p->backend.self, &nothing);
    return err == KMS_OK ? CKR_OK : ckr_of(err);
}

CK_RV provider_init(struct provider *p, const struct settings *settings, struct backend backend, bool login_required)
{
    *p = (struct provider){.settings = *settings, .backend = backend, .login_required = login_required};
    CK_RV rv = init_parts(p);
    if (rv == CKR_OK) rv = open_without_pin(p);
    if (rv != CKR_OK) provider_clear(p);
    return rv;
}

void provider_clear(struct provider *p)
{
    sessions_clear(&p->sessions);
    inventory_clear(&p->inventory);
    if (p->backend.ops != NULL) p->backend.ops->close(p->backend.self);
    (void)pthread_mutex_destroy(&p->login);
    *p = (struct provider){0};
}

void provider_after_fork(struct provider *p)
{
    sessions_after_fork(&p->sessions);
    inventory_after_fork(&p->inventory);
}

CK_RV provider_slot(struct provider *p, struct slot **out, CK_SLOT_ID id)
{
    *out = slots_find(&p->slots, id);
    return *out == NULL ? refuse(CKR_SLOT_ID_INVALID, "no slot %lu", id) : CKR_OK;
}
