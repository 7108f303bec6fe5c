/*
 * The way to keyd: a pool of connections, one request at a time on each, made anew after keyd was gone.
 * Called by common/keycalls.c, which has the typed operations. certs/keyd/PROTOCOL.md.
 */
#include "common/keycall.h"
#include "common/clock.h"
#include "common/ipc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_MS 5000
#define CONNS_MAX 256

struct keyclient {
    char *path;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    unsigned max, used; /* connections lent */
    unsigned idle_n;
    int idle[CONNS_MAX];
    atomic_uint_fast64_t next_id;
};

err_t key_open(const char *socket_path, unsigned conns, struct keyclient **out)
{
    struct keyclient *k = calloc(1, sizeof *k);
    if (!k)
        return ERR_NOMEM;
    k->path = strdup(socket_path);
    k->max = conns == 0 ? 1 : conns > CONNS_MAX ? CONNS_MAX : conns;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->freed, &attr);
    pthread_condattr_destroy(&attr);
    *out = k;
    if (!k->path) {
        key_close(out);
        return ERR_NOMEM;
    }
    return OK;
}

void key_close(struct keyclient **kp)
{
    struct keyclient *k = *kp;
    *kp = NULL;
    if (!k)
        return;
    for (unsigned i = 0; i < k->idle_n; i++)
        fd_close(&k->idle[i]);
    pthread_cond_destroy(&k->freed);
    pthread_mutex_destroy(&k->lock);
    free(k->path);
    free(k);
}

/* --- the pool --- */

/* Waits for a slot; *fd is an idle connection, or -1 when one must be made. ERR_TIMEOUT. */
static err_t slot_take(struct keyclient *k, int *fd)
{
    int64_t until = clock_mono_us() + TIMEOUT_MS * 1000;
    struct timespec ts = {.tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000};
    err_t e = OK;
    pthread_mutex_lock(&k->lock);
    while (k->used >= k->max && e == OK)
        if (pthread_cond_timedwait(&k->freed, &k->lock, &ts) != 0 && k->used >= k->max)
            e = ERR_TIMEOUT;
    if (e == OK) {
        k->used++;
        *fd = k->idle_n ? k->idle[--k->idle_n] : -1;
    }
    pthread_mutex_unlock(&k->lock);
    return e;
}

/* Gives the slot back; a connection that is still good goes to the idle ones, fd -1 means that it is closed. */
static void slot_give(struct keyclient *k, int fd)
{
    pthread_mutex_lock(&k->lock);
    k->used--;
    if (fd >= 0)
        k->idle[k->idle_n++] = fd;
    pthread_cond_signal(&k->freed);
    pthread_mutex_unlock(&k->lock);
}

/* keyd was gone: the idle connections lead to the dead process too. */
static void idle_drop(struct keyclient *k)
{
    pthread_mutex_lock(&k->lock);
    while (k->idle_n)
        fd_close(&k->idle[--k->idle_n]);
    pthread_mutex_unlock(&k->lock);
}

err_t key_status(uint32_t status)
{
    static const err_t map[] = {
        [KEYW_REFUSED] = ERR_KEYD_REFUSED,      [KEYW_SYNTAX] = ERR_SYNTAX, [KEYW_PIN] = ERR_KEY_PIN,    [KEYW_LOCKED] = ERR_KEY_LOCKED,
        [KEYW_ACTIVATION] = ERR_KEY_ACTIVATION, [KEYW_BUSY] = ERR_BUSY,     [KEYW_ALTERED] = ERR_CRYPTO, [KEYW_INTERNAL] = ERR_INTERNAL,
    };
    return status > 0 && status < sizeof map / sizeof map[0] ? map[status] : ERR_INTERNAL;
}

/*
 * Sends and receives on one connection. *unsent: keyd certainly has not seen the request, so that it may go out again.
 * *fd is closed (-1) whenever the next answer on it could belong to this request.
 */
static err_t exchange(int *fd, const struct keyw_head *q, void *r, bool *unsent)
{
    size_t n = 0;
    err_t e = ipc_send(*fd, q, keyw_request_used(q, keyw_request_len(q->op)));
    *unsent = e == ERR_CUT;
    if (e == OK) {
        e = ipc_recv(*fd, r, keyw_reply_len(q->op), &n);
        *unsent = e == ERR_NOT_FOUND;
    }
    const struct keyw_head *h = r;
    if (e == OK && n >= sizeof *h && h->version == KEYW_VERSION && h->op == q->op && h->id == q->id) {
        if (h->status == KEYW_OK && n == keyw_reply_used(h, n))
            return OK;
        if (h->status != KEYW_OK && n == sizeof *h)
            return key_status(h->status);
    }
    fd_close(fd);
    return e == ERR_TIMEOUT ? ERR_TIMEOUT : ERR_KEYD_DOWN;
}

err_t key_lend(struct keyclient *k, struct key_lent *l)
{
    *l = (struct key_lent){.k = k, .fd = -1, .first = true};
    return slot_take(k, &l->fd);
}

void key_return(struct key_lent *l)
{
    slot_give(l->k, l->fd);
}

err_t key_call_on(struct key_lent *l, unsigned op, struct keyw_head *q, void *r)
{
    *q = (struct keyw_head){.version = KEYW_VERSION, .op = (uint16_t)op, .id = atomic_fetch_add(&l->k->next_id, 1)};
    bool unsent = false;
    if (l->fd >= 0) {
        err_t e = exchange(&l->fd, q, r, &unsent);
        if (!unsent || !l->first) {
            l->first = false;
            return e;
        }
        idle_drop(l->k);
    }
    if (!l->first)
        return ERR_KEYD_DOWN;
    TRY(ipc_connect(l->k->path, TIMEOUT_MS, &l->fd));
    l->first = false;
    return exchange(&l->fd, q, r, &unsent);
}

err_t key_call(struct keyclient *k, unsigned op, struct keyw_head *q, void *r)
{
    struct key_lent l;
    TRY(key_lend(k, &l));
    err_t e = key_call_on(&l, op, q, r);
    key_return(&l);
    return e;
}

err_t key_put_str(char *room, size_t cap, const char *s)
{
    return keyw_str_put(room, cap, s) == OK ? OK : ERR_SYNTAX;
}
