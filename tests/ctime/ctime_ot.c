/* SPDX-License-Identifier: Apache-2.0 */
/* The OT protocols under valgrind: choices, Delta, seeds, pads and inputs are secret; messages declassify themselves.
 */
#include <valgrind/memcheck.h>

#include "cluster/mpc/pair_setup.h"
#include "cluster/mpc/vole.h"
#include "common/base/check.h"
#include "tests/ctime/ctime.h"

static struct pprf_full      full;
static struct pprf_punctured punctured;

/* What goes over the wire carries no marks. */
static void public(const void *message, size_t len)
{
    CHECK(VALGRIND_CHECK_MEM_IS_DEFINED(message, len) == 0);
}

static void set_up(const struct ot_context *c, struct rng *secret)
{
    static struct ot_base_receiver receiver;
    static struct ot_base_pads     pads;
    static struct ot_base_chosen   chosen;
    static uint8_t message_1[OT_BASE_MESSAGE_1_LEN], message_2[OT_BASE_MESSAGE_2_LEN], tree[PPRF_MESSAGE_LEN];

    MUST(ot_base_receive(&receiver, message_1, c, secret));
    public(message_1, sizeof message_1);
    MUST(ot_base_send(&pads, message_2, c, message_1, secret));
    public(message_2, sizeof message_2);
    MUST(pprf_build(&full, tree, c, &pads));
    public(tree, sizeof tree);
    MUST(ot_base_finish(&chosen, &receiver, c, message_2));
    MUST(pprf_puncture(&punctured, c, &chosen, tree));
}

static void multiply(const struct vole *v, struct rng *secret)
{
    static struct ot_rows rows_bob[VOLE_ROWS(SCALAR_LEN_MAX, 1)], rows_alice[VOLE_ROWS(SCALAR_LEN_MAX, 1)];
    static uint8_t        choices[VOLE_CHOICES_LEN(SCALAR_LEN_MAX, 1)];
    static uint8_t  message_1[VOLE_MESSAGE_1_LEN(SCALAR_LEN_MAX, 1)], message_2[VOLE_MESSAGE_2_LEN(SCALAR_LEN_MAX)];
    struct vole_bob bob = {choices, rows_bob};
    struct scalar   a[VOLE_INPUTS], b, c[VOLE_INPUTS], d[VOLE_INPUTS];

    for (unsigned i = 0; i < VOLE_INPUTS; i++) MUST(scalar_random(v->group, &a[i], secret));
    MUST(vole_bob_start(&bob, &b, message_1, &(struct vole_start){v, &full, secret}));
    public(message_1, VOLE_MESSAGE_1_LEN(v->group->scalar_len, 1));
    MUST(vole_alice_start(rows_alice, v, &punctured, message_1));
    MUST(vole_alice_multiply(c, message_2, &(struct vole_multiply){v, 0, punctured.delta, rows_alice, secret}, a));
    public(message_2, VOLE_MESSAGE_2_LEN(v->group->scalar_len));
    MUST(vole_bob_finish(d, &bob, v, 0, message_2));
    scalar_add(v->group, &c[0], &c[0], &d[0]);
    scalar_mul(v->group, &a[0], &a[0], &b);
    CHECK(scalar_equal(&c[0], &a[0]));
}

static void zero_shares(const struct prime_group *g, const uint8_t *ssid, struct rng *secret)
{
    struct zero_share_context c = {g, ssid, ssid, 1, 0};
    uint8_t                   first[ZERO_CONTRIBUTION_LEN], second[ZERO_CONTRIBUTION_LEN], seed[ZERO_SEED_LEN];
    struct scalar             share;

    MUST(rng_fill(secret, first, sizeof first));
    MUST(rng_fill(secret, second, sizeof second));
    zero_seed_make(seed, ssid, first, second);
    scalar_zero(&share);
    zero_share_add(&share, &c, 2, seed);
}

void ctime_ot(struct rng *secret)
{
    static const uint8_t ssid[SSID_LEN] = {1};
    struct vole          v = {NULL, {ssid, 1, 2}, 1};

    set_up(&v.context, secret);
    for (int id = GROUP_SECP256K1; (v.group = group_by_id((enum group_id)id)) != NULL; id++) {
        multiply(&v, secret);
        zero_shares(v.group, ssid, secret);
    }
}
