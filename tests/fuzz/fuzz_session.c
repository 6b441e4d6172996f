/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary messages into a session of party 1: whatever the others send, it runs on or ends, names only others, and
 * never reaches a CHECK. Input: u8 kind of session, then messages: u8 from | u8 round | u8 kind | u8 help | u16 length
 * | body. `help` lends what an evil peer knows: 1 the right ssid, 2 the right echo, 4 nonce, roster and inputs of this
 * party's opening.
 */
/* links: cluster_frost */
#include "cluster/dkg/dkg.h"
#include "cluster/frost/frost.h"
#include "cluster/mpc/feldman.h"
#include "cluster/protocol/session_internal.h"
#include "common/crypto/hash.h"
#include "tests/fuzz/fuzz.h"

enum { HELP_SSID = 1, HELP_ECHO = 2, HELP_OPENING = 4 };

static enum kms_err count_up(void *self, void *out, size_t len)
{
    uint64_t *counter = self;
    uint8_t  *at = out;

    for (size_t i = 0; i < len; i += 32) {
        uint8_t block[32];
        (*counter)++;
        sha256(block, bytes(counter, sizeof *counter));
        memcpy(at + i, block, len - i < 32 ? len - i : 32);
    }
    return KMS_OK;
}

/* A 2-of-3 key of which party 1 holds a share: dealt once. */
static const struct key_share *fuzz_key(void)
{
    static struct key_share k;
    uint64_t                counter = 1000;
    struct rng              rng = {count_up, &counter};
    struct hedge            hedge = {&rng, (const uint8_t[32]){0}, (const uint8_t[32]){0}, 1};
    struct polynomial       f;
    struct feldman          F;

    if (k.group != NULL) return &k;
    k = (struct key_share){.group = group_by_id(GROUP_ED25519), .t = 2, .n = 3, .self = 1, .epoch = 1};
    CHECK(polynomial_random(k.group, &f, 2, &hedge, TAG_COEFFICIENT_HEDGE) == KMS_OK);
    feldman_commit(k.group, &F, &f);
    k.public_key = F.point[0];
    for (party i = 1; i <= 3; i++) feldman_evaluate(k.group, &k.public_shares[i], &F, i);
    polynomial_evaluate(k.group, &k.secret_share, &f, 1);
    CHECK(key_share_check(&k) == KMS_OK);
    return &k;
}

static struct session *start(uint8_t kind, struct rng *rng)
{
    bool                  signs = (kind & 1) != 0;
    unsigned              parties = (kind & 2) != 0 ? 3 : 2;
    struct session_params p = {
        .protocol = signs ? &frost_sign_protocol : &dkg_protocol,
        .group = group_by_id(signs || (kind & 4) == 0 ? GROUP_ED25519 : GROUP_SECP256K1),
        .self = 1,
        .quorum = party_set_first(parties),
        .t = 2,
        .n = signs ? 3 : parties,
        .epoch = signs ? 1 : 0,
        .share = signs ? fuzz_key() : NULL,
        .rng = rng,
        .deadline_ms = 1000,
    };
    struct session *s;

    CHECK(session_init(&s, &p, 0) == KMS_OK);
    return s;
}

static void drain(struct session *s, uint8_t opening[OPENING_LEN])
{
    struct message m;

    while (session_poll(s, &m)) {
        CHECK(m.body.len <= MESSAGE_BODY_MAX);
        if (m.round == 0) memcpy(opening, m.body.data, OPENING_LEN);
    }
}

static void help(const struct session *s, struct message *m, uint8_t *body, const uint8_t *opening, uint8_t flags)
{
    if ((flags & HELP_SSID) != 0) memcpy(m->ssid, s->ssid, SSID_LEN);
    if ((flags & HELP_ECHO) != 0 && m->round < s->row_count) memcpy(m->echo, s->echoes[m->round], 32);
    if ((flags & HELP_OPENING) == 0) return;
    memmove(body + OPENING_LEN, body, m->body.len);
    memcpy(body, opening, OPENING_LEN);
    m->body.len += OPENING_LEN;
}

static bool next_message(struct reader *r, const struct session *s, struct message *m, uint8_t *body,
                         const uint8_t *opening)
{
    *m = (struct message){.from = reader_u8(r), .round = reader_u8(r), .kind = reader_u8(r)};
    uint8_t      flags = reader_u8(r);
    struct bytes given = reader_view(r, reader_u16(r) % 8192);

    if (r->failed) return false;
    if (given.len > 0) memcpy(body, given.data, given.len);
    m->body = bytes(body, given.len);
    help(s, m, body, opening, flags);
    return true;
}

static void check_end(struct session **s)
{
    struct outcome out;

    session_cancel(*s, ABORT_CANCELLED);
    drain(*s, (uint8_t[OPENING_LEN]){0});
    session_finish(s, &out);
    CHECK(!party_set_has(out.culprits, 1) && !party_set_has(out.missing, 1));
    CHECK((out.culprits.mask & out.missing.mask) == 0);
    CHECK((out.kind == OUTCOME_NONE) == (out.reason != ABORT_NONE));
    CHECK(out.reason != ABORT_INTERNAL);
    outcome_wipe(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes   in = bytes(data, size);
    uint8_t        body[8192 + OPENING_LEN], opening[OPENING_LEN];
    uint64_t       counter = 0;
    struct rng     rng = {count_up, &counter};
    struct message m;

    fuzz_start();
    struct session *s = start(fuzz_take(&in), &rng);
    struct reader   r = reader_of(in);
    drain(s, opening);
    while (next_message(&r, s, &m, body, opening)) {
        enum kms_err err = session_on_message(s, &m, 1);
        CHECK(err == KMS_OK || err == KMS_E_ARGUMENT);
        drain(s, opening);
    }
    check_end(&s);
    return 0;
}
