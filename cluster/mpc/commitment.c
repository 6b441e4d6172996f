/* SPDX-License-Identifier: Apache-2.0 */
/* Hash commitments. */
#include "cluster/mpc/commitment.h"

#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

/* CT: leaks lengths only. */
void commitment_make(uint8_t out[COMMITMENT_LEN], struct commitment_context c, struct bytes value,
                     const uint8_t r[COMMITMENT_OPENING_LEN])
{
    struct hash h;

    hash_begin(&h, c.tag, 4);
    hash_item(&h, bytes(c.ssid, SSID_LEN));
    hash_item_u16(&h, c.pid);
    hash_item(&h, value);
    hash_item(&h, bytes(r, COMMITMENT_OPENING_LEN));
    hash_end(&h, out);
}

enum kms_err commitment_check(const uint8_t commitment[COMMITMENT_LEN], struct commitment_context c, struct bytes value,
                              const uint8_t r[COMMITMENT_OPENING_LEN])
{
    uint8_t expected[COMMITMENT_LEN];

    commitment_make(expected, c, value, r);
    if (!secret_equal(expected, commitment, COMMITMENT_LEN))
        return fail(KMS_E_PROOF, "party %u opens another value than it committed to", c.pid);
    return KMS_OK;
}
