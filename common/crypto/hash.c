/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-2 and the structured hash, over libsodium: its states are plain values, so hashing never allocates and never
 * fails, which EVP cannot promise. (300 bytes: 0.75 us; EVP, with its SHA instructions, 0.39; a multiplication of the
 * base point: 12.) The number of items is hashed first, and only the end tells whether the last item of
 * hash_end_expand() follows; so struct hash feeds both openings side by side.
 */
#include "common/crypto/hash.h"

#include <sodium.h>

#include "common/base/check.h"
#include "common/secret/wipe.h"

struct both {
    crypto_hash_sha256_state narrow; /* opened with `expected` items */
    crypto_hash_sha256_state wide;   /* opened with one more */
};

_Static_assert(sizeof(struct both) <= sizeof(((struct hash *)NULL)->opaque), "struct hash is too small");
_Static_assert(_Alignof(struct both) <= 16, "struct hash is not aligned enough");

static struct both *both_of(struct hash *h)
{
    return (struct both *)(void *)h->opaque;
}

static void put_integer(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = size; i-- > 0; value >>= 8) out[i] = (uint8_t)value;
}

/* CT: leaks lengths only. */
void sha256(uint8_t out[32], struct bytes in)
{
    (void)crypto_hash_sha256(out, in.data, in.len);
}

/* CT: leaks lengths only. */
void sha512(uint8_t out[64], struct bytes in)
{
    (void)crypto_hash_sha512(out, in.data, in.len);
}

/* CT: leaks lengths only. */
void sha512_parts(uint8_t out[64], const struct bytes *parts, size_t count)
{
    crypto_hash_sha512_state state;

    (void)crypto_hash_sha512_init(&state);
    for (size_t i = 0; i < count; i++) (void)crypto_hash_sha512_update(&state, parts[i].data, parts[i].len);
    (void)crypto_hash_sha512_final(&state, out);
    WIPE(state);
}

static void open_state(crypto_hash_sha256_state *state, enum tag_id tag, uint32_t items)
{
    uint8_t     header[1 + UINT8_MAX + 4];
    const char *text = tag_string(tag);
    size_t      len = strlen(text);

    CHECK(len <= UINT8_MAX);
    header[0] = (uint8_t)len;
    memcpy(header + 1, text, len);
    put_integer(header + 1 + len, items, 4);
    (void)crypto_hash_sha256_init(state);
    (void)crypto_hash_sha256_update(state, header, 1 + len + 4);
}

static void feed(crypto_hash_sha256_state *state, struct bytes item)
{
    uint8_t len[8];

    put_integer(len, item.len, sizeof len);
    (void)crypto_hash_sha256_update(state, len, sizeof len);
    (void)crypto_hash_sha256_update(state, item.data, item.len);
}

void hash_items(uint8_t out[32], enum tag_id tag, const struct bytes *items, size_t count)
{
    crypto_hash_sha256_state state;

    CHECK(count <= UINT32_MAX);
    open_state(&state, tag, (uint32_t)count);
    for (size_t i = 0; i < count; i++) feed(&state, items[i]);
    (void)crypto_hash_sha256_final(&state, out);
    WIPE(state);
}

void hash_begin(struct hash *h, enum tag_id tag, uint32_t items)
{
    CHECK(items < UINT32_MAX);
    h->expected = items;
    h->fed = 0;
    open_state(&both_of(h)->narrow, tag, items);
    open_state(&both_of(h)->wide, tag, items + 1);
}

/* CT: leaks lengths only. */
void hash_item(struct hash *h, struct bytes item)
{
    CHECK(h->fed < h->expected);
    h->fed++;
    feed(&both_of(h)->narrow, item);
    feed(&both_of(h)->wide, item);
}

static void hash_integer(struct hash *h, uint64_t value, size_t size)
{
    uint8_t encoded[8];

    put_integer(encoded, value, size);
    hash_item(h, bytes(encoded, size));
}

void hash_item_u16(struct hash *h, uint16_t value)
{
    hash_integer(h, value, 2);
}

void hash_item_u32(struct hash *h, uint32_t value)
{
    hash_integer(h, value, 4);
}

void hash_item_u64(struct hash *h, uint64_t value)
{
    hash_integer(h, value, 8);
}

void hash_end(struct hash *h, uint8_t out[32])
{
    CHECK(h->fed == h->expected);
    (void)crypto_hash_sha256_final(&both_of(h)->narrow, out);
    WIPE(*h);
}

/* CT: leaks lengths only. */
void hash_end_expand(struct hash *h, uint8_t *out, size_t len)
{
    CHECK(h->fed == h->expected && len <= SHA256_LEN * (UINT8_MAX + 1));
    for (size_t at = 0; at < len; at += SHA256_LEN) {
        crypto_hash_sha256_state state = both_of(h)->wide;
        uint8_t                  number = (uint8_t)(at / SHA256_LEN), block[SHA256_LEN];
        feed(&state, bytes(&number, 1));
        (void)crypto_hash_sha256_final(&state, block);
        memcpy(out + at, block, len - at < sizeof block ? len - at : sizeof block);
        WIPE(state);
        WIPE(block);
    }
    WIPE(*h);
}

void hash_end_wide(struct hash *h, uint8_t out[64])
{
    hash_end_expand(h, out, 64);
}
