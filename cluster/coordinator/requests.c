/* SPDX-License-Identifier: Apache-2.0 */
/* The table of running requests, and the loop of attempts that they share. */
#include "cluster/coordinator/requests.h"

#include <stdio.h>
#include <stdlib.h>

#include "cluster/coordinator/hooks.h"
#include "cluster/coordinator/internal.h"
#include "common/base/check.h"
#include "common/base/log.h"

#define PAUSE_FIRST_MS 25 /* before the third attempt; the eighth comes 1.6 s after the second has failed */
#define GRACE_MS 100      /* when an attempt is as good as lost: for the other nodes to say why */
#define QUORUM_POLL_MS 50 /* between looks whether the nodes that were missing are back */

/* What an error in a node's Result means for the request. */
enum fault {
    FAULT_NODE,    /* its own trouble: go on without it */
    FAULT_REFUSED, /* it refuses the request */
    FAULT_ABSENT,  /* it does not have the key ready */
    FAULT_PEERS,   /* somebody else was late, or broke the protocol */
    FAULT_ENDED,   /* the session ended there and it does not know whose fault that is */
};

static enum fault fault_of(enum kms_err err)
{
    static const enum kms_err refused[] = {KMS_E_ARGUMENT,  KMS_E_FORMAT,     KMS_E_RANGE,  KMS_E_UNSUPPORTED,
                                           KMS_E_CONFLICT,  KMS_E_TOO_LARGE,  KMS_E_METHOD, KMS_E_UNAUTHENTICATED,
                                           KMS_E_DENIED,    KMS_E_EXPIRED,    KMS_E_REPLAY, KMS_E_ATTEMPTS,
                                           KMS_E_SIGNATURE, KMS_E_CERTIFICATE};

    for (unsigned i = 0; i < ARRAY_LEN(refused); i++)
        if (err == refused[i]) return FAULT_REFUSED;
    if (err == KMS_E_NOT_FOUND || err == KMS_E_STATE) return FAULT_ABSENT;
    if (err == KMS_E_TIMEOUT || err == KMS_E_PROOF || err == KMS_E_PROTOCOL || err == KMS_E_EQUIVOCATION)
        return FAULT_PEERS;
    if (err == KMS_E_ABORTED || err == KMS_E_CLOSED || err == KMS_E_MISMATCH) return FAULT_ENDED;
    return FAULT_NODE;
}

static unsigned count_bits(uint64_t mask)
{
    return (unsigned)__builtin_popcountll(mask);
}

RESULT requests_init(struct coordinator *c)
{
    c->requests.slots = calloc(c->config.requests_max, sizeof *c->requests.slots);
    if (c->requests.slots == NULL) return fail(KMS_E_MEMORY, "a table of %u requests", c->config.requests_max);
    return KMS_OK;
}

static void free_request(struct request *r)
{
    buf_clear(&r->encoded);
    buf_clear(&r->data);
    buf_clear(&r->id);
    buf_clear(&r->attributes);
    birth_book_clear(&r->births);
    free(r);
}

void requests_clear(struct coordinator *c)
{
    CHECK(c->requests.running == NULL);
    free(c->requests.slots);
    c->requests.slots = NULL;
}

static unsigned free_slot(const struct requests *all, unsigned max)
{
    unsigned slot = 0;

    while (slot < max && all->slots[slot] != NULL) slot++;
    return slot;
}

static void describe(struct request *r, const struct operation *op)
{
    memcpy(r->owner, op->who->uri, sizeof r->owner);
    (void)snprintf(r->request_id, sizeof r->request_id, "%s", op->request_id);
    (void)snprintf(r->audit_trail, sizeof r->audit_trail, "%s", op->audit_trail);
    memcpy(r->request_hash, op->request_hash, sizeof r->request_hash);
    memcpy(r->idempotency_key, op->request->idempotency_key, sizeof r->idempotency_key);
    r->started_ms = op->started_ms;
    r->encoded = BUF_INIT(REQUEST_ENCODED_MAX);
    r->data = BUF_INIT(OBJECT_VALUE_MAX);
    r->id = BUF_INIT(LABEL_MAX);
    r->attributes = BUF_INIT(ATTRIBUTES_MAX);
    birth_book_init(&r->births);
}

