/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures through any PKCS#11 module: rate, p50, p99, and CPU per signature of this process and of others named by
 * --pid. The same program measures our module and SoftHSMv2, so the two stand beside each other.
 *
 *   bench_pkcs11 --module FILE --token LABEL --pin PIN [--threads N] [--seconds N] [--keygen N] [--pid PID]... [--json]
 *
 * Makes one Ed25519 token key pair, signs 32-byte messages with it from N threads (one session each), deletes it.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MECHANISM_EDWARDS_KEY_PAIR_GEN 0x1055UL /* PKCS#11 3.0 */
#define MECHANISM_EDDSA 0x1057UL
#define THREADS_MAX 256
#define PIDS_MAX 64
#define SAMPLES_MAX 200000

struct options {
    const char *module, *token, *pin;
    unsigned    threads, seconds, keygen;
    unsigned    pid_count;
    long        pids[PIDS_MAX];
    bool        json;
};

struct worker {
    pthread_t        thread;
    CK_OBJECT_HANDLE key;
    uint32_t        *samples_us; /* owned */
    size_t           count;
};

static CK_FUNCTION_LIST *p11;
static CK_SLOT_ID        slot;
static atomic_bool       stop;

static void die(const char *what, unsigned long rv)
{
    fprintf(stderr, "bench_pkcs11: %s: 0x%lx\n", what, rv);
    exit(1);
}

static void must(CK_RV rv, const char *what)
{
    if (rv != CKR_OK) die(what, rv);
}

static uint64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void find_slot(const char *label)
{
    CK_SLOT_ID slots[64];
    CK_ULONG   count = 64;

    must(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (p11->C_GetTokenInfo(slots[i], &info) != CKR_OK) continue;
        size_t len = strlen(label);
        if (len <= sizeof info.label && memcmp(info.label, label, len) == 0 &&
            (len == sizeof info.label || info.label[len] == ' ')) {
            slot = slots[i];
            return;
        }
    }
    die("no token with that label", 0);
}

static CK_SESSION_HANDLE open_session(void)
{
    CK_SESSION_HANDLE session;

    must(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session), "C_OpenSession");
    return session;
}

static void make_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    CK_BBOOL     yes = CK_TRUE;
    CK_BYTE      id[] = {0xbe, 0x4c}, curve[] = "\x13\x0c"
                                                "edwards25519"; /* PrintableString */
    CK_MECHANISM mechanism = {MECHANISM_EDWARDS_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public_template[] = {{CKA_TOKEN, &yes, sizeof yes},
                                      {CKA_VERIFY, &yes, sizeof yes},
                                      {CKA_EC_PARAMS, curve, sizeof curve - 1},
                                      {CKA_ID, id, sizeof id}};
    CK_ATTRIBUTE private_template[] = {{CKA_TOKEN, &yes, sizeof yes},
                                       {CKA_PRIVATE, &yes, sizeof yes},
                                       {CKA_SENSITIVE, &yes, sizeof yes},
                                       {CKA_SIGN, &yes, sizeof yes},
                                       {CKA_ID, id, sizeof id}};
    must(p11->C_GenerateKeyPair(session, &mechanism, public_template, 4, private_template, 5, public_key, private_key),
         "C_GenerateKeyPair");
}

static void *work(void *arg)
{
    struct worker    *w = arg;
    CK_SESSION_HANDLE session = open_session();
    CK_MECHANISM      mechanism = {MECHANISM_EDDSA, NULL, 0};
    CK_BYTE           message[32] = {0}, signature[64];

    while (!atomic_load(&stop)) {
        CK_ULONG len = sizeof signature;
        uint64_t begun = now_us();
        must(p11->C_SignInit(session, &mechanism, w->key), "C_SignInit");
        must(p11->C_Sign(session, message, sizeof message, signature, &len), "C_Sign");
        if (w->count < SAMPLES_MAX) w->samples_us[w->count++] = (uint32_t)(now_us() - begun);
        message[0]++;
    }
    p11->C_CloseSession(session);
    return NULL;
}

