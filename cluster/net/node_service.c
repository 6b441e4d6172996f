/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of a TSS node. */
#include "cluster/net/node_service.h"

#include <stdlib.h>

#include "cluster/net/log_limit.h"
#include "cluster/proto/health.pb-c.h"
#include "cluster/proto/kms.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/wire/json.h"

#define LINKS_MAX 64
#define WATCHERS_MAX 64
#define SMALL_MAX 1024 /* requests that say next to nothing */
#define FIELD_MAX 16   /* protobuf around one field of bytes */
#define CLUSTER_SERVICE "kms.v1.Cluster"

struct link {
    uint32_t          id; /* 0: free */
    struct grpc_call *call;
};

struct watcher {
    struct grpc_call *call; /* NULL: free */
    int               told; /* the status sent last */
};

struct node_service {
    struct loop        *loop; /* borrowed */
    struct node        *node; /* borrowed */
    struct grpc_service table;
    struct loop_task    after;
    uint32_t            last_link;
    struct link         links[LINKS_MAX];
    struct watcher      watchers[WATCHERS_MAX];
    bool                is_draining;
    struct log_limit    reset; /* links */
    void (*on_activity)(void *self);
    void *activity_self;
};

typedef Grpc__Health__V1__HealthCheckResponse health_response;

static RESULT pack(struct buf *out, const ProtobufCMessage *message)
{
    size_t   len = protobuf_c_message_get_packed_size(message);
    uint8_t *at = buf_reserve(out, len);

    if (at == NULL) return fail(KMS_E_TOO_LARGE, "a message of %zu bytes", len);
    out->len += protobuf_c_message_pack(message, at);
    out->data[out->len] = '\0';
    return KMS_OK;
}

static RESULT require_node(const struct node_service *s)
{
    return s->node != NULL ? KMS_OK : fail(KMS_E_UNAVAILABLE, "the node is starting");
}

void node_service_note_activity(struct node_service *s)
{
    loop_later(s->loop, &s->after);
}

/* ---- the cluster service: unary ---- */

static enum kms_err call_info(void *self, struct bytes request, struct buf *reply)
{
    struct node_service *s = self;
    struct node_info     info;
    Kms__V1__InfoReply   out = KMS__V1__INFO_REPLY__INIT;

    Kms__V1__InfoRequest *in = kms__v1__info_request__unpack(NULL, request.len, request.data);
    if (in == NULL) return fail(KMS_E_FORMAT, "not an InfoRequest");
    kms__v1__info_request__free_unpacked(in, NULL);
    TRY(require_node(s));
    node_info(s->node, &info);
    out.node = info.node;
    out.cluster = info.cluster;
    out.version = (char *)(uintptr_t)info.version;
    out.sealed = info.sealed;
    out.roster_sequence = info.roster_sequence;
    out.roster_hash = (ProtobufCBinaryData){sizeof info.roster_hash, info.roster_hash};
    out.sessions = info.sessions;
    out.keys = info.keys;
    out.pending = info.pending;
    out.wall_ms = clock_wall_ms();
    return pack(reply, &out.base);
}

static enum kms_err call_commit(void *self, struct bytes request, struct buf *reply)
{
    struct node_service *s = self;
    const char          *state = "";
    Kms__V1__CommitReply out = KMS__V1__COMMIT_REPLY__INIT;

    TRY(require_node(s));
    Kms__V1__CommitRequest *in = kms__v1__commit_request__unpack(NULL, request.len, request.data);
    if (in == NULL) return fail(KMS_E_FORMAT, "not a CommitRequest");
    enum kms_err err = node_commit(s->node, bytes(in->birth_certificate.data, in->birth_certificate.len), &state);
    kms__v1__commit_request__free_unpacked(in, NULL);
    node_service_note_activity(s);
    TRY(err);
    out.state = (char *)(uintptr_t)state;
    return pack(reply, &out.base);
}

static enum kms_err call_deliver(void *self, struct bytes request, struct buf *reply)
{
    struct node_service  *s = self;
    Kms__V1__DeliverReply out = KMS__V1__DELIVER_REPLY__INIT;

    TRY(require_node(s));
    Kms__V1__DeliverRequest *in = kms__v1__deliver_request__unpack(NULL, request.len, request.data);
    if (in == NULL) return fail(KMS_E_FORMAT, "not a DeliverRequest");
    enum kms_err err = node_deliver_statement(s->node, bytes(in->statement.data, in->statement.len), &out.sequence);
    kms__v1__deliver_request__free_unpacked(in, NULL);
    node_service_note_activity(s);
    TRY(err);
    return pack(reply, &out.base);
}

/* ---- the cluster service: Link ---- */

static struct link *link_of(struct node_service *s, uint32_t id)
{
    for (unsigned i = 0; i < LINKS_MAX; i++)
        if (s->links[i].id == id) return &s->links[i];
    return NULL;
}

