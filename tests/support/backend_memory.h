/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster inside the test process, behind pkcs11/backend/backend.h: plain Ed25519 keys, no network. It counts what it
 * is asked and fails on demand. The test's wiring (backend_memory_wiring.c) gives the one instance to C_Initialize.
 */
#ifndef KMS_TESTS_SUPPORT_BACKEND_MEMORY_H
#define KMS_TESTS_SUPPORT_BACKEND_MEMORY_H

#include <pthread.h>

#include "pkcs11/backend/backend.h"

#define MEMORY_ITEMS_MAX 4096

struct memory_item {
    struct backend_object object; /* value: owned */
    struct secret         seed;   /* keys */
    bool                  gone;
};

struct backend_memory {
    pthread_mutex_t     lock;
    struct memory_item *items[MEMORY_ITEMS_MAX]; /* owned */
    size_t              count;
    unsigned            version; /* of the list, its etag */
    const char         *pin;     /* "": none */
    bool                unlocked;
    enum kms_err        fail_with; /* KMS_OK: nothing fails */
    bool                keys_only; /* lists have no certificates and data, and say so */
    unsigned            logins, lists, changed_lists, generations, signatures, changes, creations, deletions;
    /* Called within sign() and list(), when set: to block there, or to change things meanwhile. */
    void (*meanwhile)(void);
};

/* refresh_ms of the test's wiring, for the next C_Initialize; an hour unless set. */
extern int64_t backend_memory_refresh_ms;
/* Its sign_timeout_ms; 5000 unless set. */
extern int64_t backend_memory_timeout_ms;

/* A fresh one; what an earlier one held is freed. pin: the passphrase. */
struct backend_memory *backend_memory_reset(const char *pin);
/* The vtable over it. */
struct backend backend_memory(void);
/* A key that somebody else makes. */
void backend_memory_add_key(const char *label, struct bytes id);

#endif
