/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl node list. */
#include "cluster/ctl/command.h"
#include "common/base/text.h"

static const char *text_of(const cJSON *item, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(item, name);

    return cJSON_IsString(member) ? member->valuestring : "";
}

static double number_of(const cJSON *item, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(item, name);

    return cJSON_IsNumber(member) ? member->valuedouble : 0;
}

static bool is_true(const cJSON *item, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, name));
}

static const char *state_of(const cJSON *node)
{
    if (!is_true(node, "up")) return "down";
    if (is_true(node, "sealed")) return "sealed";
    return is_true(node, "serving") ? "serving" : "up, not serving";
}

static RESULT node_list(struct ctl *ctl)
{
    cJSON       *answer = NULL;
    const cJSON *node;

    TRY(command_call(ctl, "GET", "/api/v1/nodes", BYTES_NONE, &answer));
    result_replace(ctl, answer);
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(answer, "items");
    if (!cJSON_IsArray(items)) return fail(KMS_E_FORMAT, "the coordinator's answer has no items");
    ctl_say(ctl, "%-12s %-16s %6s %8s %9s %7s %7s  %s", "NODE", "STATE", "KEYS", "PENDING", "SESSIONS", "ROSTER",
            "RTT ms", "VERSION");
    cJSON_ArrayForEach(node, items)
        ctl_say(ctl, "%-12.32s %-16s %6.0f %8.0f %9.0f %7.0f %7.1f  %.20s", text_of(node, "node"), state_of(node),
                number_of(node, "keys"), number_of(node, "pending"), number_of(node, "sessions"),
                number_of(node, "rosterSequence"), number_of(node, "rttMs"), text_of(node, "version"));
    return KMS_OK;
}

static const struct command rows[] = {
    {"node", "list", "", 0, 0, "list the nodes and their state", NEEDS_CLUSTER, NULL, 0, node_list},
};
const struct command_group commands_node = {rows, ARRAY_LEN(rows)};
