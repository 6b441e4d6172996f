/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A coordinator and its API in the test's hands: simulated clocks, links that are queues, and nodes that are either
 * real (cluster/node) or scripted. Everything that passes a link is a line of the trace.
 */
#ifndef KMS_TESTS_SUPPORT_GATEWAY_H
#define KMS_TESTS_SUPPORT_GATEWAY_H

#include "cluster/api/api.h"
#include "cluster/coordinator/operations.h"
#include "cluster/node/node.h"
#include "cluster/proto/kms.pb-c.h"
#include "tests/support/cluster_pki.h"
#include "tests/support/test.h"

#define GATEWAY_NODES_MAX 8

/* What a scripted node does with a Start. */
enum fake_behaviour {
    FAKE_ANSWERS, /* does the work */
    FAKE_SILENT,  /* nothing, but goes on answering heartbeats */
    FAKE_FAILS,   /* Result with `error`, naming `missing` */
    FAKE_LIES,    /* a signature that does not verify; a birth certificate for another owner */
    FAKE_DEAF,    /* does not answer heartbeats either */
};

struct fake_node {
    enum fake_behaviour behaviour;
    enum kms_err        error;
    const char         *missing;  /* NULL: nobody */
    unsigned            times;    /* how often; then it answers. 0: always */
    bool                forgets;  /* it holds deletions back: Destroyed with PENDING_DELETION, due in an hour */
    bool                keeps;    /* every Start is answered with the birth that the first one began */
    uint8_t             kept[16]; /* its tag */
    uint64_t            roster_sequence, pending; /* as its reports say */
    int64_t             skew_ms;                  /* of its clock */
    const char         *version;                  /* NULL: the coordinator's */
    unsigned            starts, commits, cancels, destroys, delivers;
    Kms__V1__Start     *last; /* owned: the last Start */
};

struct gateway_frame {
    bool                  to_node;
    unsigned              node;
    struct buf            bytes;
    struct gateway_frame *next;
};

struct gateway {
    unsigned           node_count;
    bool               real;
    struct cluster_pki pki;
    struct credential  credentials[GATEWAY_NODES_MAX];
    struct credential app, other, operator, auditor, status;
    struct roster         roster;
    struct buf            roster_statement;
    struct rng_seeded     rng;
    uint64_t              now_ms;
    int64_t               wall_ms;
    struct metadata       metadata;
    struct coordinator   *coordinator;
    struct api           *api;
    bool                  connected[GATEWAY_NODES_MAX];
    unsigned              resets[GATEWAY_NODES_MAX];
    size_t                unsent[GATEWAY_NODES_MAX]; /* what its connection is said not to have taken yet */
    uint64_t              disk_free;                 /* 1 TiB; the reserve is 1 GiB */
    struct fake_node      fakes[GATEWAY_NODES_MAX];
    struct node          *nodes[GATEWAY_NODES_MAX];  /* when real */
    struct store          stores[GATEWAY_NODES_MAX]; /* when real */
    struct gateway_frame *first, **last;
    struct secret         seed; /* the "threshold" key of scripted nodes: a plain Ed25519 key */
    uint8_t               public_key[32];
    struct buf            trace;
};

struct gateway_options {
    unsigned node_count; /* 0: 4 */
    bool     real;
    unsigned requests_max; /* 0: 16 */
    bool     same_host;    /* tss1 and tss2 have one host label */
};

void gateway_init(struct gateway *, const struct gateway_options *);
void gateway_clear(struct gateway *);

void gateway_link_up(struct gateway *, unsigned node);
void gateway_link_down(struct gateway *, unsigned node);
/* Delivers frames until there are none. */
void gateway_run(struct gateway *);
/* Lets time pass in steps of 10 ms, with ticks, delivering after each. */
void gateway_pass(struct gateway *, unsigned ms);
/* A frame of a node to the coordinator, as it would come in. */
void gateway_inject(struct gateway *, unsigned node, const Kms__V1__FromNode *);

struct gateway_request {
    const char *method, *target, *body; /* body NULL: none */
    const char *idempotency_key;        /* NULL: a new one */
    const char *content_type;           /* NULL: application/json if there is a body; "": none */
    const char *if_none_match;
    int64_t     skew_s; /* of the client's clock */
    const char *drop;   /* a header to leave out */
    const char *spoil;  /* a header to change a character of */
    bool        twice;  /* the same signed bytes a second time: the second answer is given */
    unsigned    again;  /* and so many more times */
};

struct gateway_reply {
    bool       done;
    int        status;
    char       content_type[64], location[80], etag[64], allow[64], retry_after[8], request_id[40];
    struct buf body;
};
void gateway_reply_clear(struct gateway_reply *);
#define REPLY_LOCAL CLEANUP(gateway_reply_clear) struct gateway_reply

/* Signs as `who` (NULL: unsigned) and hands it to the API; the answer may come later. reply must outlive it. */
void gateway_send(struct gateway *, const struct credential *who, const struct gateway_request *,
                  struct gateway_reply *);
/* The same, and runs until it is answered. */
void gateway_call(struct gateway *, const struct credential *who, const struct gateway_request *,
                  struct gateway_reply *);

/* A key by POST /api/v1/keys/generate of `app`; its id. */
void gateway_make_key(struct gateway *, char key_id[KEY_ID_LEN + 1]);
/* The rows of the log as lines "operation result". */
void gateway_log(struct gateway *, struct buf *out);

#endif
