/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl ca init. */
#include "cluster/ctl/command.h"
#include "cluster/pki/pki.h"
#include "common/base/text.h"

static RESULT ca_init(struct ctl *ctl)
{
    SECRET_LOCAL passphrase = SECRET_NONE;
    const char  *directory, *cluster;

    TRY(option_required(ctl, "dir", &directory));
    TRY(option_required(ctl, "cluster", &cluster));
    if (!text_is_name(cluster, CLUSTER_NAME_MAX))
        return usage_fail(ctl, "--cluster: 1..%d of A-Za-z0-9._-, a letter or digit first", CLUSTER_NAME_MAX);
    if (!option_flag(ctl, "no-passphrase"))
        TRY(command_passphrase(ctl, "passphrase-fd", "Passphrase of the new CA key: ", true, &passphrase));
    TRY(pki_ca_init(directory, cluster, &passphrase));
    result_text(ctl, "cluster", cluster);
    result_text(ctl, "dir", directory);
    ctl_say(ctl,
            "%s/ca.cert and %s/ca.key: the CA of cluster \"%s\". Keep ca.key off line: who has it has the cluster.",
            directory, directory, cluster);
    return KMS_OK;
}

static const struct option_spec options[] = {
    {"dir", "DIR", NULL, "where ca.cert and ca.key are written", OPTION_REQUIRED},
    {"cluster", "NAME", NULL, "the cluster's name", OPTION_REQUIRED},
    {"passphrase-fd", "N", NULL, "read the new key's passphrase from descriptor N (else it is asked for)", 0},
    {"no-passphrase", NULL, NULL, "leave ca.key unencrypted", 0},
};

static const struct command rows[] = {
    {"ca", "init", "", 0, 0, "make the cluster's certificate authority", NEEDS_NOTHING, options, ARRAY_LEN(options),
     ca_init},
};
const struct command_group commands_ca = {rows, ARRAY_LEN(rows)};
