/* SPDX-License-Identifier: Apache-2.0 */
/* A signed roster from certificates. */
#include <stdio.h>

#include "cluster/ctl/roster.h"
#include "common/base/clock.h"
#include "common/base/text.h"

RESULT roster_add_certificate(struct roster *roster, const char *name, const char *certificate_path,
                              const char *host_label)
{
    CLEANUP(credential_clear) struct credential c = {0};

    if (host_label == NULL) host_label = name;
    if (!text_is_name(name, PARTY_NAME_MAX) || !text_is_name(host_label, PARTY_NAME_MAX))
        return fail(KMS_E_ARGUMENT, "node names and labels are 1..%d of A-Za-z0-9._-", PARTY_NAME_MAX);
    if (roster->count >= ROSTER_NODES_MAX) return fail(KMS_E_RANGE, "a roster has at most %d nodes", ROSTER_NODES_MAX);
    TRY_AT(credential_load_public(&c, certificate_path), "node %s", name);
    if (c.identity.role != ROLE_NODE || strcmp(c.identity.name, name) != 0)
        return fail(KMS_E_CERTIFICATE, "%s is the certificate of %s, not of node %s", certificate_path, c.identity.uri,
                    name);
    if (strcmp(c.identity.cluster, roster->cluster) != 0)
        return fail(KMS_E_CERTIFICATE, "%s is of cluster %s, the operator of %s", certificate_path, c.identity.cluster,
                    roster->cluster);
    struct roster_node *node = &roster->nodes[roster->count++];
    (void)snprintf(node->name, sizeof node->name, "%s", name);
    (void)snprintf(node->host_label, sizeof node->host_label, "%s", host_label);
    memcpy(node->fingerprint, c.identity.fingerprint, sizeof node->fingerprint);
    return KMS_OK;
}

RESULT roster_sign_pem(struct buf *out, struct roster *roster, const struct credential *operator_credential)
{
    BUF_LOCAL        payload = BUF_INIT(STATEMENT_PAYLOAD_MAX);
    struct statement s = {.type = STATEMENT_ROSTER, .sequence = roster->sequence, .created = clock_wall_s()};

    TRY(roster_seal(roster));
    TRY(roster_encode(&payload, roster));
    (void)snprintf(s.subject, sizeof s.subject, "roster/%s", roster->cluster);
    s.payload = buf_bytes(&payload);
    TRY(statement_sign(&s, operator_credential));
    return statement_encode_pem(out, &s);
}
