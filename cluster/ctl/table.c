/* SPDX-License-Identifier: Apache-2.0 */
/* Which commands there are, in the order of the help, and the options that they share. */
#include "cluster/ctl/command.h"

const struct command_group *const command_groups[] = {
    &commands_ca,           &commands_cert, &commands_dek,     &commands_client,    &commands_roster,  &commands_node,
    &commands_key_generate, &commands_key,  &commands_key_use, &commands_key_birth, &commands_request, &commands_status,
};
const unsigned command_group_count = ARRAY_LEN(command_groups);

static const struct option_spec common[] = {
    {"url", "URL", "KMS_URL", "the coordinator, e.g. https://127.0.0.1:8080", OPTION_REQUIRED},
    {"cacert", "FILE", "KMS_CACERT", "the cluster's CA certificate (ca.cert)", OPTION_REQUIRED},
    {"credential", "DIR", "KMS_CREDENTIAL", "credential folder: client.cert, client.key, access_key", OPTION_REQUIRED},
    {"pin-fd", "N", NULL,
     "read the credential's PIN from descriptor N (else KMS_PIN, for development only; else it is asked for)", 0},
    {"passphrase-fd", "N", NULL, "the same as --pin-fd", 0},
    {"timeout", "SECONDS", NULL, "how long one call may take (30)", 0},
    {"wait", "SECONDS", NULL, "try again for so long while the cluster is not available (0)", 0},
    {"json", NULL, NULL, "print one JSON document", 0},
    {"help", NULL, NULL, "this text", 0},
};

static const unsigned applies_with[] = {
    NEEDS_URL, NEEDS_AUTHORITY, NEEDS_CREDENTIAL, NEEDS_CREDENTIAL, NEEDS_CREDENTIAL, NEEDS_URL, NEEDS_URL, 0, 0,
};
_Static_assert(ARRAY_LEN(applies_with) == ARRAY_LEN(common), "one row for each common option");

const struct option_spec *common_options(unsigned *count)
{
    *count = ARRAY_LEN(common);
    return common;
}

bool common_option_applies(const struct option_spec *option, unsigned needs)
{
    unsigned with = applies_with[option - common];

    if ((needs & MAY_NEED_CLUSTER) != 0) needs |= NEEDS_CLUSTER;
    return with == 0 || (with & needs) != 0;
}

bool common_option_required(const struct option_spec *option, unsigned needs)
{
    return (option->flags & OPTION_REQUIRED) != 0 && (applies_with[option - common] & needs) != 0;
}
