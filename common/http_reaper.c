/*
 * Total deadlines and lingering closes: one thread that looks at all connections some times a second.
 * The HTTP threads set deadlines; the library has idle time-outs alone, which a client that trickles outlives.
 * RFC 9112 §9.6 (a server that closes with bytes unread loses its own reply to a reset, unless it reads on).
 */
#include "common/clock.h"
#include "common/http_internal.h"
#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINGER_MAX 64          /* sockets that linger at once; past it they are closed at once */
#define LINGER_MS 2000         /* how long a socket lingers */
#define LINGER_BYTES (8 << 20) /* and how much it reads */
#define LINGER_TICK_MS 20
#define STACK_SIZE ((size_t)256 * 1024)

struct lingering {
    int fd;
    int64_t until;
    size_t read;
};

struct http_reaper {
    struct http_server *server;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond; /* on the monotonic clock */
    struct http_conn *first;
    unsigned count;
    struct lingering linger[LINGER_MAX];
    size_t lingers;
    long tick_ms;
    bool stop;
};

/* --- deadlines: set by the HTTP thread that has the connection, read by the reaper --- */

static int64_t after(uint64_t ms)
{
    return clock_coarse_us() + (int64_t)(ms > 86400000 ? 86400000 : ms) * 1000;
}

void http_deadline_set(struct http_conn *c, uint64_t ms)
{
    atomic_store_explicit(&c->idle_from, 0, memory_order_relaxed);
    atomic_store_explicit(&c->deadline, after(ms), memory_order_relaxed);
}

void http_deadline_lower(struct http_conn *c, uint64_t ms)
{
    int64_t old = atomic_load_explicit(&c->deadline, memory_order_relaxed), new = after(ms);
    atomic_store_explicit(&c->idle_from, 0, memory_order_relaxed);
    if (old == 0 || new < old)
        atomic_store_explicit(&c->deadline, new, memory_order_relaxed);
}

void http_deadline_none(struct http_conn *c)
{
    atomic_store_explicit(&c->idle_from, 0, memory_order_relaxed);
    atomic_store_explicit(&c->deadline, 0, memory_order_relaxed);
}

void http_deadline_idle(struct http_conn *c)
{
    if (c->wire.len > 0) { /* a pipelined request has begun to come */
        http_deadline_set(c, c->server->conf.header_ms);
        return;
    }
    atomic_store_explicit(&c->deadline, after(HTTP_KEEPALIVE_MS), memory_order_relaxed);
    atomic_store_explicit(&c->idle_from, clock_coarse_us(), memory_order_relaxed);
}

/* --- the list of connections --- */

struct http_conn *http_reaper_add(struct http_reaper *p, int fd)
{
    struct http_conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->server = p->server;
    c->fd = fd;
    http_deadline_set(c, p->server->conf.header_ms);
    http_wire_watch(c);
    (void)pthread_mutex_lock(&p->mutex);
    c->next = p->first;
    if (p->first != NULL)
        p->first->prev = c;
    p->first = c;
    if (p->count++ == 0)
        (void)pthread_cond_signal(&p->cond); /* it sleeps while there is nothing to watch */
    (void)pthread_mutex_unlock(&p->mutex);
    return c;
}

/*
 * The library is about to close the socket. Where bytes are unread, a copy of the descriptor keeps it open for the reaper.
 * The library has taken its own descriptor out of epoll by then, so the copy wakes nobody else.
 */
static void start_linger(struct http_reaper *p, int fd)
{
    if (p->lingers == LINGER_MAX)
        return;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return;
    (void)shutdown(copy, SHUT_WR);
    p->linger[p->lingers++] = (struct lingering){.fd = copy, .until = after(LINGER_MS)};
    (void)pthread_cond_signal(&p->cond);
}

void http_reaper_remove(struct http_reaper *p, struct http_conn **cp)
{
    struct http_conn *c = *cp;
    http_wire_unwatch(c);
    (void)pthread_mutex_lock(&p->mutex);
    if (c->linger && !p->stop)
        start_linger(p, c->fd);
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        p->first = c->next;
    p->count--;
    (void)pthread_mutex_unlock(&p->mutex);
    http_req_free(&c->spare);
    http_kept_free(&c->kept);
    free(c);
    *cp = NULL;
}

/* --- the thread --- */

