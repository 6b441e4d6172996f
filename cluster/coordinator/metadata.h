/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the coordinator remembers, behind a vtable (SQLite; memory for tests): keys, token objects, the operation log.
 * Never a share. Strings are NUL-terminated; blobs are struct buf owned by the record (record_clear functions).
 */
#ifndef KMS_CLUSTER_COORDINATOR_METADATA_H
#define KMS_CLUSTER_COORDINATOR_METADATA_H

#include "common/base/buf.h"
#include "common/document/birth.h"
#include "common/document/signed_request.h"

struct key_record {
    char       key_id[KEY_ID_LEN + 1];
    char       owner[IDENTITY_URI_MAX + 1];
    char       state[20]; /* "ENABLED", "PENDING_DELETION", "DELETED" */
    char       label[LABEL_MAX + 1];
    struct buf id;         /* CKA_ID, raw */
    struct buf attributes; /* JSON object text, as the client gave it */
    uint32_t   revision;   /* 1 at birth; each PATCH adds one */
    int64_t    created_ms, changed_ms, deletion_due_s;
    struct buf birth;   /* encoded, all n signatures */
    struct buf request; /* encoded signed request of the generation: the client's own words */
    struct buf change;  /* encoded signed request of the last PATCH; empty */
    struct buf destroy; /* encoded signed DELETE, kept until every holder has confirmed; empty */
    /* Bit i: holder i (0-based) says the key is DELETED; bit 16 + i: that it will delete it at deletion_due_s. */
    uint32_t destroy_confirmed;
    char     idempotency_key[65];
    uint8_t  body_hash[32]; /* SHA-256 of the generate body: for idempotency */
};

#define ATTRIBUTES_MAX 4096
#define OBJECT_VALUE_MAX 65536

struct object_record {
    char       object_id[KEY_ID_LEN + 1];
    char       owner[IDENTITY_URI_MAX + 1];
    char       object_class[16]; /* "certificate", "data" */
    char       label[LABEL_MAX + 1];
    struct buf id, value, attributes;
    uint32_t   revision;
    int64_t    created_ms, changed_ms;
    struct buf request, change; /* as above */
};

/* One row of t_key_operation_log, with the specification's fields. */
struct log_record {
    char    user_id[IDENTITY_URI_MAX + 1]; /* "" before authentication */
    char    key_id[KEY_ID_LEN + 1];
    char    operation[24]; /* "KEY_GENERATE", "KEY_SIGN", "KEY_DESTROY", ... */
    char    result[24];    /* "ok" or error_name() */
    int64_t created_time;  /* ms since 1970 */
    char    service_name[40];
    char    node_id[160]; /* the nodes that took part, comma-separated */
    int64_t duration_ms;
    char    data_hash[65];    /* hex */
    char    audit_trail[256]; /* client address and user agent */
    char    detail[512];      /* JSON: request id, signature, address, public key ...: per operation */
};

/* Empty, with the maxima of its buffers set. */
void   key_record_init(struct key_record *);
void   object_record_init(struct object_record *);
RESULT key_record_copy(struct key_record *out, const struct key_record *);
RESULT object_record_copy(struct object_record *out, const struct object_record *);
void   key_record_clear(struct key_record *);
void   object_record_clear(struct object_record *);
#define KEY_RECORD_LOCAL CLEANUP(key_record_clear) struct key_record
#define OBJECT_RECORD_LOCAL CLEANUP(object_record_clear) struct object_record

struct metadata {
    const struct metadata_ops *ops;
    void                      *self;
};

struct metadata_ops {
    const char *name;
    /*
     * Insert, or replace what may change (state, label, id, attributes, revision, change, destroy and their times);
     * durable; `log` (may be NULL) is written in the same transaction. KMS_E_CONFLICT: another key of this owner has
     * the idempotency key. The functions named each must not call back into the metadata.
     */
    enum kms_err (*key_put)(void *self, const struct key_record *, const struct log_record *log);
    enum kms_err (*key_get)(void *self, const char *key_id, struct key_record *out); /* KMS_E_NOT_FOUND */
    /* By owner and idempotency key of its generation. KMS_E_NOT_FOUND. */
    enum kms_err (*key_find)(void *self, const char *owner, const char *idempotency_key, struct key_record *out);
    /* owner NULL: everybody's. Only ENABLED ones. In order of key_id, after `after` ("" from the start). */
    enum kms_err (*key_each)(void *self, const char *owner, const char *after, unsigned limit,
                             enum kms_err (*each)(void *arg, const struct key_record *), void *arg);
    /* ENABLED ones, everybody's. */
    enum kms_err (*key_count)(void *self, uint64_t *out);
    /* Keys whose deletion some holder has not confirmed: `destroy` is not empty. Everybody's, in order of key_id. */
    enum kms_err (*key_each_doomed)(void *self, const char *after, unsigned limit,
                                    enum kms_err (*each)(void *arg, const struct key_record *), void *arg);
    /* KMS_E_CONFLICT: an object of that id has been erased. */
    enum kms_err (*object_put)(void *self, const struct object_record *, const struct log_record *log);
    enum kms_err (*object_get)(void *self, const char *object_id, struct object_record *out);
    enum kms_err (*object_erase)(void *self, const char *object_id, const struct log_record *log);
    enum kms_err (*object_each)(void *self, const char *owner, const char *after, unsigned limit,
                                enum kms_err (*each)(void *arg, const struct object_record *), void *arg);
    /* Handed to the operating system when it returns. */
    enum kms_err (*log_append)(void *self, const struct log_record *);
    enum kms_err (*log_each)(void *self, int64_t from_row, unsigned limit,
                             enum kms_err (*each)(void *arg, int64_t row, const struct log_record *), void *arg);
    /* Changes whenever a key or object of `owner` (NULL: of anybody) changes, and survives restarts: for ETags. */
    enum kms_err (*generation)(void *self, const char *owner, uint64_t *out);
    int (*sync_fd)(void *self);
    void (*close)(void *self);
};

RESULT metadata_open_sqlite(struct metadata *out, const char *path);
RESULT metadata_open_memory(struct metadata *out);
void   metadata_close(struct metadata *);

#endif
