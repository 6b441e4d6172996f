/* SPDX-License-Identifier: Apache-2.0 */
/* The hash chain of the node's log. */
#include "cluster/store/log_chain.h"

#include <inttypes.h>

#include "common/crypto/hash.h"

#define ROW_ITEMS 12

static void hash_text(struct hash *h, const char *text)
{
    hash_item(h, bytes_str(text));
}

static void row_hash(uint8_t out[32], const struct store_log_row *row)
{
    struct hash h;

    hash_begin(&h, TAG_LOG_ROW, ROW_ITEMS);
    hash_item(&h, BYTES_OF(row->prev));
    hash_item_u64(&h, row->seq);
    hash_item_u64(&h, (uint64_t)row->time_ms);
    hash_text(&h, row->kind);
    hash_text(&h, row->access_key);
    hash_text(&h, row->nonce);
    hash_item(&h, BYTES_OF(row->request_hash));
    hash_item_u64(&h, (uint64_t)row->expires_s);
    hash_text(&h, row->key_id);
    hash_item_u32(&h, row->item);
    hash_item(&h, BYTES_OF(row->data_hash));
    hash_text(&h, row->result);
    hash_end(&h, out);
}

void log_chain_link(const struct log_chain *chain, struct store_log_row *row)
{
    row->seq = chain->seq + 1;
    memcpy(row->prev, chain->hash, sizeof row->prev);
    row_hash(row->hash, row);
}

void log_chain_advance(struct log_chain *chain, const struct store_log_row *row)
{
    chain->seq = row->seq;
    memcpy(chain->hash, row->hash, sizeof chain->hash);
}

RESULT log_chain_check(struct log_chain *chain, const struct store_log_row *row)
{
    uint8_t hash[32];

    if (row->seq != chain->seq + 1)
        return fail(KMS_E_CORRUPT, "log row %" PRIu64 " is missing: row %" PRIu64 " follows row %" PRIu64,
                    chain->seq + 1, row->seq, chain->seq);
    if (memcmp(row->prev, chain->hash, sizeof row->prev) != 0)
        return fail(KMS_E_CORRUPT, "log row %" PRIu64 " does not follow the row before it: one of them was replaced",
                    row->seq);
    row_hash(hash, row);
    if (memcmp(hash, row->hash, sizeof hash) != 0)
        return fail(KMS_E_CORRUPT, "log row %" PRIu64 " was altered: its hash is wrong", row->seq);
    log_chain_advance(chain, row);
    return KMS_OK;
}