/* User + system time of a process, in microseconds; 0 if it has gone. */
static uint64_t cpu_of(long pid)
{
    char               path[64], text[1024];
    unsigned long long user = 0, system = 0;

    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *at = strrchr(text, ')');
    if (at == NULL || sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
        return 0;
    return (user + system) * 1000000 / (unsigned long long)sysconf(_SC_CLK_TCK);
}

static uint64_t cpu_all(const struct options *o)
{
    struct rusage usage;
    uint64_t      sum;

    getrusage(RUSAGE_SELF, &usage);
    sum = (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec;
    sum += (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec;
    for (unsigned i = 0; i < o->pid_count; i++) sum += cpu_of(o->pids[i]);
    return sum;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void report(const struct options *o, struct worker *workers, double seconds, uint64_t cpu_us)
{
    size_t total = 0;

    for (unsigned i = 0; i < o->threads; i++) total += workers[i].count;
    uint32_t *all = malloc((total + 1) * sizeof *all);
    if (all == NULL) die("memory", 0);
    size_t at = 0;
    for (unsigned i = 0; i < o->threads; i++) {
        memcpy(all + at, workers[i].samples_us, workers[i].count * sizeof *all);
        at += workers[i].count;
    }
    if (total == 0) die("no signature", 0);
    qsort(all, total, sizeof *all, by_value);
    double rate = (double)total / seconds, p50 = all[total / 2] / 1000.0, p99 = all[total * 99 / 100] / 1000.0;
    double cpu = (double)cpu_us / (double)total;
    if (o->json)
        printf(
            "{\"threads\":%u,\"signatures\":%zu,\"per_second\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"cpu_us\":%.1f}\n",
            o->threads, total, rate, p50, p99, cpu);
    else
        printf("%-14s %2u threads %8.0f sig/s   p50 %7.3f ms   p99 %7.3f ms   CPU %6.0f us/sig (all processes)\n",
               o->token, o->threads, rate, p50, p99, cpu);
    free(all);
}

static void measure_keygen(const struct options *o, CK_SESSION_HANDLE session)
{
    uint32_t *samples = calloc(o->keygen, sizeof *samples);

    if (samples == NULL) die("memory", 0);
    for (unsigned i = 0; i < o->keygen; i++) {
        CK_OBJECT_HANDLE public_key, private_key;
        uint64_t         begun = now_us();
        make_key(session, &public_key, &private_key);
        samples[i] = (uint32_t)(now_us() - begun);
        must(p11->C_DestroyObject(session, private_key), "C_DestroyObject");
        (void)p11->C_DestroyObject(session, public_key); /* with us, the pair is one key and already gone */
    }
    qsort(samples, o->keygen, sizeof *samples, by_value);
    printf("%-14s key pair   p50 %7.3f ms   p99 %7.3f ms   (%u)\n", o->token, samples[o->keygen / 2] / 1000.0,
           samples[o->keygen * 99 / 100] / 1000.0, o->keygen);
    free(samples);
}

static void parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){.threads = 1, .seconds = 3, .pin = "1234"};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(name, "--json") == 0) {
            o->json = true;
            continue;
        }
        if (value == NULL) die("an option without its value", 0);
        i++;
        if (strcmp(name, "--module") == 0)
            o->module = value;
        else if (strcmp(name, "--token") == 0)
            o->token = value;
        else if (strcmp(name, "--pin") == 0)
            o->pin = value;
        else if (strcmp(name, "--threads") == 0)
            o->threads = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(name, "--seconds") == 0)
            o->seconds = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(name, "--keygen") == 0)
            o->keygen = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(name, "--pid") == 0 && o->pid_count < PIDS_MAX)
            o->pids[o->pid_count++] = strtol(value, NULL, 10);
        else
            die("unknown option", 0);
    }
    if (o->module == NULL || o->token == NULL || o->threads == 0 || o->threads > THREADS_MAX)
        die("usage: see the head of bench_pkcs11.c", 0);
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS_MAX];
    struct options       o;
    CK_OBJECT_HANDLE     public_key, private_key;
    CK_C_INITIALIZE_ARGS threads = {.flags = CKF_OS_LOCKING_OK};

    parse(&o, argc, argv);
    void *module = dlopen(o.module, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) {
        fprintf(stderr, "bench_pkcs11: %s\n", dlerror());
        return 1;
    }
    CK_C_GetFunctionList get;
    *(void **)&get = dlsym(module, "C_GetFunctionList");
    if (get == NULL || get(&p11) != CKR_OK) die("C_GetFunctionList", 0);
    must(p11->C_Initialize(&threads), "C_Initialize");
    find_slot(o.token);
    CK_SESSION_HANDLE session = open_session();
    must(p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)o.pin, strlen(o.pin)), "C_Login");
    if (o.keygen > 0) measure_keygen(&o, session);
    make_key(session, &public_key, &private_key);
    uint64_t cpu = cpu_all(&o), begun = now_us();
    for (unsigned i = 0; i < o.threads; i++) {
        workers[i] = (struct worker){.key = private_key, .samples_us = calloc(SAMPLES_MAX, sizeof(uint32_t))};
        if (workers[i].samples_us == NULL || pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            die("thread", 0);
    }
    struct timespec rest = {.tv_sec = o.seconds};
    nanosleep(&rest, NULL); /* the measured interval */
    atomic_store(&stop, true);
    for (unsigned i = 0; i < o.threads; i++) pthread_join(workers[i].thread, NULL);
    report(&o, workers, (double)(now_us() - begun) / 1e6, cpu_all(&o) - cpu);
    must(p11->C_DestroyObject(session, private_key), "C_DestroyObject");
    (void)p11->C_DestroyObject(session, public_key);
    p11->C_Finalize(NULL);
    for (unsigned i = 0; i < o.threads; i++) free(workers[i].samples_us);
    return 0;
}
