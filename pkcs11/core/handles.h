/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles: random 32-bit numbers that lead to things. Sessions and objects differ in the highest bit, so neither can be
 * taken for the other, and a handle says nothing about how many there are. Not thread-safe: its owner locks.
 */
#ifndef KMS_PKCS11_CORE_HANDLES_H
#define KMS_PKCS11_CORE_HANDLES_H

#include "pkcs11/object/ckr.h"

enum handle_kind { HANDLE_SESSION = 0, HANDLE_OBJECT = 1 };

struct handles {
    enum handle_kind    kind;
    struct handle_slot *slots; /* owned; open addressing, a power of two */
    size_t              cap, count;
};

struct handle_slot {
    CK_ULONG handle; /* 0: free */
    void    *thing;  /* borrowed */
};

void handles_init(struct handles *, enum handle_kind);
void handles_clear(struct handles *);
/* A new handle for a thing. CKR_HOST_MEMORY, CKR_RANDOM_NO_RNG. */
CK_RV handles_add(struct handles *, CK_ULONG *out, void *thing);
/* NULL: no such handle. */
void *handles_get(const struct handles *, CK_ULONG handle);
/* Leads to something else from now on. The handle exists. */
void handles_set(struct handles *, CK_ULONG handle, void *thing);
void handles_remove(struct handles *, CK_ULONG handle);

#endif
