/* SPDX-License-Identifier: Apache-2.0 */
/* The error table, and the thread-local text of the last failure. */
#include "common/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct error_row {
    const char   *name;
    const char   *title;
    int           http;
    bool          retryable;
    unsigned long ckr;
};

#define ERROR_ROWS 100

static const struct error_row rows[ERROR_ROWS] = {[KMS_OK] = {"ok", "Done", 200, false, 0},
#define X(symbol, number, name, http, retry, ckr, title) [KMS_E_##symbol] = {name, title, http, retry, ckr},
                                                  KMS_ERROR_TABLE(X)
#undef X
};

static _Thread_local char last_text[512];
static _Thread_local char last_where[96];

static const struct error_row *row_of(enum kms_err code)
{
    unsigned number = (unsigned)code;

    if (number >= ERROR_ROWS || rows[number].name == NULL) return &rows[KMS_E_INTERNAL];
    return &rows[number];
}

enum kms_err error_fail(enum kms_err code, const char *file, int line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(last_text, sizeof last_text, format, args);
    va_end(args);
    (void)snprintf(last_where, sizeof last_where, "%s:%d", file, line);
    return code;
}

void error_context(const char *format, ...)
{
    char    line[sizeof last_text];
    va_list args;

    va_start(args, format);
    int used = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (used < 0 || (size_t)used >= sizeof line) return;
    size_t left = sizeof line - (size_t)used - 1;
    (void)snprintf(line + used, left + 1, ": %.*s", (int)(left > 2 ? left - 2 : 0), last_text);
    memcpy(last_text, line, sizeof last_text);
}

const char *error_text(void)
{
    return last_text;
}

const char *error_where(void)
{
    return last_where;
}

void error_clear(void)
{
    last_text[0] = '\0';
    last_where[0] = '\0';
}

const char *error_name(enum kms_err code)
{
    return row_of(code)->name;
}

const char *error_title(enum kms_err code)
{
    return row_of(code)->title;
}

int error_http_status(enum kms_err code)
{
    return row_of(code)->http;
}

bool error_retryable(enum kms_err code)
{
    return row_of(code)->retryable;
}

unsigned long error_ckr(enum kms_err code)
{
    return row_of(code)->ckr;
}

enum kms_err error_from_number(int number)
{
    if (number < 0 || number >= ERROR_ROWS || rows[number].name == NULL) return KMS_E_INTERNAL;
    return (enum kms_err)number;
}

enum kms_err error_from_name(const char *name)
{
    for (int i = 0; i < ERROR_ROWS; i++)
        if (rows[i].name != NULL && strcmp(rows[i].name, name) == 0) return (enum kms_err)i;
    return KMS_E_INTERNAL;
}
