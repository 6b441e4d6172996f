/* SPDX-License-Identifier: Apache-2.0 */
/* SubjectPublicKeyInfo: fixed DER headers, then the key. */
#include "common/crypto/spki.h"

#include "common/base/text.h"

#define SPKI_LEN_MAX 158 /* P-521 */
#define PEM_LINE_LEN 64  /* RFC 7468 2 */

/* SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes } */
static const uint8_t header_ed25519[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
/* SEQUENCE { SEQUENCE { OID 1.2.840.10045.2.1, OID of the curve }, BIT STRING of 65, 97 or 133 bytes }: RFC 5480 2 */
static const uint8_t header_secp256k1[] = {0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                           0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a, 0x03, 0x42, 0x00};
static const uint8_t header_p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                      0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
static const uint8_t header_p384[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                      0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};
static const uint8_t header_p521[] = {0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                      0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00};

static const struct {
    enum group_id group;
    struct bytes  header;
} kinds[] = {
    {GROUP_ED25519, {header_ed25519, sizeof header_ed25519}},
    {GROUP_SECP256K1, {header_secp256k1, sizeof header_secp256k1}},
    {GROUP_P256, {header_p256, sizeof header_p256}},
    {GROUP_P384, {header_p384, sizeof header_p384}},
    {GROUP_P521, {header_p521, sizeof header_p521}},
};

static struct bytes header_of(const struct prime_group *g)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].group == g->id) return kinds[i].header;
    return BYTES_NONE;
}

RESULT spki_encode(struct buf *out, const struct prime_group *group, struct bytes public_key)
{
    struct bytes header = header_of(group);
    struct point key;
    uint8_t      uncompressed[POINT_UNCOMPRESSED_LEN_MAX];

    if (header.len == 0) return fail(KMS_E_UNSUPPORTED, "%s has no SubjectPublicKeyInfo here", group->name);
    TRY(group_decode(group, &key, public_key));
    if (group_is_weierstrass(group)) { /* RFC 5480 2.2: the form that everybody reads */
        group_encode_uncompressed(group, uncompressed, &key);
        public_key = bytes(uncompressed, 1 + 2 * group->scalar_len);
    }
    TRY(buf_append(out, header));
    return buf_append(out, public_key);
}

RESULT spki_encode_pem(struct buf *out, const struct prime_group *group, struct bytes public_key)
{
    BUF_LOCAL der = BUF_INIT(SPKI_LEN_MAX);
    BUF_LOCAL text = BUF_INIT(2 * SPKI_LEN_MAX);

    TRY(spki_encode(&der, group, public_key));
    TRY(base64_encode(&text, buf_bytes(&der)));
    TRY(buf_append_str(out, "-----BEGIN PUBLIC KEY-----\n"));
    for (size_t at = 0; at < text.len; at += PEM_LINE_LEN)
        TRY(buf_printf(out, "%.*s\n", PEM_LINE_LEN, buf_str(&text) + at));
    return buf_append_str(out, "-----END PUBLIC KEY-----\n");
}
