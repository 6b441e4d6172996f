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

/* clang-format off */
static const struct route table[] = {
    {"GET",    "/healthz",                 cluster_health,       "",              0,                  false, false},
    {"GET",    "/readyz",                  cluster_ready,        "",              0,                  false, false},
    {"POST",   "/api/v1/keys/generate",    keys_generate,        "KEY_GENERATE",  USERS,              true,  false},
    {"GET",    "/api/v1/keys",             keys_list,            "KEY_LIST",      USERS,              false, true},
    {"GET",    "/api/v1/keys/{id}",        keys_show,            "KEY_SHOW",      USERS,              false, false},
    {"PATCH",  "/api/v1/keys/{id}",        keys_change,          "KEY_CHANGE",    USERS,              true,  false},
    {"DELETE", "/api/v1/keys/{id}",        keys_delete,          "KEY_DESTROY",   USERS,              false, false},
    {"POST",   "/api/v1/keys/{id}/sign",   keys_sign,            "KEY_SIGN",      USERS,              true,  false},
    {"POST",   "/api/v1/keys/{id}/verify", keys_verify,          "KEY_VERIFY",    USERS,              true,  false},
    {"POST",   "/api/v1/objects",          objects_create,       "OBJECT_CREATE", USERS,              true,  false},
    {"GET",    "/api/v1/objects",          objects_list,         "OBJECT_LIST",   USERS,              false, true},
    {"GET",    "/api/v1/objects/{id}",     objects_show,         "OBJECT_SHOW",   USERS,              false, false},
    {"PATCH",  "/api/v1/objects/{id}",     objects_change,       "OBJECT_CHANGE", USERS,              true,  false},
    {"DELETE", "/api/v1/objects/{id}",     objects_delete,       "OBJECT_DELETE", USERS,              false, false},
    {"GET",    "/api/v1/capabilities",     cluster_capabilities, "CAPABILITIES",  ANY,                false, false},
    {"GET",    "/api/v1/nodes",            cluster_nodes,        "NODE_LIST",     WATCHERS,           false, false},
    {"GET",    "/api/v1/status",           cluster_status,       "STATUS",        WATCHERS,           false, false},
    {"GET",    "/api/v1/audit",            audit_list,           "AUDIT_READ",    OPERATOR | AUDITOR, false, true},
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

RESULT routes_match(struct call *call)
{
    const char *path = call->http->target, *mark = strchr(path, '?');
    size_t      len = mark == NULL ? strlen(path) : (size_t)(mark - path);
    const char *other = NULL;

    call->query = mark == NULL ? "" : mark + 1;
    for (unsigned i = 0; i < ARRAY_LEN(table); i++) {
        char id[KEY_ID_LEN + 1];
        if (!path_matches(table[i].path, path, len, id)) continue;
        other = table[i].path;
        if (strcmp(table[i].method, call->http->method) != 0) continue;
        call->route = &table[i];
        memcpy(call->id, id, sizeof call->id);
        return KMS_OK;
    }
    if (other == NULL)
        return fail(KMS_E_NOT_FOUND, "no such path; see docs/rest-api.md (an id is 32 characters of a-z and 2-7)");
    call->allow = allowed(other);
    return fail(KMS_E_METHOD, "the method is not allowed here: use %s", call->allow);
}
