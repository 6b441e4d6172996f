/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of architecture.md section 5 that the coordinator makes; every node makes them again. */
#include "cluster/api/auth.h"

#include "cluster/api/api_state.h"

/* A header given twice could be read one way here and another way elsewhere. */
static RESULT take(const struct call *call, const char *name, const char **out)
{
    bool repeated = false;

    *out = http_request_header(call->http, name, &repeated);
    if (repeated) return fail(KMS_E_UNAUTHENTICATED, "the header %s was given twice", name);
    return KMS_OK;
}

static RESULT read_headers(const struct call *call, struct request_headers *out)
{
    TRY(take(call, "signature-input", &out->signature_input));
    TRY(take(call, "signature", &out->signature));
    TRY(take(call, "content-digest", &out->content_digest));
    TRY(take(call, "idempotency-key", &out->idempotency_key));
    TRY(take(call, "client-cert", &out->client_cert));
    return take(call, "x-kms-access-key", &out->access_key);
}

static RESULT check_role(const struct call *call)
{
    if ((call->route->roles >> call->who.role & 1) != 0) return KMS_OK;
    return fail(KMS_E_DENIED, "%s: a certificate of role %s may not ask for this", call->who.uri,
                role_name(call->who.role));
}

static RESULT authenticate(struct call *call, int64_t now_s)
{
    struct request_headers headers;
    const struct api      *api = call->api;

    TRY(read_headers(call, &headers));
    TRY(signed_request_parse(&call->request, &call->certificate, call->http->method, call->http->target, &headers,
                             call->http->body));
    TRY_AT(identity_cache_verify(api->identities, &call->who, call->request.certificate_der, now_s), "client-cert");
    if (strcmp(call->who.cluster, api->config->cluster) != 0)
        return fail(KMS_E_CERTIFICATE, "%s is of another cluster; this is %s", call->who.uri, api->config->cluster);
    TRY(signed_request_verify_vartime(&call->request, &call->who));
    call->authenticated = true;
    return KMS_OK;
}

RESULT auth_check(struct call *call)
{
    int64_t now_s = call_wall_ms(call) / 1000;

    TRY(authenticate(call, now_s));
    /* Until it is known to be new, it may have been copied: whoever sends it must not write rows in its signer's name.
     */
    call->maybe_copied = true;
    TRY(signed_request_check_fresh(&call->request, now_s));
    TRY(signed_request_hash(call->request_hash, &call->request));
    TRY(nonces_check(call->api->nonces, &call->maybe_copied, &call->request, call->request_hash, now_s));
    return check_role(call);
}
