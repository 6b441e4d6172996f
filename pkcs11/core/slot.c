/* SPDX-License-Identifier: Apache-2.0 */
/* Slots and tokens as C_GetSlotInfo and C_GetTokenInfo show them; nothing here asks the cluster. */
#include "pkcs11/core/slot.h"

#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/identity/identity.h"

#define MANUFACTURER "kms"
#define MODEL "threshold"
#define PIN_MAX 1024

void slot_pad(CK_UTF8CHAR *out, size_t size, const char *text)
{
    size_t len = strlen(text);

    memset(out, ' ', size);
    memcpy(out, text, len < size ? len : size);
}

static void fill_serial(char out[17], const char *owner, CK_SLOT_ID slot)
{
    char    text[IDENTITY_URI_MAX + 64];
    uint8_t hash[32];

    int used = snprintf(text, sizeof text, "kms/v1/token-serial%c%s%c%lu", 0, owner, 0, slot);
    sha256(hash, bytes(text, (size_t)used));
    hex_encode(out, bytes(hash, 8));
}

RESULT slots_init(struct slots *s, const struct settings *settings, const char *owner)
{
    *s = (struct slots){0};
    for (unsigned i = 0; i < settings->slot_count; i++) {
        const struct family *family = family_by_name(settings->slots[i]);
        if (family == NULL)
            return fail(KMS_E_CONFIG, "slots: \"%s\" is not a key family of this version", settings->slots[i]);
        if (slots_find(s, family->slot) != NULL)
            return fail(KMS_E_CONFIG, "slots: \"%s\" is named twice", settings->slots[i]);
        struct slot *slot = &s->items[s->count++];
        *slot = (struct slot){.family = family};
        (void)snprintf(slot->label, sizeof slot->label, "%s-%s", settings->token_prefix, family->name);
        fill_serial(slot->serial, owner, family->slot);
    }
    return KMS_OK;
}

struct slot *slots_find(struct slots *s, CK_SLOT_ID id)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->items[i].family->slot == id) return &s->items[i];
    return NULL;
}

CK_RV slots_list(const struct slots *s, CK_SLOT_ID *out, CK_ULONG *count)
{
    CK_ULONG room = *count;

    *count = s->count;
    if (out == NULL) return CKR_OK;
    if (room < s->count) return refuse(CKR_BUFFER_TOO_SMALL, "room for %lu of %u slots", room, s->count);
    for (unsigned i = 0; i < s->count; i++) out[i] = s->items[i].family->slot;
    return CKR_OK;
}

static CK_VERSION version(void)
{
    unsigned major = 0, minor = 0;

    (void)sscanf(KMS_VERSION, "%u.%u", &major, &minor);
    return (CK_VERSION){(CK_BYTE)major, (CK_BYTE)minor};
}

void slot_info(const struct slot *s, CK_SLOT_INFO *out)
{
    char description[65];

    *out = (CK_SLOT_INFO){.flags = CKF_TOKEN_PRESENT, .hardwareVersion = version(), .firmwareVersion = version()};
    (void)snprintf(description, sizeof description, "kms threshold keys, %s", s->family->title);
    slot_pad(out->slotDescription, sizeof out->slotDescription, description);
    slot_pad(out->manufacturerID, sizeof out->manufacturerID, MANUFACTURER);
}

void slot_token_info(const struct slot *s, CK_TOKEN_INFO *out, bool login_required)
{
    *out = (CK_TOKEN_INFO){
        .flags = CKF_RNG | CKF_TOKEN_INITIALIZED,
        .ulMaxSessionCount = CK_EFFECTIVELY_INFINITE,
        .ulSessionCount = s->sessions,
        .ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE,
        .ulRwSessionCount = s->rw_sessions,
        .ulMaxPinLen = PIN_MAX,
        .ulMinPinLen = login_required ? 1 : 0,
        .ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
        .ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
        .ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
        .ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION,
        .hardwareVersion = version(),
        .firmwareVersion = version(),
    };
    if (login_required) out->flags |= CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED;
    if (s->pin_failed) out->flags |= CKF_USER_PIN_COUNT_LOW;
    slot_pad(out->label, sizeof out->label, s->label);
    slot_pad(out->manufacturerID, sizeof out->manufacturerID, MANUFACTURER);
    slot_pad(out->model, sizeof out->model, MODEL);
    slot_pad(out->serialNumber, sizeof out->serialNumber, s->serial);
    slot_pad(out->utcTime, sizeof out->utcTime, "");
}
