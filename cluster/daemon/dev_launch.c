/* SPDX-License-Identifier: Apache-2.0 */
/* Starts one process of a development cluster: this program again, in another role, that dies with us. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cluster/daemon/dev.h"
#include "common/secret/wipe.h"

#define PASSWORD_FD 3

/* In the child: no signal mask of ours, and no life after ours. */
void dev_be_child(pid_t parent)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setpgid(0, 0); /* Ctrl-C is for us: we stop them in order */
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
}

struct launch {
    char  program[DEV_PATH_MAX], role[16], conf[DEV_PATH_MAX], log[DEV_PATH_MAX];
    int   output[2];   /* pipe: its standard output */
    int   password[2]; /* pipe; -1: none */
    pid_t parent;
};

static void place_fd(int from, int to)
{
    if (from < 0 || dup2(from, to) != to) _exit(126);
    if (from == to) (void)fcntl(to, F_SETFD, 0);
}

/* Between fork and exec: only descriptors 0..2 and the password's are left. */
static void exec_child(struct launch *l)
{
    char  number[16];
    char *with_password[] = {"kms-clusterd", l->role, "--config", l->conf, "--password-fd", number, NULL};
    char *plain[] = {"kms-clusterd", l->role, "--config", l->conf, NULL};
    bool  has_password = l->password[0] >= 0;

    dev_be_child(l->parent);
    (void)snprintf(number, sizeof number, "%d", PASSWORD_FD);
    place_fd(open("/dev/null", O_RDONLY), STDIN_FILENO);
    place_fd(open(l->log, O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
    place_fd(l->output[1], STDOUT_FILENO);
    if (has_password) place_fd(l->password[0], PASSWORD_FD);
    if (close_range(has_password ? PASSWORD_FD + 1 : PASSWORD_FD, ~0U, 0) != 0) _exit(126);
    (void)unsetenv("KMS_PIN");
    execv(l->program, has_password ? with_password : plain);
    _exit(127);
}

static RESULT prepare_launch(const struct dev *dev, unsigned index, struct launch *l)
{
    const char *program = index == 0 ? getenv("KMS_DEV_COORDINATOR") : NULL;
    char        name[DEV_NAME_MAX];

    dev_process_name(name, index);
    *l = (struct launch){.output = {-1, -1}, .password = {-1, -1}, .parent = getpid()};
    (void)snprintf(l->program, sizeof l->program, "%s",
                   program != NULL && program[0] != '\0' ? program : "/proc/self/exe");
    (void)snprintf(l->role, sizeof l->role, "%s", index == 0 ? "coordinator" : "node");
    TRY(dev_path(dev, l->conf, "conf/%s.conf", name));
    TRY(dev_path(dev, l->log, "log/%s.log", name));
    TRY(index == 0 ? dev_write_coordinator_conf(dev) : dev_write_node_conf(dev, index));
    if (pipe2(l->output, O_CLOEXEC) != 0) return fail(KMS_E_SYSTEM, "no pipe: %s", strerror(errno));
    return KMS_OK;
}

/* A password of some bytes always fits into a pipe: no reader has to wait for us. */
static RESULT write_password(int fd, char *password)
{
    (void)strcat(password, "\n");
    size_t len = strlen(password);
    return write(fd, password, len) == (ssize_t)len ? KMS_OK
                                                    : fail(KMS_E_SYSTEM, "cannot write to a pipe: %s", strerror(errno));
}

static RESULT feed_password(const struct dev *dev, unsigned index, struct launch *l)
{
    char path[DEV_PATH_MAX], name[DEV_NAME_MAX], password[128];

    if (index == 0) return KMS_OK;
    dev_process_name(name, index);
    TRY(dev_path(dev, path, "secrets/%s.password", name));
    if (pipe2(l->password, O_CLOEXEC) != 0) return fail(KMS_E_SYSTEM, "no pipe: %s", strerror(errno));
    enum kms_err err = dev_read_line(path, password, sizeof password - 1);
    if (err == KMS_OK) err = write_password(l->password[1], password);
    WIPE(password);
    return err;
}

static void close_if_open(int fd)
{
    if (fd >= 0) (void)close(fd);
}

void dev_process_name(char out[DEV_NAME_MAX], unsigned index)
{
    if (index == 0)
        (void)snprintf(out, DEV_NAME_MAX, "coordinator");
    else
        (void)snprintf(out, DEV_NAME_MAX, "tss%u", index);
}

RESULT dev_launch(const struct dev *dev, unsigned index, pid_t *pid, int *output)
{
    struct launch l;

    enum kms_err err = prepare_launch(dev, index, &l);
    if (err == KMS_OK) err = feed_password(dev, index, &l);
    *pid = err == KMS_OK ? fork() : -1;
    if (*pid == 0) exec_child(&l);
    if (err == KMS_OK && *pid < 0) err = fail(KMS_E_SYSTEM, "cannot start a process: %s", strerror(errno));
    close_if_open(l.password[0]);
    close_if_open(l.password[1]);
    close_if_open(l.output[1]);
    *output = l.output[0];
    if (err != KMS_OK) {
        close_if_open(l.output[0]);
        *output = -1;
        *pid = 0;
    }
    return err;
}
