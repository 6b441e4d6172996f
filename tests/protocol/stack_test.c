/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sessions leave on the stack: nothing. Each step runs in a thread whose stack is ours, and afterwards that memory
 * is searched for the secrets of the step in every form that they had, those inside the libraries included.
 */
#include <pthread.h>
#include <stdlib.h>

#include "cluster/dkg/dkg.h"
#include "cluster/dkg/dkg_internal.h"
#include "cluster/frost/frost.h"
#include "cluster/frost/sign_internal.h"
#include "cluster/protocol/session_internal.h"
#include "tests/support/sim.h"

#define STACK_LEN (1024 * 1024)

struct job {
    void (*run)(struct job *);
    struct session       *s[3];
    struct session_params params;
    struct message        m;
    struct key_share     *key;
    struct secret        *sealed;
    enum kms_err          err;
};

static uint8_t stack[STACK_LEN] __attribute__((aligned(4096)));

static void *enter(void *arg)
{
    struct job *job = arg;

    job->run(job);
    return NULL;
}

static void on_own_stack(struct job *job, void (*run)(struct job *))
{
    pthread_attr_t attr;
    pthread_t      thread;

    job->run = run;
    memset(stack, 0, sizeof stack);
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, stack, sizeof stack), 0);
    assert_int_equal(pthread_create(&thread, &attr, enter, job), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attr), 0);
    assert_ok(job->err);
}

static bool is_left(const void *secret, size_t len)
{
    return memmem(stack, sizeof stack, secret, len) != NULL;
}

#define SCALAR_IN_USE 32 /* bytes of both groups here; the words beyond a group's own are zero */

/* Eight bytes of anything are enough: the rest may have been overwritten by chance. */
static void assert_gone(const uint8_t *form, size_t len, const char *what)
{
    for (size_t at = 0; at + 8 <= len; at += 8)
        if (is_left(form + at, 8)) fail_msg("bytes %zu.. of %s are left on the stack", at, what);
}

/* libsodium's ge25519_scalarmult_base: 64 signed digits of four bits. */
static void sodium_digits(int8_t e[64], const uint8_t a[32])
{
    int8_t carry = 0;

    for (int i = 0; i < 32; i++) {
        e[2 * i] = (int8_t)(a[i] & 15);
        e[2 * i + 1] = (int8_t)(a[i] >> 4 & 15);
    }
    for (int i = 0; i < 63; i++) {
        e[i] = (int8_t)(e[i] + carry);
        carry = (int8_t)((e[i] + 8) >> 4);
        e[i] = (int8_t)(e[i] - carry * 16);
    }
    e[63] = (int8_t)(e[63] + carry);
}

static void assert_scalar_gone(const struct prime_group *g, const struct scalar *s)
{
    uint8_t encoded[32], reversed[32];
    int8_t  digits[64];

    scalar_encode(g, encoded, s);
    for (int i = 0; i < 32; i++) reversed[i] = encoded[31 - i];
    sodium_digits(digits, encoded);
    assert_gone((const uint8_t *)s->word, SCALAR_IN_USE, "a scalar");
    assert_gone(encoded, sizeof encoded, "a scalar's encoding");
    assert_gone(reversed, sizeof reversed, "a scalar's words");
    assert_gone((const uint8_t *)digits, sizeof digits, "a scalar's digits in libsodium");
}

/* --- the steps --- */

static void do_init(struct job *job)
{
    job->err = session_init(&job->s[job->params.self], &job->params, 0);
}

static void do_message(struct job *job)
{
    job->err = session_on_message(job->s[1], &job->m, 1);
}

static void do_check(struct job *job)
{
    job->err = key_share_check(job->key);
}

static void do_decode(struct job *job)
{
    job->err = key_share_decode_sealed(job->key, secret_view(job->sealed));
}

/* As libraries do: a copy, below other locals, that nobody wipes. */
static void __attribute__((noinline)) do_leak(struct job *job)
{
    volatile uint8_t copy[4096];

    for (size_t i = 0; i < sizeof copy; i++) copy[i] = ((const uint8_t *)&job->key->secret_share)[i % 32];
}

static struct key_share keys[2][SIM_PARTIES];

static void make_keys(void)
{
    for (unsigned i = 0; i < 2; i++)
        if (keys[i][1].group == NULL) sim_make_key(keys[i], group_by_id((enum group_id)(1 + i)), 2, 2, test_seed());
}

