/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in policy: a table of role and action, and the owner. */
#include "common/document/policy.h"

#include "common/crypto/hash.h"

static const char *const action_names[] = {
    [ACTION_GENERATE] = "generate", [ACTION_SIGN] = "sign",     [ACTION_SHOW] = "show",
    [ACTION_LIST] = "list",         [ACTION_CHANGE] = "change", [ACTION_DELETE] = "delete",
};

const char *action_name(enum action action)
{
    size_t i = (size_t)action;

    return i < ARRAY_LEN(action_names) && action_names[i] != NULL ? action_names[i] : "unknown";
}

/* What a role may do with any key, whoever owns it. */
static bool role_may(enum role role, enum action action)
{
    switch (role) {
    case ROLE_CLIENT:
        return action == ACTION_GENERATE || action == ACTION_LIST;
    case ROLE_OPERATOR:
        return action == ACTION_LIST || action == ACTION_SHOW || action == ACTION_DELETE;
    case ROLE_AUDITOR:
        return action == ACTION_LIST || action == ACTION_SHOW;
    case ROLE_NODE:
    case ROLE_GATEWAY:
    case ROLE_STATUS:
    case ROLE_NONE:
    default:
        return false;
    }
}

static bool owner_may(enum action action)
{
    switch (action) {
    case ACTION_SIGN:
    case ACTION_SHOW:
    case ACTION_CHANGE:
    case ACTION_DELETE:
        return true;
    case ACTION_GENERATE:
    case ACTION_LIST:
    default:
        return false;
    }
}

RESULT policy_check(const struct identity *who, enum action action, const char *owner)
{
    if (role_may(who->role, action)) return KMS_OK;
    bool owns = owner != NULL && who->role == ROLE_CLIENT && strcmp(who->uri, owner) == 0;
    if (owns && owner_may(action)) return KMS_OK;
    if (owner == NULL)
        return fail(KMS_E_DENIED, "%s may not %s keys", who->uri[0] == '\0' ? "nobody" : who->uri, action_name(action));
    return fail(KMS_E_DENIED, "%s may not %s this key: it belongs to another client", who->uri, action_name(action));
}

void policy_builtin_hash(uint8_t out[32])
{
    const struct bytes text = bytes_str("owner: sign show change delete; client: generate list(own); "
                                        "operator: list show delete; auditor: list show");

    hash_items(out, TAG_POLICY, &text, 1);
}
