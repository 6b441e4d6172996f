/* SPDX-License-Identifier: Apache-2.0 */
/* The node's log as its memory and its clock: rows of what it took part in, and the time below which it never falls. */
#ifndef KMS_CLUSTER_NODE_JOURNAL_H
#define KMS_CLUSTER_NODE_JOURNAL_H

#include "cluster/store/store.h"
#include "common/document/signed_request.h"

struct node;

struct journal {
    int64_t floor_ms;    /* the latest time in the log, or up to which requests have been forgotten */
    int64_t refuse_to_s; /* requests created before are refused (unclean start); 0: none */
};

/* Rebuilds the replay table and the clock's floor; writes the row "start". */
RESULT journal_open(struct node *);
/* The node's wall clock: never before its floor. */
int64_t journal_wall_ms(const struct node *);
int64_t journal_wall_s(const struct node *);
/*
 * The same, in seconds, for the replay table to forget what has expired: from now on the clock does not fall below it.
 * Else one that jumps ahead and back would make old requests new.
 */
int64_t journal_pass(struct node *);
/* Fills the time and appends; `row` has its kind, key, hashes and result. */
RESULT journal_append(struct node *, struct store_log_row *row);
/* A row about a signed request. */
struct store_log_row journal_row(const char *kind, const struct signed_request *, const uint8_t request_hash[32],
                                 const char *key_id);

#endif
