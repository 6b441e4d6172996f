/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the OT protocols, altered: the first byte chooses the message, two the place, and the rest is added to it
 * there. Whatever is altered is refused, or was not for the reader; and what is not altered is taken. And points of
 * ristretto255 from any bytes.
 */
/* links: cluster_mpc */
#include "cluster/mpc/vole.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t           ssid[SSID_LEN];
static const struct ot_context context = {ssid, 1, 2};

static struct ot_base_receiver receiver;
static struct ot_base_pads     pads;
static struct ot_base_chosen   chosen;
static struct pprf_full        full;
static struct pprf_punctured   punctured;
static struct ot_rows          v[VOLE_ROWS(32, 1)], w[VOLE_ROWS(32, 1)];
static uint8_t                 choices[VOLE_CHOICES_LEN(32, 1)];
static uint8_t                 base_1[OT_BASE_MESSAGE_1_LEN], base_2[OT_BASE_MESSAGE_2_LEN], tree[PPRF_MESSAGE_LEN];
static uint8_t                 message_1[VOLE_MESSAGE_1_LEN(32, 1)], message_2[VOLE_MESSAGE_2_LEN(32)];
static struct scalar           a[VOLE_INPUTS], b, c[VOLE_INPUTS], d[VOLE_INPUTS];
static struct vole             vole = {NULL, {ssid, 1, 2}, 1};
static const struct vole_bob   bob = {choices, v};

static void start(void)
{
    static bool started;

    if (started) return;
    fuzz_start();
    vole.group = group_by_id(GROUP_SECP256K1);
    CHECK(ot_base_receive(&receiver, base_1, &context, rng_system()) == KMS_OK);
    CHECK(ot_base_send(&pads, base_2, &context, base_1, rng_system()) == KMS_OK);
    struct ot_base_receiver kept = receiver;
    CHECK(ot_base_finish(&chosen, &kept, &context, base_2) == KMS_OK);
    CHECK(pprf_build(&full, tree, &context, &pads) == KMS_OK);
    CHECK(pprf_puncture(&punctured, &context, &chosen, tree) == KMS_OK);
    CHECK(vole_bob_start(&bob, &b, message_1, &(struct vole_start){&vole, &full, rng_system()}) == KMS_OK);
    CHECK(vole_alice_start(w, &vole, &punctured, message_1) == KMS_OK);
    struct vole_multiply m = {&vole, 0, punctured.delta, w, rng_system()};
    for (unsigned i = 0; i < VOLE_INPUTS; i++) CHECK(scalar_random(vole.group, &a[i], rng_system()) == KMS_OK);
    CHECK(vole_alice_multiply(c, message_2, &m, a) == KMS_OK);
    started = true;
}

/* message += change, from `at` on. Undone by the same once more. True if that alters anything. */
static bool alter(uint8_t *message, size_t len, size_t at, struct bytes change)
{
    uint8_t all = 0;

    for (size_t i = 0; i < change.len; i++) {
        message[(at + i) % len] ^= change.data[i];
        all |= change.data[i];
    }
    return all != 0;
}

/* What base OTs are made of: an encoding that is taken is the canonical one, and comes back. */
static void point(struct bytes in)
{
    static const uint8_t one[RISTRETTO_SCALAR_LEN] = {1}, identity[RISTRETTO_LEN];
    uint8_t              p[RISTRETTO_LEN] = {0}, back[RISTRETTO_LEN];

    for (size_t i = 0; i < in.len && i < sizeof p; i++) p[i] = in.data[i];
    if (ristretto_mul(back, one, p) != KMS_OK) return;
    CHECK(memcmp(back, p, sizeof p) == 0 && memcmp(p, identity, sizeof p) != 0);
    CHECK(ristretto_add(back, p, p) == KMS_OK && ristretto_sub(back, back, p) == KMS_OK);
    CHECK(memcmp(back, p, sizeof p) == 0);
}

static void trees(size_t at, struct bytes change)
{
    static struct pprf_punctured got;
    bool                         altered = alter(tree, sizeof tree, at, change);
    enum kms_err                 err = pprf_puncture(&got, &context, &chosen, tree);

    CHECK(err == KMS_OK || (err == KMS_E_PROOF && altered));
    if (err == KMS_OK) CHECK(memcmp(&got, &punctured, sizeof got) == 0);
    (void)alter(tree, sizeof tree, at, change);
}

static void extension(size_t at, struct bytes change)
{
    static struct ot_rows got[VOLE_ROWS(32, 1)];
    bool                  altered = alter(message_1, sizeof message_1, at, change);

    CHECK(vole_alice_start(got, &vole, &punctured, message_1) == (altered ? KMS_E_PROOF : KMS_OK));
    (void)alter(message_1, sizeof message_1, at, change);
}

static void ole(size_t at, struct bytes change)
{
    bool         altered = alter(message_2, sizeof message_2, at, change);
    enum kms_err err = vole_bob_finish(d, &bob, &vole, 0, message_2);

    CHECK(altered ? err == KMS_E_PROOF || err == KMS_E_FORMAT : err == KMS_OK);
    (void)alter(message_2, sizeof message_2, at, change);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes(data, size < 2048 ? size : 2048); /* less than a message: no byte is altered twice */

    start();
    unsigned which = fuzz_take(&in) % 8;
    size_t   at = (size_t)fuzz_take(&in) << 8;
    at |= fuzz_take(&in);
    if (which < 2) point(in);
    if (which == 2 || which == 3) trees(at, in);
    if (which == 4 || which == 5) extension(at, in);
    if (which >= 6) ole(at, in);
    return 0;
}
