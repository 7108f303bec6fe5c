/*
 * The zygote and its children: where foreign PDFs are read. Started by exec of antin-signerd with PDFJAIL_ARG.
 * Each child may read the one descriptor it was given and write its answer; everything else is an error or its end (seccomp, rlimits, a timer).
 */
#include "signer/errors.h"
#include "signer/formats/pdf_active.h"
#include "signer/rules/pdfjail.h"
#include "signer/rules/pdfjail_store.h"
#include "signer/rules/pdfjail_wire.h"

#include "common/secret.h"
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define MEMORY_BESIDE_FILE (384ul << 20) /* RLIMIT_AS: address space for everything but the mapped file */

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define LIMIT_ADDRESS_SPACE 0 /* sanitizers reserve terabytes */
#else
#define LIMIT_ADDRESS_SPACE 1
#endif

/* clang-format off */
static const int allowed[] = {
    SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close),
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(sched_yield),
    SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(dup),
};
/* Asked for by libraries that go on without: an error in place of death. */
static const int refused[] = {
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(stat),
    SCMP_SYS(statx), SCMP_SYS(ioctl), SCMP_SYS(fcntl), SCMP_SYS(prlimit64), SCMP_SYS(sched_getaffinity), SCMP_SYS(sysinfo),
    SCMP_SYS(uname), SCMP_SYS(tgkill),
};

/* clang-format on */

static bool lock_in(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool ok = f != NULL;
    for (size_t i = 0; ok && i < sizeof allowed / sizeof allowed[0]; i++)
        ok = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    for (size_t i = 0; ok && i < sizeof refused / sizeof refused[0]; i++)
        ok = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), refused[i], 0) == 0;
    /* fstat of an open descriptor is newfstatat(fd, "", …, AT_EMPTY_PATH) in the C library. */
    const struct scmp_arg_cmp empty_path = {.arg = 3, .op = SCMP_CMP_EQ, .datum_a = AT_EMPTY_PATH, .datum_b = 0};
    const struct scmp_arg_cmp a_path = {.arg = 3, .op = SCMP_CMP_NE, .datum_a = AT_EMPTY_PATH, .datum_b = 0};
    ok = ok && seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, empty_path) == 0 &&
         seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1, a_path) == 0 && seccomp_load(f) == 0;
    if (f != NULL)
        seccomp_release(f);
    return ok;
}

static bool limit(__rlimit_resource_t what, rlim_t n)
{
    return setrlimit(what, &(struct rlimit){.rlim_cur = n, .rlim_max = n}) == 0;
}

