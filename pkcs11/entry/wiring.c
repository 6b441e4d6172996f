/* SPDX-License-Identifier: Apache-2.0 */
/* The module's own wiring: pkcs11.conf, the log, HTTPS. */
#include "pkcs11/entry/wiring.h"

#include "common/crypto/group.h"
#include "common/secret/secmem.h"
#include "pkcs11/backend/https.h"

static RESULT start_libraries(void)
{
    TRY(https_start_openssl());
    TRY(secmem_init());
    return group_init();
}

static RESULT open_configured(struct settings *s, struct backend *backend, bool *login_required)
{
    TRY(settings_open_log(s));
    TRY(start_libraries());
    TRY(https_needs_pin(login_required, s));
    return https_new(backend, s);
}

RESULT wiring_open(struct settings *s, struct backend *backend, bool *login_required, const char *path)
{
    bool found;

    *backend = (struct backend){0};
    *login_required = false;
    settings_start_log();
    enum kms_err err = settings_load(s, &found, path);
    if (err == KMS_OK && !found) return KMS_OK;
    if (err == KMS_OK) err = open_configured(s, backend, login_required);
    if (err != KMS_OK) log_failure(LOG_ERROR, "configuration", err);
    return err;
}
