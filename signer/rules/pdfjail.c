/*
 * The daemon's side of the PDF sandbox: starts the zygote, hands it a descriptor, waits for the answer with a deadline.
 * Called by rules/component, rules/activation and rules/signed_pdf.
 */
#include "signer/rules/pdfjail.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "signer/errors.h"
#include "signer/formats/pdf_active.h"
#include "signer/rules/pdfjail_store.h"
#include "signer/rules/pdfjail_wire.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIECE ((size_t)128 << 10)

struct pdfjail {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    unsigned running, parallel;
    int ctl; /* -1: the zygote has to be started */
    pid_t pid;
};

/* --- the zygote's life; call with the lock held --- */

static void bury(struct pdfjail *s)
{
    fd_close(&s->ctl);
    if (s->pid > 0)
        (void)waitpid(s->pid, NULL, 0); /* it ends when its socket closes */
    s->pid = 0;
}

static err_t spawn(struct pdfjail *s)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return ERR_IO;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], PDFJAIL_FD);
    char name[] = "antin-signerd", arg[] = PDFJAIL_ARG;
    char *argv[] = {name, arg, NULL}, *env[] = {NULL};
    /* The daemon blocks SIGTERM and SIGINT in all threads; the zygote must be mortal. */
    posix_spawnattr_t attr;
    posix_spawnattr_init(&attr);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    int rc = posix_spawn(&s->pid, "/proc/self/exe", &actions, &attr, argv, env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    close(pair[1]);
    if (rc != 0) {
        close(pair[0]);
        s->pid = 0;
        log_event(LOG_ERROR, "pdf_reader", "cannot start the PDF reader: %s", strerror(rc));
        return ERR_IO;
    }
    s->ctl = pair[0];
    return OK;
}

err_t pdfjail_open(unsigned parallel, struct pdfjail **out)
{
    struct pdfjail *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->freed, &attr);
    pthread_condattr_destroy(&attr);
    s->parallel = parallel;
    s->ctl = -1;
    *out = s;
    return spawn(s);
}

void pdfjail_close(struct pdfjail **s)
{
    if (*s == NULL)
        return;
    bury(*s);
    pthread_cond_destroy(&(*s)->freed);
    pthread_mutex_destroy(&(*s)->lock);
    free(*s);
    *s = NULL;
}

/* If it is dead, another stands ready when this returns OK. */
static err_t revive(struct pdfjail *s, int wait_ms, bool *was_dead)
{
    struct pollfd p = {.fd = s->ctl};
    *was_dead = s->ctl < 0 || poll(&p, 1, wait_ms) != 0; /* it never says anything: only its end can be heard */
    if (!*was_dead)
        return OK;
    log_event(LOG_ERROR, "pdf_reader", "the PDF reader is gone: starting another");
    bury(s);
    return spawn(s);
}

bool pdfjail_alive(struct pdfjail *s)
{
    bool dead = false;
    pthread_mutex_lock(&s->lock);
    err_t e = revive(s, 0, &dead);
    pthread_mutex_unlock(&s->lock);
    return e == OK;
}

/* --- one document --- */

/* One question: what, about which PDF, with what (-1: nothing). */
struct question {
    const struct pdfjail_ask *ask;
    int pdf, data;
};

static bool send_ask(int ctl, const struct question *q, int answer)
{
    const int fds[PDFJAIL_FDS_MAX] = {q->pdf, answer, q->data};
    size_t size = (q->data >= 0 ? 3 : 2) * sizeof(int);
    struct iovec iov = {.iov_base = (void *)(uintptr_t)q->ask, .iov_len = sizeof *q->ask};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(PDFJAIL_FDS_MAX * sizeof(int))];
    } control = {0};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = CMSG_SPACE(size)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(c), fds, size);
    ssize_t n;
    do
        n = sendmsg(ctl, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *q->ask;
}

/* Takes a turn; the zygote is started anew when it is gone. */
static err_t ask_zygote(struct pdfjail *s, const struct question *q, int answer, pid_t *pid)
{
    const struct timespec until = {.tv_sec = clock_mono_us() / 1000000 + PDFJAIL_SECONDS};
    err_t e = OK;
    pthread_mutex_lock(&s->lock);
    while (s->running >= s->parallel && e == OK)
        if (pthread_cond_timedwait(&s->freed, &s->lock, &until) == ETIMEDOUT)
            e = ERR_BUSY;
    bool dead = false;
    if (e == OK)
        e = revive(s, 0, &dead);
    if (e == OK && !send_ask(s->ctl, q, answer))
        e = ERR_BUSY;
    if (e == OK) {
        s->running++;
        *pid = s->pid;
    }
    pthread_mutex_unlock(&s->lock);
    return e;
}

