/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pair of nodes computes: the set-up once, then for each product the OT extension and the vector OLE, one
 * direction, in us of CPU (medians). bench_ot [seconds per part] (1)
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cluster/mpc/gf128.h"
#include "cluster/mpc/vole.h"
#include "common/secret/secmem.h"

#define LEN_MAX SCALAR_LEN_MAX
#define SAMPLES_MAX 100000

static struct ot_base_receiver receiver;
static struct ot_base_pads     pads;
static struct ot_base_chosen   chosen;
static struct pprf_full        full;
static struct pprf_punctured   punctured;
static struct ot_rows          v[VOLE_ROWS(LEN_MAX, 1)], w[VOLE_ROWS(LEN_MAX, 1)];
static uint8_t                 choices[VOLE_CHOICES_LEN(LEN_MAX, 1)];
static uint8_t                 base_1[OT_BASE_MESSAGE_1_LEN], base_2[OT_BASE_MESSAGE_2_LEN], tree[PPRF_MESSAGE_LEN];
static uint8_t                 message_1[VOLE_MESSAGE_1_LEN(LEN_MAX, 1)], message_2[VOLE_MESSAGE_2_LEN(LEN_MAX)];
static struct scalar           a[VOLE_INPUTS], b, c[VOLE_INPUTS], d[VOLE_INPUTS];
static struct vole             vole;
static const struct vole_bob   bob = {choices, v};

static void must(enum kms_err err)
{
    if (err == KMS_OK) return;
    fprintf(stderr, "bench_ot: %s\n", error_text());
    exit(1);
}

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void base_receive(void)
{
    must(ot_base_receive(&receiver, base_1, &vole.context, rng_system()));
}

static void base_send(void)
{
    must(ot_base_send(&pads, base_2, &vole.context, base_1, rng_system()));
}

static void base_finish(void)
{
    struct ot_base_receiver kept = receiver;

    must(ot_base_finish(&chosen, &kept, &vole.context, base_2));
}

static void tree_build(void)
{
    must(pprf_build(&full, tree, &vole.context, &pads));
}

static void tree_puncture(void)
{
    must(pprf_puncture(&punctured, &vole.context, &chosen, tree));
}

static void extension_receive(void)
{
    size_t count = VOLE_OTS(vole.group->scalar_len);

    must(ot_extension_receive(v, message_1, &full,
                              &(struct ot_extension_request){&vole.context, choices, count, rng_system()}));
}

static void extension_send(void)
{
    must(vole_alice_start(w, &vole, &punctured, message_1));
}

static void ole_start(void)
{
    must(vole_bob_start(&bob, &b, message_1, &(struct vole_start){&vole, &full, rng_system()}));
}

static void ole_multiply(void)
{
    struct vole_multiply m = {&vole, 0, punctured.delta, w, rng_system()};

    must(vole_alice_multiply(c, message_2, &m, a));
}

static void ole_finish(void)
{
    must(vole_bob_finish(d, &bob, &vole, 0, message_2));
}

static int by_size(const void *x, const void *y)
{
    double p = *(const double *)x, q = *(const double *)y;

    return (p > q) - (p < q);
}

static double measure(const char *what, void (*step)(void), double seconds)
{
    static double samples[SAMPLES_MAX];
    size_t        count = 0;
    double        begin = now_us(), end = begin;

    do {
        double since = end;
        step();
        end = now_us();
        samples[count++] = end - since;
    } while (end - begin < seconds * 1e6 && count < SAMPLES_MAX);
    qsort(samples, count, sizeof *samples, by_size);
    printf("  %-34s %9.1f us  (%zu runs)\n", what, samples[count / 2], count);
    return samples[count / 2];
}

static void measure_setup(double seconds)
{
    double all = 0;

    printf("set-up, one direction (%d + %d + %d bytes)\n", OT_BASE_MESSAGE_1_LEN, OT_BASE_MESSAGE_2_LEN,
           PPRF_MESSAGE_LEN);
    all += measure("base OT, receiver's message", base_receive, seconds);
    all += measure("base OT, sender", base_send, seconds);
    all += measure("base OT, receiver's pads", base_finish, seconds);
    all += measure("trees, build", tree_build, seconds);
    all += measure("trees, puncture and check", tree_puncture, seconds);
    printf("  %-34s %9.1f ms both directions\n", "pair", 2 * all / 1e3);
}

static void measure_ole(enum group_id id, double seconds)
{
    double all = 0;

    vole.group = group_by_id(id);
    printf("%s, one direction (%zu + %zu bytes)\n", vole.group->name, VOLE_MESSAGE_1_LEN(vole.group->scalar_len, 1),
           VOLE_MESSAGE_2_LEN(vole.group->scalar_len));
    (void)measure("OT extension, receiver", extension_receive, seconds);
    for (unsigned i = 0; i < VOLE_INPUTS; i++) must(scalar_random(vole.group, &a[i], rng_system()));
    all += measure("Bob: extension and b", ole_start, seconds);
    all += measure("Alice: extension", extension_send, seconds);
    all += measure("Alice: OLE", ole_multiply, seconds);
    all += measure("Bob: OLE", ole_finish, seconds);
    printf("  %-34s %9.1f us, both directions %.1f us\n", "sum", all, 2 * all);
}

int main(int argc, char **argv)
{
    static const uint8_t ssid[SSID_LEN] = {1};
    double               seconds = argc > 1 ? strtod(argv[1], NULL) : 1;

    must(secmem_init());
    must(group_init());
    vole = (struct vole){NULL, {ssid, 1, 2}, 1};
    printf("GF(2^128) by %s\n", gf128_is_accelerated() ? "PCLMULQDQ" : "C alone");
    measure_setup(seconds);
    for (int id = GROUP_SECP256K1; group_by_id((enum group_id)id) != NULL; id++)
        measure_ole((enum group_id)id, seconds);
    return 0;
}
