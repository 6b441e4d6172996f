/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without libFuzzer: every file of its corpus, then repeatable mutations of them. An input that ends
 * the process is left in the working directory as crash-<program>. Knobs: KMS_TEST_SEED, KMS_FUZZ_MUTATIONS.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 8192
#define SEEDS_MAX 512

struct input {
    uint8_t data[INPUT_MAX];
    size_t  len;
};

static struct input *seeds[SEEDS_MAX];
static size_t        seed_count;
static struct input  current;
static char          crash_path[256];
static uint64_t      state;

/* Present with AddressSanitizer, which ends the process without a signal. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static void save_current(void)
{
    int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, current.data, current.len) < 0) return;
    (void)close(fd);
}

static void on_signal(int signal_number)
{
    save_current();
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

/* splitmix64 (Steele, Lea, Flood 2014): small and repeatable. */
static uint64_t draw(uint64_t bound)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % bound;
}

static void run(void)
{
    /* An exact allocation, so that reading one byte too far is seen. */
    uint8_t *copy = malloc(current.len == 0 ? 1 : current.len);

    CHECK(copy != NULL);
    memcpy(copy, current.data, current.len);
    (void)LLVMFuzzerTestOneInput(copy, current.len);
    free(copy);
}

static void load(const char *folder, const char *name)
{
    char          path[1024];
    struct input *seed = calloc(1, sizeof *seed);

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (seed == NULL || file == NULL || seed_count == SEEDS_MAX) {
        fprintf(stderr, "cannot load %s\n", path);
        exit(1);
    }
    seed->len = fread(seed->data, 1, sizeof seed->data, file);
    (void)fclose(file);
    seeds[seed_count++] = seed;
}

static void load_all(const char *folder)
{
    struct dirent **names = NULL;
    int             count = scandir(folder, &names, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') load(folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    if (seed_count == 0) {
        fprintf(stderr, "%s: a corpus needs at least one file\n", folder);
        exit(1);
    }
}

static void delete_some(void)
{
    if (current.len == 0) return;
    size_t at = draw(current.len), count = 1 + draw(current.len - at);
    memmove(current.data + at, current.data + at + count, current.len - at - count);
    current.len -= count;
}

/* Bytes of another seed, or of this input itself, put in between. */
static void insert_some(void)
{
    const struct input *from = seeds[draw(seed_count)];

    if (from->len == 0) return;
    size_t at = draw(current.len + 1), first = draw(from->len), count = 1 + draw(from->len - first);
    if (count > INPUT_MAX - current.len) return;
    memmove(current.data + at + count, current.data + at, current.len - at);
    memcpy(current.data + at, from->data + first, count);
    current.len += count;
}

static void change_byte(void)
{
    static const uint8_t interesting[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xec, 0xed, '"', '\\', '=', '{', '['};

    if (current.len == 0) return;
    size_t at = draw(current.len);
    switch (draw(3)) {
    case 0:
        current.data[at] ^= (uint8_t)(1u << draw(8));
        break;
    case 1:
        current.data[at] = interesting[draw(sizeof interesting)];
        break;
    default:
        current.data[at] = (uint8_t)draw(256);
    }
}

static void mutate(void)
{
    static void (*const moves[])(void) = {change_byte, change_byte, change_byte, insert_some, delete_some};

    current = *seeds[draw(seed_count)];
    for (uint64_t count = 1 + draw(4); count > 0; count--) moves[draw(sizeof moves / sizeof moves[0])]();
}

static unsigned long knob(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    const char   *program = strrchr(argv[0], '/') == NULL ? argv[0] : strrchr(argv[0], '/') + 1;
    unsigned long mutations = knob("KMS_FUZZ_MUTATIONS", 20000);

    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    state = knob("KMS_TEST_SEED", 1);
    printf("# seed: KMS_TEST_SEED=%llu KMS_FUZZ_MUTATIONS=%lu %s\n", (unsigned long long)state, mutations, argv[0]);
    (void)snprintf(crash_path, sizeof crash_path, "crash-%s", program);
    (void)signal(SIGABRT, on_signal);
    (void)signal(SIGSEGV, on_signal);
    if (__sanitizer_set_death_callback != NULL) __sanitizer_set_death_callback(save_current);
    load_all(argv[1]);
    for (size_t i = 0; i < seed_count; i++) {
        current = *seeds[i];
        run();
    }
    for (unsigned long i = 0; i < mutations; i++) {
        mutate();
        run();
    }
    for (size_t i = 0; i < seed_count; i++) free(seeds[i]);
    return 0;
}
