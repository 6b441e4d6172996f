/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON of docs/rest-api.md: bodies that the module sends, answers that it reads, and, as both are evidence later,
 * bodies that it reads back. Of an answer only names and evidence are taken; what evidence says is taken from the
 * evidence.
 */
#ifndef KMS_PKCS11_BACKEND_REQUESTS_H
#define KMS_PKCS11_BACKEND_REQUESTS_H

#include "common/document/signed_request.h"
#include "common/wire/json.h"
#include "pkcs11/backend/backend.h"

#define VALUE_MAX 65536   /* of a certificate or data object */
#define MESSAGE_MAX 65536 /* that one signature can be of */
#define PAGE_ITEMS 100

/* A client's own words about an object, as it signs them. */
struct words {
    const char  *label;
    struct bytes id;
    const char  *attributes; /* JSON object text; NULL: none */
};

RESULT request_generate(struct buf *out, const struct backend_generate *);
RESULT request_change(struct buf *out, const struct words *, uint32_t revision);
RESULT request_create(struct buf *out, enum backend_class, const struct words *, struct bytes value);
RESULT request_sign(struct buf *out, struct bytes message);

/* An item of a list, or a single answer: its name and its evidence. */
struct evidence {
    char       object_id[KEY_ID_LEN + 1];
    struct buf birth;   /* owned; keys only */
    struct buf request; /* owned */
    struct buf change;  /* owned; empty: never changed */
};
#define EVIDENCE_LOCAL CLEANUP(evidence_clear) struct evidence
void evidence_clear(struct evidence *);
/* class: BACKEND_KEY, or any other for /objects. */
RESULT answer_evidence(struct evidence *out, enum backend_class, const cJSON *item);

struct page {
    const cJSON *items;                /* borrowed */
    char         next[KEY_ID_LEN + 1]; /* "" at the end */
};
RESULT answer_page(struct page *out, const cJSON *item);
/* The signature of `key_id`, decoded, not verified. */
RESULT answer_signature(uint8_t signature[64], const cJSON *item, const char *key_id);

/* What a generate, create or PATCH body says: label, id and attributes into *out, the rest into *facts. */
struct facts {
    enum group_id group;
    unsigned      shard_count, threshold;
    enum backend_class class;
    uint32_t revision;
};
RESULT body_read_generate(struct backend_object *out, struct facts *, struct bytes body);
RESULT body_read_create(struct backend_object *out, struct facts *, struct bytes body);
RESULT body_read_change(struct backend_object *out, struct facts *, struct bytes body);

bool is_object_id(const char *text);

#endif
