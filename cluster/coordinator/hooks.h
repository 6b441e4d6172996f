/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tests' evil coordinator. In the program that is installed every hook below is nothing; with KMS_HOOKS defined
 * (kms-clusterd-evil, never installed) the environment variable KMS_HOOK names the one tampering that is on:
 *
 *   forge-request     alters a signed request's body before the nodes get it
 *   replay-request    gives the nodes an earlier request of the same kind instead of the new one
 *   wrong-message     gives one signer another request than the other
 *   swap-public-key   shows another key's public key in answers
 *   swap-label        shows another label and id in answers
 *   swap-signature    answers with another signature than the one that was made
 *   stale-change      never records a PATCH, and shows the one before as the last
 *   drop-commit       never sends Commit, and cuts the circuits as soon as the first node has signed a birth
 *   fork-commit       sends Commit to the first holder only, and cuts the circuits likewise
 */
#ifndef KMS_CLUSTER_COORDINATOR_HOOKS_H
#define KMS_CLUSTER_COORDINATOR_HOOKS_H

#ifdef KMS_HOOKS

#include <stdbool.h>

struct coordinator;
struct request;
struct start_message;
struct sign_outcome;
struct key_record;

bool hook_is(const char *name);
void hook_start(struct coordinator *, struct request *, struct start_message *, unsigned position);
void hook_signature(struct sign_outcome *);
void hook_birth(struct coordinator *, struct request *);
bool hook_withholds_commit(unsigned holder);
void hook_shown_key(struct key_record *);
void hook_shown_public_key(unsigned char *public_key);

#define HOOK_IS(name) hook_is(name)
#define HOOK_START(c, r, start, position) hook_start((c), (r), (start), (position))
#define HOOK_SIGNATURE(outcome) hook_signature(outcome)
#define HOOK_BIRTH(c, r) hook_birth((c), (r))
#define HOOK_WITHHOLDS_COMMIT(holder) hook_withholds_commit(holder)
#define HOOK_SHOWN_KEY(record) hook_shown_key(record)
#define HOOK_SHOWN_PUBLIC_KEY(public_key) hook_shown_public_key(public_key)

#else

#define HOOK_IS(name) false
#define HOOK_START(c, r, start, position) ((void)0)
#define HOOK_SIGNATURE(outcome) ((void)0)
#define HOOK_BIRTH(c, r) ((void)0)
#define HOOK_WITHHOLDS_COMMIT(holder) false
#define HOOK_SHOWN_KEY(record) ((void)0)
#define HOOK_SHOWN_PUBLIC_KEY(public_key) ((void)0)

#endif
#endif
