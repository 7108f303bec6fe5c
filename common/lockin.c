/*
 * The filter of system calls for processes with keys.
 * Called by certs/keyd/sandbox.c and signer/sign/key_server.c. seccomp(2), prctl(2).
 */
#include "common/lockin.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

err_t lockin_undumpable(void)
{
    return prctl(PR_SET_DUMPABLE, LOCKIN_SANITIZER) == 0 ? OK : ERR_IO;
}

err_t lockin_early(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ERR_IO;
    return lockin_undumpable();
}

#if LOCKIN_SANITIZER
err_t lockin_close(void)
{
    return OK;
}
#else

/* Talk on open sockets, wait, memory without execution, time, randomness, end. No open, no socket, no exec, no clone. */
static const int ALLOWED[] = {
    SCMP_SYS(read),           SCMP_SYS(write),        SCMP_SYS(writev),          SCMP_SYS(recvmsg),      SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),       SCMP_SYS(sendto),       SCMP_SYS(accept4),         SCMP_SYS(getsockopt),   SCMP_SYS(shutdown),
    SCMP_SYS(close),          SCMP_SYS(epoll_wait),   SCMP_SYS(epoll_pwait),     SCMP_SYS(epoll_ctl),    SCMP_SYS(poll),
    SCMP_SYS(ppoll),          SCMP_SYS(futex),        SCMP_SYS(clock_gettime),   SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getrandom),      SCMP_SYS(munmap),       SCMP_SYS(madvise),         SCMP_SYS(mremap),       SCMP_SYS(brk),
    SCMP_SYS(mlock),          SCMP_SYS(munlock),      SCMP_SYS(getpid),          SCMP_SYS(gettid),       SCMP_SYS(sched_yield),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(tgkill),       SCMP_SYS(set_robust_list),
    SCMP_SYS(exit),           SCMP_SYS(exit_group),
};

static int fill(scmp_filter_ctx f)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof ALLOWED / sizeof ALLOWED[0]; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, ALLOWED[i], 0);
    if (r == 0) /* memory may be mapped and its protection changed, but never to executable */
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (r == 0)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return r;
}

err_t lockin_close(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!f)
        return ERR_NOMEM;
    int r = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1); /* for the threads that exist already, too */
    if (r == 0)
        r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list of comparisons: it runs four times a timestamp */
    if (r == 0)
        r = fill(f);
    if (r == 0)
        r = seccomp_load(f);
    seccomp_release(f);
    errno = -r;
    return r == 0 ? OK : ERR_IO;
}
#endif