#define DYING_MS 50 /* its end of the answer may be heard a moment before its end of the socket */

/* Did the zygote die with this document's question? */
static bool died_meanwhile(struct pdfjail *s, pid_t pid)
{
    bool dead = false;
    pthread_mutex_lock(&s->lock);
    if (s->pid == pid && revive(s, DYING_MS, &dead) != OK)
        dead = false;
    dead = dead || s->pid != pid;
    pthread_mutex_unlock(&s->lock);
    return dead;
}

static void end_turn(struct pdfjail *s)
{
    pthread_mutex_lock(&s->lock);
    s->running--;
    pthread_cond_signal(&s->freed);
    pthread_mutex_unlock(&s->lock);
}

/* Exactly n bytes before the deadline, or ERR_PDF_UNREADABLE. */
static err_t read_exactly(int fd, void *to, size_t n, int64_t deadline)
{
    for (size_t got = 0; got < n;) {
        int64_t left = (deadline - clock_mono_us()) / 1000;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) == 0)
            return ERR_PDF_UNREADABLE;
        ssize_t r = read(fd, (uint8_t *)to + got, n - got);
        if (r < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (r <= 0)
            return ERR_PDF_UNREADABLE;
        got += (size_t)r;
    }
    return OK;
}

/* The child read a foreign document: what it says is checked as if the document had said it. */
static bool believable(enum pdfjail_op op, const struct pdfjail_answer *a)
{
    if (a->increment_len > PDFJAIL_INCREMENT_MAX)
        return false;
    if (op == PDFJAIL_STORE)
        return true;
    return a->increment_len > 0 && a->contents_len >= 2 && a->contents_at >= a->base_size &&
           a->contents_at - a->base_size <= a->increment_len && a->contents_len <= a->increment_len - (a->contents_at - a->base_size);
}

/* What is asked for: either. */
struct wanted {
    struct pades_prepared *prepared;
    unsigned *active;
};

static err_t read_answer(int fd, enum pdfjail_op op, const struct wanted *w)
{
    struct pades_prepared *out = w->prepared;
    int64_t deadline = clock_mono_us() + (PDFJAIL_SECONDS + 5) * INT64_C(1000000);
    struct pdfjail_answer a;
    TRY(read_exactly(fd, &a, sizeof a, deadline));
    if (w->active != NULL)
        *w->active = a.active & PDF_ACTIVE_ALL;
    if (a.e != OK || out == NULL)
        return a.e;
    if (!believable(op, &a))
        return ERR_PDF_UNREADABLE;
    AUTO_BUF increment = {0};
    TRY(buf_reserve(&increment, a.increment_len));
    TRY(read_exactly(fd, increment.ptr, a.increment_len, deadline));
    increment.len = a.increment_len;
    out->increment = take(&increment);
    out->base_size = a.base_size;
    out->contents_at = a.contents_at;
    out->contents_len = a.contents_len;
    memcpy(out->byte_range, a.byte_range, sizeof out->byte_range);
    memcpy(out->digest, a.sha256, sizeof a.sha256);
    out->digest_len = sizeof a.sha256;
    return OK;
}

static err_t ask_once(struct pdfjail *s, const struct question *q, const struct wanted *w, pid_t *pid)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return ERR_IO;
    AUTO_FD from = pipe_fds[0];
    AUTO_FD to = pipe_fds[1];
    TRY(ask_zygote(s, q, to, pid));
    fd_close(&to); /* the child's end is then the only one: its death is an end of file */
    err_t e = read_answer(from, q->ask->op, w);
    end_turn(s);
    return e;
}

static err_t ask_and_wait(struct pdfjail *s, const struct question *q, const struct wanted *w)
{
    pid_t pid = 0;
    err_t e = ask_once(s, q, w, &pid);
    if (e == ERR_PDF_UNREADABLE && died_meanwhile(s, pid)) /* not the document's fault: no document reaches the zygote itself */
        e = ask_once(s, q, w, &pid);
    if (e == ERR_PDF_UNREADABLE)
        log_event(LOG_WARNING, "pdf_reader", "a document could not be read: the reader crashed or ran out of time or memory");
    return e;
}

