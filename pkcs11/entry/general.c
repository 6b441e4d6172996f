/* SPDX-License-Identifier: Apache-2.0 */
/* C_ functions of the library, its slots and its tokens. */
#include <stdio.h>
#include <string.h>

#include "pkcs11/entry/call.h"
#include "pkcs11/entry/lifecycle.h"

CK_RV C_Initialize(void *init_args)
{
    struct call c;

    /* Whether there is a provider already is for lifecycle_initialize() to judge. */
    (void)call_begin(&c, "C_Initialize");
    c.rv = lifecycle_initialize(init_args);
    return call_end(&c);
}

CK_RV C_Finalize(void *reserved)
{
    struct call c;

    if (call_begin(&c, "C_Finalize") == CKR_OK) c.rv = reserved != NULL ? call_bad_arguments() : lifecycle_finalize();
    return call_end(&c);
}

CK_RV C_GetInfo(CK_INFO *info)
{
    struct call c;
    unsigned    major = 0, minor = 0;

    if (call_begin(&c, "C_GetInfo") == CKR_OK && info == NULL) c.rv = call_bad_arguments();
    if (c.rv == CKR_OK) {
        (void)sscanf(KMS_VERSION, "%u.%u", &major, &minor);
        *info = (CK_INFO){.cryptokiVersion = {2, 40}, .libraryVersion = {(CK_BYTE)major, (CK_BYTE)minor}};
        slot_pad(info->manufacturerID, sizeof info->manufacturerID, "kms");
        slot_pad(info->libraryDescription, sizeof info->libraryDescription, "kms threshold key management");
    }
    return call_end(&c);
}

CK_RV C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *slot_list, CK_ULONG *count)
{
    struct call c;

    (void)token_present; /* every slot has its token */
    if (call_begin(&c, "C_GetSlotList") == CKR_OK)
        c.rv = count == NULL ? call_bad_arguments() : slots_list(&c.provider->slots, slot_list, count);
    return call_end(&c);
}

CK_RV C_GetSlotInfo(CK_SLOT_ID slot_id, CK_SLOT_INFO *info)
{
    struct call  c;
    struct slot *slot;

    if (call_begin_slot(&c, "C_GetSlotInfo", slot_id, &slot) == CKR_OK && info == NULL) c.rv = call_bad_arguments();
    if (c.rv == CKR_OK) slot_info(slot, info);
    return call_end(&c);
}

CK_RV C_GetTokenInfo(CK_SLOT_ID slot_id, CK_TOKEN_INFO *info)
{
    struct call  c;
    struct slot *slot;

    if (call_begin_slot(&c, "C_GetTokenInfo", slot_id, &slot) == CKR_OK && info == NULL) c.rv = call_bad_arguments();
    if (c.rv == CKR_OK) provider_token_info(c.provider, slot, info);
    return call_end(&c);
}

static CK_RV list_mechanisms(const struct slot *slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
    CK_ULONG room = *count;

    *count = mechanism_list(list, room, slot->family);
    if (list != NULL && room < *count)
        return refuse(CKR_BUFFER_TOO_SMALL, "room for %lu of %lu mechanisms", room, *count);
    return CKR_OK;
}

CK_RV C_GetMechanismList(CK_SLOT_ID slot_id, CK_MECHANISM_TYPE *mechanism_list_out, CK_ULONG *count)
{
    struct call  c;
    struct slot *slot;

    if (call_begin_slot(&c, "C_GetMechanismList", slot_id, &slot) == CKR_OK)
        c.rv = count == NULL ? call_bad_arguments() : list_mechanisms(slot, mechanism_list_out, count);
    return call_end(&c);
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slot_id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    struct call  c;
    struct slot *slot;

    if (call_begin_slot(&c, "C_GetMechanismInfo", slot_id, &slot) == CKR_OK && info == NULL)
        c.rv = call_bad_arguments();
    if (c.rv == CKR_OK) {
        const struct mechanism *mechanism = mechanism_find(slot->family, type);
        if (mechanism == NULL)
            c.rv = refuse(CKR_MECHANISM_INVALID, "mechanism 0x%lx", type);
        else
            *info = mechanism->info;
    }
    return call_end(&c);
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
    struct call c;

    (void)slot;
    if (call_begin(&c, "C_WaitForSlotEvent") != CKR_OK) return call_end(&c);
    if (reserved != NULL)
        c.rv = call_bad_arguments();
    else if ((flags & CKF_DONT_BLOCK) != 0)
        c.rv = refuse(CKR_NO_EVENT, "tokens neither come nor go");
    else
        c.rv = refuse(CKR_FUNCTION_NOT_SUPPORTED, "tokens neither come nor go: waiting would never end");
    return call_end(&c);
}
