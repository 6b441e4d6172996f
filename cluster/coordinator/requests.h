/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a request that nodes work on. It makes attempts, each with a quorum of its own and a fresh tag, until one
 * succeeds, the nodes refuse it, eight have failed, or its deadline has passed.
 *
 *   start ─▶ attempt ─▶ result(s) ─▶ finished ─▶ log row ─▶ callback
 *               ▲            │ failed: node down, circuit closed, an error, no progress
 *               └────────────┘ another quorum, avoiding who was missing
 *
 * The second attempt follows the first at once, as the others may well do; each later one after a pause twice as long
 * as the one before, so that what a node is about to learn (the commit of a new key) can reach it.
 *
 * While too few nodes serve, and not all of them do, it waits for them until its deadline: that costs no attempt.
 *
 * What nodes refuse (denied, expired, replayed ..) is final when as many of them say so as the request needs: one
 * alone may lie. Nothing that a node says decides about another request than the one whose tag it was given.
 */
#ifndef KMS_CLUSTER_COORDINATOR_REQUESTS_H
#define KMS_CLUSTER_COORDINATOR_REQUESTS_H

#include "cluster/coordinator/births.h"
#include "cluster/coordinator/operations.h"
#include "cluster/coordinator/placement.h"
#include "cluster/coordinator/to_node.h"

#define ATTEMPTS_MAX 8

struct request;

/* What differs between the kinds of request. */
struct request_kind {
    const char        *log_name; /* "KEY_SIGN" */
    Kms__V1__Operation operation;
    /* The next quorum; an error ends the request unless there was somebody to avoid. */
    enum kms_err (*choose)(struct coordinator *, struct request *, uint64_t avoid, struct placement *out);
    /* A node's Result without error. It calls request_finish(), request_fail_node() or request_hasten(), or waits for
     * more. */
    void (*on_result)(struct coordinator *, struct request *, unsigned node, const Kms__V1__Result *);
    /* A node does not have the key ready; NULL: nothing to be done. */
    void (*on_absent)(struct coordinator *, struct request *, unsigned node);
    /* Writes the row and calls back. */
    void (*finish)(struct coordinator *, struct request *, enum kms_err);
    unsigned     patience; /* an attempt may take this many quarters of progress_ms between two Results */
    enum kms_err late;     /* what it ends with at its deadline */
};

struct attempt {
    bool             running;
    uint8_t          tag[SESSION_TAG_LEN];
    struct placement placement;
    uint64_t         waiting; /* mask of node indices whose Result is to come */
    uint64_t         give_up_ms;
    bool             doomed; /* a node has said that it failed: only the reason is awaited */
};

struct request {
    const struct request_kind *kind;
    struct request            *next; /* in the list of running ones */
    unsigned                   slot;
    /* What it is: copied from struct operation. */
    char       owner[IDENTITY_URI_MAX + 1];
    char       request_id[REQUEST_ID_LEN + 1];
    char       audit_trail[256];
    uint8_t    request_hash[32];
    struct buf encoded; /* the signed request, as the nodes get it */
    char       key_id[KEY_ID_LEN + 1];
    /* How far it is. */
    uint64_t       started_ms, deadline_ms;
    unsigned       attempts, needed; /* needed: how many nodes must refuse before that is final */
    struct attempt attempt;
    uint64_t       retry_ms;       /* when the next attempt begins; 0: one is running */
    bool           awaits_quorum;  /* because too few nodes are there for it */
    uint64_t       avoid, refused; /* masks of node indices */
    enum kms_err   last_error;
    char           last_text[256];
    /* Sign. */
    struct birth_body   birth;
    struct buf          birth_certificate, data;
    struct sign_outcome signature;
    sign_done          *on_signed;
    /* Generate. */
    enum group_id     group;
    uint16_t          algorithm;
    unsigned          t, n;
    char              idempotency_key[65];
    char              label[LABEL_MAX + 1];
    uint8_t           body_hash[32];
    struct buf        id, attributes;
    struct birth_book births;
    bool              births_asked; /* the holders of the birth in the book have been asked for it */
    uint64_t          engaged;      /* mask of nodes that have signed a birth that was given up */
    generate_done    *on_generated;
    /* Destroy: the holders that have not answered. */
    uint64_t      unconfirmed;
    destroy_done *on_destroyed;

    void *arg;
};

struct requests {
    struct request **slots; /* [config.requests_max]; owned */
    struct request  *running;
    unsigned         count;
};

RESULT requests_init(struct coordinator *);
void   requests_clear(struct coordinator *);

/* KMS_E_BUSY when there are too many. What the operation says is copied. */
RESULT request_new(struct coordinator *, struct request **out, const struct request_kind *, const struct operation *);
/* Makes the first attempt. The request may be gone when it returns. */
void request_start(struct coordinator *, struct request *, uint64_t deadline_ms);
/* Stops the attempt, lets `kind` log and call back, and frees. */
void request_finish(struct coordinator *, struct request *, enum kms_err);
/* This node's answer was no good: the others may still do, else another attempt. */
void request_fail_node(struct coordinator *, struct request *, unsigned node, enum kms_err);

/* The attempt cannot succeed any more, or hardly, and nobody is to blame: the others get a moment to say why. */
void request_hasten(struct coordinator *, struct request *, enum kms_err);

void requests_on_result(struct coordinator *, unsigned from, const Kms__V1__Result *);
/* How long the node may be silent at least, for the work that it was given; 0: no longer than others. */
uint64_t requests_silence_ms(const struct coordinator *, unsigned index);
void     requests_on_node_down(struct coordinator *, unsigned index);
void     requests_on_circuit_closed(struct coordinator *, unsigned a, unsigned b);
void     requests_on_tick(struct coordinator *, uint64_t now_ms);
/* UINT64_MAX: nothing is running. */
uint64_t requests_wakeup_ms(const struct coordinator *);

#endif
