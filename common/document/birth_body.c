/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a birth certificate: its fields' rules, its one encoding, and the keyId that follows from it. */
#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/document/birth.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KBB1"
#define ALGORITHM_LAST 5
#define ALGORITHM_EDDSA_ID 4
#define AUTHORIZATION_END_TO_END 1
#define KEY_ID_BYTES (KEY_ID_LEN * 5 / 8)

void birth_key_id(char out[KEY_ID_LEN + 1], const char *cluster, const uint8_t request_hash[32], const uint8_t ssid[32],
                  struct bytes public_key)
{
    uint8_t            hash[32];
    const struct bytes items[] = {bytes_str(cluster), bytes(request_hash, 32), bytes(ssid, 32), public_key};

    hash_items(hash, TAG_KEY_ID, items, ARRAY_LEN(items));
    base32_encode(out, bytes(hash, KEY_ID_BYTES));
}

static const char *nodes_fault(const struct birth_body *b)
{
    if (b->n < 2 || b->n > BIRTH_HOLDERS_MAX || b->t < 2 || b->t > b->n) return "not 2 <= t <= n <= 16";
    for (unsigned i = 0; i < b->n; i++) {
        if (!text_is_name(b->nodes[i], PARTY_NAME_MAX)) return "a malformed node name";
        if (i > 0 && strcmp(b->nodes[i - 1], b->nodes[i]) >= 0) return "nodes that are not sorted and distinct";
    }
    return NULL;
}

static const char *owner_fault(const struct birth_body *b)
{
    struct identity owner;

    if (identity_parse_uri(&owner, b->owner) != KMS_OK || owner.role != ROLE_CLIENT ||
        strcmp(owner.cluster, b->cluster) != 0)
        return "an owner who is no client of the cluster";
    return NULL;
}

static const char *label_fault(const char *label)
{
    for (; *label != '\0'; label++)
        if ((unsigned char)*label < ' ' || *label == 0x7f) return "a label with control characters";
    return NULL;
}

static const char *key_fault(const struct birth_body *b)
{
    const struct prime_group *group = group_by_id(b->group);
    struct point              point;
    char                      key_id[KEY_ID_LEN + 1];

    if (b->algorithm < 1 || b->algorithm > ALGORITHM_LAST) return "an unknown algorithm";
    if (group == NULL || (b->algorithm == ALGORITHM_EDDSA_ID) != (b->group == GROUP_ED25519))
        return "a group that its algorithm does not have";
    struct bytes public_key = bytes(b->public_key, group->point_len);
    if (group_decode(group, &point, public_key) != KMS_OK) return "a public key that is no point of the group";
    birth_key_id(key_id, b->cluster, b->request_hash, b->ssid, public_key);
    if (strcmp(key_id, b->key_id) != 0) return "a keyId that does not follow from it";
    return NULL;
}

static const char *body_fault(const struct birth_body *b)
{
    const char *fault = nodes_fault(b);

    if (fault == NULL && !text_is_name(b->cluster, CLUSTER_NAME_MAX)) fault = "a malformed cluster name";
    /* A later version or epoch has another certificate: of rotation, of refresh. */
    if (fault == NULL && (b->version != 1 || b->epoch != 1)) fault = "a version or epoch that is not 1";
    if (fault == NULL && b->authorization != AUTHORIZATION_END_TO_END) fault = "an unknown authorization";
    if (fault == NULL && b->created < 1) fault = "no date";
    if (fault == NULL) fault = owner_fault(b);
    if (fault == NULL) fault = label_fault(b->label);
    if (fault == NULL) fault = key_fault(b);
    return fault;
}

static void write_fields(struct writer *w, const struct birth_body *b)
{
    writer_raw(w, bytes_str(MAGIC));
    writer_text(w, b->cluster);
    writer_text(w, b->key_id);
    writer_u32(w, b->version);
    writer_u32(w, b->epoch);
    writer_u16(w, b->algorithm);
    writer_u16(w, (uint16_t)b->group);
    writer_u16(w, b->t);
    writer_u16(w, b->n);
    for (unsigned i = 0; i < b->n; i++) writer_text(w, b->nodes[i]);
    writer_block(w, bytes(b->public_key, group_by_id(b->group)->point_len));
    writer_raw(w, BYTES_OF(b->transcript));
    writer_text(w, b->owner);
    writer_u8(w, b->authorization);
    writer_raw(w, BYTES_OF(b->policy_hash));
    writer_text(w, b->label);
    writer_raw(w, BYTES_OF(b->request_hash));
    writer_raw(w, BYTES_OF(b->ssid));
    writer_raw(w, BYTES_OF(b->roster_hash));
    writer_u64(w, (uint64_t)b->created);
}

RESULT birth_body_encode(struct buf *out, const struct birth_body *b)
{
    struct writer w = writer_to(out);
    const char   *fault = body_fault(b);

    if (fault != NULL) return fail(KMS_E_ARGUMENT, "a birth certificate with %s", fault);
    write_fields(&w, b);
    return writer_end(&w, "birth certificate");
}

static void read_nodes(struct birth_body *out, struct reader *r)
{
    out->t = reader_u16(r);
    out->n = reader_u16(r);
    if (out->n > BIRTH_HOLDERS_MAX) {
        out->n = 0;
        reader_refuse(r);
    }
    for (unsigned i = 0; i < out->n; i++) reader_text(r, out->nodes[i], PARTY_NAME_MAX);
}

static void read_public_key(struct birth_body *out, struct reader *r)
{
    const struct prime_group *group = group_by_id(out->group);
    struct bytes              key = reader_block(r, POINT_LEN_MAX);

    if (group == NULL || key.len != group->point_len)
        reader_refuse(r);
    else
        memcpy(out->public_key, key.data, key.len);
}

static void read_fields(struct birth_body *out, struct reader *r)
{
    if (!bytes_equal_str(reader_view(r, strlen(MAGIC)), MAGIC)) reader_refuse(r);
    reader_text(r, out->cluster, CLUSTER_NAME_MAX);
    reader_text(r, out->key_id, KEY_ID_LEN);
    out->version = reader_u32(r);
    out->epoch = reader_u32(r);
    out->algorithm = reader_u16(r);
    out->group = (enum group_id)reader_u16(r);
    read_nodes(out, r);
    read_public_key(out, r);
    reader_copy(r, out->transcript, sizeof out->transcript);
    reader_text(r, out->owner, IDENTITY_URI_MAX);
    out->authorization = reader_u8(r);
    reader_copy(r, out->policy_hash, sizeof out->policy_hash);
    reader_text(r, out->label, LABEL_MAX);
    reader_copy(r, out->request_hash, sizeof out->request_hash);
    reader_copy(r, out->ssid, sizeof out->ssid);
    reader_copy(r, out->roster_hash, sizeof out->roster_hash);
    out->created = (int64_t)reader_u64(r);
}

RESULT birth_body_decode(struct birth_body *out, struct bytes in)
{
    struct reader r = reader_of(in);

    *out = (struct birth_body){0};
    read_fields(out, &r);
    enum kms_err err = reader_end(&r, "birth certificate");
    const char  *fault = err == KMS_OK ? body_fault(out) : NULL;
    if (fault != NULL) err = fail(KMS_E_FORMAT, "a birth certificate with %s", fault);
    if (err != KMS_OK) *out = (struct birth_body){0};
    return err;
}
