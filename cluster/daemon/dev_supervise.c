/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the processes of a development cluster: nodes first; the coordinator when all nodes listen, because their ports
 * are in its configuration; the canary when the coordinator listens. A process that dies is started again, on the port
 * that it had. One loop: signals come through a descriptor, what processes say through their pipes.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/daemon/dev.h"
#include "common/base/clock.h"

#define CHILDREN_MAX (DEV_NODES_MAX + 1)
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 5000
#define STEADY_MS 10000 /* a process that has run so long starts its backoff anew */
#define STOP_MS 5000
#define START_MS 30000

struct child {
    char     name[DEV_NAME_MAX];
    pid_t    pid;    /* 0: not running */
    int      output; /* its standard output; -1 */
    char     line[160];
    size_t   line_len;
    bool     listens;
    uint64_t started_ms, restart_ms; /* restart_ms: 0 for never */
    uint32_t backoff_ms;
};

struct supervisor {
    struct dev  *dev;
    struct child children[CHILDREN_MAX]; /* [0]: the coordinator, [i]: node i */
    unsigned     count;
    pid_t        canary; /* 0: not running */
    bool         canary_done, stopping, failed;
    uint64_t     started_ms, stop_ms;
    int          signals; /* signalfd */
};

static void say(const char *who, const char *text)
{
    fprintf(stderr, "kms-clusterd dev: %s%s%s\n", who, who[0] == '\0' ? "" : ": ", text);
}

static void stop_all(struct supervisor *s)
{
    if (!s->stopping) s->stop_ms = clock_monotonic_ms();
    s->stopping = true;
    for (unsigned i = 0; i < s->count; i++)
        if (s->children[i].pid > 0) (void)kill(s->children[i].pid, SIGTERM);
    if (s->canary > 0) (void)kill(s->canary, SIGKILL);
}

static void give_up(struct supervisor *s, const char *who, const char *why)
{
    if (!s->failed) say(who, why);
    s->failed = true;
    stop_all(s);
}

static void close_if_open(int fd)
{
    if (fd >= 0) (void)close(fd);
}

static void start_or_give_up(struct supervisor *s, unsigned index)
{
    struct child *c = &s->children[index];

    c->restart_ms = 0;
    c->line_len = 0;
    c->listens = false;
    c->started_ms = clock_monotonic_ms();
    if (dev_launch(s->dev, index, &c->pid, &c->output) != KMS_OK) give_up(s, c->name, error_text());
}

/* The canary talks to the coordinator and may wait for it: it must not hold up the loop. */
static void start_canary(struct supervisor *s)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0) give_up(s, "canary", strerror(errno));
    if (pid > 0) s->canary = pid;
    if (pid != 0) return;
    dev_be_child(parent);
    if (dev_canary(s->dev) == KMS_OK) _exit(0);
    say("canary", error_text());
    _exit(1);
}

static bool all_nodes_listen(const struct supervisor *s)
{
    for (unsigned i = 1; i < s->count; i++)
        if (!s->children[i].listens) return false;
    return true;
}

static void on_listening(struct supervisor *s, unsigned index, int port)
{
    struct child *coordinator = &s->children[0];

    s->dev->ports[index] = port; /* kept: a restarted process takes the same */
    s->children[index].listens = true;
    if (index != 0 && coordinator->pid == 0 && coordinator->restart_ms == 0 && all_nodes_listen(s))
        start_or_give_up(s, 0);
    if (index != 0 || s->canary_done || s->canary > 0) return;
    if (dev_write_client_conf(s->dev) != KMS_OK) {
        give_up(s, "", error_text());
        return;
    }
    start_canary(s);
}

/* "listening 127.0.0.1:9001" */
static void on_line(struct supervisor *s, unsigned index, const char *line)
{
    const char *colon = strrchr(line, ':');
    long        port = colon == NULL ? 0 : strtol(colon + 1, NULL, 10);

    if (strncmp(line, "listening ", 10) == 0 && port > 0 && port <= 65535 && !s->stopping)
        on_listening(s, index, (int)port);
}

static void on_output(struct supervisor *s, unsigned index)
{
    struct child *c = &s->children[index];
    char          block[512];
    ssize_t       got = read(c->output, block, sizeof block);

    if (got < 0 && errno == EINTR) return;
    if (got <= 0) {
        (void)close(c->output);
        c->output = -1;
        return;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (block[i] != '\n') {
            if (c->line_len < sizeof c->line - 1) c->line[c->line_len++] = block[i];
            continue;
        }
        c->line[c->line_len] = '\0';
        c->line_len = 0;
        on_line(s, index, c->line);
    }
}

