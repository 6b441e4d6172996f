/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's system call filter, from inside: a child puts it on and tries every way out, each of which works without
 * it; what a node lives on still works with it.
 */
#include "cluster/daemon/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

/* What a node has open when the filter comes: a listener, and a datagram socket that it may have inherited. */
struct inherited {
    int                listener, datagram, connected[2];
    struct sockaddr_in address; /* of the listener */
};

static struct inherited inherit(void)
{
    struct inherited i = {.address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t        len = sizeof i.address;
    int              queue = 16;

    i.listener = socket(AF_INET, SOCK_STREAM, 0);
    i.datagram = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(i.listener, (struct sockaddr *)&i.address, sizeof i.address), 0);
    assert_int_equal(getsockname(i.listener, (struct sockaddr *)&i.address, &len), 0);
    (void)setsockopt(i.listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof queue);
    assert_int_equal(listen(i.listener, 16), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, i.connected), 0);
    return i;
}

/* ---- ways out: errno, or 0 where it worked ---- */

static int result(long value)
{
    return value < 0 ? errno : 0;
}

static int new_tcp_socket(struct inherited *i)
{
    (void)i;
    return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int new_tcp6_socket(struct inherited *i)
{
    (void)i;
    return result(socket(AF_INET6, SOCK_STREAM, 0));
}

static int new_unix_socket(struct inherited *i)
{
    (void)i;
    return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int connect_datagram(struct inherited *i)
{
    return result(connect(i->datagram, (struct sockaddr *)&i->address, sizeof i->address));
}

static int send_datagram(struct inherited *i)
{
    return result(sendto(i->datagram, "x", 1, 0, (struct sockaddr *)&i->address, sizeof i->address));
}

/* TCP Fast Open carries data in the SYN of a connection that was never asked for by connect(). */
static int fast_open(struct inherited *i)
{
    return result(sendto(i->connected[0], "x", 1, MSG_FASTOPEN, NULL, 0));
}

static int send_message(struct inherited *i)
{
    struct iovec  data = {(char *)(uintptr_t) "x", 1};
    struct msghdr message = {
        .msg_name = &i->address, .msg_namelen = sizeof i->address, .msg_iov = &data, .msg_iovlen = 1};

    return result(sendmsg(i->datagram, &message, 0));
}

static int send_messages(struct inherited *i)
{
    struct iovec   data = {(char *)(uintptr_t) "x", 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = &i->address, .msg_namelen = sizeof i->address, .msg_iov = &data, .msg_iovlen = 1}};

    return result(sendmmsg(i->datagram, &message, 1, 0));
}

static int bind_datagram(struct inherited *i)
{
    struct sockaddr_in any = {.sin_family = AF_INET};

    return result(bind(i->datagram, (struct sockaddr *)&any, sizeof any));
}

static int set_up_io_uring(struct inherited *i)
{
    struct io_uring_params params = {0};

    (void)i;
    return result(syscall(SYS_io_uring_setup, 4, &params));
}

static int run_a_program(struct inherited *i)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};

    (void)i;
    return result(execv("/nonexistent", argv));
}

static int run_a_program_at(struct inherited *i)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};

    (void)i;
    return result(syscall(SYS_execveat, -1, "/nonexistent", argv, NULL, 0));
}

static int trace(struct inherited *i)
{
    (void)i;
    return result(ptrace(PTRACE_PEEKDATA, getppid(), NULL, NULL));
}

