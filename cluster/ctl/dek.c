/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl dek create, passwd: the key that a node's store is encrypted with, under a password. */
#include "cluster/ctl/command.h"
#include "cluster/pki/pki.h"
#include "common/base/text.h"
#include "common/crypto/kdf.h"

struct dek_where {
    const char *file, *node;
    long        iterations;
};

static RESULT read_where(struct ctl *ctl, struct dek_where *w)
{
    TRY(option_required(ctl, "file", &w->file));
    TRY(option_required(ctl, "node", &w->node));
    if (!text_is_name(w->node, PARTY_NAME_MAX))
        return usage_fail(ctl, "--node: 1..%d of A-Za-z0-9._-, a letter or digit first", PARTY_NAME_MAX);
    return option_number(ctl, "iterations", PBKDF2_ITERATIONS_FLOOR, PBKDF2_ITERATIONS_MAX, PBKDF2_ITERATIONS_DEFAULT,
                         &w->iterations);
}

static RESULT give(struct ctl *ctl, const struct dek_where *w, const char *what)
{
    result_text(ctl, "node", w->node);
    result_text(ctl, "file", w->file);
    ctl_say(ctl, "%s: %s", w->file, what);
    return KMS_OK;
}

static RESULT dek_create_run(struct ctl *ctl)
{
    SECRET_LOCAL     password = SECRET_NONE;
    struct dek_where w;

    TRY(read_where(ctl, &w));
    TRY(command_passphrase(ctl, "password-fd", "Password of the new DEK: ", true, &password));
    TRY(dek_create(w.file, w.node, &password, (uint32_t)w.iterations));
    return give(ctl, &w, "made; without its password the node's shares cannot be read by anybody");
}

static RESULT dek_passwd_run(struct ctl *ctl)
{
    SECRET_LOCAL     old_password = SECRET_NONE, password = SECRET_NONE;
    struct dek_where w;

    TRY(read_where(ctl, &w));
    TRY(command_passphrase(ctl, "old-password-fd", "Present password of the DEK: ", false, &old_password));
    TRY(command_passphrase(ctl, "password-fd", "New password: ", true, &password));
    TRY(dek_change_password(w.file, w.node, &old_password, &password, (uint32_t)w.iterations));
    return give(ctl, &w, "the password has been changed; destroy old copies of the file");
}

static const struct option_spec create_options[] = {
    {"node", "NAME", NULL, "the node that it belongs to", OPTION_REQUIRED},
    {"file", "FILE", NULL, "where it is written, e.g. certs/tss1/tss1.dek", OPTION_REQUIRED},
    {"password-fd", "N", NULL, "read the password from descriptor N (else it is asked for, twice)", 0},
    {"iterations", "N", NULL, "PBKDF2 iterations (600000; not under 10000)", 0},
};
static const struct option_spec passwd_options[] = {
    {"node", "NAME", NULL, "the node that it belongs to", OPTION_REQUIRED},
    {"file", "FILE", NULL, "the DEK file", OPTION_REQUIRED},
    {"old-password-fd", "N", NULL, "read the present password from descriptor N (else it is asked for)", 0},
    {"password-fd", "N", NULL, "read the new password from descriptor N (else it is asked for, twice)", 0},
    {"iterations", "N", NULL, "PBKDF2 iterations (600000; not under 10000)", 0},
};

static const struct command rows[] = {
    {"dek", "create", "", 0, 0, "make a node's data encryption key, under a password", NEEDS_NOTHING, create_options,
     ARRAY_LEN(create_options), dek_create_run},
    {"dek", "passwd", "", 0, 0, "change that password, or raise the number of iterations", NEEDS_NOTHING,
     passwd_options, ARRAY_LEN(passwd_options), dek_passwd_run},
};
const struct command_group commands_dek = {rows, ARRAY_LEN(rows)};