TEST(stack, the_search_finds_what_a_step_leaves)
{
    struct job job = {.key = &keys[0][1]};

    make_keys();
    on_own_stack(&job, do_leak);
    assert_true(is_left(&job.key->secret_share, 32));
}

TEST(stack, checking_and_decoding_a_key_share_leave_nothing_of_it)
{
    make_keys();
    for (unsigned i = 0; i < 2; i++) {
        SECRET_LOCAL     sealed = SECRET_NONE;
        SECRET_KEY_SHARE copy = keys[i][1];
        struct job       job = {.key = &copy, .sealed = &sealed};
        on_own_stack(&job, do_check);
        assert_scalar_gone(copy.group, &copy.secret_share);
        assert_ok(key_share_encode_sealed(&sealed, &copy));
        on_own_stack(&job, do_decode);
        assert_scalar_gone(copy.group, &copy.secret_share);
    }
}

static struct sim_setup setup_of(const struct protocol *protocol, enum group_id group)
{
    bool signs = protocol->gives == OUTCOME_SIGNATURE;

    make_keys();
    return (struct sim_setup){.protocol = protocol,
                              .group = group_by_id(group),
                              .t = 2,
                              .n = 2,
                              .quorum = party_set_first(2),
                              .shares = signs ? keys[0] : NULL,
                              .message = signs ? bytes_str("a message") : BYTES_NONE};
}

/* Two sessions, of which the first is watched. */
static void begin(struct job *job, const struct sim_setup *setup)
{
    for (party p = 2; p >= 1; p--) {
        sim_params(&job->params, setup, p, rng_system());
        on_own_stack(job, do_init);
    }
}

/* The next messages of the second session to the first; and of the first to the second, unwatched. */
static void flight(struct job *job, unsigned messages)
{
    for (unsigned i = 0; i < messages; i++) {
        struct message m;
        assert_true(session_poll(job->s[1], &m));
        assert_ok(session_on_message(job->s[2], &m, 1));
    }
    for (unsigned i = 0; i < messages; i++) {
        assert_true(session_poll(job->s[2], &job->m));
        on_own_stack(job, do_message);
    }
}

TEST(stack, a_signature_leaves_nothing_of_share_and_nonces)
{
    struct job                job = {.key = NULL};
    const struct prime_group *g = group_by_id(GROUP_ED25519);
    struct sim_setup          setup = setup_of(&frost_sign_protocol, GROUP_ED25519);
    struct scalar             k;

    begin(&job, &setup);
    const struct frost_memory *m = session_memory(job.s[1]);
    struct nonce_pair          nonces = m->nonces;
    assert_scalar_gone(g, &nonces.hiding);
    assert_scalar_gone(g, &nonces.binding);
    assert_scalar_gone(g, &keys[0][1].secret_share);

    flight(&job, 1);
    scalar_mul(g, &k, &nonces.binding, &m->rho[1]);
    assert_scalar_gone(g, &k);
    scalar_add(g, &k, &k, &nonces.hiding);
    assert_scalar_gone(g, &k);
    assert_scalar_gone(g, &keys[0][1].secret_share);
    session_free(&job.s[1]), session_free(&job.s[2]);
}

TEST(stack, a_key_generation_leaves_nothing_of_polynomial_and_share)
{
    for (enum group_id id = GROUP_ED25519; id <= GROUP_SECP256K1; id++) {
        struct job        job = {.key = NULL};
        struct sim_setup  setup = setup_of(&dkg_protocol, id);
        SECRET_POLYNOMIAL f;
        struct scalar     x;

        begin(&job, &setup);
        flight(&job, 1);
        f = ((const struct dkg_memory *)session_memory(job.s[1]))->f;
        for (unsigned k = 0; k < 2; k++) assert_scalar_gone(setup.group, &f.coefficient[k]);
        flight(&job, 1);
        for (unsigned k = 0; k < 2; k++) assert_scalar_gone(setup.group, &f.coefficient[k]);
        for (party j = 1; j <= 2; j++) {
            polynomial_evaluate(setup.group, &x, &f, j);
            assert_scalar_gone(setup.group, &x);
        }
        flight(&job, 2);
        x = job.s[1]->outcome.key.secret_share;
        assert_scalar_gone(setup.group, &x);
        flight(&job, 1);
        assert_int_equal(session_state(job.s[1]), SESSION_DONE);
        assert_scalar_gone(setup.group, &x);
        session_free(&job.s[1]), session_free(&job.s[2]);
    }
}
