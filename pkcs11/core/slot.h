/* SPDX-License-Identifier: Apache-2.0 */
/* A slot, always with its token: one key family of the cluster, under the family's fixed number. */
#ifndef KMS_PKCS11_CORE_SLOT_H
#define KMS_PKCS11_CORE_SLOT_H

#include "pkcs11/backend/settings.h"
#include "pkcs11/object/ckr.h"
#include "pkcs11/object/family.h"

#define SLOTS_MAX SETTINGS_SLOTS_MAX

struct slot {
    const struct family *family;
    char                 label[33];  /* <prefix>-<family> */
    char                 serial[17]; /* follows from owner and slot: the same token wherever it is plugged in */
    bool                 logged_in;  /* CKU_USER; this and the next under the provider's login lock */
    bool                 pin_failed;
    CK_ULONG             sessions, rw_sessions; /* under the lock of the sessions */
};

struct slots {
    struct slot items[SLOTS_MAX];
    unsigned    count;
};

/* KMS_E_CONFIG: a family that is not offered, or named twice. */
RESULT slots_init(struct slots *, const struct settings *, const char *owner);
/* NULL: no such slot. */
struct slot *slots_find(struct slots *, CK_SLOT_ID);
CK_RV        slots_list(const struct slots *, CK_SLOT_ID *out, CK_ULONG *count);
void         slot_info(const struct slot *, CK_SLOT_INFO *out);
/* s: a copy whose counts and states are consistent. login_required: the credential has a passphrase. */
void slot_token_info(const struct slot *s, CK_TOKEN_INFO *out, bool login_required);
/* Text into a blank-padded field. */
void slot_pad(CK_UTF8CHAR *out, size_t size, const char *text);

#endif
