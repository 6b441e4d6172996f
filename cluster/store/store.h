/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node must remember, behind a vtable: SQLite, memory (tests, refused in production), and `sealed`, a decorator
 * that puts every record's value under AES-256-GCM with (node, table, key, version, epoch) as associated data. One
 * conformance test for all.
 *
 * Records: put is durable (fsync) when it returns, unless `lazy`. The log: append hands the row to the operating
 * system before it returns; store_sync_fd() gives a descriptor whose fdatasync makes all appended rows durable.
 */
#ifndef KMS_CLUSTER_STORE_STORE_H
#define KMS_CLUSTER_STORE_STORE_H

#include "common/base/buf.h"
#include "common/secret/secret.h"

enum store_table {
    STORE_SHARE = 1, /* key: keyId; value: the node's key record, sealed */
    STORE_TOMBSTONE, /* key: keyId of a deleted or abandoned key */
    STORE_STATEMENT, /* key: subject; value: the statement with the highest sequence */
    STORE_META,      /* key: a name; small facts ("format", "node") */
};

#define STORE_KEY_MAX 128
#define STORE_VALUE_MAX (256 * 1024)

struct store_id {
    enum store_table table;
    char             key[STORE_KEY_MAX + 1];
    uint32_t         version; /* of the key; 0 where it has none */
    uint32_t         epoch;
};

struct store_log_row {
    uint64_t seq;      /* 1, 2, ...: given by append */
    int64_t  time_ms;  /* wall clock */
    uint8_t  prev[32]; /* hash of the row before; zeros for the first: filled by append */
    uint8_t  hash[32]; /* H(LOG_ROW, prev, seq, time, kind, access key, nonce, request hash, expires, key id, item, data
                          hash, result) */
    char     kind[24]; /* "sign", "generate", "delete", "start", ... */
    char     access_key[33];
    char     nonce[65];
    uint8_t  request_hash[32];
    int64_t  expires_s;
    char     key_id[64];
    uint32_t item;
    uint8_t  data_hash[32];
    char     result[24]; /* error_name() or "ok" or "begun" */
};

struct store {
    const struct store_ops *ops;
    void                   *self;
};

struct store_ops {
    const char *name;
    enum kms_err (*put)(void *self, const struct store_id *, struct bytes value);
    /* KMS_E_NOT_FOUND. `id` is in/out: table and key in; version and epoch out. */
    enum kms_err (*get)(void *self, struct store_id *id, struct secret *value);
    enum kms_err (*erase)(void *self, const struct store_id *);
    /* Every record of a table in order of key; stops at and returns the first error of `each`, which must not change
     * the store. */
    enum kms_err (*each)(void *self, enum store_table,
                         enum kms_err (*each)(void *arg, const struct store_id *, struct bytes value), void *arg);
    enum kms_err (*log_append)(void *self, struct store_log_row *);
    /* Rows with seq >= from, in order. */
    enum kms_err (*log_each)(void *self, uint64_t from, enum kms_err (*each)(void *arg, const struct store_log_row *),
                             void *arg);
    /* The number of the newest row; 0 for an empty log. */
    uint64_t (*log_last)(void *self);
    /* -1: nothing to sync (memory). */
    int (*sync_fd)(void *self);
    void (*close)(void *self);
};

RESULT   store_put(struct store *, const struct store_id *, struct bytes value);
RESULT   store_get(struct store *, struct store_id *, struct secret *value);
RESULT   store_erase(struct store *, const struct store_id *);
RESULT   store_each(struct store *, enum store_table,
                    enum kms_err (*each)(void *arg, const struct store_id *, struct bytes value), void *arg);
RESULT   store_log_append(struct store *, struct store_log_row *);
RESULT   store_log_each(struct store *, uint64_t from, enum kms_err (*each)(void *arg, const struct store_log_row *),
                        void *arg);
uint64_t store_log_last(struct store *);
int      store_sync_fd(struct store *);
void     store_close(struct store *); /* accepts a zeroed store */

/* A directory (made with mode 0700 if absent) holding shares.db. */
RESULT store_open_sqlite(struct store *out, const char *directory);
RESULT store_open_memory(struct store *out);
/*
 * Takes over `inner` (on failure the caller still owns it). dek: 32 bytes, copied into secmem. node: its name, part of
 * the associated data. KMS_E_CORRUPT for a wrong DEK or another node's store.
 */
RESULT store_open_sealed(struct store *out, struct store *inner, const struct secret *dek, const char *node);
/* Recomputes the chain; KMS_E_CORRUPT names the first bad row. */
RESULT store_log_verify(struct store *);

#endif
