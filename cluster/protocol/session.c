/* SPDX-License-Identifier: Apache-2.0 */
/* What a driver calls, and what a protocol's handlers call; the rules are in engine.c. */
#include <stdlib.h>

#include "cluster/protocol/pool.h"
#include "cluster/protocol/session_internal.h"
#include "common/base/check.h"
#include "common/secret/wipe.h"

static enum kms_err check_parties(const struct session_params *p)
{
    if (p->t < 2 || p->t > p->n || p->n > PARTIES_MAX)
        return fail(KMS_E_RANGE, "%u-of-%u parties: 2 <= t <= n <= %d", p->t, p->n, PARTIES_MAX);
    if ((p->quorum.mask & ~party_set_first(p->n).mask) != 0 || !party_set_has(p->quorum, p->self))
        return fail(KMS_E_RANGE, "party %u, quorum %#x of %u parties", p->self, (unsigned)p->quorum.mask, p->n);
    if (party_set_count(p->quorum) < p->t)
        return fail(KMS_E_RANGE, "%u parties where %u are needed", party_set_count(p->quorum), p->t);
    return KMS_OK;
}

static enum kms_err check_key_run(const struct session_params *p)
{
    if (p->share != NULL || p->message.len != 0 || p->epoch != 0 || p->key_id[0] != '\0')
        return fail(KMS_E_ARGUMENT, "%s takes no share, message, epoch or key id", p->protocol->name);
    if (p->quorum.mask != party_set_first(p->n).mask)
        return fail(KMS_E_ARGUMENT, "%s needs all %u parties", p->protocol->name, p->n);
    return KMS_OK;
}

static enum kms_err check_signature_run(const struct session_params *p)
{
    const struct key_share *k = p->share;

    if (k == NULL) return fail(KMS_E_ARGUMENT, "%s needs a key share", p->protocol->name);
    if (k->group != p->group || k->t != p->t || k->n != p->n || k->self != p->self || k->epoch != p->epoch)
        return fail(KMS_E_ARGUMENT, "the key share is of another group, threshold, party or epoch than the session");
    if (p->message.len > SESSION_MESSAGE_MAX)
        return fail(KMS_E_RANGE, "a message of %zu bytes; the maximum is %d", p->message.len, SESSION_MESSAGE_MAX);
    return key_share_check_quorum(k, p->quorum);
}

/* Between two nodes, with no key; the epoch is the generation of their set-up. */
static enum kms_err check_pair_run(const struct session_params *p)
{
    if (p->share != NULL || p->message.len != 0 || p->key_id[0] != '\0' || p->new_setup == NULL)
        return fail(KMS_E_ARGUMENT, "%s takes no share, message or key id, and needs room for the set-up",
                    p->protocol->name);
    if (p->n != 2 || p->epoch == 0)
        return fail(KMS_E_ARGUMENT, "%s is between 2 nodes and has a generation", p->protocol->name);
    return KMS_OK;
}

static enum kms_err check_params(const struct session_params *p)
{
    if (p->protocol == NULL || p->group == NULL || p->rng == NULL) return fail(KMS_E_ARGUMENT, "session: incomplete");
    if (!p->protocol->supports(p->group->id))
        return fail(KMS_E_ARGUMENT, "%s does not work over %s", p->protocol->name, p->group->name);
    if (memchr(p->key_id, '\0', sizeof p->key_id) == NULL) return fail(KMS_E_ARGUMENT, "session: key id too long");
    TRY(check_parties(p));
    if (p->protocol->gives == OUTCOME_KEY) return check_key_run(p);
    return p->protocol->gives == OUTCOME_PAIR_SETUP ? check_pair_run(p) : check_signature_run(p);
}

static size_t rounded(size_t len)
{
    return (len + 15) & ~(size_t)15;
}

static unsigned limits_of(struct row_limits rows[ROWS_MAX], size_t *state, const struct session_params *p)
{
    const struct protocol *protocol = p->protocol;
    unsigned               count = protocol->round_count;

    CHECK(count >= 1 && count <= ROUNDS_MAX);
    for (unsigned row = 0; row < count; row++) {
        const struct round *r = &protocol->rounds[row];
        rows[row] = (struct row_limits){r->expects, r->max_broadcast, r->max_direct};
    }
    *state = rounded(protocol->measure == NULL ? protocol->state_size : protocol->measure(p, rows));
    rows[0].expects = EXPECTS_BROADCAST;
    rows[0].max_broadcast += OPENING_LEN;
    if (protocol->confirms && party_set_count(p->quorum) > 2)
        rows[count++] = (struct row_limits){EXPECTS_BROADCAST, 0, 0};
    return count;
}

