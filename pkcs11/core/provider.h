/* SPDX-License-Identifier: Apache-2.0 */
/* The whole state of the module between C_Initialize and C_Finalize, and what its parts do together. */
#ifndef KMS_PKCS11_CORE_PROVIDER_H
#define KMS_PKCS11_CORE_PROVIDER_H

#include "pkcs11/core/inventory.h"
#include "pkcs11/core/session.h"

struct provider {
    struct settings  settings;
    struct backend   backend; /* owned; ops NULL: not configured, no slots */
    bool             login_required;
    struct slots     slots;
    struct sessions  sessions;
    struct inventory inventory;
    pthread_mutex_t  login; /* of the login states; never held while waiting */
};

/* Takes the backend over, also when it fails. */
CK_RV provider_init(struct provider *, const struct settings *, struct backend, bool login_required);
void  provider_clear(struct provider *);
/* In a forked child, before anything else. */
void provider_after_fork(struct provider *);

/* CKR_SLOT_ID_INVALID. */
CK_RV provider_slot(struct provider *, struct slot **out, CK_SLOT_ID);

/* login.c */
CK_RV provider_login(struct provider *, struct session *, CK_USER_TYPE, struct bytes pin);
CK_RV provider_logout(struct provider *, struct session *);
/* When the last session of a slot is closed, its user is logged out. */
void provider_logout_unused(struct provider *, struct slot *);
void provider_token_info(struct provider *, const struct slot *, CK_TOKEN_INFO *out);
bool provider_is_logged_in(struct provider *, const struct slot *);
/* May keys be used, objects made? Also true without login where none is required. CKR_USER_NOT_LOGGED_IN. */
CK_RV provider_require_login(struct provider *, const struct session *);

/* objects.c: all for the session's slot; with the checks of session and login that PKCS#11 asks for. */
CK_RV provider_find_init(struct provider *, struct session *, const CK_ATTRIBUTE *templ, CK_ULONG count);
CK_RV provider_get(struct provider *, struct session *, CK_OBJECT_HANDLE, CK_ATTRIBUTE *templ, CK_ULONG count);
CK_RV provider_size(struct provider *, struct session *, CK_OBJECT_HANDLE, CK_ULONG *out);
CK_RV provider_set(struct provider *, struct session *, CK_OBJECT_HANDLE, const CK_ATTRIBUTE *templ, CK_ULONG count);
CK_RV provider_create(struct provider *, struct session *, const CK_ATTRIBUTE *templ, CK_ULONG count,
                      CK_OBJECT_HANDLE *out);
CK_RV provider_destroy(struct provider *, struct session *, CK_OBJECT_HANDLE);

/* keys.c */
struct pair_templates {
    const CK_ATTRIBUTE *public_key, *private_key;
    CK_ULONG            public_count, private_count;
};
CK_RV provider_generate(struct provider *, struct session *, const CK_MECHANISM *, const struct pair_templates *,
                        CK_OBJECT_HANDLE out[2]);
CK_RV provider_begin(struct provider *, struct session *, enum operation_kind, const CK_MECHANISM *,
                     CK_OBJECT_HANDLE key);
/* The active operation of a kind. CKR_OPERATION_NOT_INITIALIZED. */
CK_RV provider_active(struct session *, enum operation_kind);

/* The object that the last call of this thread was about, for the log; "" for none. */
const char *provider_last_object(void);
void        provider_note_object(const char *object_id);

#endif
