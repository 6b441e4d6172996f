/* SPDX-License-Identifier: Apache-2.0 */
/* What a node does before it may serve: its folders, its password, its store. */
#ifndef KMS_CLUSTER_DAEMON_NODE_START_H
#define KMS_CLUSTER_DAEMON_NODE_START_H

#include "cluster/daemon/options.h"
#include "cluster/store/store.h"
#include "common/secret/secret.h"

/* The DEK must not lie where the data lies: a copy of one folder would be a copy of both. */
RESULT node_check_folders(const struct node_options *);
/*
 * Opens the DEK and the store sealed under it. The password comes from password_fd, else from the systemd credential
 * <node>.password, else from the terminal (three tries).
 */
RESULT node_open_store(struct store *out, const struct node_options *, int password_fd);
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
/*
 * Notes in the store that this node runs, in this boot of the machine. *unclean: it ran when an earlier boot ended (or
 * one that cannot be told from this), and its log has rows, of which the last ones may be lost; or it was started so,
 * less than 35 s ago, and stopped since.
 */
RESULT node_mark_running(struct store *, bool *unclean, int64_t now_s, const char *boot_id_file);
/* Notes that everything is on disk. */
RESULT node_mark_stopped(struct store *);

#endif
