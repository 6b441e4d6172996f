/* SPDX-License-Identifier: Apache-2.0 */
/* Which run of an OT protocol: hashed into everything. */
#include "cluster/mpc/ot_context.h"

#include "common/crypto/hash.h"

void ot_context_run(uint8_t out[32], const struct ot_context *c)
{
    struct hash h;

    hash_begin(&h, TAG_OT_RUN, 3);
    hash_item(&h, bytes(c->ssid, SSID_LEN));
    hash_item_u16(&h, c->alice);
    hash_item_u16(&h, c->bob);
    hash_end(&h, out);
}

RESULT ot_context_crh(struct crh *out, const struct ot_context *c)
{
    uint8_t      run[32], key[32];
    struct bytes item = BYTES_OF(run);

    ot_context_run(run, c);
    hash_items(key, TAG_OT_PERMUTATION, &item, 1);
    return crh_init(out, key);
}