static void check_deadlines(struct http_reaper *p, int64_t now)
{
    bool crowded = p->count > p->server->conf.connections_max / 4 * 3;
    for (struct http_conn *c = p->first; c != NULL; c = c->next) {
        int64_t deadline = atomic_load_explicit(&c->deadline, memory_order_relaxed);
        int64_t idle = atomic_load_explicit(&c->idle_from, memory_order_relaxed);
        bool late = deadline != 0 && now >= deadline;
        if (crowded && idle != 0 && now - idle > (int64_t)HTTP_CROWDED_MS * 1000)
            late = true; /* a silent connection makes room for one with a request */
        if (!late || atomic_exchange(&c->expired, true))
            continue;
        /* The descriptor is open as long as the connection is in this list: remove() takes the same lock before it is closed. */
        (void)shutdown(c->fd, SHUT_RDWR);
    }
}

/* True when the socket has nothing more to say, or has said enough. */
static bool drain(struct lingering *l, int64_t now)
{
    char sink[16384];
    for (int i = 0; i < 64; i++) {
        ssize_t n = recv(l->fd, sink, sizeof sink, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return true;
        if (n < 0)
            break;
        l->read += (size_t)n;
    }
    return now >= l->until || l->read > LINGER_BYTES;
}

static void drain_all(struct http_reaper *p, int64_t now)
{
    for (size_t i = p->lingers; i-- > 0;) {
        if (!drain(&p->linger[i], now))
            continue;
        (void)close(p->linger[i].fd);
        p->linger[i] = p->linger[--p->lingers];
    }
}

static void sleep_ms(struct http_reaper *p, long ms)
{
    int64_t until = after((uint64_t)ms); /* clock_mono_us is CLOCK_MONOTONIC, as the condition's clock */
    struct timespec t = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
    (void)pthread_cond_timedwait(&p->cond, &p->mutex, &t);
}

static void *reap(void *arg)
{
    struct http_reaper *p = arg;
    (void)pthread_mutex_lock(&p->mutex);
    while (!p->stop) {
        if (p->count == 0 && p->lingers == 0)
            (void)pthread_cond_wait(&p->cond, &p->mutex);
        else
            sleep_ms(p, p->lingers > 0 && p->tick_ms > LINGER_TICK_MS ? LINGER_TICK_MS : p->tick_ms);
        int64_t now = clock_mono_us();
        check_deadlines(p, now);
        drain_all(p, now);
    }
    (void)pthread_mutex_unlock(&p->mutex);
    return NULL;
}

err_t http_reaper_open(struct http_server *s, struct http_reaper **out)
{
    struct http_reaper *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    p->server = s;
    unsigned least = s->conf.header_ms < s->conf.body_ms ? s->conf.header_ms : s->conf.body_ms;
    p->tick_ms = least / 8 < 10 ? 10 : least / 8 > 250 ? 250 : least / 8;
    pthread_condattr_t ca;
    pthread_attr_t ta;
    (void)pthread_mutex_init(&p->mutex, NULL);
    (void)pthread_condattr_init(&ca);
    (void)pthread_condattr_setclock(&ca, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->cond, &ca);
    (void)pthread_condattr_destroy(&ca);
    (void)pthread_attr_init(&ta);
    (void)pthread_attr_setstacksize(&ta, STACK_SIZE);
    int rc = pthread_create(&p->thread, &ta, reap, p);
    (void)pthread_attr_destroy(&ta);
    if (rc != 0) {
        log_event(LOG_ERROR, "thread_failed", "reaper: error %d", rc);
        (void)pthread_cond_destroy(&p->cond);
        (void)pthread_mutex_destroy(&p->mutex);
        free(p);
        return ERR_IO;
    }
    *out = p;
    return OK;
}

void http_reaper_close(struct http_reaper **pp)
{
    struct http_reaper *p = *pp;
    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->mutex);
    p->stop = true;
    (void)pthread_cond_signal(&p->cond);
    (void)pthread_mutex_unlock(&p->mutex);
    (void)pthread_join(p->thread, NULL);
    for (size_t i = 0; i < p->lingers; i++)
        (void)close(p->linger[i].fd);
    (void)pthread_cond_destroy(&p->cond);
    (void)pthread_mutex_destroy(&p->mutex);
    free(p);
    *pp = NULL;
}
