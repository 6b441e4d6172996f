/* SPDX-License-Identifier: Apache-2.0 */
/* The tamperings of the tests' evil coordinator; nothing at all unless KMS_HOOKS is defined. */
#include "cluster/coordinator/hooks.h"

#include "cluster/coordinator/internal.h"
#include "cluster/protocol/outcome.h"

#ifdef KMS_HOOKS

#include <stdlib.h>

/* The last request that was given to nodes, of each kind, and the one before: what replay-request gives again. */
static struct buf latest[3], earlier[3];
/* One altered request at a time; valid until the next Start. */
static struct buf altered;

bool hook_is(const char *name)
{
    const char *on = getenv("KMS_HOOK");
    return on != NULL && strcmp(on, name) == 0;
}

static void store(struct buf *out, struct bytes request)
{
    buf_clear(out);
    *out = BUF_INIT(REQUEST_ENCODED_MAX);
    if (buf_append(out, request) != KMS_OK) out->len = 0;
}

/* An earlier request of this kind; the request itself if there is none. */
static struct bytes remember(unsigned operation, struct bytes request)
{
    unsigned kind = operation % (unsigned)ARRAY_LEN(latest);

    if (!bytes_equal(buf_bytes(&latest[kind]), request)) {
        store(&earlier[kind], buf_bytes(&latest[kind]));
        store(&latest[kind], request);
    }
    return earlier[kind].len > 0 ? buf_bytes(&earlier[kind]) : request;
}

/* One hex digit of the body becomes another, so that the body still makes sense and the signature does not. */
static struct bytes forge(struct bytes request)
{
    struct signed_request decoded;

    buf_clear(&altered);
    altered = BUF_INIT(REQUEST_ENCODED_MAX);
    if (signed_request_decode(&decoded, request) != KMS_OK || decoded.body.len < 16) return request;
    if (buf_append(&altered, request) != KMS_OK) return request;
    size_t   at = (size_t)(decoded.body.data - request.data);
    uint8_t *digit = altered.data + at + decoded.body.len / 2;
    while (digit > altered.data + at && (*digit < '0' || *digit > '9')) digit--;
    *digit = *digit == '3' ? '4' : '3';
    return buf_bytes(&altered);
}

void hook_start(struct coordinator *c, struct request *r, struct start_message *start, unsigned position)
{
    struct bytes own = buf_bytes(&r->encoded), before = remember((unsigned)r->kind->operation, own);

    (void)c;
    start->request = own;
    if (hook_is("forge-request")) start->request = forge(own);
    if (hook_is("replay-request")) start->request = before;
    if (hook_is("wrong-message") && position == 1) start->request = before;
}

void hook_signature(struct sign_outcome *outcome)
{
    static uint8_t other[SIGNATURE_LEN_MAX];

    if (!hook_is("swap-signature") || outcome->signature.len > sizeof other) return;
    memcpy(other, outcome->signature.data, outcome->signature.len);
    other[1] ^= 1;
    outcome->signature.data = other;
}

/* With its circuits gone, a node cannot tell its peers that it has signed. */
void hook_birth(struct coordinator *c, struct request *r)
{
    if (!hook_is("drop-commit") && !hook_is("fork-commit")) return;
    if (r->births.have == 0 || birth_book_is_complete(&r->births)) return;
    const struct placement *p = &r->attempt.placement;
    for (unsigned i = 0; i < p->count; i++)
        for (unsigned j = 0; j < i; j++) {
            uint64_t *id = &c->circuits.ids[p->nodes[i] < p->nodes[j] ? p->nodes[i] : p->nodes[j]]
                                           [p->nodes[i] < p->nodes[j] ? p->nodes[j] : p->nodes[i]];
            if (*id == 0) continue;
            to_node_circuit(c, p->nodes[i], *id, p->nodes[j], false);
            to_node_circuit(c, p->nodes[j], *id, p->nodes[i], false);
            *id = 0;
        }
}

bool hook_withholds_commit(unsigned holder)
{
    return hook_is("drop-commit") || (hook_is("fork-commit") && holder > 0);
}

void hook_shown_key(struct key_record *record)
{
    if (!hook_is("swap-label")) return;
    memcpy(record->label, "swapped", sizeof "swapped");
    buf_clear(&record->id);
    if (buf_append_str(&record->id, "swapped") != KMS_OK) record->id.len = 0;
}

/* Another point of the curve: its base point (RFC 8032 5.1). */
void hook_shown_public_key(unsigned char *public_key)
{
    if (!hook_is("swap-public-key")) return;
    public_key[0] = 0x58;
    memset(public_key + 1, 0x66, 31);
}

#endif
