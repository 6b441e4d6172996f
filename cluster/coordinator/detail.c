/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of t_key_operation_log, filled in. */
#include "cluster/coordinator/detail.h"

#include <stdio.h>

#include "cluster/coordinator/internal.h"

void detail_begin(struct log_record *row)
{
    memcpy(row->detail, "{}", 3);
}

/* Puts a member before the closing brace, if it fits. */
static void add_member(struct log_record *row, const char *name, const char *quote, const char *value)
{
    size_t      len = strlen(row->detail), room = sizeof row->detail;
    const char *comma = len > 2 ? "," : "";
    size_t      need = strlen(comma) + strlen(name) + 3 + 2 * strlen(quote) + strlen(value);

    if (len + need >= room) return;
    (void)snprintf(row->detail + len - 1, room - len + 1, "%s\"%s\":%s%s%s}", comma, name, quote, value, quote);
}

void detail_text(struct log_record *row, const char *name, const char *text)
{
    char clean[300];

    if (text == NULL) {
        add_member(row, name, "", "null");
        return;
    }
    (void)snprintf(clean, sizeof clean, "%s", text);
    for (char *c = clean; *c != '\0'; c++)
        if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') *c = '?';
    add_member(row, name, "\"", clean);
}

void detail_number(struct log_record *row, const char *name, long long value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%lld", value);
    add_member(row, name, "", text);
}

void detail_node(struct log_record *row, const char *name)
{
    size_t len = strlen(row->node_id), need = strlen(name) + 1;

    if (len + need + 4 >= sizeof row->node_id) {
        if (len > 0 && row->node_id[len - 1] != '.') memcpy(row->node_id + len, ",..", 4);
        return;
    }
    (void)snprintf(row->node_id + len, sizeof row->node_id - len, "%s%s", len > 0 ? "," : "", name);
}

void detail_request_row(struct log_record *out, const struct coordinator *c, const struct request *r, enum kms_err err)
{
    *out = (struct log_record){
        .created_time = c->config.io.wall_ms(c->config.io.self),
        .duration_ms = (int64_t)(coordinator_now_ms(c) - r->started_ms),
    };
    memcpy(out->user_id, r->owner, sizeof out->user_id);
    memcpy(out->key_id, r->key_id, sizeof out->key_id);
    memcpy(out->audit_trail, r->audit_trail, sizeof out->audit_trail);
    (void)snprintf(out->operation, sizeof out->operation, "%s", r->kind->log_name);
    (void)snprintf(out->result, sizeof out->result, "%s", error_name(err));
    (void)snprintf(out->service_name, sizeof out->service_name, "%s", c->config.name);
    for (unsigned i = 0; i < r->attempt.placement.count; i++)
        detail_node(out, c->config.nodes[r->attempt.placement.nodes[i]]);
    detail_begin(out);
    detail_text(out, "requestId", r->request_id);
    if (r->attempts > 1) detail_number(out, "attempts", r->attempts);
    if (err != KMS_OK) detail_text(out, "error", r->last_text);
}

static void fill_operation(struct log_record *out, const struct coordinator *c, const struct operation *op)
{
    *out = (struct log_record){
        .created_time = c->config.io.wall_ms(c->config.io.self),
        .duration_ms = (int64_t)(coordinator_now_ms(c) - op->started_ms),
    };
    memcpy(out->user_id, op->who->uri, sizeof out->user_id);
    (void)snprintf(out->audit_trail, sizeof out->audit_trail, "%s", op->audit_trail);
    (void)snprintf(out->service_name, sizeof out->service_name, "%s", c->config.name);
    detail_begin(out);
    detail_text(out, "requestId", op->request_id);
}

void detail_operation_row(struct log_record *out, const struct coordinator *c, const struct operation *op,
                          const char *operation, const char *key_id)
{
    fill_operation(out, c, op);
    (void)snprintf(out->operation, sizeof out->operation, "%s", operation);
    (void)snprintf(out->key_id, sizeof out->key_id, "%s", key_id);
    (void)snprintf(out->result, sizeof out->result, "%s", error_name(KMS_OK));
}

enum kms_err detail_log(struct coordinator *c, const struct operation *op, const char *operation, const char *key_id,
                        enum kms_err err)
{
    struct log_record row;

    detail_operation_row(&row, c, op, operation, key_id);
    (void)snprintf(row.result, sizeof row.result, "%s", error_name(err));
    if (err != KMS_OK) detail_text(&row, "error", error_text());
    enum kms_err logged = coordinator_log(c, &row);
    return logged != KMS_OK ? logged : err;
}
