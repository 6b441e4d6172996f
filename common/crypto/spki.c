/* SPDX-License-Identifier: Apache-2.0 */
/* SubjectPublicKeyInfo: fixed DER headers, then the key. */
#include "common/crypto/spki.h"

#include "common/base/text.h"
#include "common/crypto/group_table.h"

#define SPKI_LEN_MAX 88
#define PEM_LINE_LEN 64 /* RFC 7468 2 */

/* SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes } */
static const uint8_t header_ed25519[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
/* SEQUENCE { SEQUENCE { OID 1.2.840.10045.2.1, OID 1.3.132.0.10 }, BIT STRING of 65 bytes } */
static const uint8_t header_secp256k1[] = {0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                           0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a, 0x03, 0x42, 0x00};

RESULT spki_encode(struct buf *out, const struct prime_group *group, struct bytes public_key)
{
    struct point key;
    uint8_t      uncompressed[65];

    TRY(group_decode(group, &key, public_key));
    if (group->id == GROUP_ED25519) {
        TRY(buf_append(out, BYTES_OF(header_ed25519)));
        return buf_append(out, public_key);
    }
    if (group->id != GROUP_SECP256K1)
        return fail(KMS_E_UNSUPPORTED, "%s has no SubjectPublicKeyInfo here", group->name);
    group_secp256k1_uncompressed(uncompressed, &key); /* RFC 5480 2.2: the form that everybody reads */
    TRY(buf_append(out, BYTES_OF(header_secp256k1)));
    return buf_append(out, BYTES_OF(uncompressed));
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
