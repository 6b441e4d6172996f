/* SPDX-License-Identifier: Apache-2.0 */
/* Slots for messages: early ones are kept, identical duplicates recognised, conflicting ones told. */
#include "cluster/protocol/inbox.h"

#include "cluster/protocol/protocol.h"
#include "common/base/check.h"

static size_t rounded(size_t len)
{
    return (len + 15) & ~(size_t)15;
}

static uint32_t slot_max(const struct row_limits *row, enum slot_kind kind)
{
    if (kind == SLOT_BROADCAST) return (row->expects & EXPECTS_BROADCAST) != 0 ? row->max_broadcast : 0;
    return (row->expects & EXPECTS_DIRECT) != 0 ? row->max_direct : 0;
}

static size_t slots_size(unsigned row_count, unsigned members)
{
    return rounded(sizeof(struct slot) * row_count * members * SLOT_KINDS);
}

size_t inbox_size(const struct row_limits *rows, unsigned row_count, unsigned members)
{
    size_t size = slots_size(row_count, members);

    for (unsigned row = 0; row < row_count; row++)
        for (enum slot_kind kind = SLOT_BROADCAST; kind < SLOT_KINDS; kind++)
            size += rounded(slot_max(&rows[row], kind)) * members;
    return size;
}

void inbox_init(struct inbox *box, void *memory)
{
    uint8_t     *body = (uint8_t *)memory + slots_size(box->row_count, box->member_count);
    struct slot *slot = memory;

    box->slots = slot;
    for (unsigned row = 0; row < box->row_count; row++) {
        for (unsigned i = 0; i < box->member_count * SLOT_KINDS; i++, slot++) {
            slot->max = slot_max(&box->rows[row], (enum slot_kind)(i % SLOT_KINDS));
            slot->body = body;
            body += rounded(slot->max);
        }
    }
}

struct slot *inbox_slot(const struct inbox *box, unsigned row, party p, enum slot_kind kind)
{
    CHECK(row < box->row_count && party_set_has(box->members, p));
    unsigned before = party_set_count((struct party_set){box->members.mask & ((UINT32_C(1) << p) - 1)});
    return &box->slots[(row * box->member_count + before) * SLOT_KINDS + kind];
}

static bool is_same(const struct slot *slot, const struct message *m)
{
    return bytes_equal(bytes(slot->body, slot->len), m->body) && bytes_equal(BYTES_OF(slot->ssid), BYTES_OF(m->ssid)) &&
           bytes_equal(BYTES_OF(slot->echo), BYTES_OF(m->echo));
}

enum inbox_result inbox_put(struct inbox *box, const struct message *m)
{
    bool         broadcast = m->kind == MESSAGE_BROADCAST;
    struct slot *slot = inbox_slot(box, m->round, m->from, broadcast ? SLOT_BROADCAST : SLOT_DIRECT_IN);

    if ((box->rows[m->round].expects & (broadcast ? EXPECTS_BROADCAST : EXPECTS_DIRECT)) == 0) return INBOX_UNEXPECTED;
    if (slot->present) return is_same(slot, m) ? INBOX_DUPLICATE : INBOX_CONFLICT;
    if (m->body.len > slot->max) return INBOX_TOO_LARGE;
    if (m->body.len > 0) memcpy(slot->body, m->body.data, m->body.len);
    slot->len = (uint32_t)m->body.len;
    memcpy(slot->ssid, m->ssid, sizeof slot->ssid);
    memcpy(slot->echo, m->echo, sizeof slot->echo);
    slot->present = true;
    return INBOX_NEW;
}

static bool is_complete(const struct inbox *box, unsigned row, party p, enum slot_kind direct)
{
    unsigned expects = box->rows[row].expects;

    return ((expects & EXPECTS_BROADCAST) == 0 || inbox_slot(box, row, p, SLOT_BROADCAST)->present) &&
           ((expects & EXPECTS_DIRECT) == 0 || inbox_slot(box, row, p, direct)->present);
}

struct party_set inbox_missing(const struct inbox *box, unsigned row)
{
    struct party_set missing = party_set_none();

    for (party p = party_set_next(box->members, 0); p != 0; p = party_set_next(box->members, p))
        if (p != box->self && !is_complete(box, row, p, SLOT_DIRECT_IN)) missing = party_set_with(missing, p);
    return missing;
}

bool inbox_is_sent(const struct inbox *box, unsigned row)
{
    if ((box->rows[row].expects & EXPECTS_BROADCAST) != 0 && !inbox_slot(box, row, box->self, SLOT_BROADCAST)->present)
        return false;
    if ((box->rows[row].expects & EXPECTS_DIRECT) == 0) return true;
    for (party p = party_set_next(box->members, 0); p != 0; p = party_set_next(box->members, p))
        if (p != box->self && !inbox_slot(box, row, p, SLOT_DIRECT_OUT)->present) return false;
    return true;
}
