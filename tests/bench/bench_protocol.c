/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocols alone, every message encoded and decoded, no network: CPU per party and of all parties together, beside
 * an OpenSSL Ed25519 sign + verify measured in the same run. bench_protocol [seconds per part] (1)
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cluster/dkg/dkg.h"
#include "cluster/frost/frost.h"
#include "common/crypto/group.h"
#include "common/secret/secmem.h"

#define PARTIES 3

struct run {
    struct session *session[PARTIES + 1];
    struct outcome  outcome[PARTIES + 1];
    double          cpu_us[PARTIES + 1]; /* [0]: all */
};

static double now_us(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void must(enum kms_err err)
{
    if (err == KMS_OK) return;
    fprintf(stderr, "bench_protocol: %s\n", error_text());
    exit(1);
}

static void charge(struct run *r, party p, double since_us)
{
    double us = now_us(CLOCK_PROCESS_CPUTIME_ID) - since_us;

    r->cpu_us[p] += us;
    r->cpu_us[0] += us;
}

static void deliver(struct run *r, party to, const struct message *sent)
{
    BUF_LOCAL      encoded = BUF_INIT(MESSAGE_BODY_MAX + 256);
    struct message m;
    double         since = now_us(CLOCK_PROCESS_CPUTIME_ID);

    must(message_encode(&encoded, sent));
    must(message_decode(&m, buf_bytes(&encoded)));
    m.from = sent->from;
    must(session_on_message(r->session[to], &m, 1));
    charge(r, to, since);
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

static void run_once(struct run *r, struct session_params *params, const struct key_share *shares)
{
    struct party_set quorum = params->quorum;

    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
        double since = now_us(CLOCK_PROCESS_CPUTIME_ID);
        params->self = p;
        params->share = shares == NULL ? NULL : &shares[p];
        must(session_init(&r->session[p], params, 0));
        charge(r, p, since);
    }
    while (pump(r, quorum)) continue;
    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p)) {
        double since = now_us(CLOCK_PROCESS_CPUTIME_ID);
        session_finish(&r->session[p], &r->outcome[p]);
        if (r->outcome[p].kind == OUTCOME_NONE) must(abort_reason_error(r->outcome[p].reason));
        charge(r, p, since);
    }
}

struct average {
    double all_us, party_us, wall_us;
    long   runs;
};

static struct average measure(struct session_params params, const struct key_share *shares, struct key_share *made,
                              double seconds)
{
    static struct run r;
    struct average    a = {0};
    double            begin = now_us(CLOCK_MONOTONIC);

    do {
        r = (struct run){0};
        run_once(&r, &params, shares);
        a.all_us += r.cpu_us[0];
        a.party_us += r.cpu_us[1];
        a.runs++;
        for (party p = 1; made != NULL && p <= PARTIES; p++) made[p] = r.outcome[p].key;
    } while (now_us(CLOCK_MONOTONIC) - begin < seconds * 1e6);
    a.wall_us = (now_us(CLOCK_MONOTONIC) - begin) / (double)a.runs;
    a.all_us /= (double)a.runs;
    a.party_us /= (double)a.runs;
    return a;
}

/* One OpenSSL signature and its verification, in us of CPU. */
static double baseline(double seconds)
{
    EVP_PKEY     *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    unsigned char signature[64], message[32] = {0};
    size_t        len = sizeof signature;
    long          runs = 0;
    double        begin = now_us(CLOCK_PROCESS_CPUTIME_ID), end;

    do {
        EVP_MD_CTX *c = EVP_MD_CTX_new();
        bool        good = EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
                    EVP_DigestSign(c, signature, &len, message, sizeof message) == 1;
        EVP_MD_CTX_reset(c);
        good = good && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
               EVP_DigestVerify(c, signature, len, message, sizeof message) == 1;
        EVP_MD_CTX_free(c);
        if (!good) must(KMS_E_INTERNAL);
        runs++;
        end = now_us(CLOCK_PROCESS_CPUTIME_ID);
    } while (end - begin < seconds * 1e6);
    EVP_PKEY_free(key);
    return (end - begin) / (double)runs;
}

static void print(const char *what, struct average a, double base_us)
{
    printf("%-24s per party %7.0f us CPU, all %7.0f us CPU, wall %7.0f us, %5.2f x baseline, %ld runs\n", what,
           a.party_us, a.all_us, a.wall_us, a.all_us / base_us, a.runs);
}

static struct session_params params_of(const struct protocol *protocol, enum group_id group)
{
    return (struct session_params){.protocol = protocol,
                                   .group = group_by_id(group),
                                   .t = 2,
                                   .n = PARTIES,
                                   .quorum = party_set_first(PARTIES),
                                   .rng = rng_system(),
                                   .deadline_ms = 60000};
}

int main(int argc, char **argv)
{
    static struct key_share shares[PARTIES + 1];
    double                  seconds = argc > 1 ? strtod(argv[1], NULL) : 1;

    must(secmem_init());
    must(group_init());
    double base_us = baseline(seconds);
    printf("%-24s %.0f us CPU\n", "OpenSSL sign + verify", base_us);
    print("DKG SECP256K1 2-of-3", measure(params_of(&dkg_protocol, GROUP_SECP256K1), NULL, NULL, seconds), base_us);
    print("DKG ED25519 2-of-3", measure(params_of(&dkg_protocol, GROUP_ED25519), NULL, shares, seconds), base_us);

    struct session_params sign = params_of(&frost_sign_protocol, GROUP_ED25519);
    sign.quorum = party_set_first(2);
    sign.epoch = 1;
    sign.message = bytes_str("thirty-two bytes to be signed...");
    print("FROST sign, 2 signers", measure(sign, shares, NULL, seconds), base_us);
    sign.quorum = party_set_first(3);
    print("FROST sign, 3 signers", measure(sign, shares, NULL, seconds), base_us);
    for (party p = 1; p <= PARTIES; p++) key_share_wipe(&shares[p]);
    return 0;
}
