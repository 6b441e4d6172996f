/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for byte patterns in the whole memory of other processes.
 *   memory_scan PID...        patterns on standard input, one line each: a name and hex digits (at least 16 bytes)
 * Prints "NAME in PID at ADDRESS (MAPPING)" for each find. Exit codes: 0 nothing found; 1 found; 2 usage; 77 not
 * permitted to look.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATTERNS_MAX 16
#define PATTERN_MAX 256
#define PAGE 4096u
#define BLOCK (4u * 1024 * 1024)
#define EXIT_NOT_PERMITTED 77

struct pattern {
    char    name[32];
    uint8_t bytes[PATTERN_MAX];
    size_t  len;
};

static struct pattern patterns[PATTERNS_MAX];
static unsigned       pattern_count;
static uint8_t        block[BLOCK + PATTERN_MAX];
static unsigned long  found;
static uint64_t       total;

static bool read_pattern(const char *line, struct pattern *p)
{
    char hex[2 * PATTERN_MAX + 1];

    if (sscanf(line, "%31s %512s", p->name, hex) != 2 || strlen(hex) % 2 != 0) return false;
    p->len = strlen(hex) / 2;
    for (size_t i = 0; i < p->len; i++) {
        unsigned value;
        if (sscanf(hex + 2 * i, "%2x", &value) != 1) return false;
        p->bytes[i] = (uint8_t)value;
    }
    return p->len >= 16;
}

static bool read_patterns(void)
{
    char line[1024];

    while (fgets(line, sizeof line, stdin) != NULL) {
        if (pattern_count == PATTERNS_MAX || !read_pattern(line, &patterns[pattern_count])) return false;
        pattern_count++;
    }
    return pattern_count > 0;
}

static void search(const uint8_t *data, size_t len, uint64_t address, const char *where)
{
    for (unsigned i = 0; i < pattern_count; i++) {
        const uint8_t *at = data, *end = data + len;
        while ((at = memmem(at, (size_t)(end - at), patterns[i].bytes, patterns[i].len)) != NULL) {
            printf("%s in %s at 0x%" PRIx64 "\n", patterns[i].name, where, address + (uint64_t)(at - data));
            found++;
            at++;
        }
    }
}

/* Blocks overlap by the longest pattern, so that none is missed at a border. */
static void scan_range(int mem, uint64_t from, uint64_t to, const char *where)
{
    for (uint64_t at = from, step = 0; at < to; at += step) {
        uint64_t want = to - at < sizeof block ? to - at : sizeof block;
        ssize_t  got = pread(mem, block, (size_t)want, (off_t)at);
        step = got == (ssize_t)want ? BLOCK : PAGE; /* what cannot be read is passed over page by page */
        if (got <= 0) continue;
        total += (uint64_t)got;
        search(block, (size_t)got, at, where);
    }
}

static int scan_process(const char *pid)
{
    char path[64], line[512], where[600];

    (void)snprintf(path, sizeof path, "/proc/%.20s/mem", pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof path, "/proc/%.20s/maps", pid);
    FILE *maps = mem < 0 ? NULL : fopen(path, "re");
    if (maps == NULL) {
        fprintf(stderr, "memory_scan: %s: %s\n", path, strerror(errno));
        if (mem >= 0) (void)close(mem);
        return errno == EACCES || errno == EPERM ? EXIT_NOT_PERMITTED : 2;
    }
    uint64_t before = total;
    while (fgets(line, sizeof line, maps) != NULL) {
        uint64_t from, to;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2 || strstr(line, "[vvar") != NULL ||
            strstr(line, "[vsyscall") != NULL)
            continue;
        (void)snprintf(where, sizeof where, "process %.20s, %.400s", pid, line);
        scan_range(mem, from, to, where);
    }
    (void)fclose(maps);
    (void)close(mem);
    return total > before ? 0 : EXIT_NOT_PERMITTED;
}

int main(int argc, char **argv)
{
    if (argc < 2 || !read_patterns()) {
        fprintf(stderr, "usage: memory_scan PID... < patterns\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        int code = scan_process(argv[i]);
        if (code != 0) return code;
    }
    printf("%" PRIu64 " bytes of %d processes, %u patterns: %lu found\n", total, argc - 1, pattern_count, found);
    return found == 0 ? 0 : 1;
}
