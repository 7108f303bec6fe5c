/*
 * The threads of keyd: one epoll for all, each message whole, judged and performed by ops.c, answered on its connection.
 * Called by worker.c. A malformed message costs its connection; PIN work goes to threads of its own through a bounded queue.
 */
#include "certs/keyd/keyd.h"
#include "common/ipc.h"
#include "common/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS_MAX 96
#define QUEUE_MAX 32

struct job {
    struct conn *c;
    union keyw_msg *q; /* only as long as its request */
};
struct server {
    struct keyd *k;
    int listen_fd, control_fd, epoll, wake; /* wake: an eventfd that stays readable once the end has come */
    atomic_bool stop;
    pthread_t thread[THREADS_MAX];
    struct worker *worker[THREADS_MAX];
    size_t n, fast;
    struct conns *conns;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t ready;
    size_t started; /* threads that wait for go */
    bool go;
    struct job queue[QUEUE_MAX];
    size_t queued, head;
};

/* What an event carries: a place's number and generation, or one of the server's own descriptors. */
#define TAG(place, generation) ((uint64_t)(generation) << 16 | (place))
#define PLACE(tag) ((size_t)((tag)&0xffffu))
#define GENERATION_OF(tag) ((tag) >> 16)
enum { TAG_LISTEN = 0xffff, TAG_CONTROL = 0xfffe, TAG_WAKE = 0xfffd };
static_assert(TAG_WAKE > 4096, "max_conns"); /* conf.c */

/* --- connections --- */

static unsigned allowed_for(const struct keyd *k, uid_t uid)
{
    unsigned m = 0;
    for (unsigned g = KEY_TOKEN; g < GROUP_END; g++)
        for (size_t i = 0; i < k->peers[g].n; i++)
            if (k->peers[g].uid[i] == uid)
                m |= GROUP_BIT(g);
    return m;
}

static void conn_close(struct server *s, struct conn *c)
{
    conns_put(s->conns, c);
}

static void accept_one(struct server *s)
{
    uid_t uid = (uid_t)-1;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return; /* another thread was first, or the peer is gone */
    unsigned allowed = ipc_peer(fd, &uid) == OK ? allowed_for(s->k, uid) : 0;
    struct conn *c = allowed ? conns_get(s->conns, fd, uid, allowed) : NULL;
    if (!c) {
        log_event(LOG_WARNING, "peer_refused", "uid %ld: %s", (long)uid, allowed ? "too many connections" : "not among the peers");
        close(fd);
        return;
    }
    uint64_t generation = conn_generation(c);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = TAG(conns_place(s->conns, c), generation)};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) != 0 && conn_take(c, generation))
        conn_close(s, c);
}

/* --- one request --- */

/* What happened to the connection that a thread had. */
enum after { STILL_MINE, CLOSED, GIVEN_AWAY };

/* A peer that does not take its answer is cut. */
static enum after answer(struct server *s, struct worker *w, struct conn *c, const struct keyw_head *q, enum keyw_status st)
{
    struct keyw_head *h = &w->r.head;
    *h = (struct keyw_head){.version = KEYW_VERSION, .op = q->op, .status = st, .id = q->id};
    size_t n = st == KEYW_OK ? keyw_reply_used(h, keyw_reply_len(q->op)) : sizeof *h;
    if (st != KEYW_OK)
        log_event(st == KEYW_INTERNAL ? LOG_ERROR : LOG_INFO, "refused", "%s: status %u, uid %ld", keyw_op_name(q->op), (unsigned)st,
                  (long)c->uid);
    if (ipc_send(c->fd, h, n) == OK)
        return STILL_MINE;
    conn_close(s, c);
    return CLOSED;
}

