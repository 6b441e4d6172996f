/* SPDX-License-Identifier: Apache-2.0 */
/* Abandonments: signed, encoded, checked. */
#include "cluster/node/abandonment.h"

#include "common/crypto/ed25519.h"
#include "common/crypto/hash.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KAB1"

static void signed_hash(uint8_t out[32], const struct abandonment *a)
{
    const struct bytes items[] = {bytes_str(a->cluster), bytes_str(a->key_id), BYTES_OF(a->ssid), bytes_str(a->node)};

    hash_items(out, TAG_ABANDON, items, ARRAY_LEN(items));
}

RESULT abandonment_sign(struct abandonment *a, const struct credential *node)
{
    uint8_t hash[32];

    memcpy(a->node, node->identity.name, sizeof a->node);
    a->certificate_der = buf_bytes(&node->certificate_der);
    signed_hash(hash, a);
    return credential_sign(a->signature, node, BYTES_OF(hash));
}

RESULT abandonment_encode(struct buf *out, const struct abandonment *a)
{
    struct writer w = writer_to(out);

    writer_raw(&w, bytes_str(MAGIC));
    writer_text(&w, a->cluster);
    writer_text(&w, a->key_id);
    writer_raw(&w, BYTES_OF(a->ssid));
    writer_text(&w, a->node);
    writer_block(&w, a->certificate_der);
    writer_raw(&w, BYTES_OF(a->signature));
    return writer_end(&w, "abandonment");
}

RESULT abandonment_decode(struct abandonment *out, struct bytes in)
{
    struct reader r = reader_of(in);

    *out = (struct abandonment){0};
    if (!bytes_equal_str(reader_view(&r, strlen(MAGIC)), MAGIC)) reader_refuse(&r);
    reader_text(&r, out->cluster, CLUSTER_NAME_MAX);
    reader_text(&r, out->key_id, KEY_ID_LEN);
    reader_copy(&r, out->ssid, sizeof out->ssid);
    reader_text(&r, out->node, PARTY_NAME_MAX);
    out->certificate_der = reader_block(&r, CERTIFICATE_MAX);
    reader_copy(&r, out->signature, sizeof out->signature);
    enum kms_err err = reader_end(&r, "abandonment");
    if (err != KMS_OK) *out = (struct abandonment){0};
    return err;
}

RESULT abandonment_verify(const struct abandonment *a, struct identity_cache *identities, int64_t at_s)
{
    struct identity who;
    uint8_t         hash[32];

    TRY(identity_cache_verify(identities, &who, a->certificate_der, at_s));
    if (who.role != ROLE_NODE || strcmp(who.name, a->node) != 0 || strcmp(who.cluster, a->cluster) != 0)
        return fail(KMS_E_CERTIFICATE, "key %s: the abandonment of one node comes with the certificate of %s",
                    a->key_id, who.uri);
    signed_hash(hash, a);
    TRY_AT(ed25519_verify_vartime(a->signature, who.public_key, BYTES_OF(hash)), "key %s: abandonment by node %s",
           a->key_id, a->node);
    return KMS_OK;
}
