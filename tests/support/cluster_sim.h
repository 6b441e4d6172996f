/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster in one process: real nodes with real certificates, tunnels and sealed stores, joined by a coordinator in
 * the tester's hands. The clocks stand still unless the test moves them. Nothing is delivered until the test says so.
 */
#ifndef KMS_TESTS_SUPPORT_CLUSTER_SIM_H
#define KMS_TESTS_SUPPORT_CLUSTER_SIM_H

#include "cluster/node/node.h"
#include "cluster/proto/kms.pb-c.h"
#include "common/document/signed_request.h"
#include "tests/support/cluster_pki.h"
#include "tests/support/test.h"

#define SIM_NODES_MAX 16
#define SIM_CA 2 /* of test_ca.h: one that vouches for any cluster, so that the nodes must tell them apart */
#define SIM_CIRCUITS_MAX 4096
#define SIM_SEEN_MAX (16 * 1024 * 1024)

/* What a node told the coordinator of a session, last. */
struct sim_result {
    bool         have;
    unsigned     count; /* how many results in all */
    uint8_t      tag[16];
    enum kms_err error;
    char         detail[256];
    uint8_t      signature[64];
    size_t       signature_len;
    struct buf   birth_certificate;
    unsigned     missing;
};

struct sim_node {
    struct cluster_sim *sim;
    unsigned            index;
    char                name[PARTY_NAME_MAX + 1];
    struct credential   credential;
    struct store        disk;   /* survives a crash */
    struct store        sealed; /* over the disk, as the node sees it */
    struct node        *node;   /* NULL: down */
    struct rng_seeded   rng;
    uint32_t            link; /* 0: none */
    bool                unclean_start;
    int                 puts_left; /* the disk fails after so many more records; -1: never */
    bool                keeps_all; /* the disk erases nothing: it fails */
    struct sim_result   result;
    enum kms_err        destroyed_error;
    char                destroyed_state[32];
    int64_t             destroyed_due;
    unsigned            circuits_closed; /* as told by the node */
};

/* One Relay on its way from node to node. */
struct sim_relay {
    uint64_t   circuit;
    unsigned   from, to;
    uint64_t   number; /* counts all relays of the simulation */
    struct buf data;   /* the tester may change it */
};

enum sim_fate { SIM_PASS, SIM_DROP, SIM_REPEAT, SIM_HOLD /* behind the next one in this direction */ };

struct sim_circuit {
    uint64_t id;
    unsigned a, b;
    bool     open;
};

struct sim_item;

struct cluster_sim {
    struct cluster_pki pki;
    struct credential gateway, owner, other, operator;
    unsigned           count;
    bool               sqlite;
    struct sim_node    nodes[SIM_NODES_MAX];
    uint64_t           now_ms;
    int64_t            wall_ms;
    uint64_t           seed, next_circuit, relays, deletion_wait_s;
    uint32_t           next_link, sessions_max;
    uint64_t           roster_sequence;
    char               hosts[SIM_NODES_MAX][PARTY_NAME_MAX + 1]; /* anti-affinity labels for the roster */
    struct sim_circuit circuits[SIM_CIRCUITS_MAX];
    unsigned           circuit_count;
    struct sim_item   *first, **last; /* frames that wait for delivery */
    struct buf         seen;          /* everything that was relayed */
    enum sim_fate (*on_relay)(void *arg, struct sim_relay *);
    /* After each delivery; `done` counts them. */
    void (*on_step)(void *arg, struct cluster_sim *);
    void    *arg;
    uint64_t steps;
};

/* Nodes tss1, tss2, ... (tss01.. from ten on), all up, with a roster, each pair joined by a circuit. */
void cluster_sim_init(struct cluster_sim *, unsigned nodes);
/* The same without roster and circuits, for tests of the beginning. */
void cluster_sim_init_bare(struct cluster_sim *, unsigned nodes);
/* With roster and circuits, each node's disk a SQLite file. */
void cluster_sim_init_sqlite(struct cluster_sim *, unsigned nodes);
void cluster_sim_clear(struct cluster_sim *);

