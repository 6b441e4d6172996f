/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of the noun `key` share. */
#ifndef KMS_CLUSTER_CTL_KEY_H
#define KMS_CLUSTER_CTL_KEY_H

#include "cluster/ctl/command.h"
#include "cluster/ctl/key_info.h"

#define KEY_PATH_MAX 96

/* Wrong usage if key_id is none. */
RESULT key_path(struct ctl *, char out[KEY_PATH_MAX], const char *key_id, const char *suffix);
/* That key, checked. *item is the caller's as soon as it is not NULL. */
RESULT key_fetch(struct ctl *, const char *key_id, cJSON **item, struct key_info *);
/* Prints the key, or its public key for --pem; item is the result already. */
RESULT key_give(struct ctl *, cJSON *item, const struct key_info *);

#endif
