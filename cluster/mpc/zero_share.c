/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of zero from common seeds. */
#include "cluster/mpc/zero_share.h"

#include "common/crypto/hash.h"

void zero_seed_make(uint8_t seed[ZERO_SEED_LEN], const uint8_t *ssid, const uint8_t first[ZERO_CONTRIBUTION_LEN],
                    const uint8_t second[ZERO_CONTRIBUTION_LEN])
{
    struct bytes items[] = {bytes(ssid, SSID_LEN), bytes(first, ZERO_CONTRIBUTION_LEN),
                            bytes(second, ZERO_CONTRIBUTION_LEN)};

    hash_items(seed, TAG_ZERO_SEED, items, ARRAY_LEN(items));
}

/* The PRF is the structured hash, keyed by its first item. CT: leaks the parties' order. */
void zero_share_add(struct scalar *share, const struct zero_share_context *c, party peer,
                    const uint8_t seed[ZERO_SEED_LEN])
{
    struct hash   h;
    SECRET_SCALAR common;

    hash_begin(&h, TAG_ZERO_SHARE, 7);
    hash_item(&h, bytes(seed, ZERO_SEED_LEN));
    hash_item(&h, bytes(c->ssid, SSID_LEN));
    hash_item(&h, bytes(c->digest, 32));
    hash_item_u16(&h, (uint16_t)c->group->id);
    hash_item_u16(&h, c->self < peer ? c->self : peer);
    hash_item_u16(&h, c->self < peer ? peer : c->self);
    hash_item_u32(&h, c->item);
    scalar_from_hash(c->group, &common, &h);
    if (c->self < peer)
        scalar_add(c->group, share, share, &common);
    else
        scalar_sub(c->group, share, share, &common);
}
