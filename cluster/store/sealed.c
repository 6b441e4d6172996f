/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decorator over any store: each value is AES-256-GCM under the node's DEK. A sealed record is
 *   "KSR1" | text node | u8 table | text key | u32 version | u32 epoch | nonce | ciphertext | tag
 * (docs/wire-format.md). The clear part names the place the record was sealed for; its hash is the associated data, so
 * a record does not open anywhere else, and the error can say whether it was moved or altered. The record "seal" of
 * STORE_META lets a wrong DEK be told from damage when the store is opened.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cluster/store/store.h"
#include "common/crypto/aead.h"
#include "common/crypto/hash.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KSR1"
#define NODE_NAME_MAX 32
#define HEADER_MAX (4 + 4 + NODE_NAME_MAX + 1 + 4 + STORE_KEY_MAX + 8)
#define SEALED_MAX (HEADER_MAX + AEAD_OVERHEAD + STORE_VALUE_MAX)

static const struct store_id seal_id = {.table = STORE_META, .key = "seal"};
static const char            seal_text[] = "this store opens with this DEK";

struct sealed {
    struct store  inner; /* owned */
    struct secret dek;   /* owned */
    char          node[NODE_NAME_MAX + 1];
};

/* Where a record belongs, as its clear part says it. */
struct place {
    char            node[NODE_NAME_MAX + 1];
    struct store_id id;
};

static void write_place(struct writer *w, const struct place *p)
{
    writer_raw(w, bytes_str(MAGIC));
    writer_text(w, p->node);
    writer_u8(w, (uint8_t)p->id.table);
    writer_text(w, p->id.key);
    writer_u32(w, p->id.version);
    writer_u32(w, p->id.epoch);
}

static void read_place(struct reader *r, struct place *p)
{
    if (!bytes_equal_str(reader_view(r, strlen(MAGIC)), MAGIC)) reader_refuse(r);
    reader_text(r, p->node, NODE_NAME_MAX);
    p->id.table = (enum store_table)reader_u8(r);
    reader_text(r, p->id.key, STORE_KEY_MAX);
    p->id.version = reader_u32(r);
    p->id.epoch = reader_u32(r);
}

/* The clear part, encoded, and the associated data that follows from it. */
static enum kms_err place_bind(const struct place *p, struct writer *w, uint8_t aad[32])
{
    write_place(w, p);
    TRY(writer_end(w, "the place of a record"));
    struct bytes items[] = {writer_bytes(w)};
    hash_items(aad, TAG_STORE_RECORD, items, 1);
    return KMS_OK;
}

static struct place place_of(const struct sealed *s, const struct store_id *id)
{
    struct place p = {.id = *id};

    memcpy(p.node, s->node, sizeof p.node);
    return p;
}

/* `out`: the sealed record, for any store to keep. */
static enum kms_err seal(const struct sealed *s, struct buf *out, const struct store_id *id, struct bytes value)
{
    uint8_t       header[HEADER_MAX], aad[32];
    struct place  place = place_of(s, id);
    struct writer w = writer_of(header, sizeof header);

    TRY(place_bind(&place, &w, aad));
    TRY(buf_append(out, writer_bytes(&w)));
    return aead_seal(out, &s->dek, BYTES_OF(aad), value, rng_system());
}

/* A record found at `want` says it was sealed for `got`: the first difference, in words. */
static enum kms_err check_place(const struct place *want, const struct place *got)
{
    const char *key = want->id.key;

    if (strcmp(want->node, got->node) != 0)
        return fail(KMS_E_CORRUPT, "record %s belongs to another node than %s: this is not that node's store", key,
                    want->node);
    if (want->id.table != got->id.table) return fail(KMS_E_CORRUPT, "record %s was moved here from another table", key);
    if (strcmp(key, got->id.key) != 0) return fail(KMS_E_CORRUPT, "record %s was moved here from another key", key);
    if (want->id.version != got->id.version)
        return fail(KMS_E_CORRUPT, "record %s was moved here from version %u to version %u", key, got->id.version,
                    want->id.version);
    if (want->id.epoch != got->id.epoch)
        return fail(KMS_E_CORRUPT, "record %s was moved here from epoch %u to epoch %u", key, got->id.epoch,
                    want->id.epoch);
    return KMS_OK;
}

static enum kms_err unseal(const struct sealed *s, struct secret *out, const struct store_id *id, struct bytes record)
{
    struct place  want = place_of(s, id), got = {0};
    struct reader r = reader_of(record);
    uint8_t       header[HEADER_MAX], aad[32];

    read_place(&r, &got);
    struct bytes boxed = reader_view(&r, r.left.len);
    if (reader_end(&r, "the clear part") != KMS_OK)
        return fail(KMS_E_CORRUPT, "record %s was altered: its clear part makes no sense", id->key);
    TRY(check_place(&want, &got));
    struct writer w = writer_of(header, sizeof header);
    TRY(place_bind(&want, &w, aad));
    if (aead_open(out, &s->dek, BYTES_OF(aad), boxed) != KMS_OK)
        return fail(KMS_E_CORRUPT, "record %s does not authenticate: it was altered, or sealed under another DEK",
                    id->key);
    return KMS_OK;
}

