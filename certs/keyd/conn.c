/*
 * Places for connections, and whose a connection is at the moment.
 * Called by serve.c from all threads.
 */
#include "certs/keyd/keyd.h"

#include <stdlib.h>

/*
 * A connection belongs to one thread at a time. Events are edges (EPOLLET): one comes for each message, to any thread that waits.
 *   FREE -> IDLE (accepted) -> BUSY (a thread took its event) -> IDLE …; BUSY -> AGAIN: another event came meanwhile, look once more.
 * The generation tells an event of a connection that is gone from one of its successor in the same place.
 */
enum { FREE, IDLE, BUSY, AGAIN };
#define KIND(state) ((state)&3u)
#define GENERATION(state) ((state) >> 2)
#define STATE(generation, kind) ((generation) << 2 | (kind))

struct conns {
    struct conn *place;
    size_t max;
    pthread_mutex_t lock; /* the list of free places */
    struct conn *free;
};

err_t conns_new(size_t max, struct conns **out)
{
    struct conns *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    s->max = max;
    s->place = calloc(max, sizeof *s->place);
    if (!s->place) {
        conns_free(out);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < max; i++) {
        s->place[i].fd = -1;
        s->place[i].next_free = s->free;
        s->free = &s->place[i];
    }
    return OK;
}

void conns_free(struct conns **sp)
{
    struct conns *s = *sp;
    *sp = NULL;
    if (!s)
        return;
    for (size_t i = 0; s->place && i < s->max; i++)
        if (s->place[i].fd >= 0)
            conns_put(s, &s->place[i]);
    pthread_mutex_destroy(&s->lock);
    free(s->place);
    free(s);
}

struct conn *conns_at(struct conns *s, size_t place)
{
    return &s->place[place];
}

size_t conns_place(const struct conns *s, const struct conn *c)
{
    return (size_t)(c - s->place);
}

uint64_t conn_generation(const struct conn *c)
{
    return GENERATION(atomic_load(&c->state));
}

void conns_put(struct conns *s, struct conn *c)
{
    uint64_t next = GENERATION(atomic_load(&c->state)) + 1;
    fd_close(&c->fd); /* leaves the epoll with it */
    crl_job_free(&c->crl);
    atomic_store(&c->state, STATE(next, FREE));
    pthread_mutex_lock(&s->lock);
    c->next_free = s->free;
    s->free = c;
    pthread_mutex_unlock(&s->lock);
}

/* Takes the connection for this thread. false: another has it and will look again, or it is gone. */
bool conn_take(struct conn *c, uint64_t generation)
{
    uint64_t was = atomic_load(&c->state);
    for (;;) {
        if (GENERATION(was) != generation || KIND(was) == FREE || KIND(was) == AGAIN)
            return false;
        uint64_t next = STATE(generation, KIND(was) == IDLE ? BUSY : AGAIN);
        if (atomic_compare_exchange_weak(&c->state, &was, next))
            return KIND(was) == IDLE;
    }
}

/* Lets go of it. false: an event came meanwhile, and this thread still has it. */
bool conn_release(struct conn *c)
{
    uint64_t busy = STATE(GENERATION(atomic_load(&c->state)), BUSY), was = busy;
    if (atomic_compare_exchange_strong(&c->state, &was, STATE(GENERATION(busy), IDLE)))
        return true;
    atomic_store(&c->state, busy);
    return false;
}

struct conn *conns_get(struct conns *s, int fd, uid_t uid, unsigned allowed)
{
    pthread_mutex_lock(&s->lock);
    struct conn *c = s->free;
    if (c)
        s->free = c->next_free;
    pthread_mutex_unlock(&s->lock);
    if (c) {
        c->fd = fd;
        c->uid = uid;
        c->allowed = allowed;
        atomic_store(&c->state, STATE(GENERATION(atomic_load(&c->state)), IDLE));
    }
    return c;
}
