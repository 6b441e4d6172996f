/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords from pipes and terminals: one line, no echo, and a terminal that echoes again whatever happens. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cluster/pki/pki.h"
#include "tests/support/test.h"

static enum kms_err read_from_pipe(struct secret *out, struct bytes written)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], written.data, written.len), (ssize_t)written.len);
    assert_int_equal(close(fds[1]), 0);
    enum kms_err err = password_read_fd(out, fds[0]);
    assert_int_equal(close(fds[0]), 0);
    return err;
}

TEST(password, is_the_first_line_of_a_pipe)
{
    static const char *const lines[] = {"secret", "secret\n", "secret\nmore\n"};
    SECRET_LOCAL             password = SECRET_NONE;

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_ok(read_from_pipe(&password, bytes_str(lines[i])));
        assert_int_equal(password.len, 6);
        assert_memory_equal(password.data, "secret", 6);
    }
}

TEST(password, leaves_what_follows_the_line_unread)
{
    int          fds[2];
    char         rest[8] = {0};
    SECRET_LOCAL password = SECRET_NONE;

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "secret\nmore", 11), 11);
    assert_ok(password_read_fd(&password, fds[0]));
    assert_int_equal(read(fds[0], rest, sizeof rest), 4);
    assert_string_equal(rest, "more");
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(close(fds[1]), 0);
}

TEST(password, has_1_to_1024_bytes)
{
    static char  line[1026];
    SECRET_LOCAL password = SECRET_NONE;

    memset(line, 'x', sizeof line);
    assert_err(KMS_E_PASSWORD, read_from_pipe(&password, BYTES_NONE));
    assert_err(KMS_E_PASSWORD, read_from_pipe(&password, bytes_str("\nsecret\n")));
    assert_ok(read_from_pipe(&password, bytes(line, 1024)));
    assert_int_equal(password.len, 1024);
    assert_err(KMS_E_PASSWORD, read_from_pipe(&password, bytes(line, 1025)));
    assert_int_equal(password.len, 0);
    line[1024] = '\n';
    assert_ok(read_from_pipe(&password, bytes(line, 1025)));
}

TEST(password, says_which_descriptor_cannot_be_read)
{
    SECRET_LOCAL password = SECRET_NONE;

    assert_err(KMS_E_SYSTEM, password_read_fd(&password, 987));
    assert_non_null(strstr(error_text(), "987"));
}

/* Reads from the terminal's other side until `expected` has come. */
static void await(int fd, char *seen, size_t size, const char *expected)
{
    size_t len = strlen(seen);

    while (strstr(seen, expected) == NULL) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_true(poll(&ready, 1, 20000) == 1 && len + 1 < size);
        ssize_t n = read(fd, seen + len, size - len - 1);
        assert_true(n > 0);
        len += (size_t)n;
        seen[len] = '\0';
    }
}

static void type(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool echoes(int fd)
{
    struct termios now;

    assert_int_equal(tcgetattr(fd, &now), 0);
    return (now.c_lflag & ECHO) != 0;
}

/* What the child did, as its exit code. */
static int exit_code(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void ask_in_child(bool twice)
{
    SECRET_LOCAL password = SECRET_NONE;

    enum kms_err err = twice ? password_prompt(&password, "PIN: ", true) : password_read_fd(&password, STDIN_FILENO);
    bool         right = err == KMS_OK && password.len == 6 && memcmp(password.data, "secret", 6) == 0;
    _exit(right ? 0 : (err == KMS_E_PASSWORD ? 3 : 4));
}

TEST(password, is_not_echoed_by_a_terminal)
{
    int  terminal, side;
    char seen[1000] = "", name[64];

    pid_t child = forkpty(&terminal, name, NULL, NULL);
    if (child == 0) ask_in_child(false);
    side = open(name, O_RDWR | O_NOCTTY); /* keeps the terminal when the child has gone */
    assert_true(side >= 0);
    await(terminal, seen, sizeof seen, "Password: ");
    assert_false(echoes(side));
    type(terminal, "secret\n");
    assert_int_equal(exit_code(child), 0);
    assert_true(echoes(side));
    await(terminal, seen, sizeof seen, "\n");
    assert_null(strstr(seen, "secret"));
    assert_int_equal(close(side), 0);
    assert_int_equal(close(terminal), 0);
}

static int ask_twice_with(const char *first, const char *second)
{
    int  terminal;
    char seen[1000] = "";

    pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    if (child == 0) ask_in_child(true);
    await(terminal, seen, sizeof seen, "PIN: ");
    type(terminal, first);
    await(terminal, seen, sizeof seen, "The same again: ");
    type(terminal, second);
    int code = exit_code(child);
    assert_int_equal(close(terminal), 0);
    return code;
}

TEST(password, is_asked_for_twice_and_compared)
{
    assert_int_equal(ask_twice_with("secret\n", "secret\n"), 0);
    assert_int_equal(ask_twice_with("secret\n", "Secret\n"), 3);
    assert_int_equal(ask_twice_with("secret\n", "secrets\n"), 3);
}

TEST(password, leaves_an_echoing_terminal_when_interrupted)
{
    static const struct {
        const char *key;
        int         number;
    } interrupts[] = {{"\x03", SIGINT}, {"\x1c", SIGQUIT}, {NULL, SIGTERM}, {NULL, SIGHUP}};

    for (size_t i = 0; i < ARRAY_LEN(interrupts); i++) {
        int   terminal, side;
        char  seen[1000] = "", name[64];
        pid_t child = forkpty(&terminal, name, NULL, NULL);
        if (child == 0) ask_in_child(false);
        side = open(name, O_RDWR | O_NOCTTY); /* keeps the terminal when the child has gone */
        assert_true(side >= 0);
        await(terminal, seen, sizeof seen, "Password: ");
        assert_false(echoes(terminal));
        if (interrupts[i].key != NULL)
            type(terminal, interrupts[i].key);
        else
            assert_int_equal(kill(child, interrupts[i].number), 0);
        assert_int_equal(exit_code(child), 128 + interrupts[i].number);
        assert_true(echoes(side));
        assert_int_equal(close(side), 0);
        assert_int_equal(close(terminal), 0);
    }
}
