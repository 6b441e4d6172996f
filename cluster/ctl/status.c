/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl status. */
#include "cluster/ctl/command.h"
#include "common/base/text.h"

/* Numbers, words and truth values of the coordinator's answer, one line each. */
static void say_members(struct ctl *ctl, const cJSON *item)
{
    for (const cJSON *member = item->child; member != NULL; member = member->next) {
        if (!text_is_name(member->string, 40)) continue;
        if (cJSON_IsString(member)) ctl_say(ctl, "%-16s %.200s", member->string, member->valuestring);
        if (cJSON_IsNumber(member)) ctl_say(ctl, "%-16s %.0f", member->string, member->valuedouble);
        if (cJSON_IsBool(member)) ctl_say(ctl, "%-16s %s", member->string, cJSON_IsTrue(member) ? "yes" : "no");
    }
}

static RESULT status_run(struct ctl *ctl)
{
    cJSON *item = NULL;

    TRY(command_call(ctl, "GET", "/api/v1/status", BYTES_NONE, &item));
    result_replace(ctl, item);
    if (!cJSON_IsObject(item)) return fail(KMS_E_FORMAT, "the coordinator's answer is not a JSON object");
    say_members(ctl, item);
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "ready")))
        return fail(KMS_E_UNAVAILABLE, "the cluster is not ready: too few nodes are up");
    return KMS_OK;
}

static const struct command rows[] = {
    {"status", NULL, "", 0, 0, "the cluster's state; exit code 5 if it is not ready", NEEDS_CLUSTER, NULL, 0,
     status_run},
};
const struct command_group commands_status = {rows, ARRAY_LEN(rows)};
