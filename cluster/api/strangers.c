/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what strangers cause. */
#include "cluster/api/strangers.h"

#include <stdio.h>

#include "cluster/coordinator/detail.h"
#include "common/base/log.h"

void strangers_init(struct strangers *s, struct coordinator *coordinator, const char *operation, enum kms_err result)
{
    *s = (struct strangers){
        .coordinator = coordinator, .operation = operation, .result = result, .rows = STRANGERS_ROWS_MAX};
}

static bool disk_has_room(const struct strangers *s)
{
    const struct coordinator_config *config = coordinator_configuration(s->coordinator);

    return config->io.disk_free == NULL || config->io.disk_free(config->io.self) > config->disk_reserve;
}

static bool take_row(struct strangers *s)
{
    if (s->rows == 0 || !disk_has_room(s)) return false;
    s->rows--;
    return true;
}

static void write_count(struct strangers *s, const struct stranger *who, uint64_t count)
{
    struct log_record row = {.created_time = s->second * 1000};

    (void)snprintf(row.operation, sizeof row.operation, "%s", s->operation);
    (void)snprintf(row.result, sizeof row.result, "%s", error_name(s->result));
    (void)snprintf(row.audit_trail, sizeof row.audit_trail, "%s", who->name[0] == '\0' ? "others" : who->name);
    memcpy(row.user_id, who->user_id, sizeof row.user_id);
    detail_begin(&row);
    detail_number(&row, "count", (int64_t)count);
    enum kms_err err = coordinator_log(s->coordinator, &row);
    if (err != KMS_OK) log_failure(LOG_ERROR, "audit.count", err);
}

static void end_second(struct strangers *s)
{
    const struct stranger others = {0};

    for (unsigned i = 0; i < s->count; i++) {
        const struct stranger *who = &s->known[i];
        if (who->more == 0) continue;
        if (take_row(s))
            write_count(s, who, who->more);
        else
            s->unwritten += who->more;
    }
    s->count = 0;
    if (s->unwritten == 0 || !take_row(s)) return;
    write_count(s, &others, s->unwritten);
    s->unwritten = 0;
}

void strangers_tick(struct strangers *s, int64_t wall_ms)
{
    int64_t second = wall_ms / 1000, passed = second - s->second;

    if (passed == 0) return;
    end_second(s);
    s->second = second;
    if (passed > STRANGERS_ROWS_MAX - (int64_t)s->rows) passed = STRANGERS_ROWS_MAX - (int64_t)s->rows;
    if (passed > 0) s->rows += (unsigned)passed;
}

static struct stranger *find(struct strangers *s, const char *name)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->known[i].name, name) == 0) return &s->known[i];
    return NULL;
}

RESULT strangers_log(struct strangers *s, const char *name, struct log_record *row)
{
    char shown[sizeof s->known[0].name];

    strangers_tick(s, row->created_time);
    (void)snprintf(shown, sizeof shown, "%s", s->count < STRANGERS_MAX || find(s, name) != NULL ? name : "");
    struct stranger *who = find(s, shown);
    if (who == NULL) {
        who = &s->known[s->count++];
        *who = (struct stranger){0};
        memcpy(who->name, shown, sizeof shown);
        if (shown[0] != '\0') memcpy(who->user_id, row->user_id, sizeof who->user_id);
        if (take_row(s)) return coordinator_log(s->coordinator, row);
    }
    who->more++;
    return KMS_OK;
}
