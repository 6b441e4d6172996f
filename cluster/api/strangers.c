/* SPDX-License-Identifier: Apache-2.0 */
/* Counting failures before authentication. */
#include "cluster/api/strangers.h"

#include <stdio.h>

#include "cluster/coordinator/detail.h"
#include "common/base/log.h"

static void write_count(struct strangers *s, const struct stranger *who)
{
    struct log_record row = {.created_time = s->second * 1000};

    (void)snprintf(row.operation, sizeof row.operation, "UNAUTHENTICATED");
    (void)snprintf(row.result, sizeof row.result, "%s", error_name(KMS_E_UNAUTHENTICATED));
    (void)snprintf(row.audit_trail, sizeof row.audit_trail, "%s", who->address[0] == '\0' ? "others" : who->address);
    detail_begin(&row);
    detail_number(&row, "count", who->more);
    enum kms_err err = coordinator_log(s->coordinator, &row);
    if (err != KMS_OK) log_failure(LOG_ERROR, "audit.count", err);
}

void strangers_tick(struct strangers *s, int64_t wall_ms)
{
    if (wall_ms / 1000 == s->second) return;
    for (unsigned i = 0; i < s->count; i++)
        if (s->known[i].more > 0) write_count(s, &s->known[i]);
    s->count = 0;
    s->second = wall_ms / 1000;
}

static struct stranger *find(struct strangers *s, const char *address)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->known[i].address, address) == 0) return &s->known[i];
    return NULL;
}

RESULT strangers_log(struct strangers *s, const char *address, struct log_record *row, int64_t wall_ms)
{
    char name[sizeof s->known[0].address];

    strangers_tick(s, wall_ms);
    (void)snprintf(name, sizeof name, "%s", s->count < STRANGERS_MAX || find(s, address) != NULL ? address : "");
    struct stranger *who = find(s, name);
    if (who != NULL) {
        who->more++;
        return KMS_OK;
    }
    who = &s->known[s->count++];
    *who = (struct stranger){0};
    memcpy(who->address, name, sizeof name);
    return coordinator_log(s->coordinator, row);
}
