/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine behind session.c: takes messages into slots, and steps through the rows when they are complete.
 *
 *   message --> admit (opening, ssid, row, kind, size, duplicate) --> slot
 *   row full --> echo of all --> broadcasts --> directs --> complete --> next row's messages
 *
 * What a failure means is decided here, once for all protocols. Only an authenticated message that no honest party can
 * have sent makes its sender a culprit. A tag is a coordinator's word and may have named another session before, so a
 * message is held against its sender only under our ssid, which that party too has given a nonce for. Different inputs
 * or ssids are a configuration; different echoes are somebody's equivocation, and this party cannot know whose; an
 * abort notice is no evidence.
 */
#include "cluster/protocol/echo.h"
#include "cluster/protocol/session_internal.h"
#include "common/base/check.h"
#include "common/crypto/ct.h"
#include "common/secret/wipe.h"

void engine_abort(struct session *s, enum abort_reason reason, struct party_set culprits, const char *text)
{
    outcome_wipe(&s->outcome);
    s->outcome = (struct outcome){.reason = reason, .culprits = culprits, .burned = s->burned, .text = text};
    if (reason == ABORT_TIMEOUT) s->outcome.missing = inbox_missing(&s->inbox, s->row);
    memcpy(s->outcome.ssid, s->ssid, SSID_LEN);
    s->state = SESSION_ABORTED;
    s->notice_pending = true;
    key_share_wipe(&s->share);
    wipe(s->memory, s->memory_len);
}

static void cheated(struct session *s, party from, const char *text)
{
    engine_abort(s, ABORT_CHEATING, party_set_with(party_set_none(), from), text);
}

static const uint8_t no_ssid[SSID_LEN];

/*
 * Openings are compared as they come: before their size, which belongs to the protocol that the peer believes in. What
 * is shorter than any opening, or has an ssid, is of no honest party's session at all.
 */
static bool opening_is_refused(struct session *s, const struct message *m)
{
    static const uint8_t no_echo[sizeof m->echo];

    if (m->round != 0 || m->kind != MESSAGE_BROADCAST) return false;
    if (m->body.len < OPENING_LEN)
        cheated(s, m->from, "opening too short");
    else if (!bytes_equal(BYTES_OF(m->ssid), BYTES_OF(no_ssid)) || !bytes_equal(BYTES_OF(m->echo), BYTES_OF(no_echo)))
        cheated(s, m->from, "opening with a session id or an echo");
    else if (!opening_agrees(s, m->body))
        engine_abort(s, ABORT_CONFIGURATION, party_set_none(), "roster or inputs differ");
    return s->state != SESSION_RUNNING;
}

static bool ssid_is_known(const struct session *s)
{
    return s->row > 0;
}

static bool is_foreign(const struct session *s, const struct message *m)
{
    return m->round > 0 && ssid_is_known(s) && !bytes_equal(BYTES_OF(m->ssid), BYTES_OF(s->ssid));
}

static void end_foreign(struct session *s)
{
    engine_abort(s, ABORT_CONFIGURATION, party_set_none(), "message of another session id");
}

/* A message that has no place here. Of whose session it is only the ssid can tell: without one it may be honest. */
static void misfits(struct session *s, const struct message *m, const char *text)
{
    if (m->round > 0 && ssid_is_known(s))
        cheated(s, m->from, text);
    else
        engine_abort(s, ABORT_CONFIGURATION, party_set_none(), text);
}

/* false: the session has ended, or there is nothing new. */
static bool admit(struct session *s, const struct message *m)
{
    if (opening_is_refused(s, m)) return false;
    if (is_foreign(s, m)) {
        end_foreign(s);
        return false;
    }
    /* A peer is at most one row ahead: it needs this party's messages to go on. */
    if (m->round > s->row + 1 || m->round >= s->row_count) {
        misfits(s, m, "message of a round that cannot have begun");
        return false;
    }
    switch (inbox_put(&s->inbox, m)) {
    case INBOX_NEW:
        return true;
    case INBOX_DUPLICATE:
        return false;
    case INBOX_CONFLICT:
        misfits(s, m, "second, different message");
        return false;
    case INBOX_UNEXPECTED:
        misfits(s, m, "message of a kind that the round does not have");
        return false;
    case INBOX_TOO_LARGE:
        misfits(s, m, "message too large");
        return false;
    }
    UNREACHABLE();
}

static bool slot_is_foreign(const struct session *s, party from, enum slot_kind kind)
{
    const struct slot *slot = inbox_slot(&s->inbox, 1, from, kind);
    return slot->present && !bytes_equal(BYTES_OF(slot->ssid), BYTES_OF(s->ssid));
}

/* Messages of row 1 that came before the ssid was known: compared when it is, so that none stays in another's place. */
static bool early_are_foreign(const struct session *s)
{
    bool foreign = false;

    for (party p = party_set_next(s->params.quorum, 0); p != 0; p = party_set_next(s->params.quorum, p))
        foreign = foreign || (p != s->params.self &&
                              (slot_is_foreign(s, p, SLOT_BROADCAST) || slot_is_foreign(s, p, SLOT_DIRECT_IN)));
    return foreign;
}

static void know_ssid(struct session *s)
{
    opening_derive_ssid(s);
    if (s->row_count > 1 && early_are_foreign(s)) end_foreign(s);
}

