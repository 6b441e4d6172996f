/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl roster sign, show: which nodes the cluster has, in an operator's words. */
#include "cluster/ctl/roster.h"

#include <unistd.h>

#include "cluster/ctl/command.h"
#include "cluster/pki/file_write.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define NODE_TEXT_MAX 1100
#define SEQUENCE_MAX 1000000000000L

/* "tss1=certs/tss1/tss1.cert,host=rack-4" */
static RESULT add_node(struct ctl *ctl, struct roster *roster, const char *text)
{
    char copy[NODE_TEXT_MAX + 1];

    if (strlen(text) > NODE_TEXT_MAX) return usage_fail(ctl, "--node: at most %d bytes", NODE_TEXT_MAX);
    (void)snprintf(copy, sizeof copy, "%s", text);
    char *file = strchr(copy, '='), *label = strstr(copy, ",host=");
    if (file == NULL || (label != NULL && label < file))
        return usage_fail(ctl, "--node: NAME=CERTFILE[,host=LABEL] belongs here");
    *file++ = '\0';
    if (label != NULL) {
        *label = '\0';
        label += strlen(",host=");
    }
    return roster_add_certificate(roster, copy, file, label);
}

static RESULT give_roster(struct ctl *ctl, const struct roster *roster)
{
    cJSON *nodes = cJSON_CreateArray();
    char   hex[65];

    result_text(ctl, "cluster", roster->cluster);
    result_number(ctl, "sequence", (double)roster->sequence);
    hex_encode(hex, BYTES_OF(roster->hash));
    result_text(ctl, "hash", hex);
    result_item(ctl, "nodes", nodes);
    ctl_say(ctl, "roster of cluster %s, sequence %llu, hash %s", roster->cluster, (unsigned long long)roster->sequence,
            hex);
    for (unsigned i = 0; i < roster->count; i++) {
        const struct roster_node *n = &roster->nodes[i];
        cJSON                    *item = cJSON_CreateObject();
        hex_encode(hex, BYTES_OF(n->fingerprint));
        if (nodes == NULL || item == NULL || cJSON_AddStringToObject(item, "node", n->name) == NULL ||
            cJSON_AddStringToObject(item, "host_label", n->host_label) == NULL ||
            cJSON_AddStringToObject(item, "fingerprint", hex) == NULL || !cJSON_AddItemToArray(nodes, item)) {
            cJSON_Delete(item);
            return fail(KMS_E_MEMORY, "no memory for the result");
        }
        ctl_say(ctl, "%-16s host %-16s certificate sha256:%s", n->name, n->host_label, hex);
    }
    return KMS_OK;
}

/* What lies there already is replaced by a later roster only: nodes would not take it back. */
static RESULT check_later(struct ctl *ctl, const char *path, long sequence)
{
    BUF_LOCAL        file = BUF_INIT(2 * STATEMENT_ENCODED_MAX), encoded = BUF_INIT(STATEMENT_ENCODED_MAX);
    struct statement s;

    if (access(path, F_OK) != 0 || option_flag(ctl, "force")) return KMS_OK;
    TRY(content_read(&file, path));
    if (statement_decode_pem(&encoded, buf_bytes(&file)) != KMS_OK ||
        statement_decode(&s, buf_bytes(&encoded)) != KMS_OK || s.type != STATEMENT_ROSTER)
        return fail(KMS_E_CONFLICT, "%s exists and is no roster; --force replaces it", path);
    if (s.sequence >= (uint64_t)sequence)
        return fail(KMS_E_CONFLICT, "%s is a roster of sequence %llu: give a higher --sequence, or --force", path,
                    (unsigned long long)s.sequence);
    return KMS_OK;
}

static RESULT check_count(struct ctl *ctl, const struct roster *roster)
{
    if (roster->count < 2) return usage_fail(ctl, "--node: a roster of one node; a key has two holders at least");
    if (roster->count < 3)
        fprintf(stderr, "kmsctl: roster sign: warning: two nodes: each key would need both of them (--all-of-n)\n");
    return KMS_OK;
}

static RESULT roster_sign_run(struct ctl *ctl)
{
    struct roster roster = {0};
    BUF_LOCAL     pem = BUF_INIT(2 * STATEMENT_ENCODED_MAX);
    const char   *out;
    long          sequence;

    TRY(option_required(ctl, "out", &out));
    TRY(option_number(ctl, "sequence", 1, SEQUENCE_MAX, 0, &sequence));
    if (ctl->credential.identity.role != ROLE_OPERATOR)
        return fail(KMS_E_DENIED, "%s is no operator: nodes would refuse its roster", ctl->credential.identity.uri);
    (void)snprintf(roster.cluster, sizeof roster.cluster, "%s", ctl->credential.identity.cluster);
    roster.sequence = (uint64_t)sequence;
    for (unsigned i = 0; i < ctl->given_count; i++)
        if (strcmp(ctl->given[i].spec->name, "node") == 0) TRY(add_node(ctl, &roster, ctl->given[i].value));
    TRY(check_count(ctl, &roster));
    TRY(check_later(ctl, out, sequence));
    TRY(roster_sign_pem(&pem, &roster, &ctl->credential));
    TRY(file_replace(out, buf_bytes(&pem), 0644));
    return give_roster(ctl, &roster);
}

static RESULT roster_show_run(struct ctl *ctl)
{
    BUF_LOCAL        file = BUF_INIT(2 * STATEMENT_ENCODED_MAX), encoded = BUF_INIT(STATEMENT_ENCODED_MAX);
    struct statement s;
    struct roster    roster;
    struct identity  signer;
    char             when[21];

    TRY(content_read(&file, ctl->args[0]));
    TRY_AT(statement_decode_pem(&encoded, buf_bytes(&file)), "%s", ctl->args[0]);
    TRY_AT(statement_decode(&s, buf_bytes(&encoded)), "%s", ctl->args[0]);
    TRY_AT(roster_decode(&roster, s.payload), "%s", ctl->args[0]);
    TRY_AT(statement_verify(&s, ctl->authority, ROLE_OPERATOR, &signer), "%s", ctl->args[0]);
    TRY_AT(roster_from_statement(&roster, &s, ctl->authority, signer.cluster), "%s", ctl->args[0]);
    clock_format(when, s.created);
    TRY(give_roster(ctl, &roster));
    result_text(ctl, "signedBy", signer.uri);
    result_text(ctl, "created", when);
    ctl_say(ctl, "signed by %s at %s", signer.uri, when);
    return KMS_OK;
}

static const struct option_spec sign_options[] = {
    {"node", "NAME=CERTFILE[,host=LABEL]", NULL, "a node, its certificate and its anti-affinity label",
     OPTION_REPEATS | OPTION_REQUIRED},
    {"sequence", "N", NULL, "one more than the last roster's", OPTION_REQUIRED},
    {"out", "FILE", NULL, "where the signed roster is written (PEM); what is there must be an older roster",
     OPTION_REQUIRED},
    {"force", NULL, NULL, "replace what is there, whatever it is", 0},
};

static const struct command rows[] = {
    {"roster", "sign", "", 0, 0, "sign the list of the cluster's nodes; by an operator", NEEDS_CREDENTIAL, sign_options,
     ARRAY_LEN(sign_options), roster_sign_run},
    {"roster", "show", "FILE", 1, 1, "check and show a roster", NEEDS_AUTHORITY, NULL, 0, roster_show_run},
};
const struct command_group commands_roster = {rows, ARRAY_LEN(rows)};
