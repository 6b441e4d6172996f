/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's login: the PIN opens the client's credential, locally. Each slot has a login state, as PKCS#11 has it per
 * token; the credential is one, and is closed when no slot needs it any more.
 */
#include <string.h>

#include "pkcs11/core/provider.h"

static void lock(struct provider *p)
{
    (void)pthread_mutex_lock(&p->login);
}

static void unlock(struct provider *p)
{
    (void)pthread_mutex_unlock(&p->login);
}

bool provider_is_logged_in(struct provider *p, const struct slot *slot)
{
    lock(p);
    bool logged_in = slot->logged_in;
    unlock(p);
    return logged_in;
}

void provider_token_info(struct provider *p, const struct slot *slot, CK_TOKEN_INFO *out)
{
    struct slot now = {.family = slot->family};

    memcpy(now.label, slot->label, sizeof now.label);
    memcpy(now.serial, slot->serial, sizeof now.serial);
    sessions_count(&p->sessions, slot, &now.sessions, &now.rw_sessions);
    lock(p);
    now.pin_failed = slot->pin_failed;
    unlock(p);
    slot_token_info(&now, out, p->login_required);
}

CK_RV provider_require_login(struct provider *p, const struct session *session)
{
    if (!p->login_required || provider_is_logged_in(p, session->slot)) return CKR_OK;
    return refuse(CKR_USER_NOT_LOGGED_IN, "token %s: C_Login comes first", session->slot->label);
}

/* Opens the credential, or finds out that it was the right PIN. */
static CK_RV try_pin(struct provider *p, struct slot *slot, struct bytes pin)
{
    SECRET_LOCAL passphrase = SECRET_NONE;

    if (!p->login_required) return CKR_OK;
    if (pin.len == 0) return refuse(CKR_PIN_INCORRECT, "an empty PIN");
    enum kms_err err = secret_copy(&passphrase, pin);
    if (err == KMS_OK) err = p->backend.ops->login(p->backend.self, &passphrase);
    slot->pin_failed = err == KMS_E_PASSWORD;
    return err == KMS_OK ? CKR_OK : ckr_of(err);
}

static CK_RV login_user(struct provider *p, struct slot *slot, struct bytes pin)
{
    if (slot->logged_in) return refuse(CKR_USER_ALREADY_LOGGED_IN, "token %s", slot->label);
    TRY_CKR(try_pin(p, slot, pin));
    slot->logged_in = true;
    return CKR_OK;
}

/* CKA_ALWAYS_AUTHENTICATE: the PIN again, for the signature that has been begun. */
static CK_RV login_for_operation(struct provider *p, struct session *session, struct bytes pin)
{
    struct operation *o = session->operations[OPERATION_SIGN];

    if (o == NULL || !o->needs_login) return refuse(CKR_OPERATION_NOT_INITIALIZED, "no signature waits for a PIN");
    if (p->login_required && !session->slot->logged_in)
        return refuse(CKR_USER_NOT_LOGGED_IN, "token %s", session->slot->label);
    TRY_CKR(try_pin(p, session->slot, pin));
    o->needs_login = false;
    return CKR_OK;
}

/* The cluster's operators administer with kmsctl and credentials of their own; a token has no security officer. */
static CK_RV login_officer(struct provider *p, const struct session *session)
{
    CK_ULONG all, rw;

    sessions_count(&p->sessions, session->slot, &all, &rw);
    if (all > rw) return refuse(CKR_SESSION_READ_ONLY_EXISTS, "token %s", session->slot->label);
    if (session->slot->logged_in) return refuse(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "token %s", session->slot->label);
    return refuse(CKR_USER_TYPE_INVALID, "token %s has no security officer; operators use kmsctl",
                  session->slot->label);
}

CK_RV provider_login(struct provider *p, struct session *session, CK_USER_TYPE type, struct bytes pin)
{
    CK_RV rv;

    lock(p);
    switch (type) {
    case CKU_USER:
        rv = login_user(p, session->slot, pin);
        break;
    case CKU_CONTEXT_SPECIFIC:
        rv = login_for_operation(p, session, pin);
        break;
    case CKU_SO:
        rv = login_officer(p, session);
        break;
    default:
        rv = refuse(CKR_USER_TYPE_INVALID, "user type %lu", type);
        break;
    }
    unlock(p);
    return rv;
}

/* The state is locked. */
static void logout_slot(struct provider *p, struct slot *slot)
{
    bool anybody = false;

    slot->logged_in = false;
    for (unsigned i = 0; i < p->slots.count; i++) anybody = anybody || p->slots.items[i].logged_in;
    if (!anybody && p->login_required) p->backend.ops->logout(p->backend.self);
}

CK_RV provider_logout(struct provider *p, struct session *session)
{
    lock(p);
    bool was_in = session->slot->logged_in;
    if (was_in) logout_slot(p, session->slot);
    unlock(p);
    return was_in ? CKR_OK : refuse(CKR_USER_NOT_LOGGED_IN, "token %s", session->slot->label);
}

void provider_logout_unused(struct provider *p, struct slot *slot)
{
    CK_ULONG all, rw;

    lock(p);
    sessions_count(&p->sessions, slot, &all, &rw);
    if (slot->logged_in && all == 0) logout_slot(p, slot);
    unlock(p);
}
