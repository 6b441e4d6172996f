/* SPDX-License-Identifier: Apache-2.0 */
/* TMMO over EVP's AES-128 in ECB mode, which is the bare permutation. */
#include "common/crypto/crh.h"

#include <openssl/evp.h>
#include <string.h>

#include "common/base/check.h"
#include "common/secret/wipe.h"

#define TILE 32 /* inputs at a time: with their outputs they stay in the first cache */

struct block {
    uint64_t half[2];
};

RESULT crh_init(struct crh *c, const uint8_t key[16])
{
    EVP_CIPHER_CTX *made = EVP_CIPHER_CTX_new();

    c->cipher = made;
    if (made == NULL || EVP_EncryptInit_ex2(made, EVP_aes_128_ecb(), key, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(made, 0) != 1) {
        crh_clear(c);
        return fail(KMS_E_MEMORY, "OpenSSL refuses AES-128");
    }
    return KMS_OK;
}

void crh_clear(struct crh *c)
{
    EVP_CIPHER_CTX_free((EVP_CIPHER_CTX *)c->cipher);
    c->cipher = NULL;
}

static RESULT permute(struct crh *c, uint8_t *out, const uint8_t *in, size_t blocks)
{
    int done;

    if (EVP_EncryptUpdate((EVP_CIPHER_CTX *)c->cipher, out, &done, in, (int)(blocks * CRH_BLOCK)) != 1)
        return fail(KMS_E_INTERNAL, "OpenSSL fails in AES-128");
    return KMS_OK;
}

static inline struct block load(const uint8_t *from)
{
    struct block b;

    memcpy(&b, from, sizeof b);
    return b;
}

static inline void store_sum(uint8_t *out, struct block a, struct block b)
{
    struct block sum = {{a.half[0] ^ b.half[0], a.half[1] ^ b.half[1]}};

    memcpy(out, &sum, sizeof sum);
}

static inline uint64_t big_endian(uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(value);
#else
    return value;
#endif
}

/* out = masked ^ tweak for every output block of a tile. */
static void put_tweaks(uint8_t *out, const uint8_t *masked, struct crh_tweak t, struct crh_shape shape)
{
    for (size_t n = 0; n < shape.count; n++) {
        struct block x = load(masked + n * CRH_BLOCK);
        uint64_t     high = big_endian((uint64_t)t.domain << 32 | (t.index + (uint32_t)n * t.step));
        for (size_t k = 0; k < shape.blocks; k++)
            store_sum(out + (n * shape.blocks + k) * CRH_BLOCK, x, (struct block){{high, big_endian(t.first + k)}});
    }
}

static void add_masked(uint8_t *out, const uint8_t *masked, struct crh_shape shape)
{
    for (size_t n = 0; n < shape.count; n++) {
        struct block x = load(masked + n * CRH_BLOCK);
        for (size_t k = 0; k < shape.blocks; k++) {
            uint8_t *at = out + (n * shape.blocks + k) * CRH_BLOCK;
            store_sum(at, x, load(at));
        }
    }
}

static RESULT expand_tile(struct crh *c, uint8_t *out, const uint8_t *in, struct crh_tweak t, struct crh_shape shape)
{
    uint8_t      masked[TILE * CRH_BLOCK]; /* pi(x) */
    enum kms_err err = permute(c, masked, in, shape.count);

    if (err == KMS_OK) {
        put_tweaks(out, masked, t, shape);
        err = permute(c, out, out, shape.count * shape.blocks);
        add_masked(out, masked, shape);
    }
    wipe(masked, sizeof masked);
    return err;
}

/* CT: leaks the shape only (AES instructions). */
RESULT crh_expand(struct crh *c, uint8_t *out, const uint8_t *in, struct crh_tweak t, struct crh_shape shape)
{
    CHECK(shape.blocks >= 1 && shape.blocks <= CRH_BLOCKS_MAX);
    size_t fits = CRH_BLOCKS_MAX / shape.blocks;
    size_t tile = fits < TILE ? fits : TILE;

    for (size_t at = 0; at < shape.count; at += tile) {
        struct crh_shape part = {shape.count - at < tile ? shape.count - at : tile, shape.blocks};
        struct crh_tweak from = {t.domain, t.index + (uint32_t)at * t.step, t.step, t.first};
        TRY(expand_tile(c, out + at * shape.blocks * CRH_BLOCK, in + at * CRH_BLOCK, from, part));
    }
    return KMS_OK;
}