static int read_another_process(struct inherited *i)
{
    char         byte;
    struct iovec here = {&byte, 1}, there = {&byte, 1};

    (void)i;
    return result(process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}

static int make_a_process(struct inherited *i)
{
    pid_t child = fork();

    (void)i;
    if (child == 0) _exit(0);
    if (child > 0) (void)waitpid(child, NULL, 0);
    return result(child);
}

struct way {
    const char *name;
    int (*try)(struct inherited *);
    bool may_fail_alone; /* the kernel or container may refuse it without the filter too */
};

static const struct way ways_out[] = {
    {"socket(AF_INET)", new_tcp_socket, false},
    {"socket(AF_INET6)", new_tcp6_socket, true},
    {"socket(AF_UNIX)", new_unix_socket, false},
    {"sendto(address)", send_datagram, false},
    {"sendto(MSG_FASTOPEN)", fast_open, true},
    {"sendmsg", send_message, false},
    {"sendmmsg", send_messages, false},
    {"connect", connect_datagram, false},
    {"bind", bind_datagram, true},
    {"io_uring_setup", set_up_io_uring, true},
    {"execve", run_a_program, true},
    {"execveat", run_a_program_at, true},
    {"ptrace", trace, true},
    {"process_vm_readv", read_another_process, false},
    {"fork", make_a_process, false},
};

/* ---- what a node lives on: 0 where it works ---- */

static void *no_thread(void *arg)
{
    return arg;
}

static int make_a_thread(struct inherited *i)
{
    pthread_t thread;

    (void)i;
    int failed = pthread_create(&thread, NULL, no_thread, NULL);
    return failed != 0 ? failed : pthread_join(thread, NULL);
}

static int accept_and_talk(struct inherited *i)
{
    char byte = 0;
    int  fd = accept4(i->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0 || read(fd, &byte, 1) != 1 || byte != 'i') return errno == 0 ? EIO : errno;
    struct iovec parts[2] = {{(char *)(uintptr_t) "o", 1}, {(char *)(uintptr_t) "k", 1}};
    return writev(fd, parts, 2) == 2 ? 0 : errno;
}

static int use_inherited_pair(struct inherited *i)
{
    char byte;

    if (send(i->connected[0], "x", 1, 0) != 1) return errno;
    return recv(i->connected[1], &byte, 1, 0) == 1 ? 0 : errno;
}

static int write_a_file(struct inherited *i)
{
    FILE *file = tmpfile();

    (void)i;
    if (file == NULL) return errno;
    bool ok = fputs("x", file) >= 0 && fflush(file) == 0 && fdatasync(fileno(file)) == 0;
    (void)fclose(file);
    return ok ? 0 : errno;
}

static const struct way ways_of_life[] = {
    {"thread", make_a_thread, false},
    {"accept, read, writev", accept_and_talk, false},
    {"inherited socket pair", use_inherited_pair, false},
    {"file", write_a_file, false},
};

/* Runs one way in a child, with the filter or without; gives its errno. */
static int in_child(const struct way *way, struct inherited *i, bool filtered)
{
    int   status;
    pid_t child = fork();

    if (child == 0) {
        if (filtered && sandbox_forbid_calling_out() != KMS_OK) _exit(255);
        _exit(way->try(i));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status)) fail_msg("%s: ended by signal %d", way->name, WTERMSIG(status));
    return WEXITSTATUS(status);
}

TEST(sandbox, refuses_every_way_out)
{
    struct inherited i = inherit();

    for (unsigned n = 0; n < ARRAY_LEN(ways_out); n++) {
        int alone = in_child(&ways_out[n], &i, false), filtered = in_child(&ways_out[n], &i, true);
        if (alone != 0 && !ways_out[n].may_fail_alone)
            fail_msg("%s fails without the filter: %s", ways_out[n].name, strerror(alone));
        if (filtered != EPERM) fail_msg("%s: %s", ways_out[n].name, strerror(filtered));
        if (alone == EPERM) print_message("# %s: refused here without the filter too\n", ways_out[n].name);
    }
}

