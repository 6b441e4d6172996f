/* SPDX-License-Identifier: Apache-2.0 */
/* A key as it lies in the store. */
#include "cluster/node/key_record.h"

#include <stdio.h>

#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KKR1"
#define SHARE_MAX 8192

struct store_id key_record_id(const struct birth_body *body)
{
    struct store_id id = {.table = STORE_SHARE, .version = body->version, .epoch = body->epoch};

    (void)snprintf(id.key, sizeof id.key, "%s", body->key_id);
    return id;
}

RESULT key_record_encode(struct secret *out, const struct key_record *r)
{
    TRY(secret_alloc(out, strlen(MAGIC) + 1 + 8 + 4 + r->certificate.len + 4 + r->share.len));
    struct writer w = writer_of(out->data, out->len);
    writer_raw(&w, bytes_str(MAGIC));
    writer_u8(&w, (uint8_t)r->state);
    writer_u64(&w, (uint64_t)r->due_s);
    writer_block(&w, r->certificate);
    writer_block(&w, r->share);
    return writer_end(&w, "key record");
}

RESULT key_record_decode(struct key_record *out, struct bytes in)
{
    struct reader r = reader_of(in);

    if (!bytes_equal_str(reader_view(&r, strlen(MAGIC)), MAGIC)) reader_refuse(&r);
    uint8_t state = reader_u8(&r);
    if (state < KEY_PENDING || state > KEY_ABANDONED) reader_refuse(&r);
    uint64_t due = reader_u64(&r);
    if (due > INT64_MAX) reader_refuse(&r);
    *out = (struct key_record){.state = (enum key_state)state,
                               .due_s = (int64_t)due,
                               .certificate = reader_block(&r, BIRTH_ENCODED_MAX),
                               .share = reader_block(&r, SHARE_MAX)};
    if (reader_end(&r, "key record") == KMS_OK) return KMS_OK;
    *out = (struct key_record){0};
    return fail(KMS_E_CORRUPT, "a key record is malformed");
}
