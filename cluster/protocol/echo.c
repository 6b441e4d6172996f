/* SPDX-License-Identifier: Apache-2.0 */
/* Echoes over the slots of a complete row. */
#include "cluster/protocol/echo.h"

#include "cluster/protocol/protocol.h"
#include "common/crypto/hash.h"

void echo_of_row(uint8_t out[32], const struct inbox *box, unsigned row, const uint8_t ssid[SSID_LEN])
{
    bool        spoken = (box->rows[row].expects & EXPECTS_BROADCAST) != 0;
    struct hash h;

    hash_begin(&h, TAG_ECHO, 2 + (spoken ? 2 * box->member_count : 0));
    hash_item(&h, bytes(ssid, SSID_LEN));
    hash_item_u16(&h, (uint16_t)row);
    for (party p = party_set_next(box->members, 0); spoken && p != 0; p = party_set_next(box->members, p)) {
        const struct slot *slot = inbox_slot(box, row, p, SLOT_BROADCAST);
        struct bytes       payload = bytes(slot->body, slot->len);
        uint8_t            digest[32];
        hash_items(digest, TAG_PAYLOAD, &payload, 1);
        hash_item_u16(&h, p);
        hash_item(&h, BYTES_OF(digest));
    }
    hash_end(&h, out);
}

static bool carries(const struct slot *slot, const uint8_t expected[32])
{
    return !slot->present || bytes_equal(BYTES_OF(slot->echo), bytes(expected, 32));
}

struct party_set echo_differs(const struct inbox *box, unsigned row, const uint8_t expected[32])
{
    struct party_set differs = party_set_none();

    for (party p = party_set_next(box->members, 0); p != 0; p = party_set_next(box->members, p))
        if (p != box->self && !(carries(inbox_slot(box, row, p, SLOT_BROADCAST), expected) &&
                                carries(inbox_slot(box, row, p, SLOT_DIRECT_IN), expected)))
            differs = party_set_with(differs, p);
    return differs;
}
