/* SPDX-License-Identifier: Apache-2.0 */
/* Tombstones of deleted and abandoned keys. */
#include "cluster/node/tombstones.h"

#include <stdio.h>

#include "cluster/node/state.h"
#include "common/base/text.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KTS1"

static struct store_id id_of(const char *key_id)
{
    struct store_id id = {.table = STORE_TOMBSTONE};

    (void)snprintf(id.key, sizeof id.key, "%s", key_id);
    return id;
}

RESULT tombstones_put(struct node *node, const char *key_id, enum tombstone_kind kind, struct bytes evidence)
{
    BUF_LOCAL       value = BUF_INIT(EVIDENCE_MAX + 16);
    struct writer   w = writer_to(&value);
    struct store_id id = id_of(key_id);

    writer_raw(&w, bytes_str(MAGIC));
    writer_u8(&w, (uint8_t)kind);
    writer_u64(&w, (uint64_t)journal_wall_s(node));
    writer_block(&w, evidence);
    TRY(writer_end(&w, "tombstone"));
    return store_put(node->config.store, &id, buf_bytes(&value));
}

static enum kms_err decode(struct bytes in, enum tombstone_kind *kind, struct bytes *evidence)
{
    struct reader r = reader_of(in);

    if (!bytes_equal_str(reader_view(&r, strlen(MAGIC)), MAGIC)) reader_refuse(&r);
    uint8_t read_kind = reader_u8(&r);
    (void)reader_u64(&r);
    *evidence = reader_block(&r, EVIDENCE_MAX);
    if (read_kind != TOMBSTONE_DELETED && read_kind != TOMBSTONE_ABANDONED) reader_refuse(&r);
    if (reader_end(&r, "tombstone") != KMS_OK) return fail(KMS_E_CORRUPT, "a tombstone is malformed");
    *kind = (enum tombstone_kind)read_kind;
    return KMS_OK;
}

RESULT tombstones_get(struct node *node, const char *key_id, enum tombstone_kind *kind, struct buf *evidence)
{
    struct store_id id = id_of(key_id);
    struct bytes    found;
    SECRET_LOCAL    value = SECRET_NONE;

    *kind = TOMBSTONE_NONE;
    enum kms_err err = store_get(node->config.store, &id, &value);
    if (err == KMS_E_NOT_FOUND) return KMS_OK;
    TRY(err);
    TRY(decode(secret_view(&value), kind, &found));
    return evidence == NULL ? KMS_OK : buf_append(evidence, found);
}

RESULT tombstones_has(struct node *node, const char *key_id, bool *out)
{
    enum tombstone_kind kind = TOMBSTONE_NONE;

    enum kms_err err = tombstones_get(node, key_id, &kind, NULL);
    *out = kind != TOMBSTONE_NONE;
    return err;
}

struct request_name {
    char text[sizeof "request/" + 64];
};

static struct request_name name_of(const uint8_t request_hash[32])
{
    struct request_name name = {"request/"};

    hex_encode(name.text + strlen(name.text), bytes(request_hash, 32));
    return name;
}

RESULT tombstones_put_request(struct node *node, const uint8_t request_hash[32], const char *key_id)
{
    struct request_name name = name_of(request_hash);

    return tombstones_put(node, name.text, TOMBSTONE_DELETED, bytes_str(key_id));
}

RESULT tombstones_has_request(struct node *node, const uint8_t request_hash[32], bool *out)
{
    struct request_name name = name_of(request_hash);

    return tombstones_has(node, name.text, out);
}
