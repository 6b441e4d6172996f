/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of the coordinator's tables to records and back. */
#include "cluster/coordinator/sqlite_row.h"

/* A binding fails only for an index or a size that cannot be; the step would then store NULL, which the schema refuses.
 */
void row_bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
    (void)sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

static void bind_blob(sqlite3_stmt *stmt, int at, struct bytes value)
{
    (void)sqlite3_bind_blob(stmt, at, value.len == 0 ? "" : (const char *)value.data, (int)value.len, SQLITE_STATIC);
}

static void bind_json(sqlite3_stmt *stmt, int at, const struct buf *text)
{
    (void)sqlite3_bind_text(stmt, at, buf_str(text), (int)text->len, SQLITE_STATIC);
}

void row_bind_key(sqlite3_stmt *s, const struct key_record *r)
{
    row_bind_text(s, 1, r->key_id);
    row_bind_text(s, 2, r->owner);
    row_bind_text(s, 3, r->state);
    row_bind_text(s, 4, r->label);
    bind_blob(s, 5, buf_bytes(&r->id));
    bind_json(s, 6, &r->attributes);
    (void)sqlite3_bind_int64(s, 7, r->revision);
    (void)sqlite3_bind_int64(s, 8, r->created_ms);
    (void)sqlite3_bind_int64(s, 9, r->changed_ms);
    (void)sqlite3_bind_int64(s, 10, r->deletion_due_s);
    bind_blob(s, 11, buf_bytes(&r->birth));
    bind_blob(s, 12, buf_bytes(&r->request));
    bind_blob(s, 13, buf_bytes(&r->change));
    bind_blob(s, 14, buf_bytes(&r->destroy));
    (void)sqlite3_bind_int64(s, 15, r->destroy_confirmed);
    row_bind_text(s, 16, r->idempotency_key);
    bind_blob(s, 17, BYTES_OF(r->body_hash));
}

void row_bind_object(sqlite3_stmt *s, const struct object_record *r)
{
    row_bind_text(s, 1, r->object_id);
    row_bind_text(s, 2, r->owner);
    row_bind_text(s, 3, r->object_class);
    row_bind_text(s, 4, r->label);
    bind_blob(s, 5, buf_bytes(&r->id));
    bind_blob(s, 6, buf_bytes(&r->value));
    bind_json(s, 7, &r->attributes);
    (void)sqlite3_bind_int64(s, 8, r->revision);
    (void)sqlite3_bind_int64(s, 9, r->created_ms);
    (void)sqlite3_bind_int64(s, 10, r->changed_ms);
    bind_blob(s, 11, buf_bytes(&r->request));
    bind_blob(s, 12, buf_bytes(&r->change));
}

void row_bind_log(sqlite3_stmt *s, const struct log_record *r)
{
    row_bind_text(s, 1, r->user_id);
    row_bind_text(s, 2, r->key_id);
    row_bind_text(s, 3, r->operation);
    row_bind_text(s, 4, r->result);
    (void)sqlite3_bind_int64(s, 5, r->created_time);
    row_bind_text(s, 6, r->service_name);
    row_bind_text(s, 7, r->node_id);
    (void)sqlite3_bind_int64(s, 8, r->duration_ms);
    row_bind_text(s, 9, r->data_hash);
    row_bind_text(s, 10, r->audit_trail);
    row_bind_text(s, 11, r->detail);
}

/* Columns in order, with a sticky error. */
struct columns {
    sqlite3_stmt *stmt; /* borrowed */
    int           next;
    bool          failed;
};

static struct bytes take_bytes(struct columns *c)
{
    const void *data = sqlite3_column_blob(c->stmt, c->next);
    int         len = sqlite3_column_bytes(c->stmt, c->next);

    c->next++;
    return bytes(data, data == NULL ? 0 : (size_t)len);
}

static void take_text(struct columns *c, char *out, size_t size)
{
    struct bytes text = take_bytes(c);

    if (text.len >= size) {
        c->failed = true;
        text.len = 0;
    }
    if (text.len > 0) memcpy(out, text.data, text.len);
    out[text.len] = '\0';
}

static void take_blob(struct columns *c, struct buf *out)
{
    if (buf_append(out, take_bytes(c)) != KMS_OK) c->failed = true;
}

static int64_t take_number(struct columns *c)
{
    return sqlite3_column_int64(c->stmt, c->next++);
}

static RESULT end_columns(const struct columns *c, const char *what)
{
    return c->failed ? fail(KMS_E_CORRUPT, "a row of %s does not fit its fields", what) : KMS_OK;
}

RESULT row_read_key(struct key_record *out, sqlite3_stmt *stmt)
{
    struct columns c = {.stmt = stmt};

    key_record_init(out);
    take_text(&c, out->key_id, sizeof out->key_id);
    take_text(&c, out->owner, sizeof out->owner);
    take_text(&c, out->state, sizeof out->state);
    take_text(&c, out->label, sizeof out->label);
    take_blob(&c, &out->id);
    take_blob(&c, &out->attributes);
    out->revision = (uint32_t)take_number(&c);
    out->created_ms = take_number(&c);
    out->changed_ms = take_number(&c);
    out->deletion_due_s = take_number(&c);
    take_blob(&c, &out->birth);
    take_blob(&c, &out->request);
    take_blob(&c, &out->change);
    take_blob(&c, &out->destroy);
    out->destroy_confirmed = (uint32_t)take_number(&c);
    take_text(&c, out->idempotency_key, sizeof out->idempotency_key);
    struct bytes hash = take_bytes(&c);
    if (hash.len == sizeof out->body_hash)
        memcpy(out->body_hash, hash.data, hash.len);
    else
        c.failed = true;
    enum kms_err err = end_columns(&c, "t_key");
    if (err != KMS_OK) key_record_clear(out);
    return err;
}

RESULT row_read_object(struct object_record *out, sqlite3_stmt *stmt)
{
    struct columns c = {.stmt = stmt};

    object_record_init(out);
    take_text(&c, out->object_id, sizeof out->object_id);
    take_text(&c, out->owner, sizeof out->owner);
    take_text(&c, out->object_class, sizeof out->object_class);
    take_text(&c, out->label, sizeof out->label);
    take_blob(&c, &out->id);
    take_blob(&c, &out->value);
    take_blob(&c, &out->attributes);
    out->revision = (uint32_t)take_number(&c);
    out->created_ms = take_number(&c);
    out->changed_ms = take_number(&c);
    take_blob(&c, &out->request);
    take_blob(&c, &out->change);
    enum kms_err err = end_columns(&c, "t_object");
    if (err != KMS_OK) object_record_clear(out);
    return err;
}

RESULT row_read_log(struct log_record *out, sqlite3_stmt *stmt)
{
    struct columns c = {.stmt = stmt, .next = 1};

    *out = (struct log_record){0};
    take_text(&c, out->user_id, sizeof out->user_id);
    take_text(&c, out->key_id, sizeof out->key_id);
    take_text(&c, out->operation, sizeof out->operation);
    take_text(&c, out->result, sizeof out->result);
    out->created_time = take_number(&c);
    take_text(&c, out->service_name, sizeof out->service_name);
    take_text(&c, out->node_id, sizeof out->node_id);
    out->duration_ms = take_number(&c);
    take_text(&c, out->data_hash, sizeof out->data_hash);
    take_text(&c, out->audit_trail, sizeof out->audit_trail);
    take_text(&c, out->detail, sizeof out->detail);
    return end_columns(&c, "t_key_operation_log");
}