/* The process ends without a word; what it has stored stays. */
void         sim_crash(struct cluster_sim *, unsigned node);
enum kms_err sim_boot(struct cluster_sim *, unsigned node);
void         sim_restart(struct cluster_sim *, unsigned node); /* crash, boot, link, circuits */
void         sim_link(struct cluster_sim *, unsigned node);
void         sim_join(struct cluster_sim *, unsigned a, unsigned b);
void         sim_join_all(struct cluster_sim *); /* a new circuit for each pair of nodes that are up */
void         sim_close_circuit(struct cluster_sim *, unsigned a, unsigned b);
uint64_t     sim_circuit_between(const struct cluster_sim *, unsigned a, unsigned b); /* the newest; 0: none */
void         sim_deliver_roster(struct cluster_sim *, uint32_t nodes_mask);

/* Relays that wait by SIM_HOLD wait no longer. */
void sim_release(struct cluster_sim *);
/* Delivers until nothing waits. */
void sim_run(struct cluster_sim *);
/* Moves both clocks and lets every node tick, in steps of at most a second. */
void sim_advance(struct cluster_sim *, uint64_t ms);

void sim_send(struct cluster_sim *, unsigned node, const Kms__V1__ToNode *);

/* ---- requests and sessions ---- */

int64_t sim_wall_s(const struct cluster_sim *);
/* Signed as of now, for 60 s. `body` is borrowed by the request. */
void sim_request(struct cluster_sim *, struct signed_request *, const struct credential *, const char *method_and_path,
                 const char *body);
/* A Start to `node`; fields may be changed before sim_send_start(). */
struct sim_start {
    Kms__V1__Operation operation;
    struct buf         request;
    uint8_t            tag[16];
    unsigned           count;
    const char        *names[SIM_NODES_MAX + 1];
    uint64_t           circuits[SIM_NODES_MAX + 1];
    uint32_t           item, budget_ms;
};
void sim_start_init(struct cluster_sim *, struct sim_start *, Kms__V1__Operation, const struct signed_request *,
                    uint32_t nodes_mask);
void sim_start_clear(struct sim_start *);
/* Fills the circuits of `node` if they are all 0. */
void sim_send_start(struct cluster_sim *, unsigned node, const struct sim_start *);
/* Init, send to every node of the mask, clear. Nothing is delivered to peers yet. */
void sim_begin(struct cluster_sim *, Kms__V1__Operation, const struct signed_request *, uint32_t nodes_mask);

/* t-of-n key of `owner` on the nodes of the mask, made and committed; asserts that all went well. */
void sim_make_key(struct cluster_sim *, unsigned t, uint32_t nodes_mask, char key_id[KEY_ID_LEN + 1]);
void sim_generate_body(char out[256], unsigned t, unsigned n);
/* Signs "attack at dawn" with the nodes of the mask; the results are at the nodes. */
void              sim_sign(struct cluster_sim *, const char *key_id, uint32_t nodes_mask);
extern const char sim_message[];
/* Every node of the mask gave the same, valid signature of sim_message. */
void sim_assert_signed(struct cluster_sim *, const char *key_id, uint32_t nodes_mask);
/* The beginning of sim_make_key(): Starts are sent, nothing is delivered. */
void sim_begin_key(struct cluster_sim *, unsigned t, uint32_t nodes_mask);
/* An on_relay: from the moment the first node has vouched for a key, nothing passes. arg: the simulation. */
enum sim_fate sim_cut_when_vouched(void *arg, struct sim_relay *);
/* The network is well again, everybody is up, what still ran has timed out, and a few minutes go by. */
void sim_heal(struct cluster_sim *);
/* Merges what the nodes of the mask have signed. False if not all n have. */
bool sim_collect(struct cluster_sim *, uint32_t nodes_mask, struct buf *certificate);
void sim_commit(struct cluster_sim *, uint32_t nodes_mask, struct bytes certificate);
/* "ACTIVE", "PENDING", ..., "NONE". */
const char *sim_key_state(const struct cluster_sim *, unsigned node, const char *key_id);
/* The only key that any node of the mask holds; "" if there is none. */
void sim_only_key(const struct cluster_sim *, uint32_t nodes_mask, char key_id[KEY_ID_LEN + 1]);

#endif
