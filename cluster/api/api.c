/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a request: which route, who asks, what kind of body; then its handler. */
#include "cluster/api/api.h"

#include <stdio.h>
#include <stdlib.h>

#include "cluster/api/api_state.h"
#include "cluster/api/auth.h"
#include "cluster/api/words.h"
#include "common/base/text.h"

static void on_tick(void *arg)
{
    struct api *api = arg;
    int64_t     wall_ms = api->config->io.wall_ms(api->config->io.self);

    strangers_tick(&api->strangers, wall_ms);
    strangers_tick(&api->copies, wall_ms);
}

RESULT api_new(struct api **out, struct coordinator *coordinator, const struct authority *authority)
{
    struct api *api = calloc(1, sizeof *api);

    *out = api;
    if (api == NULL) return fail(KMS_E_MEMORY, "the API");
    api->coordinator = coordinator;
    api->config = coordinator_configuration(coordinator);
    strangers_init(&api->strangers, coordinator, "UNAUTHENTICATED", KMS_E_UNAUTHENTICATED);
    strangers_init(&api->copies, coordinator, "REPEATED", KMS_E_REPLAY);
    enum kms_err err = identity_cache_new(&api->identities, authority);
    if (err == KMS_OK) err = nonces_new(&api->nonces, (struct nonce_limits){0});
    if (err != KMS_OK) {
        api_free(out);
        return err;
    }
    coordinator_set_ticker(coordinator, on_tick, api);
    return KMS_OK;
}

/* What is in flight answers through this API, so it ends first. */
void api_free(struct api **pointer)
{
    struct api *api = *pointer;

    if (api == NULL) return;
    coordinator_abandon(api->coordinator);
    coordinator_set_ticker(api->coordinator, NULL, NULL);
    strangers_tick(&api->strangers, api->strangers.second * 1000 + 1000);
    strangers_tick(&api->copies, api->copies.second * 1000 + 1000);
    identity_cache_free(&api->identities);
    nonces_free(&api->nonces);
    free(api);
    *pointer = NULL;
}

/* For the log: the client's address, and what it says it is. */
static void fill_audit_trail(struct call *call)
{
    const char *agent = http_request_header(call->http, "user-agent", NULL);

    (void)snprintf(call->audit_trail, sizeof call->audit_trail, "%s %.180s", call->http->peer,
                   agent == NULL ? "-" : agent);
    for (char *c = call->audit_trail; *c != '\0'; c++)
        if (*c < ' ' || *c > '~') *c = '?';
}

static struct call *new_call(struct api *api, struct http_exchange *exchange)
{
    struct call *call = calloc(1, sizeof *call);
    uint8_t      id[REQUEST_ID_LEN / 2];

    if (call == NULL || rng_fill(api->config->rng, id, sizeof id) != KMS_OK) {
        free(call);
        return NULL;
    }
    call->api = api;
    call->exchange = exchange;
    call->http = http_exchange_request(exchange);
    call->started_ms = api->config->io.now_ms(api->config->io.self);
    call->query = "";
    call->certificate = BUF_INIT(CERTIFICATE_MAX);
    hex_encode(call->request_id, BYTES_OF(id));
    fill_audit_trail(call);
    return call;
}

static RESULT check_media_type(struct call *call)
{
    static const char json[] = "application/json";
    const char       *type = http_request_header(call->http, "content-type", NULL);
    size_t            len = sizeof json - 1;

    if (type != NULL && strncmp(type, json, len) == 0 && (type[len] == '\0' || type[len] == ';' || type[len] == ' '))
        return KMS_OK;
    call->wrong_media_type = true;
    return fail(KMS_E_UNSUPPORTED, "the body must be JSON: send Content-Type: application/json");
}

static RESULT check_shape(struct call *call)
{
    if (!call->route->takes_query && call->query[0] != '\0') return fail(KMS_E_ARGUMENT, "this path takes no query");
    if (call->route->body_max == 0)
        return call->http->body.len == 0 ? KMS_OK : fail(KMS_E_ARGUMENT, "this request takes no body");
    if (call->http->body.len == 0) return fail(KMS_E_FORMAT, "a JSON body is missing");
    if (call->http->body.len > call->route->body_max)
        return fail(KMS_E_TOO_LARGE, "the body has %zu bytes, at most %u here", call->http->body.len,
                    call->route->body_max);
    TRY(check_media_type(call));
    return words_check_utf8(call->http->body);
}

static RESULT handle(struct call *call)
{
    TRY(routes_match(call));
    if (call->route->roles != 0) TRY(auth_check(call));
    TRY(check_shape(call));
    return call->route->handle(call);
}

static void reply_out_of_memory(struct http_exchange *exchange)
{
    static const char body[] =
        "{\"type\":\"urn:kms:error:memory\",\"title\":\"Out of memory\",\"status\":500,"
        "\"detail\":\"try again later\",\"code\":\"memory\",\"retryable\":true,\"requestId\":\"\"}";
    struct http_response response = {
        .status = 500, .content_type = "application/problem+json", .body = bytes(body, sizeof body - 1)};

    http_reply(exchange, &response);
}

size_t api_body_max(void *self, const struct http_request *head)
{
    (void)self;
    return routes_body_max(head);
}

void api_handle(void *self, struct http_exchange *exchange)
{
    struct call *call = new_call(self, exchange);

    if (call == NULL) {
        reply_out_of_memory(exchange);
        return;
    }
    enum kms_err err = handle(call);
    if (err != KMS_OK) call_reply_error(call, err);
}
