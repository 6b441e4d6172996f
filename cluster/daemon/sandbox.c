/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's system call filter: a list of what is refused, so that a new release of libuv, SQLite or glibc still runs.
 * A filter sees registers only, not the memory behind pointers. So sendmsg, whose address hides in a struct, is refused
 * whole (libuv writes TCP with write and writev), and io_uring, which makes calls without system calls, cannot be set
 * up. clone3 hides its flags likewise: ENOSYS makes glibc fall back to clone, where they can be seen. Another
 * architecture's calls kill the process (libseccomp's default), as they would go around the list.
 */
#include "cluster/daemon/sandbox.h"

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define REFUSE SCMP_ACT_ERRNO(EPERM)

static const int refused_calls[] = {
    /* calling out */
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    /* becoming another program */
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    /* using another process, or its sockets */
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal),
    /* changing the kernel or where this process lives in it */
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(chroot),
    SCMP_SYS(pivot_root),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
};

static RESULT check(int code, const char *what)
{
    return code == 0 ? KMS_OK : fail(KMS_E_SYSTEM, "seccomp filter, %s: %s", what, strerror(-code));
}

static RESULT add_rules(scmp_filter_ctx filter)
{
    for (unsigned i = 0; i < ARRAY_LEN(refused_calls); i++)
        TRY(check(seccomp_rule_add(filter, REFUSE, refused_calls[i], 0), "a call"));
    /* sendto(fd, data, len, flags, address, address_len): to whom, and MSG_FASTOPEN, which connects. */
    TRY(check(seccomp_rule_add(filter, REFUSE, SCMP_SYS(sendto), 1, SCMP_A4(SCMP_CMP_NE, 0)), "sendto"));
    TRY(check(
        seccomp_rule_add(filter, REFUSE, SCMP_SYS(sendto), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, MSG_FASTOPEN)),
        "sendto"));
    TRY(check(seccomp_rule_add(filter, REFUSE, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)),
              "clone"));
    return check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
}

static RESULT load(scmp_filter_ctx filter)
{
    TRY(check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1), "no-new-privs"));
    TRY(check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1), "all threads"));
    TRY(check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1), "log"));
    TRY(add_rules(filter));
    return check(seccomp_load(filter), "load");
}

RESULT sandbox_forbid_calling_out(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0) return fail(KMS_E_SYSTEM, "no-new-privs: %s", strerror(errno));
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL) return fail(KMS_E_MEMORY, "seccomp filter");
    enum kms_err err = load(filter);
    seccomp_release(filter);
    return err;
}