static struct session *allocate(const struct session_params *p)
{
    struct row_limits rows[ROWS_MAX];
    size_t            state;
    unsigned          members = party_set_count(p->quorum), row_count = limits_of(rows, &state, p);
    size_t            memory = state + inbox_size(rows, row_count, members);
    size_t            len = rounded(sizeof(struct session)) + memory;
    struct session   *s = pool_take(len);

    if (s == NULL) return NULL;
    s->block_len = len;
    s->state_len = state;
    s->memory = (uint8_t *)s + rounded(sizeof *s);
    s->memory_len = memory;
    s->protocol = p->protocol;
    s->row_count = row_count;
    memcpy(s->rows, rows, sizeof rows);
    s->inbox = (struct inbox){
        .rows = s->rows, .row_count = row_count, .members = p->quorum, .member_count = members, .self = p->self};
    inbox_init(&s->inbox, s->memory + state);
    return s;
}

static enum kms_err copy_inputs(struct session *s, const struct session_params *p)
{
    s->params = *p;
    if (p->share != NULL) {
        s->share = *p->share;
        s->params.share = &s->share;
    }
    s->message = malloc(p->message.len + 1);
    if (s->message == NULL) return fail(KMS_E_MEMORY, "session: no memory for a message of %zu bytes", p->message.len);
    if (p->message.len > 0) memcpy(s->message, p->message.data, p->message.len);
    s->params.message = bytes(s->message, p->message.len);
    return KMS_OK;
}

static enum kms_err begin(struct session *s, const struct session_params *p)
{
    TRY(copy_inputs(s, p));
    opening_hash_inputs(s);
    return opening_write(s);
}

static enum kms_err create(struct session **out, const struct session_params *p, uint64_t now_ms)
{
    TRY(check_params(p));
    struct session *s = allocate(p);
    if (s == NULL) return fail(KMS_E_MEMORY, "session: no locked memory; raise RLIMIT_MEMLOCK");
    s->progress_at_ms = now_ms;
    enum kms_err err = begin(s, p);
    if (err != KMS_OK) {
        session_free(&s);
        return err;
    }
    *out = s;
    return KMS_OK;
}

/* Every step ends with a wiped stack: scalars wipe themselves, copies that compilers and libraries make do not. */
enum kms_err session_init(struct session **out, const struct session_params *p, uint64_t now_ms)
{
    *out = NULL;
    enum kms_err err = create(out, p, now_ms);
    wipe_stack();
    return err;
}

enum kms_err session_on_message(struct session *s, const struct message *m, uint64_t now_ms)
{
    unsigned row = s->row;

    if (!bytes_equal(BYTES_OF(m->tag), BYTES_OF(s->params.tag)) || !party_set_has(s->params.quorum, m->from) ||
        m->from == s->params.self)
        return fail(KMS_E_ARGUMENT, "message from party %u is not of this session", m->from);
    session_on_tick(s, now_ms);
    if (s->state != SESSION_RUNNING) return KMS_OK;
    engine_on_message(s, m, now_ms);
    if (s->row != row || s->state != SESSION_RUNNING) wipe_stack();
    return KMS_OK;
}

static void give_up(struct session *s, enum abort_reason reason, const char *text)
{
    engine_abort(s, reason, party_set_none(), text);
    wipe_stack();
}

void session_on_tick(struct session *s, uint64_t now_ms)
{
    if (s->state == SESSION_RUNNING && now_ms >= session_wakeup_ms(s)) give_up(s, ABORT_TIMEOUT, session_round_name(s));
}

void session_cancel(struct session *s, enum abort_reason reason)
{
    CHECK(reason == ABORT_CANCELLED || reason == ABORT_TIMEOUT);
    if (s->state == SESSION_RUNNING) give_up(s, reason, "cancelled");
}

static void fill_envelope(const struct session *s, struct message *out, unsigned row, enum message_kind kind)
{
    *out = (struct message){.from = s->params.self, .round = (uint8_t)row, .kind = (uint8_t)kind};
    memcpy(out->tag, s->params.tag, SESSION_TAG_LEN);
    if (row == 0) return;
    memcpy(out->ssid, s->ssid, SSID_LEN);
    if (row < s->row_count) memcpy(out->echo, s->echoes[row], sizeof out->echo);
}

