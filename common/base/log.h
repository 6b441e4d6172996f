/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines: `2026-11-21T20:48:03.120Z info node=tss1 event=key.active key=ab..`. Values are ids, names and
 * numbers; there is no form for bytes, and control characters are escaped. Thread-safe (one write per line).
 */
#ifndef KMS_COMMON_BASE_LOG_H
#define KMS_COMMON_BASE_LOG_H

#include "common/base/compiler.h"
#include "common/base/error.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_OFF };

/* `who` is put into each line ("node=tss1"); fd is the sink (default 2, level LOG_INFO). Not thread-safe: at start. */
void   log_setup(enum log_level level, int fd, const char *who);
RESULT log_level_parse(enum log_level *out, const char *name);

/* log_info("key.active", "key=%s epoch=%u", id, epoch); the event is a dotted constant. */
void log_line(enum log_level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* The last error of this thread, as a line: `event=... error=not_found text="..." at=file:line`. */
void log_failure(enum log_level, const char *event, enum kms_err);

#endif
