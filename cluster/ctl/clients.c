/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl client create: credential folders of programs and people. */
#include "cluster/ctl/command.h"
#include "cluster/pki/pki.h"
#include "common/base/text.h"

static RESULT read_role(struct ctl *ctl, enum role *out)
{
    const char *name = option_text(ctl, "role");

    *out = name == NULL ? ROLE_CLIENT : role_by_name(name);
    if (*out == ROLE_CLIENT || *out == ROLE_OPERATOR || *out == ROLE_AUDITOR || *out == ROLE_STATUS) return KMS_OK;
    return usage_fail(ctl, "--role: client, operator, auditor or status");
}

static RESULT client_create(struct ctl *ctl)
{
    SECRET_LOCAL ca_passphrase = SECRET_NONE, passphrase = SECRET_NONE;
    const char  *ca, *out, *name = ctl->args[0];
    enum role    role;

    if (!text_is_name(name, PARTY_NAME_MAX))
        return usage_fail(ctl, "NAME: 1..%d of A-Za-z0-9._-, a letter or digit first", PARTY_NAME_MAX);
    TRY(read_role(ctl, &role));
    TRY(option_required(ctl, "ca", &ca));
    TRY(option_required(ctl, "out", &out));
    TRY(command_ca_passphrase(ctl, ca, &ca_passphrase));
    if (!option_flag(ctl, "no-passphrase"))
        TRY(command_passphrase(ctl, "passphrase-fd", "Passphrase (the PKCS#11 PIN) of the new credential: ", true,
                               &passphrase));
    TRY(pki_client_create(ca, &ca_passphrase, role, name, out, &passphrase));
    result_text(ctl, "role", role_name(role));
    result_text(ctl, "name", name);
    result_text(ctl, "out", out);
    ctl_say(ctl, "%s: credential of %s %s", out, role_name(role), name);
    return KMS_OK;
}

static const struct option_spec options[] = {
    {"ca", "DIR", NULL, "the folder of ca.cert and ca.key", OPTION_REQUIRED},
    {"out", "FOLDER", NULL, "the credential folder to make", OPTION_REQUIRED},
    {"role", "ROLE", NULL, "client (the default), operator, auditor or status", 0},
    {"passphrase-fd", "N", NULL, "read the new key's passphrase from descriptor N (else it is asked for, twice)", 0},
    {"no-passphrase", NULL, NULL, "leave client.key unencrypted, readable by its owner only", 0},
    {"ca-passphrase-fd", "N", NULL, "read ca.key's passphrase from descriptor N (else it is asked for)", 0},
};

static const struct command rows[] = {
    {"client", "create", "NAME", 1, 1, "make a credential: client.cert, client.key, access_key", NEEDS_NOTHING, options,
     ARRAY_LEN(options), client_create},
};
const struct command_group commands_client = {rows, ARRAY_LEN(rows)};
