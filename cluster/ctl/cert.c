/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl cert issue: certificates of nodes and gateways. */
#include "cluster/ctl/command.h"
#include "cluster/pki/pki.h"
#include "common/base/text.h"

static RESULT collect_names(struct ctl *ctl, struct pki_issue *issue)
{
    for (unsigned i = 0; i < ctl->given_count; i++) {
        if (strcmp(ctl->given[i].spec->name, "name") != 0) continue;
        if (issue->name_count >= PKI_NAMES_MAX) return usage_fail(ctl, "--name: at most %d times", PKI_NAMES_MAX);
        issue->names[issue->name_count++] = ctl->given[i].value;
    }
    return KMS_OK;
}

static RESULT cert_issue(struct ctl *ctl)
{
    SECRET_LOCAL     ca_passphrase = SECRET_NONE, none = SECRET_NONE;
    struct pki_issue issue = {.role = role_by_name(ctl->args[0]), .name = ctl->args[1]};
    const char      *ca, *out;
    long             days;

    if (issue.role != ROLE_NODE && issue.role != ROLE_GATEWAY)
        return usage_fail(ctl, "ROLE: node or gateway (for people and programs: kmsctl client create)");
    if (!text_is_name(issue.name, PARTY_NAME_MAX))
        return usage_fail(ctl, "NAME: 1..%d of A-Za-z0-9._-, a letter or digit first", PARTY_NAME_MAX);
    TRY(option_required(ctl, "ca", &ca));
    TRY(option_required(ctl, "out", &out));
    TRY(option_number(ctl, "days", 1, 3650, 365, &days));
    TRY(collect_names(ctl, &issue));
    issue.days = (unsigned)days;
    TRY(command_ca_passphrase(ctl, ca, &ca_passphrase));
    TRY(pki_issue(ca, &ca_passphrase, &issue, out, &none));
    result_text(ctl, "role", role_name(issue.role));
    result_text(ctl, "name", issue.name);
    result_text(ctl, "out", out);
    ctl_say(ctl, "%s.cert and %s.key: %s %s, for %ld days", out, out, role_name(issue.role), issue.name, days);
    return KMS_OK;
}

static const struct option_spec options[] = {
    {"ca", "DIR", NULL, "the folder of ca.cert and ca.key", OPTION_REQUIRED},
    {"out", "PREFIX", NULL, "writes PREFIX.cert and PREFIX.key", OPTION_REQUIRED},
    {"name", "DNS|IP", NULL, "a name or address that clients reach it by", OPTION_REPEATS},
    {"days", "N", NULL, "how long it is valid (365)", 0},
    {"ca-passphrase-fd", "N", NULL, "read ca.key's passphrase from descriptor N (else it is asked for)", 0},
};

static const struct command rows[] = {
    {"cert", "issue", "ROLE NAME", 2, 2, "issue a server's certificate; ROLE is node or gateway", NEEDS_NOTHING,
     options, ARRAY_LEN(options), cert_issue},
};
const struct command_group commands_cert = {rows, ARRAY_LEN(rows)};