static err_t put_text(const char *text, bool *has, char out[PDFJAIL_TEXT_MAX])
{
    *has = text != NULL;
    if (text == NULL)
        return OK;
    size_t n = strlen(text);
    if (n >= PDFJAIL_TEXT_MAX)
        return ERR_TOO_LARGE;
    memcpy(out, text, n + 1);
    return OK;
}

err_t pdfjail_check(struct pdfjail *s, int fd, const struct pdfjail_wish *w, unsigned *active)
{
    struct pdfjail_ask ask = {.op = PDFJAIL_CHECK, .accept = w->accept, .seen = w->place != NULL};
    *active = 0;
    if (w->place != NULL)
        ask.place = *w->place;
    TRY(put_text(w->field, &ask.has_field, ask.field));
    return ask_and_wait(s, &(struct question){&ask, fd, -1}, &(struct wanted){.active = active});
}

static err_t put_appearance(const struct pdf_appearance *a, struct pdfjail_ask *ask, int *drawn)
{
    ask->seen = true;
    ask->place = a->place;
    ask->width = a->width;
    ask->height = a->height;
    TRY(put_text(a->spoken, &ask->has_spoken, ask->spoken));
    return pdfjail_file_write(a->drawn, drawn);
}

/* --- the digest that will be signed: taken here, of bytes that the daemon has itself --- */

static void md_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static err_t feed_file(EVP_MD_CTX *md, int fd, uint64_t size)
{
    AUTO_BUF piece = {0};
    TRY(buf_reserve(&piece, PIECE));
    for (uint64_t at = 0; at < size;) {
        size_t want = size - at < PIECE ? (size_t)(size - at) : PIECE;
        ssize_t n = pread(fd, piece.ptr, want, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_PDF_UNREADABLE; /* it is not as long as the child says */
        if (EVP_DigestUpdate(md, piece.ptr, (size_t)n) != 1)
            return ERR_CRYPTO;
        at += (uint64_t)n;
    }
    return OK;
}

err_t pdfjail_digest_check(int fd, const struct pades_prepared *p)
{
    AUTO(md_free) EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t digest[SHA256_LEN];
    size_t before = (size_t)(p->contents_at - p->base_size), behind = before + (size_t)p->contents_len;
    if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
        return ERR_CRYPTO;
    TRY(feed_file(md, fd, p->base_size));
    if (EVP_DigestUpdate(md, p->increment.ptr, before) != 1 ||
        EVP_DigestUpdate(md, p->increment.ptr + behind, p->increment.len - behind) != 1 || EVP_DigestFinal_ex(md, digest, NULL) != 1)
        return ERR_CRYPTO;
    return bytes_eq(BYTES(digest, sizeof digest), BYTES(p->digest, p->digest_len)) ? OK : ERR_PDF_UNREADABLE;
}

err_t pdfjail_prepare(struct pdfjail *s, int fd, const struct pades_opts *opts, struct pades_prepared *out)
{
    struct pdfjail_ask ask = {.op = PDFJAIL_PREPARE,
                              .document_timestamp = opts->document_timestamp,
                              .signing_time = opts->signing_time,
                              .contents_room = opts->contents_room};
    if (opts->hash != CMS_SHA256)
        return ERR_UNSUPPORTED;
    TRY(put_text(opts->reason, &ask.has_reason, ask.reason));
    TRY(put_text(opts->location, &ask.has_location, ask.location));
    TRY(put_text(opts->name, &ask.has_name, ask.name));
    TRY(put_text(opts->field_name, &ask.has_field, ask.field));
    AUTO_FD drawn = -1;
    if (opts->appearance != NULL)
        TRY(put_appearance(opts->appearance, &ask, &drawn));
    TRY(ask_and_wait(s, &(struct question){&ask, fd, drawn}, &(struct wanted){.prepared = out}));
    return pdfjail_digest_check(fd, out);
}

err_t pdfjail_store(struct pdfjail *s, int fd, const struct pades_vri *vri, struct buf *increment, uint64_t *base_size)
{
    const struct pdfjail_ask ask = {.op = PDFJAIL_STORE};
    AUTO_FD data = -1;
    AUTO_PADES p = {0};
    TRY(pdfjail_store_write(vri, &data));
    TRY(ask_and_wait(s, &(struct question){&ask, fd, data}, &(struct wanted){.prepared = &p}));
    *base_size = p.base_size;
    *increment = take(&p.increment);
    return OK;
}
