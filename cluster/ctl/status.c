/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl status. */
#include <time.h>

#include "cluster/ctl/command.h"
#include "common/base/clock.h"
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

static RESULT ask(struct ctl *ctl, bool *ready)
{
    cJSON *item = NULL;

    TRY(command_call(ctl, "GET", "/api/v1/status", BYTES_NONE, &item));
    result_replace(ctl, item);
    if (!cJSON_IsObject(item)) return fail(KMS_E_FORMAT, "the coordinator's answer is not a JSON object");
    *ready = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "ready"));
    return KMS_OK;
}

static RESULT status_run(struct ctl *ctl)
{
    const struct timespec pause = {0, 200000000};
    uint64_t              until = clock_monotonic_ms() + (uint64_t)ctl->client.wait_s * 1000;
    bool                  ready = false;

    TRY(ask(ctl, &ready));
    while (!ready && clock_monotonic_ms() < until) {
        (void)nanosleep(&pause, NULL);
        TRY(ask(ctl, &ready));
    }
    say_members(ctl, ctl->result);
    return ready ? KMS_OK : fail(KMS_E_UNAVAILABLE, "the cluster is not ready: too few nodes are up");
}

static const struct command rows[] = {
    {"status", NULL, "", 0, 0, "the cluster's state; exit code 5 if it is not ready", NEEDS_CLUSTER, NULL, 0,
     status_run},
};
const struct command_group commands_status = {rows, ARRAY_LEN(rows)};