/* Hands the request to a PIN thread. false: the queue is full. */
static bool enqueue(struct server *s, struct worker *w, struct conn *c)
{
    size_t n = keyw_request_used(&w->q.head, sizeof w->q);
    union keyw_msg *copy = malloc(n);
    if (!copy)
        return false;
    memcpy(copy, &w->q, n);
    secret_wipe(&w->q, n);
    pthread_mutex_lock(&s->lock);
    bool room = s->queued < QUEUE_MAX && !atomic_load(&s->stop);
    if (room) {
        s->queue[(s->head + s->queued++) % QUEUE_MAX] = (struct job){c, copy};
        pthread_cond_signal(&s->ready);
    }
    pthread_mutex_unlock(&s->lock);
    if (!room) {
        secret_wipe(copy, n);
        free(copy);
    }
    return room;
}

static enum after receive(struct server *s, struct worker *w, struct conn *c)
{
    size_t n = 0;
    err_t e = ipc_recv(c->fd, &w->q, sizeof w->q, &n);
    if (e == ERR_TIMEOUT) /* nothing there any more */
        return STILL_MINE;
    if (e != OK || !op_well_formed(&w->q, n)) {
        if (e != ERR_CUT && e != ERR_NOT_FOUND)
            log_event(LOG_WARNING, "malformed", "uid %ld: %zu bytes", (long)c->uid, n);
        conn_close(s, c);
        return CLOSED;
    }
    const struct keyw_head head = w->q.head;
    if (op_slow(w, c))
        return enqueue(s, w, c) ? GIVEN_AWAY : answer(s, w, c, &head, KEYW_BUSY);
    enum after after = answer(s, w, c, &head, op_perform(w, c));
    if (head.op == KEYW_WRAP || head.op == KEYW_UNWRAP) { /* plain data keys passed through */
        secret_wipe(&w->q, sizeof w->q.WRAP_q);
        secret_wipe(&w->r, sizeof w->r.UNWRAP_r);
    }
    return after;
}

/* Answers what is there, until the connection is let go. */
static void serve(struct server *s, struct worker *w, struct conn *c)
{
    while (receive(s, w, c) == STILL_MINE)
        if (conn_release(c))
            return;
}

/* --- threads --- */

static void wait_for_go(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    s->started++;
    pthread_cond_broadcast(&s->ready);
    while (!s->go)
        pthread_cond_wait(&s->ready, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static void begin_stop(struct server *s)
{
    uint64_t one = 1;
    atomic_store(&s->stop, true);
    if (write(s->wake, &one, sizeof one) < 0)
        log_event(LOG_ERROR, "wake", "eventfd");
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->ready);
    pthread_mutex_unlock(&s->lock);
}

static void *fast_thread(void *arg)
{
    struct worker *w = ((void **)arg)[0];
    struct server *s = ((void **)arg)[1];
    free(arg);
    wait_for_go(s);
    while (!atomic_load(&s->stop)) {
        struct epoll_event ev;
        int n = epoll_wait(s->epoll, &ev, 1, -1);
        if (n <= 0)
            continue;
        if (ev.data.u64 == TAG_LISTEN)
            accept_one(s);
        else if (ev.data.u64 == TAG_CONTROL) /* a word from the supervisor, or its end: both mean stop */
            begin_stop(s);
        else if (ev.data.u64 != TAG_WAKE && conn_take(conns_at(s->conns, PLACE(ev.data.u64)), GENERATION_OF(ev.data.u64)))
            serve(s, w, conns_at(s->conns, PLACE(ev.data.u64)));
    }
    return NULL;
}

/* false: the end has come and nothing is left to do. */
static bool dequeue(struct server *s, struct job *j)
{
    pthread_mutex_lock(&s->lock);
    while (!s->queued && !atomic_load(&s->stop))
        pthread_cond_wait(&s->ready, &s->lock);
    bool got = s->queued > 0;
    if (got) {
        *j = s->queue[s->head];
        s->head = (s->head + 1) % QUEUE_MAX;
        s->queued--;
    }
    pthread_mutex_unlock(&s->lock);
    return got;
}

static void *slow_thread(void *arg)
{
    struct worker *w = ((void **)arg)[0];
    struct server *s = ((void **)arg)[1];
    struct job j;
    free(arg);
    wait_for_go(s);
    while (dequeue(s, &j)) {
        size_t n = keyw_request_used(&j.q->head, sizeof *j.q);
        memcpy(&w->q, j.q, n);
        secret_wipe(j.q, n);
        free(j.q);
        const struct keyw_head head = w->q.head;
        enum keyw_status st = op_perform(w, j.c);
        secret_wipe(&w->q, n); /* PINs */
        if (answer(s, w, j.c, &head, st) == STILL_MINE && !conn_release(j.c))
            serve(s, w, j.c);
    }
    return NULL;
}

static err_t spawn(struct server *s, void *(*fn)(void *))
{
    void **arg = malloc(2 * sizeof *arg);
    if (!arg)
        return ERR_NOMEM;
    err_t e = worker_new(s->k, &s->worker[s->n]);
    if (e != OK) {
        free(arg);
        return e;
    }
    arg[0] = s->worker[s->n];
    arg[1] = s;
    if (pthread_create(&s->thread[s->n], NULL, fn, arg) != 0) {
        worker_free(&s->worker[s->n]);
        free(arg);
        return ERR_NOMEM;
    }
    s->n++;
    return OK;
}

static err_t watch(struct server *s, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event ev = {.events = events, .data.u64 = tag};
    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) == 0 ? OK : ERR_IO;
}