/* Calls that are refused whatever their arguments are; with these, no kernel does anything. */
static const struct {
    const char *name;
    long        number;
} never[] = {
    {"process_madvise", SYS_process_madvise},
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"pidfd_send_signal", SYS_pidfd_send_signal},
    {"chroot", SYS_chroot},
    {"pivot_root", SYS_pivot_root},
    {"mount", SYS_mount},
    {"umount2", SYS_umount2},
    {"move_mount", SYS_move_mount},
    {"open_tree", SYS_open_tree},
    {"fsopen", SYS_fsopen},
    {"fsconfig", SYS_fsconfig},
    {"fsmount", SYS_fsmount},
    {"fspick", SYS_fspick},
    {"mount_setattr", SYS_mount_setattr},
    {"setns", SYS_setns},
    {"bpf", SYS_bpf},
    {"init_module", SYS_init_module},
    {"finit_module", SYS_finit_module},
    {"delete_module", SYS_delete_module},
    {"kexec_load", SYS_kexec_load},
    {"kexec_file_load", SYS_kexec_file_load},
};
static long number_to_call;

static int call_by_number(struct inherited *i)
{
    (void)i;
    return result(syscall(number_to_call, -1L, -1L, -1L, -1L, -1L, -1L));
}

TEST(sandbox, refuses_calls_that_a_node_never_makes)
{
    struct inherited i = inherit();
    const struct way by_number = {"a call", call_by_number, true};
    unsigned         told = 0;

    for (unsigned n = 0; n < ARRAY_LEN(never); n++) {
        number_to_call = never[n].number;
        told += in_child(&by_number, &i, false) != EPERM;
        int filtered = in_child(&by_number, &i, true);
        if (filtered != EPERM) fail_msg("%s: %s", never[n].name, strerror(filtered));
    }
    assert_true(told > 0); /* as root in a container, about all; as another user, still pidfd_open */
}

/* A client of the listener, which has connected and said "i" before the child starts. */
static int connected_client(const struct inherited *i)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&i->address, sizeof i->address), 0);
    assert_int_equal(write(fd, "i", 1), 1);
    return fd;
}

TEST(sandbox, leaves_what_a_node_lives_on)
{
    struct inherited i = inherit();
    char             reply[3] = "";
    int              client = connected_client(&i);

    for (unsigned n = 0; n < ARRAY_LEN(ways_of_life); n++) {
        int filtered = in_child(&ways_of_life[n], &i, true);
        if (filtered != 0) fail_msg("%s: %s", ways_of_life[n].name, strerror(filtered));
    }
    assert_int_equal(read(client, reply, 2), 2);
    assert_string_equal(reply, "ok");
    (void)close(client);
}

static int status_of(struct inherited *i)
{
    char  line[256];
    int   filter = -1;
    FILE *file = fopen("/proc/self/status", "re");

    (void)i;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) (void)sscanf(line, "Seccomp: %d", &filter);
    if (file != NULL) (void)fclose(file);
    return filter == 2 && prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1 ? 0 : 1;
}

TEST(sandbox, shows_in_the_process_status_and_takes_privileges_away)
{
    static const struct way status = {"status", status_of, false};
    struct inherited        i = {0};

    assert_int_equal(in_child(&status, &i, false), 1);
    assert_int_equal(in_child(&status, &i, true), 0);
}

static void *try_in_thread(void *arg)
{
    int *go = arg;
    char byte;

    while (read(go[0], &byte, 1) != 1) continue;
    return (void *)(intptr_t)new_tcp_socket(NULL);
}

static int try_in_older_thread(struct inherited *i)
{
    pthread_t thread;
    int       go[2];
    void     *refused;

    (void)i;
    if (pipe(go) != 0 || pthread_create(&thread, NULL, try_in_thread, go) != 0) return EIO;
    if (sandbox_forbid_calling_out() != KMS_OK || write(go[1], "x", 1) != 1) return EIO;
    (void)pthread_join(thread, &refused);
    return (int)(intptr_t)refused;
}

TEST(sandbox, holds_for_threads_that_were_there_before)
{
    static const struct way thread = {"older thread", try_in_older_thread, false};
    struct inherited        i = {0};

    assert_int_equal(in_child(&thread, &i, false), EPERM);
}
