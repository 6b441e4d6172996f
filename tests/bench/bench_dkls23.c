/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DKLS23 alone, every message encoded and decoded, no network: medians of the CPU of both signers together and of one,
 * and bytes on the wire. bench_dkls23 [seconds per part] (1)
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cluster/dkg/dkg.h"
#include "cluster/dkls23/dkls23.h"
#include "cluster/mpc/pair_setup.h"
#include "common/crypto/group.h"
#include "common/secret/secmem.h"

#define PARTIES 3
#define RUNS_MAX 20000

static struct pair_setup        setups[3]; /* of parties 1 and 2, with each other */
static const struct pair_setup *pointers[3][3] = {{NULL}, {NULL, NULL, &setups[1]}, {NULL, &setups[2], NULL}};
static struct key_share         shares[PARTIES + 1];
static struct presignature      presignatures[3];

struct run {
    struct session *session[PARTIES + 1];
    struct outcome  outcome[PARTIES + 1];
    double          all_us, one_us;
    size_t          bytes;
};

struct medians {
    double all_us, one_us;
    size_t bytes;
    long   runs;
};

static double cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void must(enum kms_err err)
{
    if (err == KMS_OK) return;
    fprintf(stderr, "bench_dkls23: %s\n", error_text());
    exit(1);
}

static void charge(struct run *r, party p, double since_us)
{
    double us = cpu_us() - since_us;

    r->all_us += us;
    if (p == 1) r->one_us += us;
}

static void deliver(struct run *r, party to, const struct message *sent)
{
    BUF_LOCAL      encoded = BUF_INIT(MESSAGE_BODY_MAX + 256);
    struct message m;
    double         since = cpu_us();

    must(message_encode(&encoded, sent));
    must(message_decode(&m, buf_bytes(&encoded)));
    m.from = sent->from;
    must(session_on_message(r->session[to], &m, 1));
    charge(r, to, since);
    r->bytes += encoded.len;
}

static bool pump(struct run *r, struct party_set quorum)
{
    struct message m;
    bool           moved = false;

    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
        while (session_poll(r->session[p], &m)) {
            moved = true;
            for (party to = party_set_next(quorum, 0); to != 0; to = party_set_next(quorum, to))
                if (to != p && (m.to == 0 || m.to == to)) deliver(r, to, &m);
        }
    }
    return moved;
}

/* What each party's session is given beside the common parameters. */
static void give(struct session_params *p, party self)
{
    enum outcome_kind gives =
        p->protocol == &dkg_protocol || p->protocol == &pair_setup_protocol ? OUTCOME_NONE : OUTCOME_SIGNATURE;
    p->self = self;
    p->share = gives == OUTCOME_NONE ? NULL : &shares[self];
    p->setups = self < 3 ? pointers[self] : NULL;
    p->presignature = p->protocol == &dkls23_online_protocol ? &presignatures[self] : NULL;
    p->new_setup = self < 3 ? &setups[self] : NULL;
}

static void run_once(struct run *r, struct session_params *params)
{
    struct party_set quorum = params->quorum;

    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
        double since = cpu_us();
        give(params, p);
        must(session_init(&r->session[p], params, 0));
        charge(r, p, since);
    }
    while (pump(r, quorum)) continue;
    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
        double since = cpu_us();
        session_finish(&r->session[p], &r->outcome[p]);
        if (r->outcome[p].kind == OUTCOME_NONE) must(abort_reason_error(r->outcome[p].reason));
        charge(r, p, since);
    }
}

static void keep(const struct run *r, struct party_set quorum)
{
    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
        if (r->outcome[p].kind == OUTCOME_KEY) shares[p] = r->outcome[p].key;
        if (r->outcome[p].kind == OUTCOME_PRESIGNATURE) presignatures[p] = r->outcome[p].presignature;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, long count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

/* before: what is run unmeasured before each run, NULL: nothing. */
static struct medians measure(struct session_params params, struct session_params *before, double seconds)
{
    static double     all[RUNS_MAX], one[RUNS_MAX];
    static struct run r;
    struct medians    m = {0};
    double            begin = cpu_us();

    do {
        if (before != NULL) {
            r = (struct run){0};
            run_once(&r, before);
            keep(&r, before->quorum);
        }
        r = (struct run){0};
        run_once(&r, &params);
        keep(&r, params.quorum);
        all[m.runs] = r.all_us;
        one[m.runs++] = r.one_us;
        m.bytes = r.bytes;
    } while (cpu_us() - begin < seconds * 1e6 && m.runs < RUNS_MAX);
    m.all_us = median(all, m.runs);
    m.one_us = median(one, m.runs);
    return m;
}

static void print(const char *curve, const char *what, struct medians m)
{
    printf("%-10s %-20s all %7.0f us CPU, party 1 %7.0f us CPU, %7zu bytes, %ld runs\n", curve, what, m.all_us,
           m.one_us, m.bytes, m.runs);
}

static struct session_params params_of(const struct protocol *protocol, const struct prime_group *g)
{
    return (struct session_params){.protocol = protocol,
                                   .group = g,
                                   .t = 2,
                                   .n = PARTIES,
                                   .quorum = party_set_first(2),
                                   .epoch = 1,
                                   .rng = rng_system(),
                                   .deadline_ms = 60000};
}

static void bench_group(const struct prime_group *g, double seconds)
{
    static const uint8_t  digest[32] = {1};
    struct session_params dkg = params_of(&dkg_protocol, g), sign = params_of(&dkls23_sign_protocol, g);
    struct session_params presign = params_of(&dkls23_presign_protocol, g), online = sign;

    dkg.epoch = 0;
    dkg.quorum = party_set_first(PARTIES);
    sign.message = online.message = BYTES_OF(digest);
    online.protocol = &dkls23_online_protocol;
    print(g->name, "DKG, 2 of 3", measure(dkg, NULL, seconds / 4));
    print(g->name, "sign, 2 signers", measure(sign, NULL, seconds));
    print(g->name, "presign, 2 signers", measure(presign, NULL, seconds));
    print(g->name, "online, 2 signers", measure(online, &presign, seconds));
}

int main(int argc, char **argv)
{
    static const enum group_id groups[] = {GROUP_SECP256K1, GROUP_P256, GROUP_P384, GROUP_P521};
    double                     seconds = argc > 1 ? strtod(argv[1], NULL) : 1;

    must(secmem_init());
    must(group_init());
    struct session_params pair = params_of(&pair_setup_protocol, group_by_id(GROUP_ED25519));
    pair.n = 2;
    print("any curve", "pair set-up", measure(pair, NULL, seconds));
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) bench_group(group_by_id(groups[i]), seconds);
    return 0;
}
