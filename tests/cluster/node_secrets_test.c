/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node leaves of its secrets, and what it draws. Every message that a node hands to a tunnel is seen on its way
 * (tunnel_send is wrapped by the linker); afterwards all memory of the process that can be written is searched for the
 * shares that were dealt. They are kept masked here, or the search would find them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cluster/dkg/dkg_internal.h"
#include "cluster/node/state.h"
#include "cluster/protocol/session_internal.h"
#include "tests/support/cluster_sim.h"

#define MASK 0xa5
#define PIECE 16 /* of a secret: what is left may be cut */
#define PIECES_MAX 128
#define REGION_MAX ((size_t)1 << 30) /* larger ones are a sanitizer's own */

static struct cluster_sim sim;

struct masked {
    uint8_t byte[PIECE];
};

static struct {
    struct masked pieces[PIECES_MAX];
    unsigned      count, shares;
    uint8_t       said[2][OPENING_LEN + 64]; /* by tss1, last, in rounds 0 and 1 */
    uint8_t       ssid[SSID_LEN];            /* and under which session id in round 1 */
} seen;

enum kms_err __real_tunnel_send(struct tunnel *, uint8_t type, struct bytes body);
enum kms_err __wrap_tunnel_send(struct tunnel *, uint8_t type, struct bytes body);

static void keep(const uint8_t secret[32])
{
    for (size_t at = 0; at < 32; at += PIECE, seen.count++) {
        assert_true(seen.count < PIECES_MAX);
        for (size_t i = 0; i < PIECE; i++) seen.pieces[seen.count].byte[i] = secret[at + i] ^ MASK;
    }
}

/* As it is sent, and as it lies in a struct scalar. */
static void keep_share(struct bytes encoded)
{
    SECRET_SCALAR s;

    assert_int_equal(encoded.len, 32);
    keep(encoded.data);
    assert_ok(scalar_decode(group_by_id(GROUP_ED25519), &s, encoded));
    keep((const uint8_t *)s.word);
    seen.shares++;
}

static bool is_of_first(const struct tunnel *t)
{
    for (const struct link *l = sim.nodes[0].node->links; l != NULL; l = l->next)
        for (const struct circuit *c = l->circuits; c != NULL; c = c->next)
            if (c->tunnel == t) return true;
    return false;
}

static void keep_said(const struct message *m)
{
    if (m->kind != MESSAGE_BROADCAST || m->round > 1) return;
    assert_true(m->body.len <= sizeof seen.said[0]);
    memcpy(seen.said[m->round], m->body.data, m->body.len);
    memcpy(seen.ssid, m->ssid, SSID_LEN);
}

enum kms_err __wrap_tunnel_send(struct tunnel *t, uint8_t type, struct bytes body)
{
    struct message m;

    if (type == TUNNEL_PROTOCOL) {
        assert_ok(message_decode(&m, body));
        if (m.kind == MESSAGE_DIRECT) keep_share(m.body);
        if (is_of_first(t)) keep_said(&m);
    }
    return __real_tunnel_send(t, type, body);
}

/* --- the search --- */

/* AddressSanitizer knows that the memory between its objects is not ours to read. */
#define UNCHECKED __attribute__((no_sanitize("address")))

UNCHECKED static bool is_at(const uint8_t *at, const struct masked *m)
{
    for (size_t i = 0; i < PIECE; i++)
        if ((at[i] ^ MASK) != m->byte[i]) return false;
    return true;
}

UNCHECKED static unsigned found_in(const uint8_t *from, const uint8_t *to)
{
    static bool starts[256];
    unsigned    found = 0;

    memset(starts, 0, sizeof starts);
    for (unsigned k = 0; k < seen.count; k++) starts[seen.pieces[k].byte[0] ^ MASK] = true;
    for (const uint8_t *at = from; at + PIECE <= to; at++)
        for (unsigned k = 0; starts[*at] && k < seen.count; k++) found += is_at(at, &seen.pieces[k]);
    return found;
}

/* secmem keeps its pages out of dumps; nothing else does. */
static bool is_secmem(const char *flags)
{
    return strstr(flags, " dd") != NULL;
}

static unsigned found_in_memory(bool with_secmem)
{
    FILE         *maps = fopen("/proc/self/smaps", "r");
    char          line[512];
    bool          writable = false;
    unsigned long from = 0, to = 0;
    unsigned      found = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long region[2];
        char          rights[5];
        if (sscanf(line, "%lx-%lx %4s", &region[0], &region[1], rights) == 3) {
            from = region[0], to = region[1];
            writable = strncmp(rights, "rw", 2) == 0;
        }
        if (strncmp(line, "VmFlags:", 8) != 0 || !writable || to - from > REGION_MAX) continue;
        if (is_secmem(line) && !with_secmem) continue;
        unsigned here = found_in((const uint8_t *)from, (const uint8_t *)to);
        if (here > 0) print_error("%u pieces in %lx-%lx %s", here, from, to, line);
        found += here;
    }
    (void)fclose(maps);
    return found;
}

TEST(secrets, the_search_finds_a_share_that_is_left)
{
    uint8_t *left = malloc(64);

    assert_non_null(left);
    for (uint8_t i = 0; i < 64; i++) left[i] = (uint8_t)(0x11 * i);
    seen.count = 0;
    keep(left + 7);
    memset(left + 7, 0, PIECE);
    assert_int_equal(found_in_memory(false), 1);
    memset(left, 0, 64);
    free(left);
}

