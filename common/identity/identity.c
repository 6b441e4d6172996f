/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and URIs; a certificate without its chain. */
#include "common/identity/identity.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/identity/certificate.h"

#define SCHEME "spiffe://"

static const char *const role_names[] = {
    [ROLE_NONE] = "none",         [ROLE_NODE] = "node",       [ROLE_GATEWAY] = "gateway", [ROLE_CLIENT] = "client",
    [ROLE_OPERATOR] = "operator", [ROLE_AUDITOR] = "auditor", [ROLE_STATUS] = "status",
};

const char *role_name(enum role role)
{
    return (size_t)role < ARRAY_LEN(role_names) ? role_names[role] : role_names[ROLE_NONE];
}

enum role role_by_name(const char *name)
{
    for (size_t i = ROLE_NONE + 1; i < ARRAY_LEN(role_names); i++)
        if (strcmp(role_names[i], name) == 0) return (enum role)i;
    return ROLE_NONE;
}

/* Copies up to `end` and steps over it; a part that is too long becomes "", which is no name. */
static const char *take_part(char *out, size_t max, const char *from, char end)
{
    const char *stop = strchrnul(from, end);
    size_t      len = (size_t)(stop - from);

    if (len > max) len = 0;
    memcpy(out, from, len);
    out[len] = '\0';
    return *stop == '\0' ? stop : stop + 1;
}

RESULT identity_parse_uri(struct identity *out, const char *uri)
{
    struct identity found = {0};
    char            role[9];

    *out = found;
    if (strlen(uri) > IDENTITY_URI_MAX || strncmp(uri, SCHEME, strlen(SCHEME)) != 0)
        return fail(KMS_E_CERTIFICATE, "the URI is not spiffe://<cluster>/<role>/<name>");
    const char *at = take_part(found.cluster, CLUSTER_NAME_MAX, uri + strlen(SCHEME), '/');
    at = take_part(role, sizeof role - 1, at, '/');
    (void)take_part(found.name, PARTY_NAME_MAX, at, '\0');
    found.role = role_by_name(role);
    if (found.role == ROLE_NONE || !text_is_name(found.cluster, CLUSTER_NAME_MAX) ||
        !text_is_name(found.name, PARTY_NAME_MAX))
        return fail(KMS_E_CERTIFICATE, "the URI is not spiffe://<cluster>/<role>/<name> with a known role");
    (void)snprintf(found.uri, sizeof found.uri, SCHEME "%s/%s/%s", found.cluster, role, found.name);
    if (strcmp(found.uri, uri) != 0)
        return fail(KMS_E_CERTIFICATE, "the URI has more parts than cluster, role and name");
    *out = found;
    return KMS_OK;
}

RESULT identity_parse(struct identity *out, struct bytes der)
{
    CLEANUP(certificate_done) X509 *certificate = NULL;

    *out = (struct identity){0};
    TRY(certificate_decode(&certificate, der));
    return certificate_identity(out, certificate, der);
}
