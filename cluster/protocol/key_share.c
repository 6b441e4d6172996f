/* SPDX-License-Identifier: Apache-2.0 */
/* Key shares: consistency of their public part, and their sealed form. */
#include "cluster/protocol/key_share.h"

#include "cluster/protocol/lagrange.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define KEY_SHARE_VERSION 1
#define HEADER_LEN (1 + 4 * 2 + 4)
#define PUBLIC_LEN_MAX (HEADER_LEN + (PARTIES_MAX + 1) * POINT_LEN_MAX)
#define SEALED_LEN_MAX (PUBLIC_LEN_MAX + 32 + 32 + SCALAR_LEN_MAX)

void key_share_wipe(struct key_share *k)
{
    wipe(k, sizeof *k);
}

static void write_point(struct writer *w, const struct prime_group *g, const struct point *p)
{
    uint8_t encoded[POINT_LEN_MAX];

    group_encode(g, encoded, p);
    writer_raw(w, bytes(encoded, g->point_len));
}

static void write_public(struct writer *w, const struct key_share *k)
{
    writer_u8(w, KEY_SHARE_VERSION);
    writer_u16(w, (uint16_t)k->group->id);
    writer_u16(w, (uint16_t)k->t);
    writer_u16(w, (uint16_t)k->n);
    writer_u16(w, k->self);
    writer_u32(w, k->epoch);
    write_point(w, k->group, &k->public_key);
    for (unsigned i = 1; i <= k->n; i++) write_point(w, k->group, &k->public_shares[i]);
}

static bool has_identity(const struct key_share *k)
{
    bool found = group_is_identity(&k->public_key);

    for (unsigned i = 1; i <= k->n; i++) found = found || group_is_identity(&k->public_shares[i]);
    return found;
}

static enum kms_err check_shape(const struct key_share *k)
{
    if (k->group == NULL || k->t < 2 || k->t > k->n || k->n > PARTIES_MAX || k->self < 1 || k->self > k->n)
        return fail(KMS_E_CORRUPT, "key share: %u-of-%u for party %u cannot be", k->t, k->n, k->self);
    if (has_identity(k)) return fail(KMS_E_CORRUPT, "key share: a public point is the identity");
    return KMS_OK;
}

/* CHECKs in write_point are unreachable after check_shape(). */
static enum kms_err public_digest(uint8_t out[32], const struct key_share *k)
{
    uint8_t       encoded[PUBLIC_LEN_MAX];
    struct writer w = writer_of(encoded, sizeof encoded);

    write_public(&w, k);
    TRY(writer_end(&w, "key share"));
    sha256(out, writer_bytes(&w));
    return KMS_OK;
}

static bool gives_public_key(const struct key_share *k, struct party_set S)
{
    struct point sum;

    lagrange_sum_points(k->group, &sum, S, k->public_shares);
    return group_equal(k->group, &sum, &k->public_key);
}

static enum kms_err check_sum(const struct key_share *k, struct party_set S)
{
    if (gives_public_key(k, S)) return KMS_OK;
    return fail(KMS_E_CORRUPT, "key share: public shares of parties %#x do not give the public key; restore it",
                (unsigned)S.mask);
}

/* Every window of t gives X, and t - 1 do not: the threshold is t, neither more nor less. */
static enum kms_err check_polynomial(const struct key_share *k)
{
    for (unsigned first = 1; first + k->t <= k->n + 1; first++)
        TRY(check_sum(k, (struct party_set){((UINT32_C(1) << k->t) - 1) << first}));
    if (gives_public_key(k, party_set_first(k->t - 1)))
        return fail(KMS_E_CORRUPT, "key share: %u parties are enough for a key of threshold %u", k->t - 1, k->t);
    return KMS_OK;
}

/* What the multiplication leaves on the stack is wiped at once. */
static enum kms_err check_own(const struct key_share *k)
{
    struct point own;

    group_base_mul(k->group, &own, &k->secret_share);
    wipe_stack();
    if (group_equal(k->group, &own, &k->public_shares[k->self])) return KMS_OK;
    return fail(KMS_E_CORRUPT, "key share: the secret share of party %u does not fit its public share", k->self);
}

enum kms_err key_share_check(struct key_share *k)
{
    TRY(check_shape(k));
    TRY(check_polynomial(k));
    TRY(check_own(k));
    return public_digest(k->checked, k);
}

enum kms_err key_share_check_quorum(const struct key_share *k, struct party_set quorum)
{
    static const uint8_t never[32];
    uint8_t              digest[32];

    TRY(check_shape(k));
    if (bytes_equal(BYTES_OF(k->checked), BYTES_OF(never))) return check_sum(k, quorum);
    TRY(public_digest(digest, k));
    if (!bytes_equal(BYTES_OF(k->checked), BYTES_OF(digest)))
        return fail(KMS_E_CORRUPT, "key share: its public part has changed since it was checked; load it again");
    return KMS_OK;
}

enum kms_err key_share_encode_sealed(struct secret *out, const struct key_share *k)
{
    TRY(check_shape(k));
    TRY(secret_alloc(out, SEALED_LEN_MAX));
    struct writer w = writer_of(out->data, out->len);

    write_public(&w, k);
    writer_raw(&w, BYTES_OF(k->chain_code));
    writer_raw(&w, BYTES_OF(k->transcript));
    uint8_t *x = writer_space(&w, k->group->scalar_len);
    if (x != NULL) scalar_encode(k->group, x, &k->secret_share);
    enum kms_err err = writer_end(&w, "key share");
    if (err != KMS_OK) {
        secret_clear(out);
        return err;
    }
    secret_truncate(out, w.len);
    return KMS_OK;
}

static enum kms_err read_point(struct reader *r, const struct prime_group *g, struct point *out)
{
    struct bytes encoded = reader_view(r, g->point_len);

    if (r->failed) return fail(KMS_E_FORMAT, "key share: too short");
    return group_decode(g, out, encoded);
}

static enum kms_err read_header(struct reader *r, struct key_share *k)
{
    if (reader_u8(r) != KEY_SHARE_VERSION) return fail(KMS_E_FORMAT, "key share: unknown version");
    k->group = group_by_id((enum group_id)reader_u16(r));
    k->t = reader_u16(r);
    k->n = reader_u16(r);
    k->self = reader_u16(r);
    k->epoch = reader_u32(r);
    if (r->failed || k->group == NULL || k->n > PARTIES_MAX) return fail(KMS_E_FORMAT, "key share: bad header");
    return KMS_OK;
}

static enum kms_err read_all(struct reader *r, struct key_share *k)
{
    TRY(read_header(r, k));
    TRY(read_point(r, k->group, &k->public_key));
    for (unsigned i = 1; i <= k->n; i++) TRY(read_point(r, k->group, &k->public_shares[i]));
    reader_copy(r, k->chain_code, sizeof k->chain_code);
    reader_copy(r, k->transcript, sizeof k->transcript);
    struct bytes x = reader_view(r, k->group->scalar_len);
    TRY(reader_end(r, "key share"));
    TRY(scalar_decode(k->group, &k->secret_share, x));
    return key_share_check(k);
}

enum kms_err key_share_decode_sealed(struct key_share *out, struct bytes in)
{
    struct reader    r = reader_of(in);
    SECRET_KEY_SHARE k = {0};
    enum kms_err     err = read_all(&r, &k);

    wipe_stack();
    key_share_wipe(out);
    if (err != KMS_OK) return fail(KMS_E_CORRUPT, "a stored key share is damaged; restore it from its backup");
    *out = k;
    return KMS_OK;
}
