/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `kms-clusterd dev`: a whole cluster in one directory. setup makes or reuses what it needs, conf writes what its
 * processes read, supervise runs them, canary makes the first signature.
 *
 *   DIR/certs/{ca.cert,ca.key,roster.pem}  certs/tss1/tss1.{cert,key,dek}  certs/gateway/gateway.{cert,key}
 *   DIR/data/leveldb_tss1/shares.db  data/kms.db   DIR/conf/{tss1,coordinator,pkcs11}.conf
 *   DIR/clients/{app,admin,canary}   DIR/secrets/{tss1.password,pin}   DIR/log/<process>.log   DIR/dev.env   DIR/lock
 */
#ifndef KMS_CLUSTER_DAEMON_DEV_H
#define KMS_CLUSTER_DAEMON_DEV_H

#include <sys/types.h>

#include "common/base/error.h"

#define DEV_CLUSTER "dev"
#define DEV_NODES_MAX 16
#define DEV_DIR_MAX 400 /* the roles take paths of up to 511 bytes */
#define DEV_PATH_MAX 1024
#define DEV_PIN_MAX 255
#define DEV_NAME_MAX 16

struct dev {
    char     dir[DEV_DIR_MAX + 1];     /* absolute */
    char     pin[DEV_PIN_MAX + 1];     /* "" until setup when it was not given */
    unsigned nodes;                    /* 0 until setup when it was not given */
    int      ports[1 + DEV_NODES_MAX]; /* [0]: the coordinator's; [i]: that of node i; 0: any free one */
    int      lock_fd;
};

/* DIR/<format>; KMS_E_ARGUMENT when it gets too long. */
RESULT dev_path(const struct dev *, char out[DEV_PATH_MAX], const char *format, ...) PRINTF_LIKE(3, 4);
RESULT dev_write_file(const char *path, const char *text);
/* The first line, without its newline. KMS_E_NOT_FOUND. */
RESULT dev_read_line(const char *path, char *out, size_t size);

/* Makes DIR or takes it up again, under its lock. */
RESULT dev_setup(struct dev *);

RESULT dev_write_node_conf(const struct dev *, unsigned node);
RESULT dev_write_coordinator_conf(const struct dev *);
/* pkcs11.conf and dev.env. */
RESULT dev_write_client_conf(const struct dev *);

/* Signs with the canary's key (made the first time) until it succeeds or 30 s are over. */
RESULT dev_canary(const struct dev *);

/* A process by its index: 0 the coordinator, i node i. Writes its configuration first. *output: its standard output. */
RESULT dev_launch(const struct dev *, unsigned index, pid_t *pid, int *output);
void   dev_process_name(char out[DEV_NAME_MAX], unsigned index); /* "coordinator", "tss1" */
/* In a forked child: none of our signal handling, and no life after `parent`. */
void dev_be_child(pid_t parent);

/* Runs the processes until SIGINT or SIGTERM; gives the exit code. */
int dev_supervise(struct dev *);

#endif
