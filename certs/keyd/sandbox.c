/*
 * How the process with the keys locks itself in: no core dumps, no debugger, keys in locked memory, and a filter of system calls.
 * Called by worker.c at start. seccomp(2), prctl(2).
 */
#include "certs/keyd/keyd.h"
#include "common/log.h"

#include <errno.h>
#include <grp.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Sanitizers trace the process at its end and open files when they report: such a build keeps neither door shut, and never holds real keys. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZER 1
#endif
#endif
#ifdef SANITIZER
#define DUMPABLE 1
#else
#define DUMPABLE 0
#endif

#define SECURE_HEAP (256u << 10)

err_t sandbox_early(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, DUMPABLE) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ERR_IO;
    /* OpenSSL puts private scalars and nonces here: guarded pages, wiped, locked against swapping as far as RLIMIT_MEMLOCK lets it. */
    int r = CRYPTO_secure_malloc_init(SECURE_HEAP, 16);
    if (r == 0)
        return ERR_NOMEM;
    if (r == 2)
        log_event(LOG_WARNING, "keys_not_locked", "RLIMIT_MEMLOCK is too small: keys could be swapped out");
    return OK;
}

err_t sandbox_user(const char *user, FILE *errs)
{
    if (*user == '\0')
        return OK;
    const struct passwd *pw = getpwnam(user);
    if (!pw) {
        fprintf(errs, "keyd.user: no user \"%s\"\n", user);
        return ERR_CONFIG;
    }
    if (pw->pw_uid == geteuid())
        return OK;
    if (initgroups(user, pw->pw_gid) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0) {
        fprintf(errs, "keyd.user: cannot become \"%s\": %s\n", user, strerror(errno));
        return ERR_CONFIG;
    }
    return prctl(PR_SET_DUMPABLE, DUMPABLE) == 0 ? OK : ERR_IO; /* a change of uid resets it */
}

#ifdef SANITIZER
err_t sandbox_close(void)
{
    log_event(LOG_WARNING, "no_seccomp", "built with a sanitizer: no system call filter");
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

err_t sandbox_close(void)
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
    if (r != 0)
        log_event(LOG_ERROR, "seccomp", "cannot load the filter: %s", strerror(-r));
    return r == 0 ? OK : ERR_IO;
}
#endif
