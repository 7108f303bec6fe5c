/*
 * A thread that works, sleeps, and works again.
 * Called by whoever keeps house or tells others.
 */
#include "common/ticker.h"
#include "common/clock.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct ticker {
    ticker_fn *work;
    void *arg;
    int64_t first_ms;
    pthread_t thread;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t bell;
    bool asked, stop;
};

/* With the lock held. */
static void sleep_until_asked(struct ticker *t, int64_t ms)
{
    int64_t end = clock_mono_us() + ms * 1000;
    const struct timespec until = {.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};

    while (!t->stop && !t->asked && pthread_cond_timedwait(&t->bell, &t->lock, &until) != ETIMEDOUT)
        continue;
    t->asked = false;
}

static void *run(void *arg)
{
    struct ticker *t = arg;
    int64_t next = t->first_ms;

    pthread_mutex_lock(&t->lock);
    for (;;) {
        sleep_until_asked(t, next);
        if (t->stop)
            break;
        pthread_mutex_unlock(&t->lock);
        next = t->work(t->arg);
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

err_t ticker_open(ticker_fn *work, void *arg, int64_t first_ms, struct ticker **out)
{
    struct ticker *t = calloc(1, sizeof *t);
    pthread_condattr_t attr;

    if (!t)
        return ERR_NOMEM;
    t->work = work;
    t->arg = arg;
    t->first_ms = first_ms;
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->bell, &attr);
    pthread_condattr_destroy(&attr);
    *out = t; /* before the work begins, which may ask for it */
    if (pthread_create(&t->thread, NULL, run, t) != 0) {
        *out = NULL;
        pthread_cond_destroy(&t->bell);
        pthread_mutex_destroy(&t->lock);
        free(t);
        return ERR_NOMEM;
    }
    return OK;
}

void ticker_ring(struct ticker *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->asked = true;
    pthread_cond_signal(&t->bell);
    pthread_mutex_unlock(&t->lock);
}

bool ticker_stopping(struct ticker *t)
{
    pthread_mutex_lock(&t->lock);
    bool stop = t->stop;
    pthread_mutex_unlock(&t->lock);
    return stop;
}

void ticker_close(struct ticker **tp)
{
    struct ticker *t = *tp;

    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->bell);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->bell);
    pthread_mutex_destroy(&t->lock);
    free(t);
    *tp = NULL;
}
