/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a coordinator and its nodes would answer to the module, with real certificates, requests and birth certificates
 * over plain Ed25519 keys; and, on demand, the lies of a coordinator that has been taken over. No sockets:
 * fake_gateway.h serves it.
 */
#ifndef KMS_TESTS_SUPPORT_FAKE_CLUSTER_H
#define KMS_TESTS_SUPPORT_FAKE_CLUSTER_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/document/birth.h"
#include "common/document/signed_request.h"

#define FAKE_NODES 3
#define FAKE_THINGS_MAX 512

enum fake_lie {
    LIE_NONE,
    LIE_SIGNATURE,       /* a signature with a bit turned */
    LIE_OTHER_KEY,       /* the signature, and the name, of another key */
    LIE_SIGNED_BY_OTHER, /* the right name over another key's signature */
    LIE_SWAPPED_REQUEST, /* a key with another key's evidence of label and id */
    LIE_SWAPPED_BIRTH,   /* a key with another key's birth certificate */
    LIE_MISSING_SIGNER,  /* one node has not signed the birth */
    LIE_FORGED_SIGNER,   /* one node's signature is made with another node's key */
    LIE_PUBLIC_KEY,      /* a birth whose public key was changed after it was signed */
    LIE_THRESHOLD,       /* born 3 of 3 where 2 of 3 was asked for */
    LIE_CREATED,         /* born at another time than the request */
    LIE_FOREIGN_REQUEST, /* born of another client's request with the same words */
    LIE_SWAPPED_CHANGE,  /* a key with another key's last change */
    LIE_OWNER,           /* born for somebody else */
    LIE_POLICY,          /* born under another policy */
    LIE_BIRTH_LABEL,     /* born under another label than asked for */
    LIE_FOREIGN_CHANGE,  /* a change signed by another client */
    LIE_NO_CHANGE,       /* the last change is kept back */
    LIE_OLD_ANSWER,      /* a generation answered with an earlier key */
    LIE_NOT_JSON,
    LIE_LIST_LOOP,    /* a page that names itself as the next */
    LIE_LIST_ENDLESS, /* empty pages, each with a next */
    LIE_LIST_TWICE,   /* every object twice */
    LIE_LIST_BACK,    /* a next that lies before the last object of the page */
    LIE_KEEP_CHANGE,  /* a change is kept for later, and refused */
    LIE_OTHER_CHANGE, /* shown instead of the change that became the revision */
    LIE_RESURRECT,    /* what was destroyed is listed */
    LIE_NOT_MODIFIED  /* 304 to everything */
};

struct fake_thing {
    char          id[KEY_ID_LEN + 1];
    bool          is_key, gone;
    struct secret seed;
    struct buf    birth, request, change, kept; /* owned */
    uint32_t      revision;
    uint8_t       public_key[32];
    char          idempotency_key[65];
};

struct fake_cluster {
    char               directory[512]; /* certs/ca.cert, clients/app, certs/gateway.. */
    struct authority  *authority;
    struct credential  nodes[FAKE_NODES], other_client;
    pthread_mutex_t    lock;
    struct fake_thing *things[FAKE_THINGS_MAX]; /* owned; in the order of their ids when listed */
    size_t             count;
    unsigned           version;
    enum fake_lie      lie;
    unsigned           page_limit;        /* items a page, if below the request's */
    unsigned           signed_anew_until; /* so many requests are answered not_fresh first */
    enum kms_err       refuse;            /* the code of every answer, if not KMS_OK */
    enum kms_err       refuse_objects;    /* the code of every answer of /objects, if not KMS_OK */
    atomic_uint        gets, unmodified, generations, signatures, patches, deletions, creations; /* requests answered */
};

/* Makes the CA and all certificates below a fresh directory. passphrase: of the client's key; "" for none. */
struct fake_cluster *fake_cluster_new(const char *passphrase);
void                 fake_cluster_free(struct fake_cluster **);

struct fake_reply {
    int        status;
    char       etag[64];
    struct buf body;
};
/* Answers one request: headers as they were received. */
void fake_cluster_answer(struct fake_cluster *, struct fake_reply *, const char *method, const char *target,
                         const struct request_headers *, const char *if_none_match, struct bytes body);

#endif
