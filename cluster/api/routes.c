/* SPDX-License-Identifier: Apache-2.0 */
/* The table, and finding a request's row in it. */
#include "cluster/api/routes.h"

#include "cluster/api/handlers.h"

#define CLIENT (1u << ROLE_CLIENT)
#define OPERATOR (1u << ROLE_OPERATOR)
#define AUDITOR (1u << ROLE_AUDITOR)
#define STATUS (1u << ROLE_STATUS)
#define USERS (CLIENT | OPERATOR | AUDITOR)
#define WATCHERS (OPERATOR | AUDITOR | STATUS)
#define ANY (USERS | STATUS)

/*
 * Bodies are kept as evidence, so a route takes what its members need and no padding. WORDS: label, id and attributes,
 * each at its maximum and with every character outside of ASCII escaped. DATA: 65,536 bytes in hex besides.
 */
#define NONE 0
#define WORDS 16384
#define DATA (2 * 65536 + WORDS)

/* clang-format off */
static const struct route table[] = {
    {"GET",    "/healthz",                 cluster_health,       "",              0,                  NONE,  false},
    {"GET",    "/readyz",                  cluster_ready,        "",              0,                  NONE,  false},
    {"POST",   "/api/v1/keys/generate",    keys_generate,        "KEY_GENERATE",  USERS,              WORDS, false},
    {"GET",    "/api/v1/keys",             keys_list,            "KEY_LIST",      USERS,              NONE,  true},
    {"GET",    "/api/v1/keys/{id}",        keys_show,            "KEY_SHOW",      USERS,              NONE,  false},
    {"PATCH",  "/api/v1/keys/{id}",        keys_change,          "KEY_CHANGE",    USERS,              WORDS, false},
    {"DELETE", "/api/v1/keys/{id}",        keys_delete,          "KEY_DESTROY",   USERS,              NONE,  false},
    {"POST",   "/api/v1/keys/{id}/sign",   keys_sign,            "KEY_SIGN",      USERS,              DATA,  false},
    {"POST",   "/api/v1/keys/{id}/verify", keys_verify,          "KEY_VERIFY",    USERS,              DATA,  false},
    {"POST",   "/api/v1/objects",          objects_create,       "OBJECT_CREATE", USERS,              DATA,  false},
    {"GET",    "/api/v1/objects",          objects_list,         "OBJECT_LIST",   USERS,              NONE,  true},
    {"GET",    "/api/v1/objects/{id}",     objects_show,         "OBJECT_SHOW",   USERS,              NONE,  false},
    {"PATCH",  "/api/v1/objects/{id}",     objects_change,       "OBJECT_CHANGE", USERS,              WORDS, false},
    {"DELETE", "/api/v1/objects/{id}",     objects_delete,       "OBJECT_DELETE", USERS,              NONE,  false},
    {"GET",    "/api/v1/capabilities",     cluster_capabilities, "CAPABILITIES",  ANY,                NONE,  false},
    {"GET",    "/api/v1/nodes",            cluster_nodes,        "NODE_LIST",     WATCHERS,           NONE,  false},
    {"GET",    "/api/v1/status",           cluster_status,       "STATUS",        WATCHERS,           NONE,  false},
    {"GET",    "/api/v1/audit",            audit_list,           "AUDIT_READ",    OPERATOR | AUDITOR, NONE,  true},
};
/* clang-format on */

static bool is_id(const char *at)
{
    for (unsigned i = 0; i < KEY_ID_LEN; i++)
        if (!(at[i] >= 'a' && at[i] <= 'z') && !(at[i] >= '2' && at[i] <= '7')) return false;
    return true;
}

/* Compares without decoding: an id or a path of ours never needs a "%". */
static bool path_matches(const char *pattern, const char *path, size_t path_len, char id[KEY_ID_LEN + 1])
{
    const char *mark = strstr(pattern, "{id}");

    id[0] = '\0';
    if (mark == NULL) return strlen(pattern) == path_len && memcmp(pattern, path, path_len) == 0;
    size_t      before = (size_t)(mark - pattern);
    const char *tail = mark + 4;
    if (path_len != before + KEY_ID_LEN + strlen(tail)) return false;
    if (memcmp(pattern, path, before) != 0 || !is_id(path + before)) return false;
    if (memcmp(tail, path + before + KEY_ID_LEN, strlen(tail)) != 0) return false;
    memcpy(id, path + before, KEY_ID_LEN);
    id[KEY_ID_LEN] = '\0';
    return true;
}

/* The methods of one path as the Allow header lists them; static, as there are few sets of them. */
static const char *allowed(const char *pattern)
{
    static const struct {
        const char *pattern, *allow;
    } several[] = {
        {"/api/v1/keys/{id}", "GET, PATCH, DELETE"},
        {"/api/v1/objects", "GET, POST"},
        {"/api/v1/objects/{id}", "GET, PATCH, DELETE"},
    };

    for (unsigned i = 0; i < ARRAY_LEN(several); i++)
        if (strcmp(several[i].pattern, pattern) == 0) return several[i].allow;
    for (unsigned i = 0; i < ARRAY_LEN(table); i++)
        if (strcmp(table[i].path, pattern) == 0) return table[i].method;
    return "";
}

struct found {
    const struct route *route;   /* NULL: none of this method */
    const char         *pattern; /* NULL: no such path */
    const char         *query;
    char                id[KEY_ID_LEN + 1];
};

static void find(struct found *out, const struct http_request *request)
{
    const char *path = request->target, *mark = strchr(path, '?');
    size_t      len = mark == NULL ? strlen(path) : (size_t)(mark - path);

    *out = (struct found){.query = mark == NULL ? "" : mark + 1};
    for (unsigned i = 0; i < ARRAY_LEN(table) && out->route == NULL; i++) {
        if (!path_matches(table[i].path, path, len, out->id)) continue;
        out->pattern = table[i].path;
        if (strcmp(table[i].method, request->method) == 0) out->route = &table[i];
    }
}

/* A route that takes none says so itself, as far as that can be read. */
size_t routes_body_max(const struct http_request *request)
{
    struct found found;

    find(&found, request);
    return found.route == NULL || found.route->body_max == NONE ? WORDS : found.route->body_max;
}

RESULT routes_match(struct call *call)
{
    struct found found;

    find(&found, call->http);
    call->query = found.query;
    if (found.pattern == NULL)
        return fail(KMS_E_NOT_FOUND, "no such path; see docs/rest-api.md (an id is 32 characters of a-z and 2-7)");
    call->route = found.route;
    if (found.route != NULL) {
        memcpy(call->id, found.id, sizeof call->id);
        return KMS_OK;
    }
    call->allow = allowed(found.pattern);
    return fail(KMS_E_METHOD, "the method is not allowed here: use %s", call->allow);
}