static void on_child_end(struct supervisor *s, unsigned index, int status)
{
    struct child *c = &s->children[index];
    uint64_t      now = clock_monotonic_ms();
    char          text[DEV_PATH_MAX + 100];
    bool          by_signal = WIFSIGNALED(status);

    if (c->output >= 0) on_output(s, index); /* what it said last */
    close_if_open(c->output);
    c->output = -1;
    c->pid = 0;
    if (s->stopping) return;
    (void)snprintf(text, sizeof text, "ended by %s %d; its log: %s/log/%s.log", by_signal ? "signal" : "exit code",
                   by_signal ? WTERMSIG(status) : WEXITSTATUS(status), s->dev->dir, c->name);
    if (!c->listens && !s->canary_done && !by_signal) {
        give_up(s, c->name, text);
        return;
    }
    say(c->name, text);
    bool steady = now - c->started_ms >= STEADY_MS;
    c->backoff_ms = steady || c->backoff_ms == 0 ? BACKOFF_FIRST_MS : c->backoff_ms * 2;
    if (c->backoff_ms > BACKOFF_MAX_MS) c->backoff_ms = BACKOFF_MAX_MS;
    c->restart_ms = now + c->backoff_ms;
}

static void on_canary_end(struct supervisor *s, int status)
{
    s->canary = 0;
    if (s->stopping) return;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        give_up(s, "canary", "no signature: the logs of coordinator and nodes say more");
        return;
    }
    s->canary_done = true;
    fprintf(stderr, "kms-clusterd dev: https://127.0.0.1:%d; to use it:  . %s/dev.env\n", s->dev->ports[0],
            s->dev->dir);
    printf("ready\n");
    (void)fflush(stdout);
}

static void reap(struct supervisor *s)
{
    int status;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == s->canary) on_canary_end(s, status);
        for (unsigned i = 0; i < s->count; i++)
            if (s->children[i].pid == pid) on_child_end(s, i, status);
    }
}

static void on_signal(struct supervisor *s)
{
    struct signalfd_siginfo info;

    if (read(s->signals, &info, sizeof info) != (ssize_t)sizeof info) return;
    if (info.ssi_signo == SIGCHLD)
        reap(s);
    else
        stop_all(s);
}

/* What is due by now; gives the time until the next such thing, at most a second. */
static int on_time(struct supervisor *s)
{
    uint64_t now = clock_monotonic_ms(), next = now + 1000;

    for (unsigned i = 0; i < s->count && !s->stopping; i++) {
        struct child *c = &s->children[i];
        if (c->pid != 0 || c->restart_ms == 0) continue;
        if (c->restart_ms <= now) start_or_give_up(s, i);
        if (c->restart_ms > now && c->restart_ms < next) next = c->restart_ms;
    }
    if (!s->stopping && s->canary == 0 && !s->canary_done && now - s->started_ms > START_MS)
        give_up(s, "", "not all processes listen after 30 s");
    for (unsigned i = 0; i < s->count && s->stopping && now - s->stop_ms > STOP_MS; i++)
        if (s->children[i].pid > 0) (void)kill(s->children[i].pid, SIGKILL);
    return (int)(next - now);
}

static bool any_runs(const struct supervisor *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->children[i].pid > 0) return true;
    return s->canary > 0;
}

static void loop(struct supervisor *s)
{
    while (!s->stopping || any_runs(s)) {
        struct pollfd fds[CHILDREN_MAX + 1];
        int           timeout = on_time(s);
        fds[0] = (struct pollfd){.fd = s->signals, .events = POLLIN};
        for (unsigned i = 0; i < s->count; i++)
            fds[i + 1] = (struct pollfd){.fd = s->children[i].output, .events = POLLIN};
        if (poll(fds, s->count + 1, timeout) < 0 && errno != EINTR) {
            give_up(s, "poll", strerror(errno));
            return;
        }
        for (unsigned i = 0; i < s->count; i++)
            if ((fds[i + 1].revents & (POLLIN | POLLHUP)) != 0) on_output(s, i);
        if ((fds[0].revents & POLLIN) != 0) on_signal(s);
    }
}

static RESULT open_signals(struct supervisor *s)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGCHLD);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return fail(KMS_E_SYSTEM, "sigprocmask: %s", strerror(errno));
    s->signals = signalfd(-1, &set, SFD_CLOEXEC);
    return s->signals >= 0 ? KMS_OK : fail(KMS_E_SYSTEM, "signalfd: %s", strerror(errno));
}

int dev_supervise(struct dev *dev)
{
    struct supervisor s = {.dev = dev, .count = dev->nodes + 1, .signals = -1, .started_ms = clock_monotonic_ms()};

    for (unsigned i = 0; i < s.count; i++) {
        s.children[i].output = -1;
        dev_process_name(s.children[i].name, i);
    }
    if (open_signals(&s) != KMS_OK) {
        say("", error_text());
        return 1;
    }
    for (unsigned i = 1; i < s.count && !s.stopping; i++) start_or_give_up(&s, i);
    loop(&s);
    (void)close(s.signals);
    return s.failed ? 1 : 0;
}
