/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what with a key. One pure function, asked by the coordinator and again by every node. Today's policy is
 * the built-in one: the owner may do everything with its key; operators may list, show and delete; auditors may list
 * and show; others nothing.
 */
#ifndef KMS_COMMON_DOCUMENT_POLICY_H
#define KMS_COMMON_DOCUMENT_POLICY_H

#include "common/identity/identity.h"

enum action { ACTION_GENERATE = 1, ACTION_SIGN, ACTION_SHOW, ACTION_LIST, ACTION_CHANGE, ACTION_DELETE };

const char *action_name(enum action);
/* owner: the key's owner URI; NULL for ACTION_GENERATE and ACTION_LIST. KMS_E_DENIED says who may not do what. */
RESULT policy_check(const struct identity *who, enum action, const char *owner);
/* H(POLICY, the built-in policy's text). */
void policy_builtin_hash(uint8_t out[32]);

#endif
