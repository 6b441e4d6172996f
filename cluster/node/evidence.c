/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of equivocation: durable, and named in the log. */
#include "cluster/node/evidence.h"

#include <stdio.h>

#include "cluster/node/abandonment.h"
#include "cluster/node/state.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/wire/writer.h"

#define MAGIC "KEQ1"

static enum kms_err write_row(struct node *node, const char *key_id, struct bytes abandonment)
{
    struct store_log_row row = {.kind = "equivocation"};

    (void)snprintf(row.key_id, sizeof row.key_id, "%s", key_id);
    (void)snprintf(row.result, sizeof row.result, "%s", error_name(KMS_E_EQUIVOCATION));
    sha256(row.data_hash, abandonment);
    return journal_append(node, &row);
}

RESULT evidence_keep(struct node *node, const struct key *key, struct bytes encoded)
{
    struct store_id    id = {.table = STORE_META};
    struct abandonment abandonment;
    SECRET_LOCAL       known = SECRET_NONE;
    BUF_LOCAL          certificate = BUF_INIT(BIRTH_ENCODED_MAX);
    BUF_LOCAL          value = BUF_INIT(BIRTH_ENCODED_MAX + ABANDONMENT_MAX + 16);

    (void)snprintf(id.key, sizeof id.key, "equivocation/%s", key->body.key_id);
    if (store_get(node->config.store, &id, &known) == KMS_OK) return KMS_OK;
    TRY(abandonment_decode(&abandonment, encoded));
    TRY(keys_certificate(node, key, &certificate));
    struct writer w = writer_to(&value);
    writer_raw(&w, bytes_str(MAGIC));
    writer_block(&w, encoded);
    writer_block(&w, buf_bytes(&certificate));
    TRY(writer_end(&w, "evidence"));
    TRY(store_put(node->config.store, &id, buf_bytes(&value)));
    log_error("node.equivocation", "key=%s node=%s has vouched for it and abandoned it: kept as evidence",
              key->body.key_id, abandonment.node);
    return write_row(node, key->body.key_id, encoded);
}