RESULT request_new(struct coordinator *c, struct request **out, const struct request_kind *kind,
                   const struct operation *op)
{
    struct requests *all = &c->requests;
    unsigned         slot = free_slot(all, c->config.requests_max);

    *out = NULL;
    if (slot == c->config.requests_max)
        return fail(KMS_E_BUSY, "%u requests are under way: try again later", c->config.requests_max);
    struct request *r = calloc(1, sizeof *r);
    if (r == NULL) return fail(KMS_E_MEMORY, "a request");
    describe(r, op);
    r->kind = kind;
    r->slot = slot;
    enum kms_err err = signed_request_encode(&r->encoded, op->request);
    if (err != KMS_OK) {
        free_request(r);
        return err;
    }
    r->next = all->running;
    all->running = r;
    all->slots[slot] = r;
    all->count++;
    *out = r;
    return KMS_OK;
}

static void remember_error(struct request *r, enum kms_err err)
{
    r->last_error = err;
    (void)snprintf(r->last_text, sizeof r->last_text, "%s", error_text());
}

/* Nodes that have not answered are told to stop. */
static void end_attempt(struct coordinator *c, struct request *r)
{
    struct attempt *a = &r->attempt;

    if (!a->running) return;
    a->running = false;
    for (unsigned i = 0; i < a->placement.count; i++) {
        unsigned node = a->placement.nodes[i];
        c->nodes[node].load--;
        if ((a->waiting & node_bit(node)) != 0 && r->last_error != KMS_OK) to_node_cancel(c, node, a->tag);
    }
}

static void unlink_request(struct coordinator *c, struct request *r)
{
    struct request **at = &c->requests.running;

    while (*at != r) at = &(*at)->next;
    *at = r->next;
    c->requests.slots[r->slot] = NULL;
    c->requests.count--;
}

void request_finish(struct coordinator *c, struct request *r, enum kms_err err)
{
    if (err != KMS_OK)
        remember_error(r, err);
    else
        r->last_error = KMS_OK;
    end_attempt(c, r);
    unlink_request(c, r);
    c->count_requests++;
    if (err != KMS_OK) c->count_failures++;
    r->kind->finish(c, r, err);
    free_request(r);
}

static RESULT make_tag(struct coordinator *c, struct request *r)
{
    uint32_t slot = r->slot;

    /* 12 random bytes behind the slot's number: found without a search, and no other session's tag. */
    memcpy(r->attempt.tag, &slot, sizeof slot);
    return rng_fill(c->config.rng, r->attempt.tag + sizeof slot, SESSION_TAG_LEN - sizeof slot);
}

static uint64_t patience_ms(const struct coordinator *c, const struct request *r)
{
    return (uint64_t)c->config.progress_ms * r->kind->patience / 4;
}

static void begin_attempt(struct coordinator *c, struct request *r, const struct placement *p, uint64_t now_ms)
{
    struct attempt      *a = &r->attempt;
    struct start_message start = {
        .tag = a->tag,
        .operation = r->kind->operation,
        .request = buf_bytes(&r->encoded),
        .placement = &a->placement,
        .budget_ms = (uint32_t)(r->deadline_ms - now_ms),
    };

    a->running = true;
    a->doomed = false;
    a->placement = *p;
    a->waiting = 0;
    a->give_up_ms = now_ms + patience_ms(c, r);
    r->attempts++;
    for (unsigned i = 0; i < p->count; i++) {
        a->waiting |= node_bit(p->nodes[i]);
        c->nodes[p->nodes[i]].load++;
    }
    for (unsigned i = 0; i < p->count; i++) {
        HOOK_START(c, r, &start, i);
        to_node_start(c, p->nodes[i], &start);
    }
}

static RESULT choose(struct coordinator *c, struct request *r, struct placement *out)
{
    enum kms_err err = r->kind->choose(c, r, r->avoid | r->refused, out);

    if (err != KMS_OK && r->avoid != 0) {
        r->avoid = 0;
        err = r->kind->choose(c, r, r->refused, out);
    }
    return err;
}

