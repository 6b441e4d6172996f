/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error type. A function that can fail returns RESULT; KMS_OK is 0. The text of the last failure of a
 * thread is kept beside it (error_text()); it holds ids, names and numbers, never secrets, never a peer's bytes.
 * Numbers and names are stable: they go over the wire, into logs and into REST answers ("code").
 */
#ifndef KMS_COMMON_BASE_ERROR_H
#define KMS_COMMON_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/compiler.h"

/* X(symbol, number, name, HTTP status, retryable, PKCS#11 CK_RV, title) */
#define KMS_ERROR_TABLE(X)                                                                                         \
    /* the caller's mistake */                                                                                     \
    X(ARGUMENT, 1, "bad_argument", 400, false, 0x007, "An argument is wrong")                                      \
    X(FORMAT, 2, "bad_format", 400, false, 0x020, "The data cannot be parsed")                                     \
    X(RANGE, 3, "out_of_range", 400, false, 0x021, "A value is outside its range")                                 \
    X(UNSUPPORTED, 4, "unsupported", 400, false, 0x070, "Not supported")                                           \
    X(NOT_FOUND, 5, "not_found", 404, false, 0x082, "Not found")                                                   \
    X(CONFLICT, 6, "conflict", 409, false, 0x0D1, "In conflict with what exists")                                  \
    X(STATE, 7, "wrong_state", 409, false, 0x068, "Not possible in this state")                                    \
    X(TOO_LARGE, 8, "too_large", 413, false, 0x021, "Too large")                                                   \
    X(CONFIG, 9, "bad_configuration", 500, false, 0x006, "The configuration is wrong")                             \
    X(METHOD, 10, "method_not_allowed", 405, false, 0x070, "Method not allowed here")                              \
    /* denied */                                                                                                   \
    X(UNAUTHENTICATED, 20, "unauthenticated", 401, false, 0x101, "The request is not authenticated")               \
    X(DENIED, 21, "denied", 403, false, 0x01B, "Not permitted")                                                    \
    X(EXPIRED, 22, "not_fresh", 401, true, 0x030, "The request is not fresh; sign it anew")                        \
    X(REPLAY, 23, "replayed", 409, false, 0x030, "This nonce was used by another request")                         \
    X(ATTEMPTS, 24, "too_many_attempts", 429, false, 0x030, "The request was attempted too often; sign a new one") \
    X(SIGNATURE, 25, "bad_signature", 401, false, 0x0C0, "A signature does not verify")                            \
    X(CERTIFICATE, 26, "bad_certificate", 401, false, 0x101, "A certificate is not valid here")                    \
    X(PASSWORD, 27, "wrong_password", 403, false, 0x0A0, "Wrong password or passphrase")                           \
    /* a peer's fault, in a protocol */                                                                            \
    X(PROTOCOL, 40, "protocol", 502, true, 0x030, "A message breaks the protocol")                                 \
    X(PROOF, 41, "proof", 502, true, 0x030, "A check of a protocol failed")                                        \
    X(EQUIVOCATION, 42, "equivocation", 502, true, 0x030, "Parties were told different things")                    \
    X(MISMATCH, 43, "configuration_mismatch", 502, true, 0x030, "The nodes do not agree on what is to be done")    \
    X(ABORTED, 44, "session_aborted", 502, true, 0x030, "The session was aborted")                                 \
    /* availability */                                                                                             \
    X(UNAVAILABLE, 60, "unavailable", 503, true, 0x030, "Not available now; try again")                            \
    X(TIMEOUT, 61, "timeout", 504, true, 0x030, "Not done in time")                                                \
    X(CLOSED, 62, "connection_closed", 503, true, 0x030, "The connection was closed")                              \
    X(BUSY, 63, "busy", 429, true, 0x030, "Too much at once; try again later")                                     \
    X(QUORUM, 64, "no_quorum", 503, true, 0x030, "Not enough healthy nodes")                                       \
    X(SEALED, 65, "sealed", 503, true, 0x030, "The node is sealed")                                                \
    /* storage and system */                                                                                       \
    X(STORAGE, 80, "storage", 500, true, 0x030, "Storage failed")                                                  \
    X(CORRUPT, 81, "corrupt", 500, false, 0x030, "Stored data is damaged or belongs elsewhere")                    \
    X(SYSTEM, 82, "system", 500, true, 0x030, "The operating system refused")                                      \
    X(MEMORY, 83, "memory", 500, true, 0x002, "Out of memory")                                                     \
    X(RANDOM, 84, "random", 500, true, 0x121, "No random numbers")                                                 \
    X(INTERNAL, 99, "internal", 500, false, 0x005, "Internal error")

enum kms_err {
    KMS_OK = 0,
#define X(symbol, number, name, http, retry, ckr, title) KMS_E_##symbol = number,
    KMS_ERROR_TABLE(X)
#undef X
};

#define RESULT enum kms_err MUST_CHECK

/* Records where and why, and returns `code`: return fail(KMS_E_RANGE, "threshold %u of %u", t, n); */
#define fail(code, ...) error_fail((code), __FILE__, __LINE__, __VA_ARGS__)
/* Passes an error upward unchanged. */
#define TRY(expr)                                \
    do {                                         \
        enum kms_err try_err_ = (expr);          \
        if (try_err_ != KMS_OK) return try_err_; \
    } while (0)
/* The same, with a line of context put before the text: TRY_AT(key_load(...), "key %s", id); */
#define TRY_AT(expr, ...)               \
    do {                                \
        enum kms_err try_err_ = (expr); \
        if (try_err_ != KMS_OK) {       \
            error_context(__VA_ARGS__); \
            return try_err_;            \
        }                               \
    } while (0)

enum kms_err error_fail(enum kms_err code, const char *file, int line, const char *format, ...) PRINTF_LIKE(4, 5);
void         error_context(const char *format, ...) PRINTF_LIKE(1, 2);

/* The text of this thread's last failure ("" before the first), and where it was raised. */
const char *error_text(void);
const char *error_where(void);
void        error_clear(void);

/* The table. An unknown number gives the row of KMS_E_INTERNAL. */
const char   *error_name(enum kms_err);  /* "not_found" */
const char   *error_title(enum kms_err); /* "Not found" */
int           error_http_status(enum kms_err);
bool          error_retryable(enum kms_err);
unsigned long error_ckr(enum kms_err);
enum kms_err  error_from_number(int number);
enum kms_err  error_from_name(const char *name);

#endif
