/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of random numbers, which are their own hash. */
#include "pkcs11/core/handles.h"

#include <stdlib.h>

#include "common/base/check.h"
#include "common/crypto/rng.h"

#define KIND_SHIFT 31

void handles_init(struct handles *h, enum handle_kind kind)
{
    *h = (struct handles){.kind = kind};
}

void handles_clear(struct handles *h)
{
    free(h->slots);
    handles_init(h, h->kind);
}

/* Where the handle is, or the free place where it belongs. There always is a free place. */
static size_t place(const struct handles *h, CK_ULONG handle)
{
    size_t at = (size_t)handle & (h->cap - 1);

    while (h->slots[at].handle != 0 && h->slots[at].handle != handle) at = (at + 1) & (h->cap - 1);
    return at;
}

static CK_RV grow(struct handles *h)
{
    struct handles bigger = {.kind = h->kind, .cap = h->cap == 0 ? 16 : 2 * h->cap, .count = h->count};

    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (bigger.slots == NULL) return refuse(CKR_HOST_MEMORY, "%zu handles", bigger.cap);
    for (size_t i = 0; i < h->cap; i++)
        if (h->slots[i].handle != 0) bigger.slots[place(&bigger, h->slots[i].handle)] = h->slots[i];
    free(h->slots);
    *h = bigger;
    return CKR_OK;
}

static CK_RV draw(CK_ULONG *out, const struct handles *h)
{
    uint32_t number;

    do {
        if (rng_fill(rng_system(), &number, sizeof number) != KMS_OK) return CKR_RANDOM_NO_RNG;
        number = (number & ((UINT32_C(1) << KIND_SHIFT) - 1)) | (uint32_t)h->kind << KIND_SHIFT;
    } while (number == 0 || handles_get(h, number) != NULL);
    *out = number;
    return CKR_OK;
}

CK_RV handles_add(struct handles *h, CK_ULONG *out, void *thing)
{
    if (2 * (h->count + 1) > h->cap) TRY_CKR(grow(h));
    TRY_CKR(draw(out, h));
    h->slots[place(h, *out)] = (struct handle_slot){*out, thing};
    h->count++;
    return CKR_OK;
}

void *handles_get(const struct handles *h, CK_ULONG handle)
{
    if (h->cap == 0 || handle == 0) return NULL;
    return h->slots[place(h, handle)].thing;
}

void handles_set(struct handles *h, CK_ULONG handle, void *thing)
{
    CHECK(handles_get(h, handle) != NULL);
    h->slots[place(h, handle)].thing = thing;
}

/* Closes the gap: what lies behind it and would not be found any more moves up (Knuth, The Art of Computer Programming
 * 3, 6.4 R). */
void handles_remove(struct handles *h, CK_ULONG handle)
{
    if (handles_get(h, handle) == NULL) return;
    size_t mask = h->cap - 1, hole = place(h, handle);
    for (size_t at = (hole + 1) & mask; h->slots[at].handle != 0; at = (at + 1) & mask) {
        size_t home = (size_t)h->slots[at].handle & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue; /* its home lies behind the hole */
        h->slots[hole] = h->slots[at];
        hole = at;
    }
    h->slots[hole] = (struct handle_slot){0, NULL};
    h->count--;
}
