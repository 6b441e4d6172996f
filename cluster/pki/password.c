/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords from a descriptor or the terminal. While the terminal does not echo, signals that would end or stop the
 * process are held back until it echoes again, then delivered. They are let through only while waiting for a key
 * (ppoll), so none can slip in between a look at them and the wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "cluster/pki/pki.h"
#include "common/secret/wipe.h"

#define PASSWORD_MAX 1024

static const int held_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM, SIGPIPE};

static volatile sig_atomic_t pending[ARRAY_LEN(held_signals)];

struct quiet_terminal {
    int              fd;
    struct termios   before;
    struct sigaction actions[ARRAY_LEN(held_signals)];
    sigset_t         mask; /* as it was */
};

static void hold(int number)
{
    for (size_t i = 0; i < ARRAY_LEN(held_signals); i++)
        if (held_signals[i] == number) pending[i] = 1;
}

static bool is_pending(void)
{
    for (size_t i = 0; i < ARRAY_LEN(held_signals); i++)
        if (pending[i] != 0) return true;
    return false;
}

/* Waits until a byte can be read; a held signal ends the wait. */
static enum kms_err await_key(const struct quiet_terminal *t)
{
    struct pollfd ready = {.fd = t->fd, .events = POLLIN};

    while (ppoll(&ready, 1, NULL, &t->mask) < 0) {
        if (errno != EINTR) return fail(KMS_E_SYSTEM, "the terminal cannot be read: %s", strerror(errno));
        if (is_pending()) return fail(KMS_E_SYSTEM, "interrupted while reading the password");
    }
    return KMS_OK;
}

/* One byte at a time: what follows the first line is not ours. terminal: NULL for a descriptor that is none. */
static enum kms_err read_line(struct secret *out, int fd, const struct quiet_terminal *terminal)
{
    size_t len = 0;

    TRY(secret_alloc(out, PASSWORD_MAX + 1));
    while (len <= PASSWORD_MAX) {
        if (terminal != NULL) TRY(await_key(terminal));
        ssize_t n = read(fd, out->data + len, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(KMS_E_SYSTEM, "the password cannot be read from descriptor %d: %s", fd, strerror(errno));
        if (n == 0 || out->data[len] == '\n') break;
        len++;
    }
    if (len == 0) return fail(KMS_E_PASSWORD, "the password is empty");
    if (len > PASSWORD_MAX) return fail(KMS_E_PASSWORD, "the password is longer than %d bytes", PASSWORD_MAX);
    secret_truncate(out, len);
    return KMS_OK;
}

static enum kms_err silence(struct quiet_terminal *t, int fd)
{
    struct sigaction action = {.sa_handler = hold};
    struct termios   quiet;
    sigset_t         held;

    t->fd = fd;
    if (tcgetattr(fd, &t->before) != 0) return fail(KMS_E_SYSTEM, "the terminal does not answer: %s", strerror(errno));
    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&held);
    for (size_t i = 0; i < ARRAY_LEN(held_signals); i++) (void)sigaddset(&held, held_signals[i]);
    (void)pthread_sigmask(SIG_BLOCK, &held, &t->mask);
    for (size_t i = 0; i < ARRAY_LEN(held_signals); i++) {
        pending[i] = 0;
        (void)sigaction(held_signals[i], &action, &t->actions[i]);
    }
    quiet = t->before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    (void)tcsetattr(fd, TCSAFLUSH, &quiet);
    return KMS_OK;
}

static void restore(struct quiet_terminal *t)
{
    (void)tcsetattr(t->fd, TCSAFLUSH, &t->before);
    for (size_t i = 0; i < ARRAY_LEN(held_signals); i++) (void)sigaction(held_signals[i], &t->actions[i], NULL);
    for (size_t i = 0; i < ARRAY_LEN(held_signals); i++)
        if (pending[i] != 0) (void)raise(held_signals[i]);
    (void)pthread_sigmask(SIG_SETMASK, &t->mask, NULL); /* now they arrive */
}

static void say(int fd, const char *text)
{
    ssize_t written = write(fd, text, strlen(text));
    (void)written; /* a prompt that cannot be shown is no reason to refuse the password */
}

static enum kms_err ask(struct secret *out, int fd, const char *prompt)
{
    struct quiet_terminal terminal;

    TRY(silence(&terminal, fd));
    say(fd, prompt);
    enum kms_err err = read_line(out, fd, &terminal);
    say(fd, "\n");
    restore(&terminal);
    if (err != KMS_OK) secret_clear(out);
    return err;
}

RESULT password_read_fd(struct secret *out, int fd)
{
    if (isatty(fd) == 1) return ask(out, fd, "Password: ");
    enum kms_err err = read_line(out, fd, NULL);
    if (err != KMS_OK) secret_clear(out);
    return err;
}

static enum kms_err ask_twice(struct secret *out, int fd, const char *prompt)
{
    SECRET_LOCAL again = SECRET_NONE;

    TRY(ask(out, fd, prompt));
    TRY(ask(&again, fd, "The same again: "));
    if (again.len != out->len || !secret_equal(again.data, out->data, out->len))
        return fail(KMS_E_PASSWORD, "the two passwords differ");
    return KMS_OK;
}

RESULT password_prompt(struct secret *out, const char *prompt, bool twice)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) return fail(KMS_E_SYSTEM, "there is no terminal to ask for a password; give a descriptor instead");
    enum kms_err err = twice ? ask_twice(out, fd, prompt) : ask(out, fd, prompt);
    (void)close(fd);
    if (err != KMS_OK) secret_clear(out);
    return err;
}
