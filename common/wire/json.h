/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict access over cJSON. Parsing refuses repeated keys, trailing text, depth over 16, NUL inside strings. A
 * reader of an object takes the members it knows and then calls json_object_end(), which refuses unknown ones.
 *
 *   struct json_object o;  TRY(json_object_begin(&o, item, "request"));
 *   const char *label;     TRY(json_get_text(&o, "label", 255, "", &label));   // "" is the default; NULL: required
 *   TRY(json_object_end(&o));
 *
 * Errors are KMS_E_FORMAT or KMS_E_RANGE and name the member ("request.label: longer than 255 bytes").
 */
#ifndef KMS_COMMON_WIRE_JSON_H
#define KMS_COMMON_WIRE_JSON_H

#include <cjson/cJSON.h>

#include "common/base/buf.h"

#define JSON_MEMBERS_MAX 64

struct json_object {
    const cJSON *item; /* borrowed */
    const char  *name; /* borrowed; for error texts */
    uint64_t     seen; /* bit i: member i was taken */
};

/* *out is owned by the caller: json_free(). */
RESULT json_parse(cJSON **out, struct bytes text);
void   json_free(cJSON **);
#define JSON_LOCAL CLEANUP(json_free) cJSON

RESULT json_object_begin(struct json_object *, const cJSON *item, const char *name);
RESULT json_object_end(const struct json_object *);

/* Absent: *out = otherwise; if `otherwise` is NULL, absence is an error. *out is borrowed from the document. */
RESULT json_get_text(struct json_object *, const char *key, size_t max_len, const char *otherwise, const char **out);
/* A whole number in [min, max]. With `otherwise` outside that range the member is required. */
RESULT json_get_int(struct json_object *, const char *key, int64_t min, int64_t max, int64_t otherwise, int64_t *out);
RESULT json_get_bool(struct json_object *, const char *key, bool otherwise, bool *out);
/* Absent: *out = NULL. */
RESULT json_get_object(struct json_object *, const char *key, const cJSON **out);
RESULT json_get_array(struct json_object *, const char *key, size_t max_items, const cJSON **out);
/* Hex text of at most max_bytes bytes appended to out; absent: nothing appended, *present false. */
RESULT json_get_hex(struct json_object *, const char *key, size_t max_bytes, struct buf *out, bool *present);
/* Base64 text, likewise. */
RESULT json_get_base64(struct json_object *, const char *key, size_t max_bytes, struct buf *out, bool *present);

/* Prints without white space; appends to out. */
RESULT json_print(struct buf *out, const cJSON *item);

#endif
