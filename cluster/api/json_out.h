/* SPDX-License-Identifier: Apache-2.0 */
/* Building an answer: members are added straight down, and whether memory ran out is asked once, at the end. */
#ifndef KMS_CLUSTER_API_JSON_OUT_H
#define KMS_CLUSTER_API_JSON_OUT_H

#include "common/wire/json.h"

struct json_out {
    cJSON *item; /* owned; NULL after a failure */
    bool   failed;
};

struct json_out json_out_object(void);
void            json_out_clear(struct json_out *);
#define JSON_OUT_LOCAL CLEANUP(json_out_clear) struct json_out

/* text NULL: null. */
void json_out_text(struct json_out *, const char *name, const char *text);
void json_out_number(struct json_out *, const char *name, double);
void json_out_bool(struct json_out *, const char *name, bool);
void json_out_hex(struct json_out *, const char *name, struct bytes);
void json_out_base64(struct json_out *, const char *name, struct bytes);
/* Text that is JSON already, and ours. */
void json_out_raw(struct json_out *, const char *name, const char *json);
/* Seconds since 1970 as RFC 3339. */
void json_out_time(struct json_out *, const char *name, int64_t wall_s);
/* Takes over the value. */
void json_out_item(struct json_out *, const char *name, cJSON *value);
/* An array of texts. */
void json_out_texts(struct json_out *, const char *name, const char *const *texts, unsigned count);

#endif
