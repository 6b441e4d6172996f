/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of which this node holds a share, by keyId: what is public about them, and their state. The shares
 * themselves stay sealed in the store until they are used (shares.h).
 */
#ifndef KMS_CLUSTER_NODE_KEYS_H
#define KMS_CLUSTER_NODE_KEYS_H

#include "cluster/protocol/key_share.h"
#include "common/document/birth.h"

struct node;

enum key_state {
    KEY_PENDING = 1,          /* this node has vouched; it has not seen that all have */
    KEY_ACTIVE = 2,           /* all n have vouched */
    KEY_PENDING_DELETION = 3, /* the waiting period runs */
    KEY_ABANDONED = 4,        /* one of the n has promised never to vouch: unused, and kept in case it has lied */
};

/* Long after the last client has given up on a key; a share costs a few hundred bytes. */
#define KEYS_ABANDONED_KEEP_S (INT64_C(30) * 24 * 3600)

/* The birth signatures of a key that is PENDING or ABANDONED; for others they are in the store only. */
struct vouchers {
    struct birth_signature signatures[PARTIES_MAX + 1];   /* of key.vouched; certificates borrowed from: */
    struct buf             certificates[PARTIES_MAX + 1]; /* owned */
};

struct key {
    struct birth_body body;
    enum key_state    state;
    party             self;
    int64_t           due_s;    /* PENDING_DELETION, ABANDONED: when the share is wiped */
    struct party_set  vouched;  /* whose birth signatures are held */
    struct vouchers  *vouchers; /* owned; NULL unless PENDING or ABANDONED */
    int               slot;     /* in the cache of shares; -1: not there */
};

struct keys {
    struct key **sorted;     /* owned; by keyId */
    struct key **by_request; /* owned; the same keys, by the hash of the request that made them */
    size_t       count, capacity;
    size_t       active, pending, leaving, abandoned; /* how many in each state */
};

const char *key_state_name(enum key_state);
/* PENDING or ABANDONED: signatures of its holders are still collected. */
static inline bool key_is_unsettled(const struct key *key)
{
    return key->state == KEY_PENDING || key->state == KEY_ABANDONED;
}

/* Reads every record of the store; finishes deletions that were interrupted. */
RESULT keys_load(struct node *);
void   keys_clear(struct node *);

struct key *keys_find(const struct node *, const char *key_id);
/* The key that this request has made; NULL: none. */
struct key *keys_find_by_request(const struct node *, const uint8_t request_hash[32]);
/* The first key whose id is greater: for pages. NULL: none. */
struct key *keys_after(const struct node *, const char *key_id);

/*
 * A new key: stored durably as PENDING, with this node's own birth signature, which the caller may release only when
 * this has returned. The key's share is not kept.
 */
RESULT keys_add(struct node *, const struct birth_body *, const struct key_share *, const struct birth_signature *own);
/*
 * A birth signature of one of the n, from anybody: checked against the CA and this node's own body. When all n are held
 * the key is ACTIVE, durably, and also if it was ABANDONED.
 */
RESULT keys_vouch(struct node *, struct key *, const struct birth_signature *);
/*
 * PENDING, and one of the n has promised never to vouch: the share stays sealed and unused for KEYS_ABANDONED_KEEP_S.
 * An honest promise means that n signatures never meet. If they do, the promise was a lie, told to part the holders:
 * the key becomes ACTIVE, and both documents are kept as evidence.
 */
RESULT keys_abandon(struct node *, struct key *, struct bytes abandonment);
/* Starts the waiting period. */
RESULT keys_mark_leaving(struct node *, struct key *, int64_t due_s);
/* Wipes the share everywhere and forgets the key; the caller has put its tombstone. */
RESULT keys_remove(struct node *, struct key **);
/* The birth certificate with every signature that is held, encoded; appended to out. */
RESULT keys_certificate(struct node *, const struct key *, struct buf *out);
party  key_party(const struct birth_body *, const char *node); /* 0: no holder */

#endif
