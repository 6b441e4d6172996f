/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9591 6.1. Outputs of H1 to H3 are read little-endian and reduced; H2 has no context, so it is RFC 8032's
 * challenge. */
#include "cluster/frost/suites.h"

#include "common/base/check.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

#define CONTEXT "FROST-ED25519-SHA512-v1"

const struct prime_group *frost_group(void)
{
    return group_by_id(GROUP_ED25519);
}

static void hash_parts(uint8_t out[64], const char *prefix, const struct bytes *parts, size_t count)
{
    struct bytes all[1 + FROST_PARTS_MAX] = {bytes_str(prefix)};

    CHECK(count <= FROST_PARTS_MAX);
    for (size_t i = 0; i < count; i++) all[1 + i] = parts[i];
    sha512_parts(out, all, 1 + count);
}

static void hash_scalar(struct scalar *out, const char *prefix, const struct bytes *parts, size_t count)
{
    uint8_t wide[64];

    hash_parts(wide, prefix, parts, count);
    scalar_reduce_wide(frost_group(), out, wide);
    WIPE(wide);
}

void frost_h1(struct scalar *out, const struct bytes *parts, size_t count)
{
    hash_scalar(out, CONTEXT "rho", parts, count);
}

void frost_h2(struct scalar *out, const struct bytes *parts, size_t count)
{
    hash_scalar(out, "", parts, count);
}

void frost_h3(struct scalar *out, const struct bytes *parts, size_t count)
{
    hash_scalar(out, CONTEXT "nonce", parts, count);
}

void frost_h4(uint8_t out[64], struct bytes message)
{
    hash_parts(out, CONTEXT "msg", &message, 1);
}

void frost_h5(uint8_t out[64], struct bytes commitments)
{
    hash_parts(out, CONTEXT "com", &commitments, 1);
}
