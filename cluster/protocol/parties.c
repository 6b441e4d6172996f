/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of parties as bit masks. */
#include "cluster/protocol/parties.h"

unsigned party_set_count(struct party_set s)
{
    unsigned count = 0;

    for (uint32_t left = s.mask; left != 0; left &= left - 1) count++;
    return count;
}

party party_set_next(struct party_set s, party p)
{
    for (unsigned next = p + 1u; next <= PARTIES_MAX; next++)
        if (party_set_has(s, (party)next)) return (party)next;
    return 0;
}
