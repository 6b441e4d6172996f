/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of an ECDSA signature: raw, with a recovery id, and DER. */
#include "common/base/check.h"
#include "common/crypto/ecdsa.h"
#include "common/wire/reader.h"

#define RSV_BASE 27 /* of v; Bitcoin's signed messages began it, Ethereum's yellow paper (appendix F) kept it */
#define DER_SEQUENCE 0x30
#define DER_INTEGER 0x02
#define DER_LEN_BYTE 0x81 /* the length is in the byte that follows: for 128 and more */

void ecdsa_encode_raw(const struct prime_group *g, uint8_t *out, const struct ecdsa_signature *a)
{
    scalar_encode(g, out, &a->r);
    scalar_encode(g, out + g->scalar_len, &a->s);
}

static RESULT set(const struct prime_group *g, struct ecdsa_signature *out, struct bytes r, struct bytes s)
{
    struct ecdsa_signature a = {.recovery_id = ECDSA_NO_RECOVERY};

    TRY_AT(scalar_decode(g, &a.r, r), "r of an ECDSA signature");
    TRY_AT(scalar_decode(g, &a.s, s), "s of an ECDSA signature");
    if (scalar_is_zero(&a.r) || scalar_is_zero(&a.s)) return fail(KMS_E_FORMAT, "an ECDSA signature with a zero");
    *out = a;
    return KMS_OK;
}

RESULT ecdsa_decode_raw(const struct prime_group *g, struct ecdsa_signature *out, struct bytes in)
{
    if (in.len != 2 * g->scalar_len)
        return fail(KMS_E_FORMAT, "an ECDSA signature of %s of %zu bytes where %zu belong", g->name, in.len,
                    2 * g->scalar_len);
    return set(g, out, bytes(in.data, g->scalar_len), bytes(in.data + g->scalar_len, g->scalar_len));
}

void ecdsa_encode_rsv(const struct prime_group *g, uint8_t *out, const struct ecdsa_signature *a)
{
    CHECK(a->recovery_id <= 3);
    ecdsa_encode_raw(g, out, a);
    out[2 * g->scalar_len] = (uint8_t)(RSV_BASE + a->recovery_id);
}

RESULT ecdsa_decode_rsv(const struct prime_group *g, struct ecdsa_signature *out, struct bytes in)
{
    if (in.len != 2 * g->scalar_len + 1)
        return fail(KMS_E_FORMAT, "an RSV signature of %s of %zu bytes where %zu belong", g->name, in.len,
                    2 * g->scalar_len + 1);
    uint8_t v = in.data[in.len - 1];
    if (v < RSV_BASE || v > RSV_BASE + 3) return fail(KMS_E_FORMAT, "an RSV signature: v is %u, not 27 to 30", v);
    TRY(ecdsa_decode_raw(g, out, bytes(in.data, in.len - 1)));
    out->recovery_id = (uint8_t)(v - RSV_BASE);
    return KMS_OK;
}

/* Without leading zeros, but with one where the number would look negative. Answers the length. */
static size_t put_integer(const struct prime_group *g, uint8_t *out, const struct scalar *value)
{
    uint8_t encoded[1 + SCALAR_LEN_MAX] = {0};
    size_t  at = 1, end = 1 + g->scalar_len;

    scalar_encode(g, encoded + 1, value);
    while (at < end - 1 && encoded[at] == 0) at++;
    if ((encoded[at] & 0x80) != 0) at--;
    out[0] = DER_INTEGER;
    out[1] = (uint8_t)(end - at); /* 67 at most */
    memcpy(out + 2, encoded + at, end - at);
    return 2 + end - at;
}

size_t ecdsa_encode_der(const struct prime_group *g, uint8_t out[ECDSA_DER_LEN_MAX], const struct ecdsa_signature *a)
{
    uint8_t content[ECDSA_DER_LEN_MAX];
    size_t  at = 0, len = put_integer(g, content, &a->r);

    len += put_integer(g, content + len, &a->s);
    out[at++] = DER_SEQUENCE;
    if (len >= 0x80) out[at++] = DER_LEN_BYTE;
    out[at++] = (uint8_t)len;
    memcpy(out + at, content, len);
    return at + len;
}

/* A minimal positive INTEGER of the number's size or less, put right-aligned in out. */
static void read_integer(struct reader *r, uint8_t out[SCALAR_LEN_MAX], size_t size)
{
    if (reader_u8(r) != DER_INTEGER) reader_refuse(r);
    struct bytes in = reader_view(r, reader_u8(r));

    memset(out, 0, size);
    if (r->failed || in.len == 0 || (in.data[0] & 0x80) != 0) {
        reader_refuse(r);
        return;
    }
    if (in.data[0] == 0) {
        if (in.len == 1 || (in.data[1] & 0x80) == 0) reader_refuse(r); /* 0 is no r and no s */
        in = bytes(in.data + 1, in.len - 1);
    }
    if (in.len > size)
        reader_refuse(r);
    else
        memcpy(out + size - in.len, in.data, in.len);
}

RESULT ecdsa_decode_der(const struct prime_group *g, struct ecdsa_signature *out, struct bytes in)
{
    struct reader r = reader_of(in);
    uint8_t       numbers[2][SCALAR_LEN_MAX];

    if (reader_u8(&r) != DER_SEQUENCE) reader_refuse(&r);
    uint8_t len = reader_u8(&r);
    bool    two = len == DER_LEN_BYTE;
    if (two) len = reader_u8(&r);
    if (two != (len >= 0x80) || len != r.left.len) reader_refuse(&r);
    for (int i = 0; i < 2; i++) read_integer(&r, numbers[i], g->scalar_len);
    TRY(reader_end(&r, "ECDSA signature in DER"));
    return set(g, out, bytes(numbers[0], g->scalar_len), bytes(numbers[1], g->scalar_len));
}