static err_t spawn_all(struct server *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN), fast = s->k->conf.threads, slow = s->k->conf.pin_threads;
    fast = fast ? fast : cores < 1 ? 1 : cores > 64 ? 64 : cores;
    slow = slow ? slow : cores < 4 ? 1 : cores > 32 ? 16 : cores / 2;
    for (long i = 0; i < fast; i++)
        TRY(spawn(s, fast_thread));
    s->fast = s->n;
    if (s->k->peers[GROUP_CITIZEN].n || s->k->peers[KEY_CA].n)
        for (long i = 0; i < slow; i++)
            TRY(spawn(s, slow_thread));
    pthread_mutex_lock(&s->lock);
    while (s->started < s->n)
        pthread_cond_wait(&s->ready, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return OK;
}

err_t server_new(struct keyd *k, int listen_fd, int control_fd, struct server **out)
{
    struct server *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    *out = s;
    s->k = k;
    s->listen_fd = listen_fd;
    s->control_fd = control_fd;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->ready, NULL);
    TRY(conns_new((size_t)k->conf.max_conns, &s->conns));
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->epoll < 0 || s->wake < 0)
        return ERR_IO;
    TRY(watch(s, s->wake, EPOLLIN, TAG_WAKE));
    TRY(watch(s, control_fd, EPOLLIN, TAG_CONTROL));
    TRY(watch(s, listen_fd, EPOLLIN | EPOLLEXCLUSIVE, TAG_LISTEN));
    return spawn_all(s);
}

err_t server_run(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    s->go = true;
    pthread_cond_broadcast(&s->ready);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->n; i++)
        pthread_join(s->thread[i], NULL);
    for (size_t i = 0; i < (size_t)s->k->conf.max_conns; i++)
        if (conns_at(s->conns, i)->fd >= 0)
            shutdown(conns_at(s->conns, i)->fd,
                     SHUT_RD); /* a request sent from now on fails at once, and the client sends it to the next process */
    return OK;
}

void server_free(struct server **sp)
{
    struct server *s = *sp;
    *sp = NULL;
    if (!s)
        return;
    conns_free(&s->conns);
    for (size_t i = 0; i < s->n; i++)
        worker_free(&s->worker[i]);
    fd_close(&s->epoll);
    fd_close(&s->wake);
    pthread_cond_destroy(&s->ready);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
