/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/audit: the rows of t_key_operation_log. */
#include "cluster/api/handlers.h"
#include "cluster/api/json_out.h"
#include "cluster/api/query.h"

#define ROW_MAX INT64_C(9007199254740991) /* what a JSON number holds exactly */

struct log_page {
    cJSON   *items;
    unsigned limit, count;
    int64_t  next; /* 0: none */
};

static void add_row(struct json_out *o, int64_t number, const struct log_record *row)
{
    json_out_number(o, "row", (double)number);
    json_out_text(o, "user_id", row->user_id);
    json_out_text(o, "key_id", row->key_id);
    json_out_text(o, "operation", row->operation);
    json_out_text(o, "result", row->result);
    json_out_number(o, "created_time", (double)row->created_time);
    json_out_text(o, "service_name", row->service_name);
    json_out_text(o, "node_id", row->node_id);
    json_out_number(o, "duration_ms", (double)row->duration_ms);
    json_out_text(o, "data_hash", row->data_hash);
    json_out_text(o, "audit_trail", row->audit_trail);
    json_out_raw(o, "detail", row->detail[0] == '\0' ? "{}" : row->detail);
}

static enum kms_err add_to_page(void *arg, int64_t number, const struct log_record *row)
{
    struct log_page *page = arg;
    JSON_OUT_LOCAL   o = json_out_object();

    if (page->count == page->limit) {
        page->next = number;
        return KMS_OK;
    }
    add_row(&o, number, row);
    if (o.failed || !cJSON_AddItemToArray(page->items, o.item)) return fail(KMS_E_MEMORY, "a page of the log");
    o.item = NULL;
    page->count++;
    return KMS_OK;
}

enum kms_err audit_list(struct call *call)
{
    struct metadata  *m = call_metadata(call);
    struct query_pair pairs[] = {{.name = "from"}, {.name = "limit"}};
    JSON_OUT_LOCAL    o = json_out_object();
    struct log_page   page = {.items = cJSON_CreateArray()};
    int64_t           from, limit;

    json_out_item(&o, "items", page.items);
    if (o.failed) return fail(KMS_E_MEMORY, "a page of the log");
    TRY(query_parse(call->query, pairs, ARRAY_LEN(pairs)));
    TRY(query_number(&pairs[0], 1, ROW_MAX, 1, &from));
    TRY(query_number(&pairs[1], 1, 1000, 100, &limit));
    page.limit = (unsigned)limit;
    TRY(m->ops->log_each(m->self, from, page.limit + 1, add_to_page, &page));
    if (page.next == 0)
        json_out_text(&o, "next", NULL);
    else
        json_out_number(&o, "next", (double)page.next);
    call_reply_json(call, 200, o.item, NULL);
    return KMS_OK;
}