/* What is told when no attempt is left: why the last one failed. */
static enum kms_err last_failure(const struct request *r, enum kms_err otherwise)
{
    return r->last_error == KMS_OK ? otherwise : fail(r->last_error, "%s", r->last_text);
}

/* That a quorum is missing is what the client can do something about; the last failure says how it came to that. */
static enum kms_err no_quorum(const struct request *r)
{
    char text[256];

    if (r->last_error == KMS_OK) return KMS_E_QUORUM;
    (void)snprintf(text, sizeof text, "%s", error_text());
    return fail(KMS_E_QUORUM, "%s; before that: %s", text, r->last_text);
}

/* Nodes that were too busy to answer, or are starting again, come back: only time is lost by waiting. */
static bool may_come_back(const struct coordinator *c, const struct request *r, uint64_t now_ms)
{
    return nodes_count_serving(c) < c->config.node_count && now_ms < r->deadline_ms;
}

static void next_attempt(struct coordinator *c, struct request *r)
{
    uint64_t         now = coordinator_now_ms(c);
    struct placement placement;
    enum kms_err     err = KMS_OK;

    r->retry_ms = 0;
    r->awaits_quorum = false;
    if (now >= r->deadline_ms || r->attempts >= ATTEMPTS_MAX) {
        err = last_failure(r, fail(KMS_E_TIMEOUT, "not done after %u attempts", r->attempts));
    } else {
        err = choose(c, r, &placement);
        if (err == KMS_E_QUORUM && may_come_back(c, r, now)) {
            r->awaits_quorum = true;
            r->retry_ms = now + QUORUM_POLL_MS;
            return;
        }
        if (err == KMS_E_QUORUM)
            err = no_quorum(r);
        else if (err != KMS_OK)
            err = last_failure(r, err);
    }
    if (err == KMS_OK) err = make_tag(c, r);
    if (err == KMS_OK)
        begin_attempt(c, r, &placement, now);
    else
        request_finish(c, r, err);
}

void request_start(struct coordinator *c, struct request *r, uint64_t deadline_ms)
{
    r->deadline_ms = deadline_ms;
    next_attempt(c, r);
}

static void retry(struct coordinator *c, struct request *r)
{
    uint64_t at = coordinator_now_ms(c);

    if (r->attempts >= 2) at += (uint64_t)PAUSE_FIRST_MS << (r->attempts - 2);
    if (r->attempts < 2 || r->attempts >= ATTEMPTS_MAX)
        next_attempt(c, r);
    else if (at >= r->deadline_ms)
        request_finish(c, r, last_failure(r, KMS_E_TIMEOUT));
    else
        r->retry_ms = at;
}

static void fail_attempt(struct coordinator *c, struct request *r, enum kms_err err)
{
    remember_error(r, err);
    log_info("attempt.failed", "request=%s operation=%s attempt=%u error=%s text=\"%s\"", r->request_id,
             r->kind->log_name, r->attempts, error_name(err), r->last_text);
    end_attempt(c, r);
    retry(c, r);
}

void request_hasten(struct coordinator *c, struct request *r, enum kms_err err)
{
    uint64_t soon = coordinator_now_ms(c) + GRACE_MS;

    if (r->attempt.waiting == 0) {
        fail_attempt(c, r, err);
        return;
    }
    remember_error(r, err);
    r->attempt.doomed = true;
    if (soon < r->attempt.give_up_ms) r->attempt.give_up_ms = soon;
}

void request_fail_node(struct coordinator *c, struct request *r, unsigned node, enum kms_err err)
{
    r->avoid |= node_bit(node);
    nodes_penalize(c, node, 2);
    log_failure(LOG_WARN, "node.bad_answer", err);
    request_hasten(c, r, err);
}

static void on_refused(struct coordinator *c, struct request *r, unsigned node, enum kms_err err)
{
    r->refused |= node_bit(node);
    if (count_bits(r->refused) >= r->needed)
        request_finish(c, r, err);
    else
        fail_attempt(c, r, err);
}