/* The n-th message of a row: the broadcast, then what goes to each party. NULL: it has none. */
static const struct slot *outgoing(const struct session *s, unsigned row, unsigned index)
{
    enum slot_kind kind = index == 0 ? SLOT_BROADCAST : SLOT_DIRECT_OUT;
    party          p = index == 0 ? s->params.self : (party)index;

    if (!party_set_has(s->params.quorum, p)) return NULL;
    const struct slot *slot = inbox_slot(&s->inbox, row, p, kind);
    return slot->present ? slot : NULL;
}

bool session_poll(struct session *s, struct message *out)
{
    if (s->notice_pending) {
        fill_envelope(s, out, MESSAGE_ROUND_ABORT, MESSAGE_BROADCAST);
        s->notice_pending = false;
        return true;
    }
    while (s->state != SESSION_ABORTED && s->poll_row <= s->row && s->poll_row < s->row_count) {
        unsigned           row = s->poll_row, index = s->poll_index;
        const struct slot *slot = outgoing(s, row, index);
        s->poll_row += index == PARTIES_MAX;
        s->poll_index = index == PARTIES_MAX ? 0 : index + 1;
        if (slot == NULL) continue;
        fill_envelope(s, out, row, index == 0 ? MESSAGE_BROADCAST : MESSAGE_DIRECT);
        out->to = (party)index;
        out->body = bytes(slot->body, slot->len);
        return true;
    }
    return false;
}

void session_finish(struct session **session, struct outcome *out)
{
    struct session *s = *session;
    struct message  left;

    CHECK(s->state != SESSION_RUNNING && !session_poll(s, &left));
    *out = s->outcome;
    session_free(session);
}

void session_free(struct session **session)
{
    struct session *s = *session;

    if (s == NULL) return;
    if (s->message != NULL) wipe(s->message, s->params.message.len);
    free(s->message);
    pool_put(s, s->block_len);
    *session = NULL;
}

enum session_state session_state(const struct session *s)
{
    return s->state;
}

uint64_t session_wakeup_ms(const struct session *s)
{
    uint64_t progress = s->progress_at_ms + s->params.progress_ms;

    if (s->params.progress_ms == 0 || progress > s->params.deadline_ms) return s->params.deadline_ms;
    return progress;
}

const uint8_t *session_ssid(const struct session *s)
{
    return s->ssid;
}

struct party_set session_burned(const struct session *s)
{
    return s->burned;
}

const uint8_t *session_tag(const struct session *s)
{
    return s->params.tag;
}

const char *session_protocol_name(const struct session *s)
{
    return s->protocol->name;
}

const char *session_round_name(const struct session *s)
{
    if (s->row < s->protocol->round_count) return s->protocol->rounds[s->row].name;
    return s->row < s->row_count ? "confirm" : "end";
}

void *session_memory(struct session *s)
{
    return s->memory;
}

const struct session_params *session_params(const struct session *s)
{
    return &s->params;
}

const uint8_t *session_inputs(const struct session *s)
{
    return s->inputs;
}

struct outcome *session_result(struct session *s)
{
    return &s->outcome;
}

static uint8_t *put_own(struct session *s, party p, enum slot_kind kind, size_t len)
{
    struct slot *slot = inbox_slot(&s->inbox, s->row, p, kind);

    CHECK(!slot->present && len <= slot->max);
    slot->present = true;
    slot->len = (uint32_t)len;
    return slot->body;
}

uint8_t *session_broadcast(struct session *s, size_t len)
{
    return put_own(s, s->params.self, SLOT_BROADCAST, len);
}

uint8_t *session_direct(struct session *s, party to, size_t len)
{
    CHECK(to != s->params.self);
    return put_own(s, to, SLOT_DIRECT_OUT, len);
}

struct bytes session_payload(const struct session *s, unsigned row, party from)
{
    const struct slot *slot = inbox_slot(&s->inbox, row, from, SLOT_BROADCAST);
    size_t             skip = row == 0 ? OPENING_LEN : 0;

    CHECK(row <= s->row && slot->present && slot->len >= skip);
    return bytes(slot->body + skip, slot->len - skip);
}

enum kms_err session_fault(struct session *s, enum kms_err code, const char *text)
{
    if (s->fault == NULL) s->fault = text;
    return fail(code, "%s, round %s: %s", s->protocol->name, session_round_name(s), text);
}

void session_blame(struct session *s, party p)
{
    s->blamed = party_set_with(s->blamed, p);
}

void session_burn(struct session *s, party p)
{
    s->burned = party_set_with(s->burned, p);
}
