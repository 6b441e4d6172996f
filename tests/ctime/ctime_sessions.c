/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole protocol runs under valgrind. Secret is whatever a party draws but for its nonce in the opening, the shares
 * that are dealt to it, and all that follows; public is what it broadcasts, from the moment it does.
 */
#include <valgrind/memcheck.h>

#include "cluster/dkg/dkg.h"
#include "cluster/frost/frost.h"
#include "common/base/check.h"
#include "tests/ctime/ctime.h"

#define PARTIES 3

struct member {
    struct rng      rng;
    unsigned        draws;
    struct session *session;
    struct outcome  outcome;
};

static enum kms_err fill(void *self, void *out, size_t len)
{
    struct member *m = self;

    return rng_fill(m->draws++ == 0 ? rng_system() : &secret_rng, out, len);
}

static void deliver(struct member *to, struct message m)
{
    uint8_t body[MESSAGE_BODY_MAX];

    if (m.body.len > 0) memcpy(body, m.body.data, m.body.len);
    if (m.kind == MESSAGE_DIRECT)
        (void)VALGRIND_MAKE_MEM_UNDEFINED(body, m.body.len);
    else
        CHECK(VALGRIND_CHECK_MEM_IS_DEFINED(body, m.body.len) == 0);
    m.body = bytes(body, m.body.len);
    MUST(session_on_message(to->session, &m, 1));
}

static bool pump(struct member members[PARTIES + 1], struct party_set quorum)
{
    struct message m;
    bool           moved = false;

    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
        while (session_poll(members[p].session, &m)) {
            moved = true;
            for (party to = party_set_next(quorum, 0); to != 0; to = party_set_next(quorum, to))
                if (to != p && (m.to == 0 || m.to == to)) deliver(&members[to], m);
        }
    }
    return moved;
}

static void run(struct session_params params, const struct key_share *shares, struct member members[PARTIES + 1])
{
    struct party_set quorum = params.quorum;

    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
        members[p] = (struct member){.rng = {.fill = fill, .self = &members[p]}};
        params.self = p;
        params.rng = &members[p].rng;
        params.share = shares == NULL ? NULL : &shares[p];
        MUST(session_init(&members[p].session, &params, 0));
    }
    while (pump(members, quorum)) continue;
    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
        CHECK(session_state(members[p].session) == SESSION_DONE);
        session_finish(&members[p].session, &members[p].outcome);
    }
}

static struct session_params params_of(const struct protocol *protocol, enum group_id group)
{
    return (struct session_params){.protocol = protocol,
                                   .group = group_by_id(group),
                                   .t = 2,
                                   .n = PARTIES,
                                   .quorum = party_set_first(PARTIES),
                                   .deadline_ms = 1000};
}

static void sign(const struct key_share shares[PARTIES + 1], unsigned signers)
{
    static struct member  members[PARTIES + 1];
    struct session_params params = params_of(&frost_sign_protocol, GROUP_ED25519);

    params.quorum = party_set_first(signers);
    params.epoch = 1;
    params.message = bytes_str("a message");
    run(params, shares, members);
    for (party p = 1; p <= signers; p++) {
        CHECK(members[p].outcome.kind == OUTCOME_SIGNATURE);
        outcome_wipe(&members[p].outcome);
    }
}

static bool is_marked(const struct scalar *s)
{
    uint8_t bits[32]; /* of both groups here; the words beyond a group's own are zero, and known to be */

    CHECK(VALGRIND_GET_VBITS(s, bits, sizeof bits) == 1);
    return bits[0] == 0xff && memcmp(bits, bits + 1, sizeof bits - 1) == 0;
}

void ctime_sessions(void)
{
    static struct member    members[PARTIES + 1];
    static struct key_share shares[PARTIES + 1];

    run(params_of(&dkg_protocol, GROUP_SECP256K1), NULL, members);
    run(params_of(&dkg_protocol, GROUP_ED25519), NULL, members);
    for (party p = 1; p <= PARTIES; p++) {
        CHECK(is_marked(&members[p].outcome.key.secret_share)); /* the marks have come this far */
        shares[p] = members[p].outcome.key;
        outcome_wipe(&members[p].outcome);
    }
    sign(shares, 2);
    sign(shares, PARTIES);
    for (party p = 1; p <= PARTIES; p++) key_share_wipe(&shares[p]);
}
