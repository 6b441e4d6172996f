/* SPDX-License-Identifier: Apache-2.0 */
/* The face of every store: checks what all of them demand, then calls the one behind. */
#include "cluster/store/store.h"

#include "cluster/store/log_chain.h"

static enum kms_err check_id(const struct store_id *id)
{
    if (id->table < STORE_SHARE || id->table > STORE_META)
        return fail(KMS_E_ARGUMENT, "store: there is no table %d", (int)id->table);
    if (id->key[0] == '\0') return fail(KMS_E_ARGUMENT, "store: a record needs a key");
    if (memchr(id->key, '\0', sizeof id->key) == NULL)
        return fail(KMS_E_ARGUMENT, "store: a key has at most %d bytes", STORE_KEY_MAX);
    return KMS_OK;
}

RESULT store_put(struct store *s, const struct store_id *id, struct bytes value)
{
    TRY(check_id(id));
    if (value.len > STORE_VALUE_MAX)
        return fail(KMS_E_TOO_LARGE, "store: the record of %s has %zu bytes, at most %d fit", id->key, value.len,
                    STORE_VALUE_MAX);
    return s->ops->put(s->self, id, value);
}

RESULT store_get(struct store *s, struct store_id *id, struct secret *value)
{
    TRY(check_id(id));
    return s->ops->get(s->self, id, value);
}

RESULT store_erase(struct store *s, const struct store_id *id)
{
    TRY(check_id(id));
    return s->ops->erase(s->self, id);
}

RESULT store_each(struct store *s, enum store_table                                                   table,
                  enum kms_err (*each)(void *arg, const struct store_id *, struct bytes value), void *arg)
{
    return s->ops->each(s->self, table, each, arg);
}

RESULT store_log_append(struct store *s, struct store_log_row *row)
{
    return s->ops->log_append(s->self, row);
}

RESULT store_log_each(struct store *s, uint64_t from, enum kms_err (*each)(void *arg, const struct store_log_row *),
                      void *arg)
{
    return s->ops->log_each(s->self, from, each, arg);
}

uint64_t store_log_last(struct store *s)
{
    return s->ops->log_last(s->self);
}

int store_sync_fd(struct store *s)
{
    return s->ops->sync_fd(s->self);
}

void store_close(struct store *s)
{
    if (s->ops != NULL) s->ops->close(s->self);
    *s = (struct store){NULL, NULL};
}

static enum kms_err verify_row(void *arg, const struct store_log_row *row)
{
    return log_chain_check(arg, row);
}

RESULT store_log_verify(struct store *s)
{
    struct log_chain chain = {0};

    TRY(store_log_each(s, 1, verify_row, &chain));
    if (chain.seq != store_log_last(s)) return fail(KMS_E_CORRUPT, "the log's newest rows cannot be read");
    return KMS_OK;
}
