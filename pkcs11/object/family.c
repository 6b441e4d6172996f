/* SPDX-License-Identifier: Apache-2.0 */
/* The table of key families. */
#include "pkcs11/object/family.h"

#include <string.h>

#include "common/crypto/spki.h"

/* Current Mechanisms 3.0, 2.3.10: a curve name as PrintableString, or its OID (RFC 8410: 1.3.101.112). */
static const uint8_t ed25519_name[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
static const uint8_t ed25519_oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70};

static const struct family families[] = {
    {
        .slot = 5,
        .name = "ed25519",
        .title = "Ed25519",
        .group = GROUP_ED25519,
        .algorithm = "EDDSA",
        .key_type = CKK_EC_EDWARDS,
        .generate = CKM_EC_EDWARDS_KEY_PAIR_GEN,
        .sign = CKM_EDDSA,
        .params = {{ed25519_name, sizeof ed25519_name}, {ed25519_oid, sizeof ed25519_oid}},
    },
};

const struct family *family_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        if (strcmp(families[i].name, name) == 0) return &families[i];
    return NULL;
}

const struct family *family_by_group(enum group_id group)
{
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        if (families[i].group == group) return &families[i];
    return NULL;
}

bool family_accepts_params(const struct family *f, struct bytes params)
{
    for (size_t i = 0; i < ARRAY_LEN(f->params); i++)
        if (f->params[i].len > 0 && bytes_equal(f->params[i], params)) return true;
    return false;
}

RESULT family_point(struct buf *out, const struct family *f, const uint8_t *public_key)
{
    size_t  len = group_by_id(f->group)->point_len;
    uint8_t header[] = {0x04, (uint8_t)len}; /* encoded points are shorter than 128 bytes */

    TRY(buf_append(out, BYTES_OF(header)));
    return buf_append(out, bytes(public_key, len));
}

RESULT family_public_key_info(struct buf *out, const struct family *f, const uint8_t *public_key)
{
    const struct prime_group *group = group_by_id(f->group);

    return spki_encode(out, group, bytes(public_key, group->point_len));
}
