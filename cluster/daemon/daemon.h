/* SPDX-License-Identifier: Apache-2.0 */
/* The roles of kms-clusterd. Each takes its own arguments (argv[0] is the role) and returns the exit code. */
#ifndef KMS_CLUSTER_DAEMON_DAEMON_H
#define KMS_CLUSTER_DAEMON_DAEMON_H

/* 0: stopped as asked; 1: failed at run time; 2: wrong usage; 3: wrong configuration; 4: wrong DEK password. */
int daemon_node(int argc, char **argv);
int daemon_coordinator(int argc, char **argv);
int daemon_dev(int argc, char **argv);

#endif