static uint64_t named_missing(const struct coordinator *c, const struct request *r, const Kms__V1__Result *result)
{
    uint64_t all = 0, named = 0;

    for (unsigned i = 0; i < r->attempt.placement.count; i++) all |= node_bit(r->attempt.placement.nodes[i]);
    for (size_t i = 0; i < result->n_missing && i < BIRTH_HOLDERS_MAX; i++) {
        unsigned index = nodes_find(c, result->missing[i]);
        if (index != COORDINATOR_NODES_MAX) named |= node_bit(index);
    }
    return named & all;
}

/* Who says it may be the one at fault: the reporter stands a little worse too. */
static void on_peers(struct coordinator *c, struct request *r, unsigned node, const Kms__V1__Result *result)
{
    const struct placement *p = &r->attempt.placement;
    uint64_t                blamed = named_missing(c, r, result) & ~node_bit(node);

    nodes_penalize(c, node, 1);
    for (unsigned i = 0; i < p->count; i++) {
        if (p->nodes[i] == node || (blamed != 0 && (blamed & node_bit(p->nodes[i])) == 0)) continue;
        r->avoid |= node_bit(p->nodes[i]);
        nodes_penalize(c, p->nodes[i], 2);
    }
}

static void bring_what_is_missing(struct coordinator *c, struct request *r, unsigned node)
{
    if (r->kind->on_absent != NULL) r->kind->on_absent(c, r, node);
}

static void on_absent(struct coordinator *c, struct request *r, unsigned node, enum kms_err err)
{
    bring_what_is_missing(c, r, node);
    if (err == KMS_E_NOT_FOUND) err = fail(KMS_E_UNAVAILABLE, "%s does not have this key ready", c->config.nodes[node]);
    on_refused(c, r, node, err);
}

static void on_error(struct coordinator *c, struct request *r, unsigned node, const Kms__V1__Result *result)
{
    enum kms_err err = error_from_number(result->error);

    /* The node's own text is for its own log: here stands only which node and which error. */
    (void)fail(err, "%s: %s", c->config.nodes[node], error_title(err));
    switch (fault_of(err)) {
    case FAULT_REFUSED:
        on_refused(c, r, node, err);
        break;
    case FAULT_ABSENT:
        on_absent(c, r, node, err);
        break;
    case FAULT_PEERS:
        on_peers(c, r, node, result);
        fail_attempt(c, r, err);
        break;
    case FAULT_ENDED:
        request_hasten(c, r, err);
        break;
    case FAULT_NODE:
        if (err == KMS_E_UNAVAILABLE) bring_what_is_missing(c, r, node); /* its share may still be PENDING */
        r->avoid |= node_bit(node);
        nodes_penalize(c, node, 1);
        fail_attempt(c, r, err);
        break;
    }
}

static struct request *find_by_tag(struct coordinator *c, struct bytes tag)
{
    uint32_t slot;

    if (tag.len != SESSION_TAG_LEN) return NULL;
    memcpy(&slot, tag.data, sizeof slot);
    if (slot >= c->config.requests_max) return NULL;
    struct request *r = c->requests.slots[slot];
    if (r == NULL || !r->attempt.running || memcmp(r->attempt.tag, tag.data, tag.len) != 0) return NULL;
    return r;
}

/* One answer of each node that was asked, to the attempt that is running: all else is late or made up. */
void requests_on_result(struct coordinator *c, unsigned from, const Kms__V1__Result *result)
{
    struct request *r = find_by_tag(c, bytes(result->tag.data, result->tag.len));

    if (r == NULL || (r->attempt.waiting & node_bit(from)) == 0) return;
    r->attempt.waiting &= ~node_bit(from);
    if (result->error != 0) {
        on_error(c, r, from, result);
        return;
    }
    uint64_t more = coordinator_now_ms(c) + patience_ms(c, r);
    if (!r->attempt.doomed && more > r->attempt.give_up_ms) r->attempt.give_up_ms = more;
    r->kind->on_result(c, r, from, result);
}

