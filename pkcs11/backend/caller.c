/* SPDX-License-Identifier: Apache-2.0 */
/* Calls with retry: which failures are tried again, where, when, and under which signature. */
#include "pkcs11/backend/caller.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "pkcs11/backend/gate.h"
#include "pkcs11/backend/problem.h"

#define SIGNATURES_MAX 3 /* the first, and two anew */
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 800
#define REQUEST_BYTES_MAX (REQUEST_BODY_MAX + 32768)
#define CLOCK_ALLOWANCE_S 5 /* by how much the clocks of the nodes may be ahead of ours */

/* One call while it runs. */
struct effort {
    struct caller     *caller;
    struct call       *call;
    uint64_t           deadline_ms;
    struct buf         signed_headers; /* owned */
    struct http_answer answer;         /* owned */
    unsigned           signatures, attempts;
    unsigned           given_up; /* gateways */
    unsigned           backoff_ms;
};

/* What to do after an attempt. */
enum verdict { DONE, GIVE_UP, NEXT_GATEWAY, SIGN_ANEW };

static RESULT pool_for(struct caller *c, const struct settings *s)
{
    TRY(gateways_init(&c->gateways, s));
    if (pthread_mutex_init(&c->lock, NULL) != 0) return fail(KMS_E_SYSTEM, "mutex");
    return pool_init(&c->pool, c->links, &c->gateways, (unsigned)s->connect_timeout_ms);
}

RESULT caller_init(struct caller *c, const struct settings *s, const struct authority *authority,
                   struct credential *credential)
{
    *c = (struct caller){.credential = *credential};
    *credential = (struct credential){0};
    enum kms_err err = link_context_new(&c->links, authority, c->credential.identity.cluster);
    if (err == KMS_OK) err = pool_for(c, s);
    if (err != KMS_OK) {
        link_context_free(&c->links);
        credential_clear(&c->credential);
    }
    return err;
}

void caller_clear(struct caller *c)
{
    if (c->links == NULL) return;
    pool_clear(&c->pool);
    link_context_free(&c->links);
    credential_clear(&c->credential);
    (void)pthread_mutex_destroy(&c->lock);
}

static unsigned lifetime_s(const struct call *call)
{
    unsigned seconds = (call->timeout_ms + 999) / 1000 + CLOCK_ALLOWANCE_S;

    return seconds < REQUEST_LIFETIME_MAX_S ? seconds : REQUEST_LIFETIME_MAX_S;
}

static RESULT sign(struct effort *e)
{
    struct signed_request r = {.body = e->call->body};

    (void)strncpy(r.method, e->call->method, sizeof r.method - 1);
    (void)strncpy(r.path, e->call->path, sizeof r.path - 1);
    (void)strncpy(r.query, e->call->query, sizeof r.query - 1);
    memcpy(r.idempotency_key, e->call->idempotency_key, sizeof r.idempotency_key);
    (void)pthread_mutex_lock(&e->caller->lock);
    enum kms_err err = e->caller->credential.seed.data == NULL
                           ? fail(KMS_E_UNAUTHENTICATED, "the user has logged out meanwhile")
                           : signed_request_sign(&r, &e->caller->credential, clock_wall_s(), lifetime_s(e->call));
    if (err == KMS_OK) {
        memcpy(e->call->idempotency_key, r.idempotency_key, sizeof r.idempotency_key);
        e->signed_headers.len = 0;
        err = signed_request_headers(&e->signed_headers, &r);
    }
    (void)pthread_mutex_unlock(&e->caller->lock);
    e->signatures++;
    return err;
}

static RESULT compose(struct buf *out, const struct effort *e, const struct gateway *gateway)
{
    const struct call *call = e->call;

    TRY(buf_printf(out,
                   "%s %s%s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: libkms-pkcs11/" KMS_VERSION "\r\n"
                   "Accept: application/json\r\nContent-Length: %zu\r\n",
                   call->method, call->path, call->query[0] == '\0' ? "" : "?", call->query, gateway->authority,
                   call->body.len));
    if (call->body.len > 0) TRY(buf_append_str(out, "Content-Type: application/json\r\n"));
    if (call->if_none_match != NULL) TRY(buf_printf(out, "If-None-Match: %s\r\n", call->if_none_match));
    TRY(buf_append(out, buf_bytes(&e->signed_headers)));
    TRY(buf_append_str(out, "\r\n"));
    return buf_append(out, call->body);
}

/* With other gateways still to try, none may use up the whole time. */
static uint64_t attempt_deadline(const struct effort *e)
{
    unsigned count = e->caller->gateways.count;
    uint64_t now = clock_monotonic_ms();

    if (e->given_up >= count || e->deadline_ms <= now) return e->deadline_ms;
    return now + (e->deadline_ms - now) / (count - e->given_up);
}