static enum kms_err sealed_put(void *self, const struct store_id *id, struct bytes value)
{
    struct sealed *s = self;
    BUF_LOCAL      record = BUF_INIT(SEALED_MAX);

    TRY(seal(s, &record, id, value));
    return s->inner.ops->put(s->inner.self, id, buf_bytes(&record));
}

static enum kms_err sealed_get(void *self, struct store_id *id, struct secret *value)
{
    struct sealed  *s = self;
    struct store_id found = *id;
    SECRET_LOCAL    record = SECRET_NONE;

    TRY(s->inner.ops->get(s->inner.self, &found, &record));
    TRY(unseal(s, value, &found, secret_view(&record)));
    *id = found;
    return KMS_OK;
}

static enum kms_err sealed_erase(void *self, const struct store_id *id)
{
    struct sealed *s = self;

    return s->inner.ops->erase(s->inner.self, id);
}

struct unsealing {
    const struct sealed *s;
    enum kms_err (*each)(void *arg, const struct store_id *, struct bytes value);
    void *arg;
};

static enum kms_err unseal_each(void *arg, const struct store_id *id, struct bytes record)
{
    struct unsealing *u = arg;
    SECRET_LOCAL      value = SECRET_NONE;

    if (id->table == seal_id.table && strcmp(id->key, seal_id.key) == 0) return KMS_OK;
    TRY(unseal(u->s, &value, id, record));
    return u->each(u->arg, id, secret_view(&value));
}

static enum kms_err sealed_each(void *self, enum store_table table,
                                enum kms_err (*each)(void *arg, const struct store_id *, struct bytes value), void *arg)
{
    struct sealed   *s = self;
    struct unsealing u = {.s = s, .each = each, .arg = arg};

    return s->inner.ops->each(s->inner.self, table, unseal_each, &u);
}

static enum kms_err sealed_log_append(void *self, struct store_log_row *row)
{
    struct sealed *s = self;

    return s->inner.ops->log_append(s->inner.self, row);
}

static enum kms_err sealed_log_each(void *self, uint64_t                                                 from,
                                    enum kms_err (*each)(void *arg, const struct store_log_row *), void *arg)
{
    struct sealed *s = self;

    return s->inner.ops->log_each(s->inner.self, from, each, arg);
}

static uint64_t sealed_log_last(void *self)
{
    struct sealed *s = self;

    return s->inner.ops->log_last(s->inner.self);
}

static int sealed_sync_fd(void *self)
{
    struct sealed *s = self;

    return s->inner.ops->sync_fd(s->inner.self);
}

static void sealed_close(void *self)
{
    struct sealed *s = self;

    store_close(&s->inner);
    secret_clear(&s->dek);
    free(s);
}

static const struct store_ops sealed_ops = {
    .name = "sealed",
    .put = sealed_put,
    .get = sealed_get,
    .erase = sealed_erase,
    .each = sealed_each,
    .log_append = sealed_log_append,
    .log_each = sealed_log_each,
    .log_last = sealed_log_last,
    .sync_fd = sealed_sync_fd,
    .close = sealed_close,
};

static enum kms_err refuse_any(void *arg, const struct store_id *id, struct bytes value)
{
    (void)arg, (void)value;
    return fail(KMS_E_CORRUPT, "the store holds record %s but not its seal: the seal was removed", id->key);
}

/* The first opening writes the seal, into an empty store only; every later one must find it. */
static enum kms_err check_seal(struct sealed *s)
{
    struct store_id id = seal_id;
    SECRET_LOCAL    value = SECRET_NONE;

    enum kms_err err = sealed_get(s, &id, &value);
    if (err == KMS_E_NOT_FOUND) {
        for (int table = STORE_SHARE; table <= STORE_META; table++)
            TRY(s->inner.ops->each(s->inner.self, (enum store_table)table, refuse_any, NULL));
        return sealed_put(s, &seal_id, BYTES_OF(seal_text));
    }
    if (err == KMS_E_CORRUPT)
        error_context("the store of %s does not open with this DEK (is it the right .dek file?)", s->node);
    return err;
}

RESULT store_open_sealed(struct store *out, struct store *inner, const struct secret *dek, const char *node)
{
    if (dek->len != AEAD_KEY_LEN)
        return fail(KMS_E_ARGUMENT, "a DEK has %d bytes, this one %zu", AEAD_KEY_LEN, dek->len);
    if (strlen(node) > NODE_NAME_MAX) return fail(KMS_E_ARGUMENT, "a node's name has at most %d bytes", NODE_NAME_MAX);
    struct sealed *s = calloc(1, sizeof *s);
    if (s == NULL) return fail(KMS_E_MEMORY, "sealed store: no memory");
    (void)snprintf(s->node, sizeof s->node, "%s", node);
    enum kms_err err = secret_copy(&s->dek, secret_view(dek));
    s->inner = *inner;
    if (err == KMS_OK) err = check_seal(s);
    if (err != KMS_OK) {
        secret_clear(&s->dek);
        free(s);
        return err;
    }
    *inner = (struct store){NULL, NULL};
    *out = (struct store){.ops = &sealed_ops, .self = s};
    return KMS_OK;
}