static void generate(uint32_t nodes)
{
    struct signed_request r;
    char                  body[256];

    seen.count = seen.shares = 0;
    sim_generate_body(body, 2, 3);
    sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate", body);
    sim_begin(&sim, KMS__V1__OPERATION__OPERATION_GENERATE, &r, nodes);
    sim_run(&sim);
}

/* On the way, shares are in secmem and nowhere else: not in a buffer, not in OpenSSL, not on the stack. */
static void search_outside_secmem(void *arg UNUSED, struct cluster_sim *s UNUSED)
{
    assert_int_equal(found_in_memory(false), 0);
}

TEST(secrets, no_dealt_share_is_left_anywhere_when_a_key_is_made)
{
    cluster_sim_init(&sim, 3);
    sim.on_step = search_outside_secmem;
    generate(0x7);
    for (unsigned i = 0; i < 3; i++) assert_int_equal(sim.nodes[i].result.error, KMS_OK);
    assert_int_equal(seen.shares, 6);
    assert_int_equal(found_in_memory(true), 0);
    cluster_sim_clear(&sim);
}

/* Everything is lost from the moment that all shares have been dealt. */
static enum sim_fate drop_when_dealt(void *arg UNUSED, struct sim_relay *r UNUSED)
{
    return seen.shares < 6 ? SIM_PASS : SIM_DROP;
}

TEST(secrets, no_dealt_share_is_left_anywhere_when_a_key_is_not_made)
{
    cluster_sim_init(&sim, 3);
    sim.on_relay = drop_when_dealt;
    sim.on_step = search_outside_secmem;
    generate(0x7);
    assert_true(found_in_memory(true) > 0); /* the sessions run */
    sim_advance(&sim, 5000);
    for (unsigned i = 0; i < 3; i++) assert_int_equal(sim.nodes[i].result.error, KMS_E_TIMEOUT);
    assert_int_equal(seen.shares, 6);
    assert_int_equal(found_in_memory(true), 0);
    cluster_sim_clear(&sim);
}

/* --- check 40: nodes that were rewound draw the same numbers for the same request under the same tag --- */

static void begin_again(const struct sim_start *start, struct rng_seeded rngs[3], uint32_t mask)
{
    for (unsigned i = 0; i < 3; i++) {
        sim.nodes[i].rng = rngs[i];
        if ((mask >> i & 1) != 0) sim_send_start(&sim, i, start);
    }
}

static void keep_rngs(struct rng_seeded rngs[3])
{
    for (unsigned i = 0; i < 3; i++) rngs[i] = sim.nodes[i].rng;
}

TEST(check_40, rewound_nodes_do_not_repeat_their_nonces)
{
    struct signed_request r;
    struct sim_start      start;
    struct rng_seeded     rngs[3];
    char                  key_id[KEY_ID_LEN + 1], target[128];
    uint8_t               first[sizeof seen.said[0]];

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, 0x7, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &r, &sim.owner, target, "{\"data\":\"61747461636b206174206461776e\",\"dataType\":\"RAW\"}");
    sim_start_init(&sim, &start, KMS__V1__OPERATION__OPERATION_SIGN, &r, 0x3);
    keep_rngs(rngs);
    begin_again(&start, rngs, 0x3);
    memcpy(first, seen.said[0], sizeof first);
    sim_run(&sim);
    sim_assert_signed(&sim, key_id, 0x3);
    begin_again(&start, rngs, 0x3);

    assert_memory_equal(seen.said[0], first, NONCE_LEN); /* they have been rewound */
    assert_memory_not_equal(seen.said[0] + OPENING_LEN, first + OPENING_LEN, 32);
    assert_memory_not_equal(seen.said[0] + OPENING_LEN + 32, first + OPENING_LEN + 32, 32);
    sim_run(&sim);
    sim_assert_signed(&sim, key_id, 0x3);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}

TEST(check_40, rewound_nodes_do_not_deal_the_same_polynomials)
{
    struct signed_request r;
    struct sim_start      start;
    struct rng_seeded     rngs[3];
    char                  body[256];
    uint8_t               ssid[SSID_LEN], first[COMMITMENT_LEN];

    cluster_sim_init(&sim, 3);
    seen.count = seen.shares = 0;
    sim.on_relay = drop_when_dealt;
    sim_generate_body(body, 2, 3);
    sim_request(&sim, &r, &sim.owner, "POST /api/v1/keys/generate", body);
    sim_start_init(&sim, &start, KMS__V1__OPERATION__OPERATION_GENERATE, &r, 0x7);
    keep_rngs(rngs);
    begin_again(&start, rngs, 0x7);
    sim_run(&sim);
    sim_advance(&sim, 5000);
    memcpy(ssid, seen.ssid, sizeof ssid);
    memcpy(first, seen.said[1], sizeof first);
    sim.on_relay = NULL;
    for (unsigned i = 0; i < 3; i++) sim_restart(&sim, i); /* tunnels do not survive a loss */
    begin_again(&start, rngs, 0x7);
    sim_run(&sim);

    for (unsigned i = 0; i < 3; i++) assert_int_equal(sim.nodes[i].result.error, KMS_OK);
    assert_memory_equal(seen.ssid, ssid, sizeof ssid); /* they have been rewound */
    assert_memory_not_equal(seen.said[1], first, sizeof first);
    sim_start_clear(&start);
    cluster_sim_clear(&sim);
}