static void link_open(void *self, struct grpc_call *call)
{
    struct node_service *s = self;
    struct link         *link = link_of(s, 0);

    if (s->node == NULL || s->is_draining) {
        grpc_call_finish(call, GRPC_UNAVAILABLE, "the node is starting or stopping");
        return;
    }
    if (link == NULL) {
        grpc_call_finish(call, GRPC_RESOURCE_EXHAUSTED, "too many links");
        return;
    }
    link->id = ++s->last_link;
    link->call = call;
    grpc_call_set_user(call, link);
    node_on_link_up(s->node, link->id, grpc_call_peer(call));
    node_service_note_activity(s);
}

static void link_message(void *self, struct grpc_call *call, struct bytes message)
{
    struct node_service *s = self;
    struct link         *link = grpc_call_user(call);

    if (link == NULL) return;
    node_on_link_frame(s->node, link->id, message);
    node_service_note_activity(s);
}

static void link_end(void *self, struct grpc_call *call)
{
    (void)self;
    grpc_call_finish(call, GRPC_OK, NULL);
}

static void link_closed(void *self, struct grpc_call *call)
{
    struct node_service *s = self;
    struct link         *link = grpc_call_user(call);

    if (link == NULL) return;
    uint32_t id = link->id;
    *link = (struct link){0};
    node_on_link_down(s->node, id);
    node_service_note_activity(s);
}

static void io_link_send(void *self, uint32_t id, struct bytes from_node)
{
    struct node_service *s = self;
    struct link         *link = id == 0 ? NULL : link_of(s, id);

    if (link == NULL || grpc_call_send(link->call, from_node) == KMS_OK) return;
    if (log_limit_count(&s->reset, uv_now(&s->loop->uv)) > 0) log_failure(LOG_WARN, "link.reset", KMS_E_BUSY);
    grpc_call_abort(link->call);
}

static void io_link_close(void *self, uint32_t id)
{
    struct node_service *s = self;
    struct link         *link = id == 0 ? NULL : link_of(s, id);

    if (link != NULL) grpc_call_finish(link->call, GRPC_ABORTED, "closed by the node");
}

static uint64_t io_now_ms(void *self)
{
    (void)self;
    return clock_monotonic_ms();
}

static int64_t io_wall_ms(void *self)
{
    (void)self;
    return clock_wall_ms();
}

struct node_io node_service_io(struct node_service *s)
{
    return (struct node_io){
        .self = s, .now_ms = io_now_ms, .wall_ms = io_wall_ms, .link_send = io_link_send, .link_close = io_link_close};
}

/* ---- health ---- */

static bool is_serving(const struct node_service *s)
{
    struct node_info info;

    if (s->node == NULL || s->is_draining) return false;
    node_info(s->node, &info);
    return info.serving && !info.sealed;
}

static int health_of(const struct node_service *s, const char *service)
{
    if (service[0] != '\0' && strcmp(service, CLUSTER_SERVICE) != 0)
        return GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN;
    return is_serving(s) ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
                         : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
}

static RESULT pack_health(struct buf *out, int status)
{
    health_response response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

    response.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)status;
    return pack(out, &response.base);
}

static RESULT requested_status(const struct node_service *s, struct bytes request, int *status)
{
    Grpc__Health__V1__HealthCheckRequest *in =
        grpc__health__v1__health_check_request__unpack(NULL, request.len, request.data);

    if (in == NULL) return fail(KMS_E_FORMAT, "not a HealthCheckRequest");
    *status = health_of(s, in->service);
    grpc__health__v1__health_check_request__free_unpacked(in, NULL);
    return KMS_OK;
}

static enum kms_err call_check(void *self, struct bytes request, struct buf *reply)
{
    int status;

    TRY(requested_status(self, request, &status));
    if (status == GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN)
        return fail(KMS_E_NOT_FOUND, "the services here are \"\" and \"" CLUSTER_SERVICE "\"");
    return pack_health(reply, status);
}

static void tell(struct watcher *w, int status)
{
    BUF_LOCAL message = BUF_INIT(64);

    if (w->told == status) return;
    w->told = status;
    enum kms_err err = pack_health(&message, status);
    if (err == KMS_OK) err = grpc_call_send(w->call, bytes(message.data, message.len));
    if (err != KMS_OK) grpc_call_abort(w->call);
}