static bool echoes_are_good(struct session *s)
{
    if (s->row == 0) return true;
    struct party_set differs = echo_differs(&s->inbox, s->row, s->echoes[s->row]);
    if (party_set_is_empty(differs)) return true;
    if (s->inbox.member_count == 2)
        engine_abort(s, ABORT_CHEATING, differs, "echo where there is none");
    else
        engine_abort(s, ABORT_EQUIVOCATION, party_set_none(), "echoes differ");
    return false;
}

/* Is this error of a handler the sender's doing? Anything else (random numbers, memory) is ours. */
static bool is_foul(enum kms_err err)
{
    return err == KMS_E_FORMAT || err == KMS_E_RANGE || err == KMS_E_PROTOCOL || err == KMS_E_PROOF ||
           err == KMS_E_SIGNATURE;
}

static enum kms_err handle_one(struct session *s, party from, bool broadcast)
{
    static const struct round confirmation;
    const struct round       *row = s->row < s->protocol->round_count ? &s->protocol->rounds[s->row] : &confirmation;
    const struct slot        *slot = inbox_slot(&s->inbox, s->row, from, broadcast ? SLOT_BROADCAST : SLOT_DIRECT_IN);
    round_handler            *handler = broadcast ? row->on_broadcast : row->on_direct;
    size_t                    skip = s->row == 0 ? OPENING_LEN : 0;
    struct reader             r = reader_of(bytes(slot->body + skip, slot->len - skip));

    if (!slot->present) return KMS_OK;
    if (handler != NULL) TRY_AT(handler(s, from, &r), "party %u", from);
    enum kms_err err = reader_end(&r, "message body");
    return err == KMS_OK ? KMS_OK : session_fault(s, err, "bytes after the end of a message");
}

/* Adds to *failed those whose message fails; an error that is nobody's fault is returned. */
static enum kms_err handle_all(struct session *s, bool broadcast, struct party_set *failed)
{
    for (party p = party_set_next(s->params.quorum, 0); p != 0; p = party_set_next(s->params.quorum, p)) {
        if (p == s->params.self || party_set_has(*failed, p)) continue;
        enum kms_err err = handle_one(s, p, broadcast);
        if (err != KMS_OK && !is_foul(err)) return err;
        if (err != KMS_OK) *failed = party_set_with(*failed, p);
    }
    return KMS_OK;
}

static const char *fault_text(const struct session *s)
{
    return s->fault != NULL ? s->fault : session_round_name(s);
}

static enum abort_reason reason_of(const struct session *s, enum kms_err err)
{
    if (!party_set_is_empty(s->blamed) || is_foul(err)) return ABORT_CHEATING;
    if (err == KMS_E_MISMATCH) return ABORT_CONFIGURATION;
    if (err == KMS_E_EQUIVOCATION) return ABORT_EQUIVOCATION;
    return ABORT_INTERNAL;
}

static bool messages_are_good(struct session *s)
{
    struct party_set failed = party_set_none();
    enum kms_err     err = handle_all(s, true, &failed);

    if (err == KMS_OK) err = handle_all(s, false, &failed);
    if (err != KMS_OK)
        engine_abort(s, reason_of(s, err), party_set_none(), fault_text(s));
    else if (!party_set_is_empty(failed))
        engine_abort(s, ABORT_CHEATING, failed, fault_text(s));
    return s->state == SESSION_RUNNING;
}

static void finish_done(struct session *s)
{
    CHECK(s->outcome.kind == s->protocol->gives);
    memcpy(s->outcome.ssid, s->ssid, SSID_LEN);
    s->state = SESSION_DONE;
    key_share_wipe(&s->share);
    wipe(s->memory, s->state_len);
}

/* Own messages of the row that begins are written: the broadcast is public from here on. */
static void publish(const struct session *s)
{
    const struct slot *own = inbox_slot(&s->inbox, s->row, s->params.self, SLOT_BROADCAST);

    CHECK(inbox_is_sent(&s->inbox, s->row));
    if (own->present) ct_declassify(own->body, own->len);
}

/* The row is complete and good: what complete() sends belongs to the next one. */
static void step(struct session *s)
{
    const struct protocol *p = s->protocol;
    unsigned               row = s->row;

    if (s->inbox.member_count > 2) echo_of_row(s->echoes[row + 1], &s->inbox, row, s->ssid);
    s->row++;
    enum kms_err err = row < p->round_count ? p->rounds[row].complete(s) : KMS_OK;
    if (err != KMS_OK || !party_set_is_empty(s->blamed)) {
        s->row = row; /* for the name of the round that failed */
        engine_abort(s, reason_of(s, err), s->blamed, fault_text(s));
        return;
    }
    if (s->row == s->row_count) {
        finish_done(s);
        return;
    }
    if (s->row == p->round_count) (void)session_broadcast(s, 0);
    publish(s);
}

/* A notice carries the ssid, if its sender knew one: another session's that had our tag is none of ours. */
static void on_notice(struct session *s, const struct message *m)
{
    if (is_foreign(s, m) && !bytes_equal(BYTES_OF(m->ssid), BYTES_OF(no_ssid))) return;
    engine_abort(s, ABORT_PEER, party_set_none(), "a peer has given up");
}

void engine_on_message(struct session *s, const struct message *m, uint64_t now_ms)
{
    if (m->round == MESSAGE_ROUND_ABORT) {
        on_notice(s, m);
        return;
    }
    if (!admit(s, m)) return;
    s->progress_at_ms = now_ms;
    while (s->state == SESSION_RUNNING && party_set_is_empty(inbox_missing(&s->inbox, s->row))) {
        if (s->row == 0) know_ssid(s);
        if (s->state == SESSION_RUNNING && echoes_are_good(s) && messages_are_good(s)) step(s);
    }
}
