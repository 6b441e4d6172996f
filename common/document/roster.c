/* SPDX-License-Identifier: Apache-2.0 */
/* The roster: encoding, order, and how it comes out of an operator's statement. */
#include "common/document/roster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KRO1"
#define ENCODED_MAX (64 + CLUSTER_NAME_MAX + ROSTER_NODES_MAX * (2 * (PARTY_NAME_MAX + 4) + 32))

static const char *node_fault(const struct roster *r, unsigned i)
{
    const struct roster_node *node = &r->nodes[i];

    if (!text_is_name(node->name, PARTY_NAME_MAX)) return "a node whose name is not [A-Za-z0-9][A-Za-z0-9._-]{0,31}";
    if (node->host_label[0] != '\0' && !text_is_name(node->host_label, PARTY_NAME_MAX)) return "a malformed host label";
    for (unsigned j = 0; j < i; j++) {
        if (strcmp(r->nodes[j].name, node->name) == 0) return "a node twice";
        if (memcmp(r->nodes[j].fingerprint, node->fingerprint, 32) == 0) return "two nodes with one certificate";
    }
    if (i > 0 && strcmp(r->nodes[i - 1].name, node->name) > 0) return "nodes that are not sorted by name";
    return NULL;
}

static const char *roster_fault(const struct roster *r)
{
    if (!text_is_name(r->cluster, CLUSTER_NAME_MAX)) return "a malformed cluster name";
    if (r->sequence < 1) return "the sequence number 0";
    if (r->count < 1 || r->count > ROSTER_NODES_MAX) return "no node, or more than 64";
    for (unsigned i = 0; i < r->count; i++) {
        const char *fault = node_fault(r, i);
        if (fault != NULL) return fault;
    }
    return NULL;
}

RESULT roster_encode(struct buf *out, const struct roster *r)
{
    struct writer w = writer_to(out);
    const char   *fault = roster_fault(r);

    if (fault != NULL) return fail(KMS_E_ARGUMENT, "a roster with %s", fault);
    writer_raw(&w, bytes_str(MAGIC));
    writer_text(&w, r->cluster);
    writer_u64(&w, r->sequence);
    writer_u16(&w, (uint16_t)r->count);
    for (unsigned i = 0; i < r->count; i++) {
        writer_text(&w, r->nodes[i].name);
        writer_raw(&w, BYTES_OF(r->nodes[i].fingerprint));
        writer_text(&w, r->nodes[i].host_label);
    }
    return writer_end(&w, "roster");
}

static void read_fields(struct roster *out, struct reader *r)
{
    if (!bytes_equal_str(reader_view(r, strlen(MAGIC)), MAGIC)) reader_refuse(r);
    reader_text(r, out->cluster, CLUSTER_NAME_MAX);
    out->sequence = reader_u64(r);
    out->count = reader_u16(r);
    if (out->count > ROSTER_NODES_MAX) {
        out->count = 0;
        reader_refuse(r);
    }
    for (unsigned i = 0; i < out->count; i++) {
        reader_text(r, out->nodes[i].name, PARTY_NAME_MAX);
        reader_copy(r, out->nodes[i].fingerprint, 32);
        reader_text(r, out->nodes[i].host_label, PARTY_NAME_MAX);
    }
}

RESULT roster_decode(struct roster *out, struct bytes payload)
{
    struct reader r = reader_of(payload);

    *out = (struct roster){0};
    read_fields(out, &r);
    enum kms_err err = reader_end(&r, "roster");
    const char  *fault = err == KMS_OK ? roster_fault(out) : NULL;
    if (fault != NULL) err = fail(KMS_E_FORMAT, "a roster with %s", fault);
    if (err != KMS_OK)
        *out = (struct roster){0};
    else
        hash_items(out->hash, TAG_ROSTER, &payload, 1);
    return err;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct roster_node *)a)->name, ((const struct roster_node *)b)->name);
}

RESULT roster_seal(struct roster *r)
{
    BUF_LOCAL encoded = BUF_INIT(ENCODED_MAX);

    if (r->count > ROSTER_NODES_MAX)
        return fail(KMS_E_ARGUMENT, "a roster of %u nodes; at most %d", r->count, ROSTER_NODES_MAX);
    qsort(r->nodes, r->count, sizeof r->nodes[0], by_name);
    TRY(roster_encode(&encoded, r));
    const struct bytes payload = buf_bytes(&encoded);
    hash_items(r->hash, TAG_ROSTER, &payload, 1);
    return KMS_OK;
}

static enum kms_err check_statement(const struct statement *s, const struct authority *authority, const char *cluster)
{
    char            subject[sizeof s->subject];
    struct identity signer;

    (void)snprintf(subject, sizeof subject, "roster/%s", cluster);
    if (s->type != STATEMENT_ROSTER || strcmp(s->subject, subject) != 0)
        return fail(KMS_E_DENIED, "the statement is not on %s", subject);
    TRY(statement_verify(s, authority, ROLE_OPERATOR, &signer));
    if (strcmp(signer.cluster, cluster) != 0)
        return fail(KMS_E_DENIED, "%s is no operator of cluster %s", signer.uri, cluster);
    return KMS_OK;
}

RESULT roster_from_statement(struct roster *out, const struct statement *s, const struct authority *authority,
                             const char *cluster)
{
    *out = (struct roster){0};
    TRY(check_statement(s, authority, cluster));
    TRY(roster_decode(out, s->payload));
    if (strcmp(out->cluster, cluster) == 0 && out->sequence == s->sequence) return KMS_OK;
    uint64_t sequence = out->sequence;
    *out = (struct roster){0};
    return fail(KMS_E_FORMAT,
                "the roster (sequence %" PRIu64 ") is not what its statement says (%s, sequence %" PRIu64 ")", sequence,
                cluster, s->sequence);
}

const struct roster_node *roster_find(const struct roster *r, const char *name)
{
    for (unsigned i = 0; i < r->count; i++)
        if (strcmp(r->nodes[i].name, name) == 0) return &r->nodes[i];
    return NULL;
}