static void watch_message(void *self, struct grpc_call *call, struct bytes request)
{
    struct node_service *s = self;
    struct watcher      *free_one = NULL;
    int                  status;

    if (grpc_call_user(call) != NULL || requested_status(s, request, &status) != KMS_OK) {
        grpc_call_finish(call, GRPC_INVALID_ARGUMENT, "Watch takes one HealthCheckRequest");
        return;
    }
    for (unsigned i = 0; i < WATCHERS_MAX && free_one == NULL; i++)
        if (s->watchers[i].call == NULL) free_one = &s->watchers[i];
    if (free_one == NULL) {
        grpc_call_finish(call, GRPC_RESOURCE_EXHAUSTED, "too many watchers");
        return;
    }
    *free_one = (struct watcher){.call = call, .told = -1};
    grpc_call_set_user(call, free_one);
    tell(free_one, status);
}

static void watch_closed(void *self, struct grpc_call *call)
{
    struct watcher *w = grpc_call_user(call);

    (void)self;
    if (w != NULL) *w = (struct watcher){0};
}

static RESULT add_health(cJSON *out, const struct node_service *s)
{
    struct node_info info;

    node_info(s->node, &info);
    bool ok = cJSON_AddStringToObject(out, "node", info.node) != NULL &&
              cJSON_AddStringToObject(out, "cluster", info.cluster) != NULL &&
              cJSON_AddStringToObject(out, "status", is_serving(s) ? "SERVING" : "NOT_SERVING") != NULL &&
              cJSON_AddBoolToObject(out, "sealed", info.sealed) != NULL &&
              cJSON_AddBoolToObject(out, "serving", is_serving(s)) != NULL &&
              cJSON_AddStringToObject(out, "version", info.version) != NULL;
    return ok ? KMS_OK : fail(KMS_E_MEMORY, "health");
}

static enum kms_err get(void *self, const char *path, struct buf *json)
{
    struct node_service *s = self;

    if (strcmp(path, "/health") != 0) return fail(KMS_E_NOT_FOUND, "GET /health is the only path");
    TRY(require_node(s));
    JSON_LOCAL *out = cJSON_CreateObject();
    if (out == NULL) return fail(KMS_E_MEMORY, "health");
    TRY(add_health(out, s));
    return json_print(json, out);
}

/* ---- the table ---- */

#define GATEWAY ROLE_BIT(ROLE_GATEWAY)

static const struct grpc_method methods[] = {
    {.path = "/kms.v1.Cluster/Link",
     .roles = GATEWAY,
     .on_open = link_open,
     .on_message = link_message,
     .on_end = link_end,
     .on_close = link_closed},
    {.path = "/kms.v1.Cluster/Info", .roles = ANY_ROLE, .request_max = SMALL_MAX, .unary = call_info},
    {.path = "/kms.v1.Cluster/Commit",
     .roles = ANY_ROLE,
     .request_max = BIRTH_ENCODED_MAX + FIELD_MAX,
     .unary = call_commit},
    {.path = "/kms.v1.Cluster/Deliver",
     .roles = ANY_ROLE,
     .request_max = STATEMENT_ENCODED_MAX + FIELD_MAX,
     .unary = call_deliver},
    {.path = "/grpc.health.v1.Health/Check", .roles = ANY_ROLE, .request_max = SMALL_MAX, .unary = call_check},
    {.path = "/grpc.health.v1.Health/Watch",
     .roles = ANY_ROLE,
     .request_max = SMALL_MAX,
     .on_message = watch_message,
     .on_close = watch_closed},
};

static void on_after(struct loop_task *task)
{
    struct node_service *s = (struct node_service *)((char *)task - offsetof(struct node_service, after));
    int                  status = health_of(s, "");

    for (unsigned i = 0; i < WATCHERS_MAX; i++) {
        struct watcher *w = &s->watchers[i];
        bool            known =
            w->call != NULL && w->told != GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN;
        if (known) tell(w, status);
    }
    if (s->on_activity != NULL) s->on_activity(s->activity_self);
}

RESULT node_service_new(struct node_service **out, struct loop *loop)
{
    struct node_service *s = calloc(1, sizeof *s);

    if (s == NULL) return fail(KMS_E_MEMORY, "node service");
    s->loop = loop;
    s->after.run = on_after;
    s->table = (struct grpc_service){.self = s, .methods = methods, .method_count = ARRAY_LEN(methods), .get = get};
    *out = s;
    return KMS_OK;
}

void node_service_free(struct node_service **s)
{
    if (*s == NULL) return;
    loop_cancel((*s)->loop, &(*s)->after);
    free(*s);
    *s = NULL;
}

void node_service_set_node(struct node_service *s, struct node *node)
{
    s->node = node;
    node_service_note_activity(s);
}

void node_service_set_draining(struct node_service *s)
{
    s->is_draining = true;
    node_service_note_activity(s);
}

const struct grpc_service *node_service_table(struct node_service *s)
{
    return &s->table;
}

void node_service_on_activity(struct node_service *s, void (*on_activity)(void *self), void *self)
{
    s->on_activity = on_activity;
    s->activity_self = self;
}