static RESULT attempt(struct effort *e, unsigned gateway)
{
    BUF_LOCAL request = BUF_INIT(REQUEST_BYTES_MAX);

    http_answer_clear(&e->answer);
    TRY(compose(&request, e, &e->caller->gateways.items[gateway]));
    return pool_exchange(&e->caller->pool, &e->answer, gateway, buf_bytes(&request), attempt_deadline(e));
}

/* Besides the one that is being asked. */
static bool others_left(const struct effort *e)
{
    return e->given_up + 1 < e->caller->gateways.count;
}

/* A code becomes our caller's return value, and what it does next: a gateway may not choose that freely. */
static enum kms_err believed(const struct call *call, enum kms_err err)
{
    for (size_t i = 0; i < ARRAY_LEN(call->refusals); i++)
        if (call->refusals[i] == err) return err;
    return error_ckr(err) == error_ckr(KMS_E_PROTOCOL) ? err : KMS_E_PROTOCOL;
}

/* A gateway that calls fresh signatures stale may be the one whose clock is wrong. */
static enum verdict judge_refusal(const struct effort *e, enum kms_err err)
{
    bool stale = err == KMS_E_EXPIRED || err == KMS_E_ATTEMPTS;

    if (stale && e->signatures < SIGNATURES_MAX) return SIGN_ANEW;
    if (stale) return others_left(e) ? NEXT_GATEWAY : GIVE_UP;
    return e->answer.status >= 502 || err == KMS_E_BUSY ? NEXT_GATEWAY : GIVE_UP;
}

static RESULT accept_answer(const struct effort *e)
{
    if (e->answer.status == 304 && e->call->if_none_match == NULL)
        return fail(KMS_E_PROTOCOL, "\"not modified\", and nothing was asked conditionally");
    return e->call->accept(e->call->context, &e->answer);
}

static enum verdict judge_attempt(struct effort *e, enum kms_err *err)
{
    int status = e->answer.status;

    if (*err == KMS_E_CERTIFICATE) return others_left(e) ? NEXT_GATEWAY : GIVE_UP;
    if (*err == KMS_E_MEMORY || *err == KMS_E_CONFIG) return GIVE_UP;
    if (*err != KMS_OK) return NEXT_GATEWAY;
    if (status != 200 && status != 201 && status != 304) {
        *err = problem_of(&e->answer);
        enum verdict verdict = judge_refusal(e, *err);
        *err = believed(e->call, *err);
        return verdict;
    }
    *err = accept_answer(e);
    if (*err == KMS_OK) return DONE;
    /* Whatever is wrong with the answer, for our own caller it is the cluster that fails. */
    if (*err != KMS_E_MEMORY) *err = KMS_E_PROTOCOL;
    return others_left(e) ? NEXT_GATEWAY : GIVE_UP;
}

/* False: no time is left for another attempt. */
static bool wait_before_next(struct effort *e)
{
    if (e->given_up < e->caller->gateways.count) return clock_monotonic_ms() < e->deadline_ms;
    uint64_t pause = e->answer.retry_after_s > 0 ? (uint64_t)e->answer.retry_after_s * 1000 : e->backoff_ms;
    if (pause > BACKOFF_MAX_MS) pause = BACKOFF_MAX_MS;
    uint64_t until = clock_monotonic_ms() + pause;
    if (until >= e->deadline_ms) return false;
    if (e->backoff_ms < BACKOFF_MAX_MS) e->backoff_ms *= 2;
    gate_sleep(until);
    return true;
}

static RESULT run(struct effort *e)
{
    TRY(sign(e));
    for (;;) {
        unsigned     gateway = gateways_preferred(&e->caller->gateways);
        enum kms_err err = attempt(e, gateway);
        e->attempts++;
        switch (judge_attempt(e, &err)) {
        case DONE:
            return KMS_OK;
        case GIVE_UP:
            return err;
        case SIGN_ANEW:
            TRY(sign(e));
            break;
        case NEXT_GATEWAY:
            gateways_avoid(&e->caller->gateways, gateway);
            e->given_up++;
            e->signatures = 1; /* the last one: the next gateway may call it stale as often */
            if (!wait_before_next(e)) return err;
            break;
        }
    }
}

RESULT caller_call(struct caller *c, struct call *call)
{
    struct effort e = {.caller = c, .call = call, .backoff_ms = BACKOFF_FIRST_MS, .signed_headers = BUF_INIT(32768)};

    e.deadline_ms = call->deadline_ms != 0 ? call->deadline_ms : clock_monotonic_ms() + call->timeout_ms;
    enum kms_err err = run(&e);
    buf_clear(&e.signed_headers);
    http_answer_clear(&e.answer);
    if (err != KMS_OK)
        error_context("%s %s, request %s, %u attempts", call->method, call->path,
                      call->idempotency_key[0] == '\0' ? "-" : call->idempotency_key, e.attempts);
    return err;
}