static bool limit_all(int pdf)
{
    struct stat st;
    if (fstat(pdf, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    struct itimerval timer = {.it_value.tv_sec = PDFJAIL_SECONDS};
    return limit(RLIMIT_CPU, PDFJAIL_SECONDS) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NPROC, 0) &&
           (!LIMIT_ADDRESS_SPACE || limit(RLIMIT_AS, MEMORY_BESIDE_FILE + (rlim_t)st.st_size)) &&
           setitimer(ITIMER_REAL, &timer, NULL) == 0; /* SIGALRM ends it */
}

static bool write_all(int fd, const void *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t w = write(fd, (const uint8_t *)p + done, n - done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return false;
        done += (size_t)w;
    }
    return true;
}

/* What came with an ask. */
struct given {
    int pdf, answer, data; /* data: -1 unless pdfjail_has_data */
};

static err_t add_store(const struct given *g, struct pades_prepared *out)
{
    AUTO(pdf_close) struct pdf *p = NULL;
    AUTO(pdfjail_store_free) struct pdfjail_store s = {0};
    TRY(pdfjail_store_read(g->data, &s));
    TRY(pdf_open(g->pdf, &p));
    out->base_size = pdf_size(p);
    return pades_dss_update(p, &(struct pades_vri){buf_bytes(&s.contents), &s.data}, 1, &out->increment);
}

static err_t check(const struct pdfjail_ask *ask, int pdf, unsigned *active)
{
    TRY(pdf_check(pdf, active));
    if ((*active & ~ask->accept) != 0)
        return ERR_PDF_ACTIVE;
    return ask->seen ? pdf_place_check(pdf, ask->has_field ? ask->field : NULL, &ask->place) : OK;
}

static err_t prepare(const struct pdfjail_ask *ask, const struct given *g, struct pades_prepared *out)
{
    AUTO_BUF drawn = {0};
    if (ask->seen)
        TRY(pdfjail_file_read(g->data, &drawn));
    const struct pdf_appearance seen = {buf_bytes(&drawn), ask->width, ask->height, ask->has_spoken ? ask->spoken : NULL, ask->place};
    const struct pades_opts opts = {
        .field_name = ask->has_field ? ask->field : NULL,
        .reason = ask->has_reason ? ask->reason : NULL,
        .location = ask->has_location ? ask->location : NULL,
        .name = ask->has_name ? ask->name : NULL,
        .signing_time = ask->signing_time,
        .contents_room = ask->contents_room,
        .appearance = ask->seen ? &seen : NULL,
        .document_timestamp = ask->document_timestamp,
        .accept = PDF_ACTIVE_ALL, /* asked about when it came */
    };
    return pades_prepare(g->pdf, &opts, out);
}

static err_t work(const struct pdfjail_ask *ask, const struct given *g, struct pades_prepared *out, unsigned *active)
{
    if (ask->op == PDFJAIL_CHECK)
        return check(ask, g->pdf, active);
    if (ask->op == PDFJAIL_STORE)
        return add_store(g, out);
    return prepare(ask, g, out);
}

_Noreturn static void child(const struct pdfjail_ask *ask, const struct given *g)
{
    close(PDFJAIL_FD); /* what others ask is not its business */
    if (!limit_all(g->pdf) || !lock_in())
        _exit(2);
    struct pades_prepared p = {0};
    struct pdfjail_answer a = {0};
    a.e = work(ask, g, &p, &a.active);
    if (a.e == ERR_NOMEM)
        a.e = ERR_PDF_UNREADABLE; /* the limit is ours, the appetite the document's */
    if (a.e == OK) {
        a.base_size = p.base_size;
        a.contents_at = p.contents_at;
        a.contents_len = p.contents_len;
        memcpy(a.byte_range, p.byte_range, sizeof a.byte_range);
        memcpy(a.sha256, p.digest, sizeof a.sha256);
        a.increment_len = p.increment.len;
    }
    bool ok = write_all(g->answer, &a, sizeof a) && write_all(g->answer, p.increment.ptr, a.increment_len);
    _exit(ok ? 0 : 1);
}

/* One ask with its descriptors; false at the end of the daemon. */
static bool receive(struct pdfjail_ask *ask, struct given *g)
{
    struct iovec iov = {.iov_base = ask, .iov_len = sizeof *ask};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(PDFJAIL_FDS_MAX * sizeof(int))];
    } control;
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t n;
    do
        n = recvmsg(PDFJAIL_FD, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    size_t fds = pdfjail_has_data(ask) ? 3 : 2;
    if (n != (ssize_t)sizeof *ask || c == NULL || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(fds * sizeof(int)))
        return false;
    int fd[PDFJAIL_FDS_MAX] = {-1, -1, -1};
    memcpy(fd, CMSG_DATA(c), fds * sizeof(int));
    *g = (struct given){fd[0], fd[1], fd[2]};
    return true;
}

/* Nothing of the daemon's: not its log either (a sanitizer's report excepted). */
static bool silence(void)
{
    int null = open("/dev/null", O_RDWR);
    bool ok = null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0;
#ifndef __SANITIZE_ADDRESS__
    ok = ok && dup2(null, STDERR_FILENO) >= 0;
#endif
    return ok;
}

int pdfjail_zygote_main(void)
{
    if (!silence())
        return 1;
    (void)close_range(PDFJAIL_FD + 1, ~0u, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
        return 1;
    (void)signal(SIGCHLD, SIG_IGN); /* children are not waited for: their answer, or its lack, says all */
    secret_init();
    uint8_t once[SHA256_LEN];
    sha256(BYTES_STR("lazy things are loaded before the filter"), once);
    struct pdfjail_ask ask;
    struct given g;
    while (receive(&ask, &g)) {
        pid_t pid = fork();
        if (pid == 0)
            child(&ask, &g);
        if (pid < 0)
            (void)write_all(g.answer, &(struct pdfjail_answer){.e = ERR_BUSY}, sizeof(struct pdfjail_answer));
        close(g.pdf);
        close(g.answer);
        if (g.data >= 0)
            close(g.data);
    }
    return 0;
}