/* A node checks the shares of all others in one go: of 15 on a machine that is busy, that takes seconds. */
uint64_t requests_silence_ms(const struct coordinator *c, unsigned index)
{
    uint64_t longest = 0;

    for (const struct request *r = c->requests.running; r != NULL; r = r->next) {
        if (!r->attempt.running || r->kind->operation != KMS__V1__OPERATION__OPERATION_GENERATE) continue;
        if ((r->attempt.waiting & node_bit(index)) != 0 && patience_ms(c, r) > longest) longest = patience_ms(c, r);
    }
    return longest;
}

void requests_on_node_down(struct coordinator *c, unsigned index)
{
    for (struct request *r = c->requests.running, *next; r != NULL; r = next) {
        next = r->next;
        if (!r->attempt.running || (r->attempt.waiting & node_bit(index)) == 0) continue;
        fail_attempt(c, r, fail(KMS_E_CLOSED, "%s: the connection was lost", c->config.nodes[index]));
    }
}

static bool uses(const struct attempt *a, unsigned index)
{
    for (unsigned i = 0; i < a->placement.count; i++)
        if (a->placement.nodes[i] == index) return true;
    return false;
}

/* A session lives and ends with its tunnels; once both ends have answered, theirs has ended anyway. */
void requests_on_circuit_closed(struct coordinator *c, unsigned a, unsigned b)
{
    for (struct request *r = c->requests.running, *next; r != NULL; r = next) {
        const struct attempt *attempt = &r->attempt;
        next = r->next;
        if (!attempt->running || !uses(attempt, a) || !uses(attempt, b)) continue;
        if ((attempt->waiting & (node_bit(a) | node_bit(b))) == 0) continue;
        fail_attempt(c, r,
                     fail(KMS_E_CLOSED, "the tunnel between %s and %s ended", c->config.nodes[a], c->config.nodes[b]));
    }
}

static void give_up(struct coordinator *c, struct request *r)
{
    if (r->attempt.doomed) {
        fail_attempt(c, r, fail(r->last_error, "%s", r->last_text));
        return;
    }
    for (unsigned i = 0; i < c->config.node_count; i++) {
        if ((r->attempt.waiting & node_bit(i)) == 0) continue;
        r->avoid |= node_bit(i);
        nodes_penalize(c, i, 1);
    }
    fail_attempt(c, r, fail(KMS_E_TIMEOUT, "no answer from the nodes within %u ms", (unsigned)patience_ms(c, r)));
}

static void finish_late(struct coordinator *c, struct request *r)
{
    struct placement unused;
    enum kms_err     late = r->kind->late;

    if (late != KMS_OK)
        late = fail(late, "not done in time (%llu ms, %u attempts)",
                    (unsigned long long)(r->deadline_ms - r->started_ms), r->attempts);
    if (r->awaits_quorum && choose(c, r, &unused) == KMS_E_QUORUM) late = no_quorum(r);
    request_finish(c, r, late);
}

void requests_on_tick(struct coordinator *c, uint64_t now_ms)
{
    for (struct request *r = c->requests.running, *next; r != NULL; r = next) {
        next = r->next;
        if (now_ms >= r->deadline_ms) {
            finish_late(c, r);
        } else if (r->attempt.running && now_ms >= r->attempt.give_up_ms) {
            give_up(c, r);
        } else if (r->retry_ms != 0 && now_ms >= r->retry_ms) {
            next_attempt(c, r);
        }
    }
}

uint64_t requests_wakeup_ms(const struct coordinator *c)
{
    uint64_t at = UINT64_MAX;

    for (const struct request *r = c->requests.running; r != NULL; r = r->next) {
        if (r->deadline_ms < at) at = r->deadline_ms;
        if (r->attempt.running && r->attempt.give_up_ms < at) at = r->attempt.give_up_ms;
        if (r->retry_ms != 0 && r->retry_ms < at) at = r->retry_ms;
    }
    return at;
}

void coordinator_abandon(struct coordinator *c)
{
    while (c->requests.running != NULL)
        request_finish(c, c->requests.running, fail(KMS_E_CLOSED, "the coordinator is stopping: try again"));
}
