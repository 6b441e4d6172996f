/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API asks of the coordinator. An operation's callback is called exactly once, perhaps before the call
 * returns; its row in t_key_operation_log has been handed to the operating system before that. After an error,
 * error_text() says why. Everything given is borrowed for the call; everything given to a callback is borrowed for the
 * callback.
 */
#ifndef KMS_CLUSTER_COORDINATOR_OPERATIONS_H
#define KMS_CLUSTER_COORDINATOR_OPERATIONS_H

#include "cluster/coordinator/coordinator.h"
#include "cluster/protocol/parties.h"

#define REQUEST_ID_LEN 32 /* hex digits */

/* Who asks, with what: authenticated, permitted, fresh. */
struct operation {
    const struct signed_request *request;
    const struct identity       *who;
    uint8_t                      request_hash[32];
    const char                  *request_id;  /* REQUEST_ID_LEN digits */
    const char                  *audit_trail; /* client address and user agent */
    uint64_t                     started_ms;  /* monotonic: when the request came in */
};

struct generate_order {
    enum group_id group;
    uint16_t      algorithm; /* enum algorithm */
    unsigned      t, n;
    const char   *label;
    struct bytes  id, attributes;
};

typedef void generate_done(void *arg, enum kms_err, const struct key_record * /* NULL after an error */);
/*
 * The same owner, idempotency key and body again give the same key; another body KMS_E_CONFLICT; while the first is
 * under way KMS_E_BUSY.
 */
void coordinator_generate(struct coordinator *, const struct operation *, const struct generate_order *,
                          generate_done *, void *arg);

struct sign_outcome {
    struct bytes signature;
    unsigned     signer_count;
    const char  *signers[PARTIES_MAX];
};
typedef void sign_done(void *arg, enum kms_err, const struct sign_outcome * /* NULL after an error */);
/* key: its record, ENABLED; birth: decoded from it; data: what is to be signed. */
struct sign_order {
    const struct key_record *key;
    const struct birth_body *birth;
    struct bytes             data;
};
void coordinator_sign(struct coordinator *, const struct operation *, const struct sign_order *, sign_done *,
                      void *arg);

/* KMS_E_SIGNATURE if it is not one of `data` under the key's public key. Public inputs. */
RESULT coordinator_verify(const struct birth_body *, struct bytes signature, struct bytes data);
/* "EDDSA"; "UNKNOWN". */
const char *coordinator_algorithm_name(uint16_t algorithm);

typedef void destroy_done(void *arg, enum kms_err, const struct key_record * /* NULL after an error */);
/* Hides the key, then waits a moment for its holders; those that are away are told when they come back. */
void coordinator_destroy(struct coordinator *, const struct operation *, const struct key_record *, destroy_done *,
                         void *arg);

/* Ends everything in flight with KMS_E_CLOSED: before what the callbacks point to goes away. */
void coordinator_abandon(struct coordinator *);

/* One row for what never became an operation here; from the API. service_name is filled in. */
RESULT coordinator_log(struct coordinator *, struct log_record *);
/* Called at every tick (each heartbeat at the latest); NULL: nobody. */
void coordinator_set_ticker(struct coordinator *, void (*tick)(void *arg), void *arg);

struct node_view {
    const char *node, *host_label;
    bool        up, serving, sealed;
    const char *why; /* it is not serving; else NULL */
    const char *version;
    uint64_t    keys, pending, roster_sequence;
    uint32_t    sessions, rtt_ms;
};
struct coordinator_status {
    bool     ready; /* enough serving nodes for 2-of-3 */
    unsigned nodes_up, nodes;
    uint64_t requests, signatures, failures;
    uint64_t uptime_s, roster_sequence;
};
const struct coordinator_config *coordinator_configuration(const struct coordinator *);
void                             coordinator_node(const struct coordinator *, unsigned index, struct node_view *out);
void                             coordinator_state(const struct coordinator *, struct coordinator_status *out);

#endif
