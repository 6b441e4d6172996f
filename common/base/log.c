/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines, one write(2) each. */
#include "common/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"

#define LINE_MAX_LEN 1024

static enum log_level threshold = LOG_INFO;
static int            sink = STDERR_FILENO;
static char           identity[64];

static const char *const level_names[] = {"error", "warn", "info", "debug", "off"};

void log_setup(enum log_level level, int fd, const char *who)
{
    threshold = level;
    sink = fd;
    (void)snprintf(identity, sizeof identity, "%s", who == NULL ? "" : who);
}

RESULT log_level_parse(enum log_level *out, const char *name)
{
    for (unsigned i = 0; i < ARRAY_LEN(level_names); i++)
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return KMS_OK;
        }
    return fail(KMS_E_CONFIG, "log level \"%.20s\": one of error, warn, info, debug, off", name);
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    if (level > threshold || threshold == LOG_OFF) return;
    char    line[LINE_MAX_LEN], when[21];
    int64_t now = clock_wall_ms();
    clock_format(when, now / 1000);
    when[19] = '\0';
    int used = snprintf(line, sizeof line, "%s.%03dZ %s %s%sevent=%s ", when, (int)(now % 1000), level_names[level],
                        identity, identity[0] == '\0' ? "" : " ", event);
    if (used < 0) return;
    size_t  at = (size_t)used < sizeof line ? (size_t)used : sizeof line - 1;
    va_list args;
    va_start(args, format);
    used = vsnprintf(line + at, sizeof line - at, format, args);
    va_end(args);
    if (used < 0) return;
    size_t len = at + (size_t)used;
    if (len > sizeof line - 1) len = sizeof line - 1;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) line[i] = '?';
    line[len < sizeof line - 1 ? len++ : len - 1] = '\n';
    ssize_t done = write(sink, line, len);
    (void)done; /* a log that cannot be written has nowhere to say so */
}

void log_failure(enum log_level level, const char *event, enum kms_err err)
{
    log_line(level, event, "error=%s text=\"%s\" at=%s", error_name(err), error_text(), error_where());
}
